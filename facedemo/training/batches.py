"""Real images in random order, and all other randomness of training, as a function of seed and iteration."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from facedemo.data.cache import release
from facedemo.data.images import Images

READ_AT_ONCE = 1024  # number of images after which the memory map is released


def random_stream(seed: int, purpose: str, index: int) -> np.random.RandomState:
    """Random numbers that depend only on these three arguments: no state to save, and the same on every machine."""
    numbers = np.random.SeedSequence([seed, int.from_bytes(purpose.encode()), index]).generate_state(8)
    return np.random.RandomState(numbers)


class Batches:
    """Every image once per epoch, with epochs following without a gap; each process gets its share of a batch."""

    def __init__(
        self, images: Images, batch_size: int, seed: int, flip: bool, process: int = 0, processes: int = 1
    ) -> None:
        """images: n of uint8 (s, s, 3).  batch_size: of all processes together; a multiple of their number."""
        self.images, self.batch_size, self.seed, self.flip = images, batch_size, seed, flip
        self.share = slice(process * (batch_size // processes), (process + 1) * (batch_size // processes))
        self.read = 0
        self.epoch, self.order = -1, np.empty(0, dtype=np.int64)
        self.thread = ThreadPoolExecutor(1, "batches")
        self.coming: tuple[int, Future[Tensor]] | None = None

    def rows(self, step: int) -> Iterator[int]:
        """The images of an iteration for all processes."""
        for position in range(step * self.batch_size, (step + 1) * self.batch_size):
            epoch, index = divmod(position, len(self.images))
            if epoch != self.epoch:
                self.epoch = epoch
                self.order = random_stream(self.seed, "order", epoch).permutation(len(self.images))
            yield int(self.order[index])

    def load(self, step: int) -> Tensor:
        batch = np.stack([self.images[row] for row in list(self.rows(step))[self.share]])
        self.read += len(batch)
        if self.read > READ_AT_ONCE:
            release(getattr(self.images, "dataset", self.images))
            self.read = 0
        if self.flip:
            mirrored = random_stream(self.seed, "flip", step).random_sample(self.batch_size)[self.share] < 0.5
            batch[mirrored] = batch[mirrored, :, ::-1]
        return torch.from_numpy(batch).permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)

    def __call__(self, step: int) -> Tensor:
        """This process's images of an iteration, (share, 3, s, s) float32 in [−1, 1], channels last in memory.

        The next iteration's images are prefetched from the disk.
        """
        step_coming, batch = self.coming or (None, None)
        ready = batch.result() if batch and step_coming == step else self.thread.submit(self.load, step).result()
        self.coming = (step + 1, self.thread.submit(self.load, step + 1))
        return ready
