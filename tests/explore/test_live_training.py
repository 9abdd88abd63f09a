"""The small trainings of the lessons."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from facedemo.data.builtin import builtin_faces
from facedemo.explore import live_training
from facedemo.explore.live_training import FACES, ROWS, LiveTraining
from facedemo.pretrained.model import load_model
from facedemo.storage.locations import checkpoints_root


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return builtin_faces(32).images[:64]


def test_the_same_settings_train_the_same_and_leave_torchs_random_state_alone(images: np.ndarray) -> None:
    before = torch.random.get_rng_state()
    first, second = LiveTraining(images, width=8), LiveTraining(images, width=8)
    assert torch.equal(torch.random.get_rng_state(), before)
    for training in (first, second):
        training.train(60.0, most=3)
    assert first.step == second.step == 3
    assert first.metrics == second.metrics
    assert np.array_equal(first.samples(), second.samples())
    assert first.samples().shape == (FACES, 32, 32, 3)


def test_the_weights_of_a_training_are_those_of_its_seed_while_others_load_models_and_begin(images: np.ndarray) -> None:
    def weights(_: int) -> list[torch.Tensor]:
        load_model(checkpoints_root() / "ours-64")
        return list(LiveTraining(images, width=8).family.generator.parameters())

    expected = weights(0)
    with ThreadPoolExecutor(4) as threads:
        for found in threads.map(weights, range(24)):
            assert all(map(torch.equal, found, expected))


def test_it_stops_after_the_time_or_the_number_of_iterations(images: np.ndarray) -> None:
    training = LiveTraining(images, width=8)
    training.train(0.0)
    assert training.step == 0
    training.train(0.3)
    assert training.step > 0


def test_a_setting_changes_from_the_next_iteration_on(images: np.ndarray) -> None:
    training = LiveTraining(images, width=8, gamma=0.8)
    training.train(60.0, most=1)
    training.steer(gamma=0.2)
    training.train(60.0, most=1)
    first, second = (
        target / real
        for target, real in zip(training.metrics["loss_target"], training.metrics["loss_real"], strict=True)
    )
    assert (first, second) == (pytest.approx(0.8), pytest.approx(0.2))
    with pytest.raises(ValueError, match="can be changed while it trains: width"):
        training.steer(width=4)


def test_going_back_trains_on_as_if_nothing_had_happened_since(images: np.ndarray) -> None:
    spoilt, unspoilt = LiveTraining(images, width=8), LiveTraining(images, width=8)
    with pytest.raises(ValueError, match="No state"):
        spoilt.go_back()
    spoilt.train(60.0, most=2)
    for rate in (0.05, 0.09):  # more than once
        spoilt.save()
        spoilt.steer(learning_rate_g=rate, learning_rate_d=rate)
        spoilt.train(60.0, most=3)
        assert spoilt.settings["learning_rate_g"] == rate
        spoilt.diverged = True
        spoilt.go_back()
    for training, iterations in ((spoilt, 2), (unspoilt, 4)):
        training.train(60.0, most=iterations)
    assert spoilt.metrics == unspoilt.metrics
    assert np.array_equal(spoilt.samples(), unspoilt.samples())
    assert spoilt.settings == unspoilt.settings


def test_a_training_that_diverges_stops_and_still_shows_pictures(images: np.ndarray) -> None:
    training = LiveTraining(images, width=8)
    training.record(dict.fromkeys(training.family.metrics, float("nan")))
    assert training.diverged
    training.train(60.0, most=5)
    assert training.step == 0
    with torch.no_grad():
        for weight in training.family.average.parameters():
            weight.fill_(float("nan"))
    assert training.samples().shape == (FACES, 32, 32, 3)


def test_long_trainings_keep_few_rows_over_their_whole_length(images: np.ndarray) -> None:
    training = LiveTraining(images, width=8)
    row = dict.fromkeys(training.family.metrics, 1.0)
    for step in range(1, 5 * ROWS):
        training.iteration.step = step
        if step % training.every == 0:
            training.record(row)
    steps = training.metrics["step"]
    assert len(steps) < ROWS
    assert (steps[0] <= 16, steps[-1] > 4.9 * ROWS) == (True, True)
    assert len(set(np.diff(steps))) == 1


def test_the_discriminators_view_has_pictures_of_both_kinds_and_their_reconstructions(images: np.ndarray) -> None:
    view = LiveTraining(images, width=8).discriminator_view()
    assert list(view) == ["x", "D(x)", "G(z)", "D(G(z))"]
    assert np.array_equal(view["x"], images[:4])
    assert list(LiveTraining(images, family="dcgan", width=8).discriminator_view()) == ["x", "G(z)"]


def test_the_loss_of_images_is_the_mean_distance_to_their_reconstructions(images: np.ndarray) -> None:
    training = LiveTraining(images, width=8)
    view = training.discriminator_view()
    expected = np.abs(view["x"].astype(float) - view["D(x)"]).mean() / 127.5
    assert training.loss_of(images[:4]) == pytest.approx(expected, abs=0.01)


def test_trainings_that_overlap_give_torchs_threads_back(images: np.ndarray) -> None:
    torch.set_num_threads(2)
    first, second = live_training.one_thread(), live_training.one_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert torch.get_num_threads() == 1
    second.__exit__(None, None, None)
    assert torch.get_num_threads() == 2
