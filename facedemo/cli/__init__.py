"""The command line: every capability of the app is here too, a file for each group of commands."""

import sys

import typer

from facedemo.cli.lazy import LazyCommands
from facedemo.cli.terminal import fail
from facedemo.config.schema import in_words
from facedemo.storage.output import protect_output

app = typer.Typer(
    cls=LazyCommands,
    epilog="With --traceback, an error is shown with the place in the code that it comes from.",
    no_args_is_help=True,
    add_completion=False,
)


@app.callback()
def facedemo() -> None:
    """Train face-generating GANs, steer them while they learn, and draw faces from them."""


def main() -> None:
    """Runs a command; every error ends in a sentence, and with --traceback in Python's own account of it."""
    protect_output()
    if "--traceback" in sys.argv:
        sys.argv.remove("--traceback")
        app()
        return
    try:
        app()
    except (ValueError, OSError) as error:  # the library's own errors for users are ValueErrors
        fail(in_words(error, prefix="--"))
    except Exception as error:
        fail(f"{str(error) or type(error).__name__} (`--traceback` shows where it comes from.)")
