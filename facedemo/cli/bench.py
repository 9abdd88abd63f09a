"""Benchmark commands."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from facedemo.benchmarks import app as waiting
from facedemo.benchmarks import classroom, decoding, generating, memory, processes, training
from facedemo.benchmarks.starts import FACES, FirstRun, measure_starts
from facedemo.cli.options import Size
from facedemo.cli.terminal import finite, progress_bar
from facedemo.config.presets import configure
from facedemo.config.schema import DEFAULT_FAMILY
from facedemo.data.builtin import builtin_faces
from facedemo.pretrained.model import find_model, load_model
from facedemo.storage.atomic import replace_file

app = typer.Typer(
    help="Benchmarks for this machine; leave it idle while they run.",
    no_args_is_help=True,
    add_completion=False,
)

Json = Annotated[Path | None, typer.Option("--json", help="Also write the numbers to this file.")]


def write(out: Path | None, numbers: dict[str, Any]) -> None:
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        replace_file(out, json.dumps(numbers, indent=1) + "\n")


@app.command(name="train")
def measure_train(
    family: Annotated[str, typer.Option(help="GAN family.")] = DEFAULT_FAMILY,
    size: Size = 64,
    width: Annotated[int | None, typer.Option(help="Channels of the first layers.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Real images per training step.")] = None,
    stem: Annotated[str | None, typer.Option(help="Stem of ours: full, half or quarter.")] = None,
    precision: Annotated[str | None, typer.Option(help="Precision: auto, 32-true or bf16-mixed.")] = None,
    threads: Annotated[int | None, typer.Option(help="Number of threads; 0: one per core.")] = None,
    rounds: Annotated[int, typer.Option(help="Number of pairs to measure.", min=2)] = 16,
    out: Json = None,
) -> None:
    """Compare the training engine (B) with a textbook training loop (A), on the same networks and batch size."""
    options = {"family": family, "size": size, "width": width, "batch_size": batch_size, "stem": stem}
    options |= {"precision": precision, "threads": threads, "minutes": 60}
    config = configure({name: value for name, value in options.items() if value is not None})
    speed = training.run(config, builtin_faces(size).images, rounds)
    typer.echo(f"A, textbook loop   {speed.textbook:8.1f} ± {speed.textbook_spread:.1f} images/s")
    typer.echo(f"B, facedemo        {speed.engine:8.1f} ± {speed.engine_spread:.1f} images/s, {speed.precision}")
    typer.echo(f"B / A              {speed.ratio:8.2f}")
    typer.echo(f"waiting for data   {speed.data_share:8.2%} of B's time")
    typer.echo(f"peak, convolutions {speed.peak_fp32:8.0f} GFLOP/s in fp32, {speed.peak_bf16:.0f} in bf16")
    typer.echo(f"B's share of it    {speed.peak_share:8.0%} ({speed.gflop_per_image:.2f} GFLOP per image, counted)")
    write(out, training.report(speed))


@app.command(name="generate")
def measure_generate(
    model: Annotated[str, typer.Option(help="A bundled model's name, a bundle's folder, or a run.")] = "ours-64",
    count: Annotated[int, typer.Option(help="Number of grids to generate.", min=5)] = 50,
    beside: Annotated[bool, typer.Option(help="Also measure while a run trains.")] = True,
    out: Json = None,
) -> None:
    """Time from a seed to the PNG of a grid of 64 faces, alone and while a run trains."""
    loaded = load_model(find_model(model))
    alone_and_beside(lambda: generating.measure_generating(loaded, count), loaded.size, beside, out)


@app.command(name="step")
def measure_step(
    model: Annotated[str, typer.Option(help="A bundled model's name, a bundle's folder, or a run.")] = "ours-64",
    count: Annotated[int, typer.Option(help="Number of steps.", min=5)] = 20,
    beside: Annotated[bool, typer.Option(help="Also measure while a run trains.")] = True,
    out: Json = None,
) -> None:
    """Time of a step of the page One step, with its pictures, alone and while a run trains."""
    folder = find_model(model)
    alone_and_beside(lambda: generating.measure_steps(folder, count), load_model(folder).size, beside, out)


def alone_and_beside(measure: Callable[[], generating.Delay], size: int, beside: bool, out: Path | None) -> None:
    delays = {"alone": measure()}
    if beside:
        with generating.training_beside(size):
            delays["while a run trains"] = measure()
    for where, delay in delays.items():
        typer.echo(f"{where:18} {delay.median:6.0f} ms, 95th percentile {delay.percentile_95:.0f} ms ({delay.count})")
    write(out, {where: asdict(delay) for where, delay in delays.items()})


@app.command(name="data")
def measure_data(
    source: Annotated[str, typer.Argument(help="Images: a folder, a .zip or .tar of one, or a CelebA folder.")],
    size: Size = 64,
    out: Json = None,
) -> None:
    """Time to decode a source of images into an empty cache, on all cores."""
    with progress_bar("images") as progress:
        speeds = decoding.measure_decoding(source, size, progress)
    speed = f"{speeds.images:,} images in {speeds.seconds:.1f} s: {speeds.images_per_second:,.0f} images/s"
    typer.echo(f"{speed} on {speeds.cores} cores; from the cache in {speeds.cached_seconds:.2f} s")
    write(out, asdict(speeds))


@app.command(name="memory")
def measure_memory(
    images: Annotated[int, typer.Option(help="Number of images in the cache; CelebA has 202,599.", min=1000)] = 202_599,
    size: Size = 64,
    seconds: Annotated[float, typer.Option(help="Training time in seconds.", min=1, callback=finite)] = 60.0,
    out: Json = None,
) -> None:
    """Memory use of training on a data set of CelebA's size, read with a cold page cache."""
    config = configure({"size": size, "minutes": 60, "precision": "32-true"})
    usage = memory.measure_memory(config, images, seconds)
    typer.echo(f"{usage.images:,} images, {usage.steps} iterations: {usage.resident_gib:.2f} GiB peak resident memory")
    typer.echo(f"waiting for data, with a cold page cache: {usage.data_share:.2%} of the time")
    write(out, asdict(usage))


@app.command(name="app")
def measure_app(
    starts: Annotated[int, typer.Option(help="Number of times to start the app.", min=1)] = 3,
    visits: Annotated[int, typer.Option(help="Number of visits to each page.", min=2)] = 20,
    out: Json = None,
) -> None:
    """App latency: time to the first faces, to the first answer to a click, and to a page's last change."""
    delays = waiting.measure_app(starts, visits)
    typer.echo(f"from process start to first faces {delays.first_faces:.1f} s (median of {delays.starts})")
    for name, seconds in delays.pages.items():
        answer = delays.answers[name]
        typer.echo(f"{name:20} {seconds:5.2f} s, first answer {answer:5.2f} s (95th percentile of {visits} visits)")
    write(out, asdict(delays))


@app.command(name="start")
def measure_start(
    folder: Annotated[Path, typer.Option("--out", help="Folder for the last samples of each run.")],
    starts: Annotated[int, typer.Option(help="Number of runs to start, one after another.", min=1)] = 10,
    out: Json = None,
) -> None:
    """The first run as a newcomer starts it, with the page open in a browser: time to its end, and its faces."""

    def report(run: FirstRun) -> None:
        typer.echo(
            f"seed {run.seed}: {run.seconds:.0f} s from the click to the end; of {FACES} faces, {run.detected} are "
            f"detected and show {run.people} people"
        )

    write(out, {"runs": [asdict(run) for run in measure_starts(starts, folder, report)]})


@app.command(name="class")
def measure_class(
    visitors: Annotated[int, typer.Option(help="Number of visitors, each with a browser window.", min=2)] = 20,
    out: Json = None,
) -> None:
    """A class in a shared app: all visitors start a run of one minute; order, memory, and how long pages take."""
    result = classroom.measure_class(visitors, typer.echo)
    typer.echo(f"{result.minutes:.1f} minutes until all runs have ended: {result.states}")
    typer.echo(f"in the order of their start: {'yes' if result.ended == result.started else result.ended}")
    typer.echo(f"at most {result.most_at_once} trained at once")
    for name, (first, *others) in result.visits.items():
        typer.echo(f"{name:20} {np.median(others or first):5.2f} s, the slowest {max(others, default=first):.2f} s")
    typer.echo(f"all pages            {result.page_median:5.2f} s, 95th percentile {result.page_95:.2f} s")
    typer.echo(f"memory: app and trainings {result.app_gib:.2f} GiB, browser {result.browser_gib:.2f} GiB")
    typer.echo(f"runs of others that a link showed: {', '.join(result.reached) or 'none'}")
    write(out, asdict(result))


@app.command(name="processes")
def measure_processes(
    size: Size = 64,
    rounds: Annotated[int, typer.Option(help="Number of pairs of runs to measure.", min=1)] = 3,
    seconds: Annotated[float, typer.Option(help="Seconds that each run takes.", min=5, callback=finite)] = 30.0,
    out: Json = None,
) -> None:
    """Compare two processes of one thread each with one process of two threads, on the same global batch."""
    speeds = processes.measure_sharing(size, rounds, seconds)
    typer.echo(f"one process of two threads    {speeds.one:6.1f} images/s")
    typer.echo(f"two processes of one thread   {speeds.two:6.1f} images/s")
    typer.echo(f"ratio                         {speeds.ratio:6.2f}")
    write(out, asdict(speeds))
