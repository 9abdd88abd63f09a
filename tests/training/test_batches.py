"""Batches of real images, and the random streams of a training."""

from collections import Counter
from pathlib import Path

import numpy as np
import psutil
import torch

from facedemo.data.images import Selection
from facedemo.training.batches import Batches, random_stream


def test_every_image_comes_once_an_epoch_whatever_the_batch_size() -> None:
    images = np.arange(10, dtype=np.uint8)[:, None, None, None].repeat(3, axis=3)
    batches = Batches(images, batch_size=4, seed=0, flip=False)
    seen = [row for step in range(5) for row in batches.rows(step)]  # 20 positions: two epochs
    assert Counter(seen[:10]) == Counter(seen[10:]) == Counter(range(10))
    assert seen[:10] != seen[10:]


def test_a_batch_depends_on_its_iteration_alone_and_holds_images_in_range() -> None:
    images = np.random.RandomState(0).randint(0, 256, (12, 4, 4, 3), dtype=np.uint8)
    first, second = (Batches(images, 5, seed=1, flip=True) for _ in range(2))
    for step in range(7):
        first(step)
    torch.testing.assert_close(first(3), second(3), rtol=0, atol=0)
    assert first(0).shape == (5, 3, 4, 4)
    assert float(first(0).min()) >= -1
    assert float(first(0).max()) <= 1


def test_mirroring_turns_some_images_left_to_right_and_no_other_way() -> None:
    images = np.random.RandomState(0).randint(0, 256, (1, 6, 6, 3), dtype=np.uint8)
    batch = Batches(images, 32, seed=0, flip=True)(0)
    upright = torch.from_numpy(images[0].copy()).permute(2, 0, 1).float() / 127.5 - 1
    kinds = Counter(
        "as is" if torch.allclose(image, upright) else "mirrored" if torch.allclose(image, upright.flip(2)) else "?"
        for image in batch
    )
    assert kinds["as is"] > 5
    assert kinds["mirrored"] > 5
    assert kinds["?"] == 0


def test_random_streams_differ_by_seed_purpose_and_index_and_repeat() -> None:
    draws = {
        random_stream(seed, purpose, index).randint(2**31)
        for seed in (0, 1)
        for purpose in ("noise", "flip")
        for index in (0, 1)
    }
    assert len(draws) == 8
    assert random_stream(4, "noise", 2).randint(2**31) == random_stream(4, "noise", 2).randint(2**31)


def test_what_was_read_of_memory_mapped_images_does_not_stay_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "images.u8"
    np.zeros((3000, 64, 64, 3), np.uint8).tofile(path)
    images = np.memmap(path, np.uint8, "r", shape=(3000, 64, 64, 3))
    batches = Batches(Selection(images, range(3000)), 100, seed=0, flip=False)
    sizes = []
    for step in range(30):
        batches.load(step)
        sizes.append(sum(area.rss for area in psutil.Process().memory_maps() if area.path == str(path)))
    assert max(sizes) > 0.5 * path.stat().st_size
    assert min(sizes[15:]) < 0.1 * path.stat().st_size
