"""Ways between latents, and the faces along them."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from facedemo.explore import interpolation
from facedemo.explore.interpolation import latent_grid, latent_path, lerp, slerp
from facedemo.pretrained import sampling
from facedemo.pretrained.model import FaceModel

NUMBERS = st.floats(-4, 4, width=32)
VECTORS = st.integers(2, 16).flatmap(
    lambda h: st.tuples(arrays.arrays(np.float32, h, elements=NUMBERS), arrays.arrays(np.float32, h, elements=NUMBERS))
)
quick = settings(max_examples=60, deadline=None)


def test_slerp_of_a_quarter_turn_is_sine_and_cosine() -> None:
    a, b = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 1.0])
    between = slerp(a, b, torch.tensor([1 / 3, 0.5]))
    expected = [[2 * math.cos(math.pi / 6), math.sin(math.pi / 6)], [2 / math.sqrt(2), 1 / math.sqrt(2)]]
    torch.testing.assert_close(between, torch.tensor(expected))


def test_lerp_is_the_weighted_mean() -> None:
    a, b = torch.tensor([[2.0, 0.0], [1.0, 1.0]]), torch.tensor([[0.0, 1.0], [1.0, 3.0]])
    expected = torch.tensor([[[1.5, 0.25], [1.0, 1.5]]])
    torch.testing.assert_close(lerp(a, b, torch.tensor([0.25])), expected)


@quick
@given(VECTORS)
def test_both_ways_begin_and_end_at_the_very_latents(ends: tuple[np.ndarray, np.ndarray]) -> None:
    a, b = map(torch.from_numpy, ends)
    for path_latents in (slerp, lerp):
        assert torch.equal(path_latents(a, b, torch.tensor([0.0, 1.0])), torch.stack([a, b]))


@quick
@given(VECTORS, st.floats(0, 1))
def test_there_and_back_are_the_same_way(ends: tuple[np.ndarray, np.ndarray], t: float) -> None:
    a, b = map(torch.from_numpy, ends)
    t = torch.tensor([t], dtype=torch.float64)
    for path_latents in (slerp, lerp):
        torch.testing.assert_close(path_latents(a, b, t), path_latents(b, a, 1 - t), atol=1e-4, rtol=1e-4)


@quick
@given(st.integers(2, 64), st.integers(0, 1000), st.floats(0, 1))
def test_slerp_keeps_the_length_that_both_ends_have_and_lerp_shortens_it(h: int, seed: int, t: float) -> None:
    a, b = torch.nn.functional.normalize(torch.randn(2, h, generator=torch.Generator().manual_seed(seed)), dim=-1) * 3
    t = torch.tensor([t])
    if abs(torch.nn.functional.cosine_similarity(a, b, dim=0)) < 0.999:
        assert slerp(a, b, t).norm().item() == pytest.approx(3, abs=1e-4)
    assert lerp(a, b, t).norm().item() <= 3 + 1e-4


@pytest.mark.parametrize("factor", [1.0, 2.0, 0.0, -1.0])
def test_slerp_of_parallel_opposite_and_zero_latents_goes_straight(factor: float) -> None:
    a = torch.tensor([1.0, 2.0, -3.0])
    t = torch.linspace(0, 1, 5)
    torch.testing.assert_close(slerp(a, factor * a, t), lerp(a, factor * a, t))


def test_latents_of_a_batch_are_mixed_one_by_one() -> None:
    a, b = torch.randn(2, 3, 8)
    t = torch.tensor([0.3, 0.9])
    alone = torch.stack([slerp(a[i], b[i], t) for i in range(3)], dim=1)
    torch.testing.assert_close(slerp(a, b, t), alone)


@given(st.integers(2, 6), st.integers(1, 12), st.booleans())
def test_a_walk_passes_every_stop_once_and_has_as_many_frames_as_it_says(stops: int, steps: int, closed: bool) -> None:
    points = torch.randn(stops, 4, generator=torch.Generator().manual_seed(0))
    path_latents = latent_path(points, steps, closed=closed)
    assert len(path_latents) == (stops * steps if closed else (stops - 1) * steps + 1)
    assert torch.equal(path_latents[::steps], points)


def test_a_square_has_its_four_corners_and_the_mean_in_the_middle() -> None:
    corners = torch.randn(4, 6)
    grid = latent_grid(corners, 3, "lerp").reshape(3, 3, 6)
    assert torch.equal(grid[::2, ::2].reshape(4, 6), corners)
    torch.testing.assert_close(grid[1, 1], corners.mean(0))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda z: latent_path(z[:1], 3), "two faces"),
        (lambda z: latent_path(z, 0), "from 1 to 120"),
        (lambda z: latent_path(z, 121), "from 1 to 120"),
        (lambda z: latent_path(z.repeat(10, 1), 120), "fewer"),
        (lambda z: latent_path(z, 3, "round"), "slerp or lerp"),
        (lambda z: latent_grid(z[:3], 3), "four corners"),
        (lambda z: latent_grid(z, 1), "2 to 16"),
    ],
)
def test_impossible_ways_are_refused_in_words(wrong, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        wrong(torch.randn(4, 5))


def test_a_film_stops_at_the_very_faces_of_its_seeds(tiny_model: FaceModel) -> None:
    faces = sampling.generate(tiny_model, [3, 7, 9])
    two = interpolation.film_of_seeds(tiny_model, [3, 7], 5)
    assert len(two) == 5
    assert np.array_equal(two[[0, -1]], faces[:2])
    three = interpolation.film_of_seeds(tiny_model, [3, 7, 9], 5)
    assert len(three) == 15
    assert np.array_equal(three[::5], faces)
    corners = interpolation.grid_of_seeds(tiny_model, [3, 7, 9, 3], 2)
    assert np.array_equal(corners[:3], faces)
    with pytest.raises(ValueError, match="2 to 120 frames"):
        interpolation.film_of_seeds(tiny_model, [3, 7], 1)


def test_drawing_tells_how_far_it_is(tiny_model: FaceModel) -> None:
    reports: list[tuple[int, int]] = []
    interpolation.film_of_seeds(tiny_model, [1, 2], 20, progress=lambda done, total: reports.append((done, total)))
    assert reports == [(8, 20), (16, 20), (20, 20)]
