"""Interpolation and latent-direction commands."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from facedemo.cli.terminal import RUNS, RunsDir, bars, check_suffix, parse_numbers, progress_bar, refuse_unused
from facedemo.data.labels import attribute_list
from facedemo.evaluation.attribute_classifier import fit_learner_and_judge
from facedemo.evaluation.attributes import fit_attribute_model
from facedemo.explore import directions as library
from facedemo.explore import interpolation, named_directions
from facedemo.explore.directions import Direction, labelled
from facedemo.explore.interpolation import PathKind
from facedemo.explore.named_directions import NamedDirection
from facedemo.imaging import film, pictures
from facedemo.pretrained import sampling
from facedemo.pretrained.model import FaceModel, find_model, load_model
from facedemo.pretrained.seeds import MAX_SEED, face_seeds
from facedemo.progress import Steps
from facedemo.storage.atomic import replace_file

if TYPE_CHECKING:
    import numpy as np


app = typer.Typer(add_completion=False)

OF_LISTING = ("model", "labels", "save", "runs_dir")
FILMS = (".mp4", ".gif", *pictures.PICTURES)

Model = Annotated[str, typer.Option(help="A bundled model's name, a bundle's folder, or a run.")]


@app.command()
def interpolate(
    seeds: Annotated[list[int], typer.Argument(help="Seeds of the faces, in order.", min=0, max=MAX_SEED)],
    model: Model = "ours-64",
    steps: Annotated[
        int,
        typer.Option(
            help=f"Frames from each face to the next, 2 to {interpolation.MAX_STEPS}; for --square, faces per side, 2 "
            f"to {interpolation.MAX_SIDE}."
        ),
    ] = 24,
    path: Annotated[PathKind, typer.Option(help="Path: along an arc (slerp) or straight (lerp).")] = "slerp",
    walk: Annotated[
        int | None, typer.Option(help="Number of faces in a loop that is drawn from one seed, at most 1,000.", min=2)
    ] = None,
    square: Annotated[
        bool,
        typer.Option("--square", help="Make a picture: a grid between four seeds in its corners."),
    ] = False,
    rate: Annotated[int, typer.Option(help="Frames per second, 1 to 50.")] = 12,
    out: Annotated[Path, typer.Option(help="Output file: a film as .mp4 or .gif, a strip as .png or .jpg.")] = Path(
        "faces.mp4"
    ),
    runs_dir: RunsDir = RUNS,
) -> None:
    """Interpolate between faces: a film from seed to seed, a loop through several faces, or a grid between four.

    A film of two faces plays forwards and backwards; one of more faces loops.
    """
    if walk is not None:
        if len(seeds) != 1 or square:
            raise ValueError("--walk takes exactly one seed, and cannot be combined with --square.")
        if walk > 1000:
            raise ValueError(f"--walk draws at most 1,000 faces, not {walk:,}.")
        seeds = face_seeds(seeds[0], walk)
    check_suffix(out, pictures.PICTURES if square else FILMS)
    film.check_rate(rate)
    loaded = load_model(find_model(model, runs_dir))
    draw = interpolation.grid_of_seeds if square else interpolation.film_of_seeds
    with progress_bar("faces") as progress:
        frames = draw(loaded, seeds, steps, path, progress)
    facts = {"model": loaded.name, "seeds": ", ".join(map(str, seeds)), "path": path, "steps": steps}
    out.parent.mkdir(parents=True, exist_ok=True)
    if square:
        replace_file(out, pictures.picture_file(pictures.grid(frames, steps), out.suffix, **facts))
    else:
        replace_file(out, film_file(out.suffix.lower(), frames, interpolation.is_loop(seeds), rate, facts))
    typer.echo(out)


def film_file(suffix: str, frames: "np.ndarray", closed: bool, rate: int, facts: dict[str, Any]) -> bytes:
    if suffix in pictures.PICTURES:
        return pictures.picture_file(film.strip(frames), suffix, **facts)
    played = frames if closed else film.there_and_back(frames)
    return (film.mp4 if suffix == ".mp4" else film.gif)(played, rate, **facts)


def known_directions(model: FaceModel, folder: Path, labels: str | None, save: bool) -> list[Direction]:
    """The directions learned from labelled faces now, the others that are stored with the model, and those it has."""
    with bars() as steps:
        learned = from_labels(model, labels, folder if save else None, steps) if labels else []
        others = library.find_directions(model, library.FACES, steps("faces"))
    names = {direction.name for direction in learned}
    stored = named_directions.read(folder, len(others[0].step))
    return [*learned, *(direction for direction in stored if direction.name not in names), *others]


def from_labels(model: FaceModel, source: str, save: Path | None, steps: Steps) -> list[Direction]:
    """Directions learned from labelled faces: attributes if there is a list of them, otherwise age and gender.

    save: the model's folder, to keep the attributes' directions in.
    """
    if attribute_list(source) is None:
        if save:
            raise ValueError(
                "--save needs faces with an attribute list, such as CelebA. Age and gender are learned each time."
            )
        attribute_model = fit_attribute_model(source, model.size, steps)
        typer.echo(attribute_model.summary(), err=True)
        return [*labelled(model, attribute_model, steps=steps)]
    classifiers = fit_learner_and_judge(source, model.size, steps)
    learned = named_directions.learn(model, classifiers, named_directions.FACES, steps)
    typer.echo(named_directions.summary(learned, classifiers), err=True)
    if save:
        typer.echo(named_directions.save(save, learned, classifiers), err=True)
    return [direction for direction in learned if direction.reliable]


def listed(direction: Direction) -> str:
    """A direction's line in the list."""
    line = f"{direction.name:<20}{direction.share:>5.0%}  {direction.title}. {direction.about}"
    return f"{line} {direction.reliability}" if isinstance(direction, NamedDirection) else line


@app.command()
def directions(
    context: typer.Context,
    changes: Annotated[list[str] | None, typer.Argument(help="Directions as name=amount, such as warmth=2.")] = None,
    model: Model = "ours-64",
    seed: Annotated[int, typer.Option(help="Seed of the face to edit.", min=0, max=MAX_SEED)] = 1,
    labels: Annotated[
        str | None,
        typer.Option(
            help="Labelled faces to learn directions from: CelebA with its attribute list, images with a CSV file of "
            "the same form, or UTKFace for age and gender.",
            metavar="SOURCE",
        ),
    ] = None,
    save: Annotated[
        bool,
        typer.Option(
            "--save", help="Keep the attributes' directions in the model's folder, for the app and this command."
        ),
    ] = False,
    out: Annotated[Path, typer.Option(help="Output file for the edited face, .png or .jpg.")] = Path("face.png"),
    runs_dir: RunsDir = RUNS,
) -> None:
    """Edit one face along latent directions, by −4 to 4 standard deviations; without arguments, list the directions.

    Each line of the list has the share of the variance that the direction explains and, for attributes, how reliable
    it is.
    """
    check_suffix(out, pictures.PICTURES)
    if not changes:
        refuse_unused(context, OF_LISTING, "Without a direction and its amount, directions are only listed")
    amounts = parse_numbers(changes or [], "a direction with its amount", "warmth=2")
    for amount in amounts.values():
        library.check_amount(amount)
    if save and not labels:
        raise ValueError("--save keeps what is learned from labelled faces. Add --labels SOURCE.")
    folder = find_model(model, runs_dir)
    loaded = load_model(folder)
    known = known_directions(loaded, folder, labels, save)
    if not amounts:
        for direction in known:
            typer.echo(listed(direction))
        return
    (face,) = library.move_face(loaded, sampling.latents(loaded, [seed])[0].numpy(), known, [amounts])
    out.parent.mkdir(parents=True, exist_ok=True)
    replace_file(out, pictures.picture_file(face, out.suffix, model=loaded.name, seed=seed, **amounts))
    typer.echo(out)
