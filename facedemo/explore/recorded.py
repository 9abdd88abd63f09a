"""Small trainings for the lessons, recorded earlier: what each drew after certain numbers of images.

`python -m facedemo.explore.recording` records them again.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from facedemo.imaging.pictures import grid

FOLDER = Path(__file__).with_name("recordings")
FACES, SIZE = 16, 32
SHOWN = 4  # pictures of a row besides the faces
QUALITY = 90  # of the WebP file


@dataclass(frozen=True)
class Recorded:
    """A training at each moment of its recording.

    faces: uint8 (moments, FACES, SIZE, SIZE, 3), always of the same latents.  rows: name → further pictures, uint8
    (moments, SHOWN, SIZE, SIZE, 3).  numbers: name → a number for each moment, None once the training has diverged.
    """

    faces: np.ndarray
    rows: dict[str, np.ndarray] = field(default_factory=dict)
    numbers: dict[str, list[float | None]] = field(default_factory=dict)

    def difference(self, moment: int) -> float:
        """Mean over the pixels of the standard deviation of the faces at one moment, in grey levels of 255."""
        return float(self.faces[moment].astype(np.float32).std(0).mean())


@dataclass(frozen=True)
class Recording:
    """Recorded trainings by label, all with the same names of rows.

    images: of each moment, the real images that each training had seen.
    """

    images: Sequence[int]
    trainings: dict[str, Recorded]


def read(name: str) -> Recording:
    """name: of a file in FOLDER, without its suffix."""
    facts = json.loads((FOLDER / f"{name}.json").read_text("utf8"))
    images, rows = facts["images"], facts["rows"]
    with Image.open(FOLDER / f"{name}.webp") as image:
        sheet = np.asarray(image.convert("RGB"))
    columns = FACES + SHOWN * len(rows)
    tiles = sheet.reshape(len(facts["trainings"]), len(images), SIZE, columns, SIZE, 3).swapaxes(2, 3)
    trainings = {}
    for (label, numbers), pictures in zip(facts["trainings"].items(), tiles, strict=True):
        faces, *others = np.split(pictures, range(FACES, columns, SHOWN), axis=1)
        trainings[label] = Recorded(faces, dict(zip(rows, others, strict=True)), numbers)
    return Recording(images, trainings)


def write(name: str, recording: Recording) -> None:
    """A sheet with all pictures of a moment of a training in each row, and a file with the numbers."""
    trainings = recording.trainings
    pictures = [np.concatenate([training.faces, *training.rows.values()], axis=1) for training in trainings.values()]
    tiles = np.concatenate(pictures)  # (trainings · moments, columns, SIZE, SIZE, 3)
    sheet = grid(tiles.reshape(-1, SIZE, SIZE, 3), columns=tiles.shape[1], padding=0)
    FOLDER.mkdir(exist_ok=True)
    sheet.save(FOLDER / f"{name}.webp", quality=QUALITY, method=6)
    facts = {
        "images": list(recording.images),
        "rows": list(next(iter(trainings.values())).rows),
        "trainings": {label: training.numbers for label, training in trainings.items()},
    }
    (FOLDER / f"{name}.json").write_text(json.dumps(facts, ensure_ascii=False), "utf8")
