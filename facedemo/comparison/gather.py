"""Gathers models for a comparison: same seeds, same evaluation, their curves, and the commands that reproduce it.

A model is a bundle or a run. Its evaluation is stored in its report.json, under "evaluation".
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from facedemo.comparison.race import Race
from facedemo.config.schema import RunConfig
from facedemo.evaluation import verify
from facedemo.evaluation.commands import command_line, verify_command
from facedemo.evaluation.report import Report, load_evaluation
from facedemo.evaluation.request import EvaluationRequest
from facedemo.pretrained import bundles, sampling
from facedemo.pretrained.model import load_model
from facedemo.pretrained.seeds import face_seeds
from facedemo.progress import Steps
from facedemo.runs.directory import RunError
from facedemo.runs.evaluations import Evaluation, read_evaluations
from facedemo.runs.model_report import ModelReport, read_report
from facedemo.runs.run import Run
from facedemo.storage.versions import versions

if TYPE_CHECKING:
    import numpy as np


RUN = "run"  # the kind of a comparison of one run with nothing
GRID = 64  # faces in a grid, as in the paper's Fig. 3 and 4
SIDE = 16  # faces of each model side by side, as in Fig. 5
PACKAGES = ("facedemo", "torch", "face-recognition", "dlib-bin", "numpy")


@dataclass(frozen=True)
class ComparedModel:
    """A compared model and its data.

    faces: uint8 (n, size, size, 3), of the comparison's seeds.  evaluations: those during training.  evaluation: of the
    finished model; None if it was not evaluated.
    """

    name: str
    model: str  # its name in commands
    config: RunConfig
    training: ModelReport
    faces: "np.ndarray"
    evaluations: Sequence[Evaluation] = ()
    evaluation: Report | None = None

    @property
    def images_per_second(self) -> float | None:
        """Average training speed without pauses; for very short trainings, the last recorded speed."""
        images, minutes = self.training.images, self.training.minutes
        last = self.training.last.get("images_per_second")
        return images / (60 * minutes) if images and minutes and minutes >= 1 else last


@dataclass(frozen=True)
class Comparison:
    """Models with faces of the same seeds: `face_seeds(seed, GRID)`."""

    title: str
    seed: int
    models: list[ComparedModel]
    about: str = ""  # description of what all have in common
    kind: str = "race"
    command: str = ""  # that reproduces everything
    versions: Mapping[str, str] = field(default_factory=lambda: versions(*PACKAGES))

    @property
    def stems(self) -> dict[str, str]:
        """Name → a unique stem for file names."""
        stems: dict[str, str] = {}
        for model in self.models:
            plain = file_name(model.name)
            names = itertools.chain([plain], (f"{plain}-{number}" for number in itertools.count(2)))
            stems[model.name] = next(name for name in names if name not in stems.values())
        return stems

    @property
    def commands(self) -> dict[str, str]:
        """Description → the command."""
        what = "the training" if self.kind == RUN else "the whole comparison"
        commands = {what: self.command} if self.command else {}
        for compared_model in self.models:
            if compared_model.evaluation:
                commands[f"the numbers of {compared_model.name} in Table 1"] = verify_command(
                    compared_model.evaluation, compared_model.model
                )
            out = f"{self.stems[compared_model.name]}.png"
            words = ("generate", "--model", compared_model.model, "--seed", self.seed, "--count", GRID, "--out", out)
            commands[f"the faces of {compared_model.name}"] = command_line(*words)
        return commands


def file_name(name: str) -> str:
    """Letters, digits and dashes only."""
    plain = "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in name.replace("γ", "gamma"))
    return "-".join(filter(None, plain.split("-"))).lower() or "model"


def evaluate(path: Path, request: EvaluationRequest, steps: Steps = lambda what: None) -> Report:
    """Table 1 for the model in a folder.  Raises ValueError as `verify.verify` does."""
    return verify.verify(load_model(path), request, steps)[0]


def gather(
    models: Mapping[str, Path],
    seed: int = 0,
    title: str = "",
    about: str = "",
    kind: str = "race",
    command: str = "",
    evaluations: Mapping[str, Report] | None = None,
) -> Comparison:
    """A comparison of models (name → folder), with the evaluations stored with them or given in `evaluations` by name.

    Generates GRID faces with each.  Raises ValueError if a model cannot be used.
    """
    given = evaluations or {}
    compared = [compared_model(name, path, seed, given.get(name)) for name, path in models.items()]
    return Comparison(title or " · ".join(models), seed, compared, about, kind, command)


def gather_race(race: Race) -> Comparison:
    """The comparison of the models of a race that have weights.  Raises RunError if none has."""
    plan = race.plan
    runs = {entrant.label: race.run(entrant) for entrant in plan.entries}
    models = {label: run.path for label, run in runs.items() if run.has_model}
    if not models:
        raise RunError("No model of this race has saved weights yet.")
    return gather(models, plan.seed, plan.title, plan.about, plan.kind, plan.command)


def compared_model(name: str, path: Path, seed: int, evaluation: Report | None = None) -> ComparedModel:
    model, run = load_model(path), Run(path)
    if run.metrics():
        config = bundles.final_config(run)
        training = bundles.make_report(run, model)
    else:
        config, training = model.config.without_paths(), read_report(path)
    faces = sampling.generate(model, face_seeds(seed, GRID))
    evaluation = evaluation or load_evaluation(path)
    return ComparedModel(name, path.name, config, training, faces, read_evaluations(path), evaluation)
