"""The commands that start a race or a comparison again."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

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
