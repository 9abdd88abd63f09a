"""Writes the reference of all commands: `python -m facedemo.cli.reference docs/command-line.md`."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from facedemo.cli.lazy import GROUPS, MODULES, commands_in
from facedemo.storage.atomic import replace_file

HEADING = "## Reference"  # what follows it in the page is generated


def all_commands() -> Iterator[tuple[str, Any]]:
    """Every command with its full name, such as "data prepare", in the order of `facedemo --help`."""
    for module in (*MODULES, *GROUPS):
        group: Any = typer.main.get_command(importlib.import_module(f"facedemo.cli.{module}").app)
        for name in commands_in(module):
            command = group.commands[name] if hasattr(group, "commands") else group
            yield (f"{module} {name}" if module in GROUPS else name), command


def reference() -> str:
    """The section of all commands with their arguments and options, as Markdown."""
    sections = [f"{HEADING}\n\nMade by `python -m facedemo.cli.reference`; `--help` shows the same.\n"]
    for name, command in all_commands():
        context = typer.Context(command)
        records = [item.get_help_record(context) for item in command.params if item.name != "help"]
        rows = [f"| `{cell(written)}` | {cell(help_text)} |" for written, help_text in filter(None, records)]
        table = "\n".join(["| | |", "| --- | --- |", *rows]) if rows else ""
        sections.append(f"### {name}\n\n{one_line(command.help or '')}\n\n{table}".rstrip() + "\n")
    return "\n".join(sections)


def one_line(text: str) -> str:
    return " ".join(text.split())


def cell(text: str) -> str:
    """Text for a cell of a table."""
    return one_line(text).replace("|", r"\|")


def main() -> None:
    page = Path(sys.argv[1])
    replace_file(page, page.read_text("utf8").partition(HEADING)[0] + reference())


if __name__ == "__main__":
    main()
