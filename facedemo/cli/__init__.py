"""The command line: every capability of the app is here too, a file for each group of commands."""

import sys

import typer

from facedemo.cli import bench, compare, data, inspect, interpolate, models, runs, train, verify
from facedemo.cli.terminal import fail
from facedemo.storage.output import protect_output

app = typer.Typer(
    help="Train face-generating GANs, steer them while they learn, and draw faces from them.",
    epilog="With --traceback, an error is shown with the place in the code that it comes from.",
    no_args_is_help=True,
    add_completion=False,
)
app.add_typer(train.app)
app.add_typer(runs.app)
app.add_typer(models.app)
app.add_typer(interpolate.app)
app.add_typer(inspect.app)
app.add_typer(verify.app)
app.add_typer(compare.app)
app.add_typer(data.app, name="data")
app.add_typer(bench.app, name="bench")


def main() -> None:
    """Runs a command; every error ends in a sentence, and with --traceback in Python's own account of it."""
    from facedemo.config.schema import in_words

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
