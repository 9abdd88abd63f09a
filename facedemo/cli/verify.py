"""The command that evaluates a model as in the paper's Table 1."""

import json
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from facedemo.cli.terminal import (
    RUNS,
    RunsDir,
    Split,
    bars,
    check_folder,
    check_suffix,
    is_given,
    refuse_unused,
    show_rows,
    show_table,
)
from facedemo.data import personal
from facedemo.evaluation import annotate, over_seeds
from facedemo.evaluation.narrative import card_section, describe
from facedemo.evaluation.report import PAPER, PAPER_COUNT, UNDETECTED, Rate, Report, save_bundle_evaluation
from facedemo.evaluation.request import EvaluationRequest
from facedemo.evaluation.verify import DetectedImages, detection_rate
from facedemo.evaluation.verify import verify as verify_model
from facedemo.pretrained import card
from facedemo.pretrained.model import FaceModel, find_model, load_model
from facedemo.pretrained.seeds import checked_seed
from facedemo.progress import Progress, Steps
from facedemo.storage.atomic import replace_file

app = typer.Typer(add_completion=False)
OF_QUICK = ("model", "count", "seed", "quick", "out", "runs_dir")

Model = Annotated[str, typer.Option(help="A bundled model's name, a bundle's folder, or a run.")]
Count = Annotated[int, typer.Option(help="Number of faces to generate and evaluate.", min=1, max=100_000)]
Seed = Annotated[int, typer.Option(help="Seed of the first face; the other faces' seeds are derived from it.")]
Seeds = Annotated[
    int,
    typer.Option(
        help="Number of seeds, from --seed on; with more than one, report mean and standard deviation.", min=1, max=100
    ),
]
Data = Annotated[
    list[str] | None,
    typer.Option(
        help="Real images to compare with, ideally the model's own training data (repeatable).", metavar="SOURCE"
    ),
]
Gallery = Annotated[
    list[str] | None,
    typer.Option(
        help="Images of known people; counts detected faces that match none of them (repeatable).", metavar="SOURCE"
    ),
]
Cnn = Annotated[
    bool,
    typer.Option("--cnn", help="Also run a second detector, a neural network; takes about a minute per 1,000 faces."),
]
Copies = Annotated[bool, typer.Option("--copies", help="Also find the nearest training faces; slow the first time.")]
Fid = Annotated[
    bool,
    typer.Option("--fid", help="Also measure FID and KID; needs torch-fidelity and --data, and takes minutes."),
]
Quick = Annotated[bool, typer.Option("--quick", help="Only measure the detection rate, which takes a few seconds.")]
Json = Annotated[Path | None, typer.Option("--json", help="Also write the report to this JSON file.")]
Pictures = Annotated[
    Path | None, typer.Option(help="Output folder for detected.png, undetected.png and people.png.", metavar="DIR")
]
Keep = Annotated[bool, typer.Option("--keep", help="Store the results in the bundle and on its model card.")]


@app.command()
def verify(
    context: typer.Context,
    model: Model = "ours-64",
    count: Count = 1000,
    seed: Seed = 0,
    seeds: Seeds = 1,
    data: Data = None,
    split: Split = "test",
    gallery: Gallery = None,
    cnn: Cnn = False,
    copies: Copies = False,
    fid: Fid = False,
    quick: Quick = False,
    out: Json = None,
    pictures: Pictures = None,
    keep: Keep = False,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Evaluate a model's faces: detection, diversity, memorisation, and distance to real faces."""
    if quick:
        refuse_unused(context, OF_QUICK, "--quick only measures the detection rate, once")
    if seeds > 1 and (pictures or keep):
        raise ValueError("--pictures and --keep are for a single evaluation. Omit --seeds to use them.")
    if data is None and is_given(context, "split"):
        raise ValueError("--split chooses among real images: add them with --data, or omit it.")
    if out is not None:
        check_suffix(out, (".json",))
    if pictures is not None:
        check_folder(pictures)
    personal.expire()
    request = EvaluationRequest(count, seed, one_source(data), split, one_source(gallery), cnn, copies, fid)
    request.check()
    checked_seed(seed + seeds - 1)
    folder = find_model(model, runs_dir)
    loaded = load_model(folder)
    if quick:
        write(out, asdict(measured_detection(loaded, request)))
    elif seeds > 1:
        reports = evaluations(loaded, request, seeds)
        show_rows(*over_seeds.table(reports), title=f"{seeds} evaluations, seeds {seed} to {seed + seeds - 1}")
        write(out, {"evaluations": [report.as_json() for report in reports]})
    else:
        with bars() as steps:
            report, detected = verify_model(loaded, request, steps)
        show_report(report)
        write(out, report.as_json())
        if pictures is not None:
            write_pictures(pictures, report, detected)
        if keep:
            store(report, folder)


def one_source(paths: list[str] | None) -> str | None:
    """Several folders or archives as one source; None if there are none."""
    return "\n".join(paths) if paths else None


def measured_detection(model: FaceModel, request: EvaluationRequest) -> Rate:
    """Measures and prints the detection rate alone."""
    with bars() as steps:
        detected = detection_rate(model, request.count, request.seed, steps(model.name))
    typer.echo(f"detected: {detected}")
    return detected


def evaluations(model: FaceModel, request: EvaluationRequest, seeds: int) -> list[Report]:
    """The same evaluation with `seeds` seeds, from that of the request on."""
    reports = []
    for seed in range(request.seed, request.seed + seeds):
        with bars() as steps:
            reports.append(verify_model(model, replace(request, seed=seed), partial(numbered, steps, seed))[0])
    return reports


def numbered(steps: Steps, seed: int, what: str) -> Progress | None:
    return steps(f"seed {seed}: {what}")


def store(report: Report, bundle: Path) -> None:
    """Stores an evaluation in a bundle and on its model card."""
    typer.echo(save_bundle_evaluation(report, bundle))
    try:
        card.refresh(bundle, card_section(report, bundle.name))
    except (ValueError, OSError) as error:
        typer.echo(error, err=True)


def write(out: Path | None, content: dict[str, Any]) -> None:
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        replace_file(out, json.dumps(content, indent=1) + "\n")
        typer.echo(out)


def write_pictures(folder: Path, report: Report, detected: DetectedImages) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, file in annotate.sheets(detected, model=report.model, seed=report.seed, count=report.count).items():
        replace_file(folder / name, file)
        typer.echo(folder / name)


def show_report(report: Report) -> None:
    """Prints Table 1, the further metrics, and their meaning."""
    show_table({report.model: report}, title=f"{report.count:,} faces from seed {report.seed}")
    for sentence in describe(report):
        typer.echo(f"- {sentence}")
    paper = ", ".join(f"{name} {undetected}" for name, (undetected, _) in PAPER.items())
    typer.echo(f"- The paper, of {PAPER_COUNT:,} faces each: {UNDETECTED}: {paper}.")
