"""Small trainings for the lessons, recorded earlier: the faces that each drew after certain numbers of images.

`python -m facedemo.explore.recorded` records them again, which takes some minutes.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from facedemo.data.builtin import builtin_faces
from facedemo.gans.registry import FAMILIES, config_class
from facedemo.imaging.pictures import grid

FOLDER = Path(__file__).with_name("recordings")
IMAGES = (240, 480, 960, 2_400, 4_800, 9_600, 16_800, 24_000)  # real images after which faces were drawn
FACES, SIZE = 16, 32
QUALITY = 90  # of the WebP file


@dataclass(frozen=True)
class Recording:
    """Recorded trainings by label.

    faces: label → uint8 (len(IMAGES), FACES, SIZE, SIZE, 3), always of the same latents.
    """

    faces: dict[str, np.ndarray]

    def difference(self, label: str, moment: int) -> float:
        """Mean over the pixels of the standard deviation of the faces at one moment, in grey levels of 255."""
        return float(self.faces[label][moment].astype(np.float32).std(0).mean())


def read(name: str) -> Recording:
    """name: gamma or families."""
    labels = json.loads((FOLDER / f"{name}.json").read_text("utf8"))["labels"]
    with Image.open(FOLDER / f"{name}.webp") as image:
        sheet = np.asarray(image.convert("RGB"))
    tiles = sheet.reshape(len(labels), len(IMAGES), SIZE, FACES, SIZE, 3).swapaxes(2, 3)
    return Recording(dict(zip(labels, tiles, strict=True)))


def write(name: str, recording: Recording) -> None:
    """A sheet with a row of faces for each moment of each training."""
    rows = np.concatenate([faces.reshape(-1, SIZE, SIZE, 3) for faces in recording.faces.values()])
    FOLDER.mkdir(exist_ok=True)
    grid(rows, columns=FACES, padding=0).save(FOLDER / f"{name}.webp", quality=QUALITY)
    (FOLDER / f"{name}.json").write_text(json.dumps({"labels": list(recording.faces)}, ensure_ascii=False), "utf8")


def record(settings: dict[str, float | str | int]) -> np.ndarray:
    """Trains on the built-in faces; settings as for `LiveTraining`.  Returns what `Recording.faces` holds."""
    from facedemo.explore.live_training import LiveTraining  # imports torch, which reading a recording does not need

    training = LiveTraining(builtin_faces(SIZE).images, **settings)
    faces = []
    for images in IMAGES:
        training.train(float("inf"), most=images // training.config.model.images_per_step - training.step)
        faces.append(training.samples())
    return np.stack(faces)


def main() -> None:
    trainings = {
        "gamma": {f"γ = {gamma:g}": {"gamma": gamma} for gamma in (0.3, 0.5, 0.7, 0.9)},
        "families": {config_class(name).title: {"family": name} for name in FAMILIES},
    }
    for name, settings in trainings.items():
        write(name, Recording({label: record(chosen) for label, chosen in settings.items()}))


if __name__ == "__main__":
    main()
