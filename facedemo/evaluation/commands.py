"""Command lines, as they are shown to people: their syntax, and the one that reproduces an evaluation."""

import shlex
from collections.abc import Iterable

from facedemo.evaluation.report import Report


def command_line(*words: object) -> str:
    """A command of facedemo for a shell."""
    return shlex.join(["facedemo", *map(str, words)])


def repeated(option: str, values: Iterable[object]) -> list[object]:
    """The option once for each of its values."""
    return [word for value in values for word in (option, value)]


def verify_command(report: Report, model: str) -> str:
    """The command that reproduces a report for `model`."""
    words: list[object] = ["verify", "--model", model, "--seed", report.seed, "--count", report.count]
    words += [*repeated("--data", sources(report.data)), "--split", report.split] if report.data else []
    words += repeated("--gallery", sources(report.gallery))
    words += ["--cnn"] if report.generated.undetected_cnn else []
    words += ["--copies"] if any(row.nearest is not None for row in report.rows) else []
    words += ["--fid"] if report.generated.fid is not None else []
    return command_line(*words)


def sources(names: str | None) -> list[str]:
    """The sources that a report names in one string."""
    return [name for name in (names or "").split(", ") if name]
