"""Seeds, latents, images and the files they are saved in."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from facedemo.imaging import pictures
from facedemo.pretrained import sampling
from facedemo.pretrained.model import FaceModel
from facedemo.pretrained.seeds import MAX_SEED, face_seeds

SEEDS = st.integers(0, MAX_SEED)
slow = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(SEEDS, st.integers(0, 256))
def test_the_first_face_has_the_seed_itself_and_all_differ(seed: int, count: int) -> None:
    seeds = face_seeds(seed, count)
    assert len(seeds) == len(set(seeds)) == count
    assert seeds[:1] == [seed][:count]
    assert all(0 <= each <= MAX_SEED for each in seeds)


@given(SEEDS, st.integers(1, 64), st.integers(0, 64))
def test_more_faces_leave_the_first_ones_as_they_were(seed: int, count: int, more: int) -> None:
    assert face_seeds(seed, count + more)[:count] == face_seeds(seed, count)


def test_seeds_are_the_same_with_every_numpy() -> None:
    assert face_seeds(7, 4) == [7, 2083679832, 3939563265, 4185785210]


@pytest.mark.parametrize(("seed", "count"), [(-1, 4), (2**32, 4), (0, -1)])
def test_impossible_seeds_and_counts_are_refused(seed: int, count: int) -> None:
    with pytest.raises(ValueError, match=r"seed|generate"):
        face_seeds(seed, count)


def test_latents_are_uniform_numbers_of_numpys_frozen_stream(tiny_model: FaceModel) -> None:
    z = sampling.latents(tiny_model, [42, 0], scale=0.5)
    assert z.shape == (2, 8)
    # the first numbers of MT19937 seeded with 42 and with 0, 0.3745… and 0.5488…, from (0, 1) to (−1, 1), halved
    assert z[0, 0].item() == pytest.approx(0.5 * (2 * 0.3745401188473625 - 1), abs=1e-7)
    assert z[1, 0].item() == pytest.approx(0.5 * (2 * 0.5488135039273248 - 1), abs=1e-7)


@pytest.mark.parametrize("scale", [0.0, -1.0, 2.01, float("nan"), float("inf")])
def test_a_scale_out_of_range_is_refused(tiny_model: FaceModel, scale: float) -> None:
    with pytest.raises(ValueError, match="latent scale"):
        sampling.latents(tiny_model, [1], scale)


def test_no_seed_is_refused(tiny_model: FaceModel) -> None:
    with pytest.raises(ValueError, match="At least one seed"):
        sampling.generate(tiny_model, [])


@slow
@given(seed=SEEDS, count=st.integers(1, 40), scale=st.floats(0.1, 2.0), data=st.data())
def test_the_seed_of_any_face_alone_reproduces_it_to_the_pixel(
    tiny_model: FaceModel, seed: int, count: int, scale: float, data: st.DataObject
) -> None:
    seeds = face_seeds(seed, count)
    images = sampling.generate(tiny_model, seeds, scale)
    assert images.shape == (count, 32, 32, 3)
    assert images.dtype == np.uint8
    face = data.draw(st.integers(0, count - 1))
    alone = sampling.generate(tiny_model, face_seeds(seeds[face], 1), scale)
    assert np.array_equal(alone[0], images[face])


def test_values_become_the_nearest_of_256_levels() -> None:
    values = torch.tensor([-1.5, -1.0, 0.0, 0.5, 1.0, 1.5]).reshape(1, 1, 1, 6).expand(1, 3, 1, 6)
    assert pictures.to_uint8(values)[0, 0, :, 0].tolist() == [0, 0, 128, 191, 255, 255]


def test_a_grid_is_roughly_square_and_keeps_every_pixel() -> None:
    images = np.random.default_rng(0).integers(0, 256, (7, 5, 5, 3), np.uint8)
    sheet = np.asarray(pictures.grid(images, padding=2))
    assert sheet.shape == (3 * 7 + 2, 3 * 7 + 2, 3)
    assert np.array_equal(sheet[2:7, 2:7], images[0])
    assert np.array_equal(sheet[9:14, 16:21], images[5])
    assert (sheet[16:, 9:] == 255).all()  # places without a face stay white
    assert pictures.grid(images, columns=7, padding=0).size == (35, 5)
    assert [pictures.grid_columns(n) for n in (1, 2, 9, 10, 64, 256)] == [1, 2, 3, 4, 8, 16]


@given(
    st.dictionaries(st.sampled_from(["model", "name", "software"]), st.text(st.characters(exclude_categories=["C"])))
)
def test_settings_in_a_png_are_read_back_as_written(texts: dict[str, str]) -> None:
    file = pictures.png(np.zeros((4, 4, 3), np.uint8), seed=7, scale=0.75, **texts)
    assert pictures.read_settings(file) == texts | {"seed": "7", "scale": "0.75"}


def test_settings_are_read_from_a_file_too(tmp_path: Path) -> None:
    path = tmp_path / "face.png"
    path.write_bytes(pictures.png(Image.new("RGB", (4, 4)), model="ours-64"))
    assert pictures.read_settings(path) == {"model": "ours-64"}


def test_the_zip_holds_each_face_under_its_seed(tiny_model: FaceModel) -> None:
    seeds = face_seeds(3, 5)
    images = sampling.generate(tiny_model, seeds)
    file = pictures.faces_zip(images, seeds, "ours-64", 1.0)
    assert file == pictures.faces_zip(images, seeds, "ours-64", 1.0)
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        assert archive.namelist() == [f"{seed}.png" for seed in seeds]
        for seed, image in zip(seeds, images, strict=True):
            content = archive.read(f"{seed}.png")
            assert np.array_equal(np.asarray(Image.open(io.BytesIO(content))), image)
            assert pictures.read_settings(content) == {"model": "ours-64", "seed": str(seed), "scale": "1.0"}
