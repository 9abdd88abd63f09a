"""Fits the learned prior of a trained model to the codes of the images that it was trained on."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from facedemo.config.schema import BUILTIN_SOURCE, RunConfig
from facedemo.data.builtin import builtin_faces
from facedemo.data.images import Images, Selection
from facedemo.data.preparation import Progress, prepare
from facedemo.data.splits import split_rows
from facedemo.gans.base import Reconstructing
from facedemo.gans.latent_prior import DEVIATION, LatentPrior, standardised
from facedemo.pretrained import card
from facedemo.pretrained.model import FaceModel, load_model
from facedemo.pretrained.sampling import from_uint8
from facedemo.runs.model_report import read_report
from facedemo.runs.run import Run, is_run
from facedemo.storage.atomic import appearing

Steps = Callable[[str], Progress | None]  # description of a step → callback for its progress

STEPS = 16_000
BATCH, ENCODED = 512, 64  # codes per step; images encoded at a time
RATE, DECAY = 1e-3, 0.01  # AdamW's, its learning rate falls linearly to 0
WARM_UP = 200  # steps
AVERAGE = 0.005  # weight of a step in the moving average of the weights
HELD_OUT = 0.05  # share of the images whose codes are not learned from
EVERY = 500  # steps between measurements on the held-out codes
FEWEST = 1000  # images


@dataclass(frozen=True)
class Fitted:
    """loss, start_loss: of held-out codes, of the prior and of a normal distribution.  step: of its weights."""

    prior: LatentPrior
    loss: float
    start_loss: float
    step: int


def with_prior(
    folder: Path, source: str | None, out: Path, steps: int = STEPS, report: Steps = lambda what: None
) -> tuple[Path, Fitted]:
    """Writes a bundle like that of a run or a bundle, with a prior learned from the split that it was trained on.

    source: its training images; None: those that its settings name.  out: a new folder, which appears when all is
    done.  Raises ValueError, before anything is computed, if that is impossible, and RunError or DataError.
    """
    if out.exists():
        raise ValueError(f"{out} exists already. Choose a new folder.")
    model = load_model(folder)
    check(model)
    images = training_images(model.config, source or model.config.data.source, report("preparing images"))
    check(model, len(images))
    with appearing(out) as hidden:
        if is_run(folder):
            folder = card.export(Run(folder), hidden)
            model = load_model(folder)
        fitted = fit(encode(model, images, report("encoding images")), steps, progress=report("learning the prior"))
        model.prior = fitted.prior
        card.write(hidden, model, model.config, read_report(folder), card.about_of(folder) or card.NO_ABOUT)
    return out, fitted


def training_images(config: RunConfig, source: str, progress: Progress | None) -> Images:
    if source == BUILTIN_SOURCE:
        faces = builtin_faces(config.model.size)
    else:
        faces = prepare(source, config.model.size, config.data.crop, progress)
    return Selection(faces.images, split_rows(faces, source, config.data.split))


def check(model: FaceModel, images: int = FEWEST) -> None:
    """Raises ValueError if no prior can be fitted for a model on so many images."""
    if not isinstance(model.family, Reconstructing):
        raise ValueError(
            f"“{model.name}” has no encoder: its discriminator is not an auto-encoder. Only models of the paper's "
            "family can learn a prior."
        )
    if not model.has_discriminator:
        raise ValueError(f"“{model.name}” was shared without its discriminator, so images cannot be encoded.")
    if images < FEWEST:
        raise ValueError(f"{images:,} images are too few to learn a prior from; it takes at least {FEWEST:,}.")


@torch.inference_mode()
def encode(model: FaceModel, images: Images, progress: Progress | None = None) -> Tensor:
    """The codes of images and then of their mirror images, (2 n, h).  images: n of uint8 (s, s, 3)."""
    assert isinstance(model.family, Reconstructing)
    codes: list[Tensor] = []
    mirrored: list[Tensor] = []
    for start in range(0, len(images), ENCODED):
        rows = range(start, min(start + ENCODED, len(images)))
        batch = from_uint8(np.stack([images[row] for row in rows]))
        codes.append(model.family.encode(batch))
        mirrored.append(model.family.encode(batch.flip(3)))
        if progress:
            progress(rows.stop, len(images))
    return torch.cat(codes + mirrored)


def fit(codes: Tensor, steps: int = STEPS, seed: int = 0, progress: Progress | None = None) -> Fitted:
    """The prior that describes held-out codes best among all that the fit goes through; the same for the same seed.

    codes: as `encode` returns them, so that an image is held out together with its mirror image.
    """
    learned, held_out = divided(standardised(codes), np.random.RandomState(seed))
    random = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        network = LatentPrior(codes.shape[1])
        average = copy.deepcopy(network).eval().requires_grad_(False)
        optimizer = torch.optim.AdamW(network.parameters(), RATE, (0.9, 0.99), weight_decay=DECAY)
        check_start, check_time = uniform(held_out, random), torch.rand(len(held_out), generator=random)
        before = float(average.matching_loss(check_start, held_out, check_time))
        best = Fitted(copy.deepcopy(average), before, before, 0)
        for step in range(1, steps + 1):
            for group in optimizer.param_groups:
                group["lr"] = RATE * min(1.0, step / WARM_UP) * (1 - (step - 1) / steps)
            end = learned[torch.randint(len(learned), (BATCH,), generator=random)]
            loss = network.matching_loss(uniform(end, random), end, torch.rand(BATCH, generator=random))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                weight = max(AVERAGE, 1 / step)
                torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), weight)
            if step % EVERY == 0 or step == steps:
                with torch.no_grad():
                    now = float(average.matching_loss(check_start, held_out, check_time))
                if now < best.loss:
                    best = Fitted(copy.deepcopy(average), now, before, step)
            if progress:
                progress(step, steps)
    return best


def divided(codes: Tensor, random: np.random.RandomState) -> tuple[Tensor, Tensor]:
    """The codes to learn from and those that are held out, each with the codes of its mirror images."""
    images = len(codes) // 2
    order = torch.from_numpy(random.permutation(images))
    held = max(1, round(HELD_OUT * images))
    learned, held_out = (codes[torch.cat([rows, rows + images])] for rows in (order[held:], order[:held]))
    return learned, held_out


def uniform(like: Tensor, random: torch.Generator) -> Tensor:
    """Latents z ~ U[−1, 1]^h in units of their standard deviation, of the shape of `like`."""
    return (2 * torch.rand(like.shape, generator=random) - 1) / DEVIATION
