"""The commands that start a race or a comparison again."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from facedemo.config.schema import BUILTIN_SOURCE, RunConfig
from facedemo.data.source_files import lines
from facedemo.evaluation.commands import command_line, repeated
from facedemo.evaluation.request import EvaluationRequest


def race_command(
    options: Mapping[str, Any],
    families: Sequence[str],
    gammas: Sequence[float],
    preset: str | None,
    evaluation: Mapping[str, Any],
) -> str:
    """The command that starts a race again; arguments as for `entrants.entrant_configs` and `race.create_race`."""
    words: list[object] = ["compare"]
    for name, value in options.items():
        option = name.replace("_", "-")
        if name == "source":
            words += data_options(value)
        elif isinstance(value, bool):
            words.append(f"--{option}" if value else f"--no-{option}")
        else:
            words += [f"--{option}", format_value(value)]
    for option, values in (("--family", families), ("--gamma", gammas), ("--preset", [preset] if preset else [])):
        words += repeated(option, map(format_value, values))
    for name in ("seed", "count", "split"):
        if name in evaluation and name not in options:
            words += [f"--{name}", evaluation[name]]
    words += [] if evaluation.get("copies", True) else ["--no-copies"]
    return command_line(*words)


def train_command(config: RunConfig) -> str:
    """The command that trains a run again: its family, its budget, and all settings that differ from the defaults."""
    words: list[object] = ["train", "--family", config.family]
    plain = RunConfig.model_validate({"family": config.family, "budget": config.budget})
    for section in ("model", "training", "data", "budget"):
        defaults = getattr(plain, section).model_dump() if section != "budget" else {}
        for name, value in getattr(config, section).model_dump().items():
            if value is None or value == "" or name in ("source", "start") or value == defaults.get(name):
                continue
            option = name.replace("_", "-")
            words += (
                [f"--{'' if value else 'no-'}{option}"]
                if isinstance(value, bool)
                else [
                    f"--{option}",
                    format_value(value),
                ]
            )
    words += data_options(config.data.source) if config.data.source != BUILTIN_SOURCE else []
    words += ["--start-from", Path(config.training.start).name] if config.training.start else []
    return command_line(*words)


def comparison_command(models: Iterable[str], request: EvaluationRequest) -> str:
    """The command that compares existing models again."""
    words: list[object] = ["compare", *repeated("--models", models)]
    words += [*data_options(request.source), "--split", request.split] if request.source else []
    words += ["--seed", request.seed, "--count", request.count]
    words += ["--no-copies"] if request.source and not request.copies else []
    return command_line(*words)


def data_options(source: str) -> list[object]:
    """The option --data for each part of a source, with its file name instead of its path."""
    return repeated("--data", (Path(line).name for line in lines(source)))


def format_value(value: Any) -> str:
    return f"{value:.15g}" if isinstance(value, float) else str(value)
