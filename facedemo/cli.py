"""The command line: every capability of the app is here too."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from facedemo.data import Progress
    from facedemo.runs import Run, Status

app = typer.Typer(
    help="Train face-generating GANs, steer them while they learn, and draw faces from them.",
    no_args_is_help=True,
    add_completion=False,
)
data_app = typer.Typer(help="Prepare images to train on.", no_args_is_help=True)
app.add_typer(data_app, name="data")

RunsDir = Annotated[Path, typer.Option(help="Folder that holds the runs.", envvar="FACEDEMO_RUNS")]
RunName = Annotated[str, typer.Argument(help="Run directory, or the end of its name.", metavar="RUN")]
RUNS = Path("runs")


def main() -> None:
    """Runs a command; what the user got wrong ends in one line of explanation, not in a traceback."""
    from pydantic import ValidationError

    try:
        app()
    except ValidationError as error:
        fail(explain(error))
    except (ValueError, OSError) as error:  # the library's own errors for users are ValueErrors
        fail(str(error))


def fail(message: str) -> None:
    typer.secho(f"Error: {message}", fg="red", err=True)
    raise SystemExit(1)


def explain(error: Any) -> str:
    """A pydantic error in lines a person can act on."""
    lines = []
    for item in error.errors():
        where = f"--{str(item['loc'][-1]).replace('_', '-')}: " if item["loc"] else ""
        lines.append(where + item["msg"].removeprefix("Value error, "))
    return "\n".join(lines)


@app.command()
def train(
    ctx: typer.Context,
    preset: Annotated[str | None, typer.Option(help="Start from: minute, good-64, paper-64 or paper-128.")] = None,
    family: Annotated[str | None, typer.Option(help="Which GAN to train.")] = None,
    source: Annotated[
        str | None,
        typer.Option("--data", help="Folder of images, .zip or .tar of one, CelebA folder, or “built-in”."),
    ] = None,
    size: Annotated[int | None, typer.Option(help="Side of the images: 32, 64 or 128 pixels.")] = None,
    iterations: Annotated[int | None, typer.Option(help="Stop after so many iterations.")] = None,
    images: Annotated[int | None, typer.Option(help="Stop after so many real images.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Stop after so many minutes of training.")] = None,
    gamma: Annotated[float | None, typer.Option(help="γ, the diversity ratio, 0 to 1.")] = None,
    lambda_k: Annotated[float | None, typer.Option(help="λ_k, the gain of the balance.")] = None,
    width: Annotated[int | None, typer.Option(help="Channels of the first layers.")] = None,
    latent: Annotated[int | None, typer.Option(help="Length of the latent vector.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Real images a step.")] = None,
    stem: Annotated[str | None, typer.Option(help="full (as in the paper) or half (faster).")] = None,
    generator: Annotated[str | None, typer.Option(help="decoder or deconv.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Learning rate of both players.")] = None,
    decay: Annotated[float | None, typer.Option(help="Factor on the learning rates at every interval.")] = None,
    decay_every: Annotated[int | None, typer.Option(help="Iterations between decays.")] = None,
    rate_floor: Annotated[float | None, typer.Option(help="The learning rates do not decay below this.")] = None,
    crop: Annotated[str | None, typer.Option(help="auto, tight, wide or square.")] = None,
    flip: Annotated[bool | None, typer.Option(help="Show images mirrored half of the time.")] = None,
    average: Annotated[float | None, typer.Option(help="Decay of the generator's moving average.")] = None,
    log_every: Annotated[int | None, typer.Option(help="Iterations between rows of metrics.")] = None,
    sample_every: Annotated[int | None, typer.Option(help="Iterations between sample grids.")] = None,
    checkpoint_every: Annotated[int | None, typer.Option(help="Iterations between checkpoints.")] = None,
    precision: Annotated[str | None, typer.Option(help="auto, 32-true or bf16-mixed.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of weights, data order and noise.")] = None,
    name: Annotated[str | None, typer.Option(help="What to call the run.")] = None,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Train a model; prints the run directory last.

    What is not given keeps the preset's value, or else the default. Ctrl-C saves a checkpoint, and `facedemo resume`
    goes on from there.
    """
    from facedemo.presets import configure
    from facedemo.runs import create_run

    settings = given({key: value for key, value in ctx.params.items() if key not in ("preset", "runs_dir")})
    if "learning_rate" in settings:
        settings["learning_rate_g"] = settings["learning_rate_d"] = settings.pop("learning_rate")
    follow(create_run(configure(settings, preset), runs_dir))


@app.command()
def resume(
    run: RunName,
    iterations: Annotated[int | None, typer.Option(help="New budget: stop after so many iterations in all.")] = None,
    images: Annotated[int | None, typer.Option(help="New budget: so many real images in all.")] = None,
    minutes: Annotated[float | None, typer.Option(help="New budget: so many minutes of training in all.")] = None,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Go on with a run from its last checkpoint, exactly as if it had not been interrupted."""
    from facedemo.config import Budget
    from facedemo.runs import find_run

    found = find_run(run, runs_dir)
    if budget := given({"iterations": iterations, "images": images, "minutes": minutes}):
        found.extend(Budget(**budget))
    follow(found)


def given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def follow(run: "Run") -> None:
    """Trains `run` in this process with a progress bar; prints the run directory last."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    from facedemo.worker import execute

    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[words]}")
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("starting", total=1.0, words="")
        said: list[str] = []

        def show(status: "Status") -> None:
            bar.update(task, description=status.state, completed=status.progress, words=describe(status))
            for words in status.advice:
                if words not in said:
                    said.append(words)
                    bar.console.print(f"[yellow]{words}")

        status = execute(run, show)
    typer.echo(run.path)
    if status.state == "failed":
        fail(f"{status.message} (details in {run.path / 'log.txt'})")


def describe(status: "Status") -> str:
    if status.message:
        return status.message
    words = f"iteration {status.step:,} · {status.images_per_second:.0f} images/s"
    if status.seconds_left is not None:
        minutes, seconds = divmod(round(status.seconds_left), 60)
        words += f" · {minutes // 60}:{minutes % 60:02d}:{seconds:02d} left"
    return words


@app.command()
def runs(runs_dir: RunsDir = RUNS) -> None:
    """List the runs, newest first, with what each is doing."""
    from rich.console import Console
    from rich.table import Table

    from facedemo.runs import list_runs

    found = list_runs(runs_dir)
    if not found:
        typer.echo(f"No runs in {runs_dir}. `facedemo train --preset minute` makes one in a minute.")
        return
    table = Table("run", "name", "state", "iteration", "done", "images/s")
    for run in found:
        status = run.status
        table.add_row(
            run.id,
            run.name if run.name != run.id else "",
            status.state,
            f"{status.step:,}",
            f"{status.progress:.0%}",
            f"{status.images_per_second:.0f}",
        )
    Console().print(table)


@app.command()
def steer(
    run: RunName,
    changes: Annotated[list[str], typer.Argument(help="Settings as name=value, such as gamma=0.6 decay=0.95.")],
    runs_dir: RunsDir = RUNS,
) -> None:
    """Change settings of a run while it trains: γ, λ_k, learning rates, their decay, the sample interval."""
    from facedemo.runs import find_run

    found = find_run(run, runs_dir)
    found.steer(**{name: number(name, value) for name, _, value in (change.partition("=") for change in changes)})


def number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"Give settings as name=number, such as gamma=0.6; “{name}={text}” is not one.") from None


@app.command()
def pause(run: RunName, runs_dir: RunsDir = RUNS) -> None:
    """Hold a run where it is, with a checkpoint; `facedemo unpause` lets it go on."""
    from facedemo.runs import find_run

    find_run(run, runs_dir).pause()


@app.command()
def unpause(run: RunName, runs_dir: RunsDir = RUNS) -> None:
    """Let a paused run go on."""
    from facedemo.runs import find_run

    find_run(run, runs_dir).unpause()


@app.command()
def stop(run: RunName, runs_dir: RunsDir = RUNS) -> None:
    """End a run with a checkpoint; `facedemo resume` goes on from there."""
    from facedemo.runs import find_run

    find_run(run, runs_dir).stop()


@app.command()
def generate(
    model: Annotated[str, typer.Option(help="A bundled model's name, a bundle's folder, or a run.")] = "ours-64",
    seed: Annotated[int, typer.Option(help="Seed of the first face; the others' seeds are drawn from it.")] = 0,
    count: Annotated[int, typer.Option(help="How many faces.", min=1, max=100_000)] = 64,
    scale: Annotated[float, typer.Option(help="Latent scale: below 1 more average, above 1 more extreme.")] = 1.0,
    out: Annotated[Path, typer.Option(help="Where the grid is written (PNG).")] = Path("faces.png"),
    each: Annotated[Path | None, typer.Option(help="Folder for one PNG a face, named by its seed.")] = None,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Draw faces: the same seed gives the same face on every machine."""
    from facedemo import bundle, sampling
    from facedemo.runs import replace_file

    drawn = bundle.load(bundle.find(model, runs_dir))
    seeds = sampling.face_seeds(seed, count)
    faces = sampling.generate(drawn, seeds, scale)
    out.parent.mkdir(parents=True, exist_ok=True)
    replace_file(out, sampling.png(sampling.grid(faces), model=drawn.name, seed=seed, count=count, scale=scale))
    typer.echo(out)
    if each is not None:
        each.mkdir(parents=True, exist_ok=True)
        for face, own in zip(faces, seeds, strict=True):
            replace_file(each / f"{own}.png", sampling.png(face, model=drawn.name, seed=own, scale=scale))
        typer.echo(each)


@app.command()
def bundle(
    run: RunName,
    out: Annotated[Path, typer.Option(help="Folder to write, such as checkpoints/mine.")],
    about: Annotated[Path | None, typer.Option(help="Markdown file on the data, its licence and the limits.")] = None,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Make a model to share out of a run: weights, settings, model card, curves and report."""
    from facedemo.card import export
    from facedemo.runs import find_run

    typer.echo(export(find_run(run, runs_dir), out, about.read_text("utf8") if about else ""))


@data_app.command()
def prepare(
    source: Annotated[str, typer.Argument(help="Folder of images, .zip or .tar of one, or CelebA folder.")],
    size: Annotated[int, typer.Option(help="Side of the images: 32, 64 or 128 pixels.")] = 64,
    crop: Annotated[str, typer.Option(help="auto, tight, wide or square.")] = "auto",
    skipped: Annotated[bool, typer.Option(help="List the files that were skipped, with the reason.")] = False,
) -> None:
    """Decode images once into the cache, so that trainings start at once."""
    from facedemo.data import prepare as prepare_images

    with progress_bar("images") as progress:
        faces = prepare_images(source, size, crop, progress)
    typer.echo(faces.summary())
    if skipped:
        for name, reason in faces.skipped:
            typer.echo(f"{name}: {reason}")


@data_app.command()
def people(
    celeba: Annotated[Path, typer.Argument(help="CelebA's folder or archive, with identity_CelebA.txt.")],
    out: Annotated[Path, typer.Argument(help="Folder to write the CSV files and one folder a person into.")],
) -> None:
    """Prepare CelebA as the paper does: its lists as CSV, its images in one folder a person."""
    from facedemo.data.celeba import sort_people

    with progress_bar("images") as progress:
        report = sort_people(celeba, out, progress)
    typer.echo(report.summary())


@contextmanager
def progress_bar(what: str) -> "Iterator[Progress]":
    """A bar on the terminal while images are worked through."""
    from rich import progress as rich
    from rich.console import Console

    columns = rich.TextColumn(what), rich.BarColumn(), rich.MofNCompleteColumn(), rich.TimeRemainingColumn()
    with rich.Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
