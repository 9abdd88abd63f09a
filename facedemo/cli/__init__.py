"""The command line: every capability of the app is here too, a file for each group of commands."""

from typing import Any

import typer

from facedemo.cli import bench, compare, data, discriminator, interpolate, models, runs, train, verify
from facedemo.cli.terminal import fail

app = typer.Typer(
    help="Train face-generating GANs, steer them while they learn, and draw faces from them.",
    no_args_is_help=True,
    add_completion=False,
)
app.add_typer(train.app)
app.add_typer(runs.app)
app.add_typer(models.app)
app.add_typer(interpolate.app)
app.add_typer(discriminator.app)
app.add_typer(verify.app)
app.add_typer(compare.app)
app.add_typer(data.app, name="data")
app.add_typer(bench.app, name="bench")


def main() -> None:
    """Runs a command; what the user got wrong ends in one line of explanation, not in a traceback."""
    from pydantic import ValidationError

    try:
        app()
    except ValidationError as error:
        fail(explain(error))
    except (ValueError, OSError) as error:  # the library's own errors for users are ValueErrors
        fail(str(error))


def explain(error: Any) -> str:
    """A pydantic error in lines a person can act on."""
    from facedemo.config import message

    lines = []
    for item in error.errors():
        where = f"--{str(item['loc'][-1]).replace('_', '-')}: " if item["loc"] else ""
        lines.append(where + message(item))
    return "\n".join(lines)
