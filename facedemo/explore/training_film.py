"""A film of a training: the sample grids of a run, with the iteration and the family's first setting under each."""

from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from facedemo.config.schedule import SettingsSchedule
from facedemo.gans.settings import family_tunables
from facedemo.imaging import film
from facedemo.progress import Progress, Steps
from facedemo.runs.directory import RunError
from facedemo.runs.run import Run

MOST_FRAMES = 200
SECONDS = 10  # length of a film with MOST_FRAMES; shorter films have fewer frames per second
SLOWEST = 4  # frames per second
FONT = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"  # has Greek letters
BAR = 1 / 20  # height of the caption, of the grid's width
BACKGROUND, TEXT = (20, 22, 28), (235, 235, 235)


def frames(run: Run, progress: Progress | None = None) -> np.ndarray:
    """Up to MOST_FRAMES of a run's sample grids with captions, evenly spread: uint8 (n, height, width, 3).

    Damaged grids are left out.  Raises RunError if there are fewer than two.
    """
    steps = list(run.samples())
    captions = captions_of(run, [steps[index] for index in film.strip_places(len(steps), MOST_FRAMES)])
    pictures: list[np.ndarray] = []
    for done, (step, caption) in enumerate(captions.items(), 1):
        grid = opened(run.samples()[step], pictures[0].shape[1] if pictures else None)
        if grid is not None:
            pictures.append(captioned(grid, caption))
        if progress:
            progress(done, len(captions))
    if len(pictures) < 2:
        raise RunError(f"“{run.name}” has fewer than two sample grids, so there is nothing to film yet.")
    return np.stack(pictures)


def opened(path: Path, width: int | None) -> Image.Image | None:
    """A sample grid; None if the file is damaged or has another width than the first one's."""
    try:
        with Image.open(path) as image:
            grid = image.convert("RGB")
    except (OSError, ValueError, SyntaxError):
        return None
    return grid if width in (None, grid.width + grid.width % 2) else None


def captions_of(run: Run, steps: list[int]) -> dict[int, str]:
    """Iteration → caption, such as "iteration 1,200 · γ 0.7"; the setting follows its changes during training."""
    schedule = SettingsSchedule(run.config, run.setting_changes())
    tunables = family_tunables(type(run.config.model))[:1]
    captions = {}
    for step in steps:
        schedule.replay(step)
        settings = schedule.config.model
        values = [f"{tunable.title.split(',')[0]} {getattr(settings, tunable.name):g}" for tunable in tunables]
        captions[step] = " · ".join([f"iteration {step:,}", *values])
    return captions


def captioned(grid: Image.Image, caption: str) -> np.ndarray:
    """The grid above a caption, uint8 (height, width, 3), both even because films need that."""
    width, bar = grid.width, round(grid.width * BAR)
    height = grid.height + bar
    frame = Image.new("RGB", (width + width % 2, height + height % 2), BACKGROUND)
    frame.paste(grid)
    font = ImageFont.truetype(str(FONT), round(0.6 * bar))
    ImageDraw.Draw(frame).text((bar / 2, grid.height + bar / 2), caption, TEXT, font, anchor="lm")
    return np.asarray(frame)


def film_file(run: Run, suffix: str, steps: Steps = lambda what: None) -> bytes:
    """The film of a run as .mp4 or .gif.  Raises as `frames` does, and ValueError for another suffix."""
    if suffix not in (".mp4", ".gif"):
        raise ValueError(f"A film is written as .mp4 or .gif, not as “{suffix or 'a file without a suffix'}”.")
    film_frames = frames(run, steps("reading sample grids"))
    rate = max(SLOWEST, round(len(film_frames) / SECONDS))
    held = np.concatenate([film_frames, film_frames[-1:].repeat(rate, axis=0)])  # the last frame stays for a second
    make, progress = film.mp4 if suffix == ".mp4" else film.gif, steps("writing frames")
    return make(held, rate, side=film_frames.shape[2], progress=progress, run=run.name)
