"""Collections of images: a whole array, or a selection from one."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np


class Images(Protocol):
    """n images, each uint8 (height, width, 3): an array (n, height, width, 3), a list, or a `Selection`."""

    def __len__(self) -> int: ...

    def __getitem__(self, row: int, /) -> np.ndarray: ...


class Selection:
    """Some images of an array, which are read only when they are needed.

    dataset: n of uint8 (height, width, 3).  rows: those that are selected, in order.
    """

    def __init__(self, dataset: Images, rows: Sequence[int] | np.ndarray) -> None:
        self.dataset, self.rows = dataset, rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, row: int, /) -> np.ndarray:
        return self.dataset[self.rows[row]]
