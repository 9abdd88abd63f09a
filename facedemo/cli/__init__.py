"""The command line, with one file for each group of commands."""

import sys

import typer

from facedemo.cli.lazy import LazyCommands
from facedemo.cli.terminal import fail
from facedemo.config.messages import error_message
from facedemo.storage.output import protect_output

app = typer.Typer(
    cls=LazyCommands,
    epilog="With --traceback, errors are shown with a Python traceback.",
    no_args_is_help=True,
    add_completion=False,
)


@app.callback()
def facedemo() -> None:
    """Train face-generating GANs, steer them while they train, and generate faces with them."""


def main() -> None:
    """Runs a command; every error is reported in a sentence, or with --traceback as a Python traceback."""
    protect_output()
    if "--traceback" in sys.argv:
        sys.argv.remove("--traceback")
        app()
        return
    try:
        app()
    except (ValueError, OSError) as error:  # the library reports errors to users as ValueErrors
        fail(error_message(error, prefix="--"))
    except Exception as error:
        fail(f"{str(error) or type(error).__name__} (Add `--traceback` to see where the error comes from.)")
