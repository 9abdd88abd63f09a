"""Records the small trainings that the lessons play, which takes some minutes each.

`python -m facedemo.explore.recording [NAME …]`
"""

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from facedemo.data.builtin import builtin_faces
from facedemo.explore import tiny_set
from facedemo.explore.failures import BEGINNING, COLLAPSE, DIVERGE_SLOWLY
from facedemo.explore.live_training import LiveTraining
from facedemo.explore.recorded import SHOWN, SIZE, Recorded, Recording, write
from facedemo.gans.registry import FAMILIES, config_class

IMAGES = (240, 480, 960, 2_400, 4_800, 9_600, 16_800, 24_000)
RECENT = 5  # rows of metrics over which losses are averaged
CHANGED, MENDED = 7_200, 16_800  # images
Settings = Mapping[str, float | str | int]


@dataclass(frozen=True)
class Plan:
    """What to record.

    trainings: label → settings as for `LiveTraining`.  images: numbers of real images at which to record.  changes:
    label → at one of `images`, settings to change.  few: number of built-in faces to train on, None: all.  rows,
    numbers: what to record besides the faces, as `Recorded` names it.
    """

    trainings: Mapping[str, Settings]
    images: Sequence[int] = IMAGES
    changes: Mapping[str, Mapping[int, dict[str, float]]] = field(default_factory=dict)
    few: int | None = None
    rows: Callable[[LiveTraining], dict[str, np.ndarray]] = lambda _training: {}
    numbers: Callable[[LiveTraining], dict[str, float]] = lambda _training: {}


def record(plan: Plan) -> Recording:
    return Recording(plan.images, {label: record_one(plan, label) for label in plan.trainings})


def record_one(plan: Plan, label: str) -> Recorded:
    """Trains on the built-in faces."""
    training = LiveTraining(builtin_faces(SIZE).images[: plan.few], **plan.trainings[label])
    faces, rows, numbers = [], [], []
    for images in plan.images:
        training.train(float("inf"), most=images // training.config.model.images_per_step - training.step)
        faces.append(training.samples())
        rows.append(plan.rows(training))
        numbers.append(plan.numbers(training))
        if change := plan.changes.get(label, {}).get(images):
            training.steer(**change)
    return Recorded(
        np.stack(faces),
        {name: np.stack([row[name] for row in rows]) for name in rows[0]},
        {name: [rounded(row[name]) for row in numbers] for name in numbers[0]},
    )


def rounded(number: float) -> float | None:
    return round(number, 4) if math.isfinite(number) else None


def losses(training: LiveTraining) -> dict[str, float]:
    """Both losses of the last iterations, or the family's first metric; not numbers if the training has diverged."""
    columns = training.family.metrics
    names = [name for name in columns if name.startswith("loss_") and not name.endswith("_target")]
    names = names or [next(iter(columns))]
    recent = {columns[name]: training.metrics[name][-RECENT:] for name in names}
    return {name: math.nan if training.diverged else float(np.mean(values)) for name, values in recent.items()}


def nearest(training: LiveTraining) -> dict[str, np.ndarray]:
    """The first faces, and the training images that are most like them."""
    faces = training.samples()[:SHOWN]
    return {"Generated": faces, "Nearest training image": tiny_set.nearest(faces, tiny_set.seen())}


def generalisation(training: LiveTraining) -> dict[str, float]:
    """L of training images and of images that D never sees."""
    return {
        "training images": training.loss_of(tiny_set.seen()),
        "unseen images": training.loss_of(tiny_set.unseen()),
    }


PLANS = {
    "players": Plan({"": {}}, rows=LiveTraining.discriminator_view, numbers=losses),
    "gamma": Plan({f"γ = {gamma:g}": {"gamma": gamma} for gamma in (0.3, 0.5, 0.7, 0.9)}, numbers=losses),
    "failing": Plan(
        {"Left alone": {}, "Diverges": {}, "Collapses": {}},
        (480, 2_400, 4_800, CHANGED, 7_440, 7_680, 8_400, 9_600, 12_000, MENDED, 17_760, 19_200, 24_000),
        {
            "Diverges": {CHANGED: DIVERGE_SLOWLY, MENDED: BEGINNING},
            "Collapses": {CHANGED: COLLAPSE, MENDED: BEGINNING},
        },
        numbers=losses,
    ),
    "families": Plan({config_class(name).title: {"family": name} for name in FAMILIES}, numbers=losses),
    "copying": Plan(
        {"Without augmentation": {}, "With augmentation": {"augment": 0.5}},
        few=tiny_set.FEW,
        rows=nearest,
        numbers=generalisation,
    ),
}


def main() -> None:
    for name in sys.argv[1:] or PLANS:
        write(name, record(PLANS[name]))


if __name__ == "__main__":
    main()
