"""Calibration: a linear change of a model's latents after which its faces vary more like real ones.

G(z) becomes G(Az + b). A linear model of the face embeddings of G(z) predicts their distribution for every A and b;
those chosen minimise its Fréchet distance to the embeddings of training images, plus a penalty on how far Az + b is
from z. The change is multiplied into the generator's first, linear layer, so that z is drawn as before.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from facedemo.data.images import Selection
from facedemo.data.preparation import prepare
from facedemo.data.source_files import DataError, source_label
from facedemo.data.splits import split_rows
from facedemo.evaluation.detector import detect_and_embed
from facedemo.evaluation.metrics import FEWEST
from facedemo.evaluation.verify import Steps
from facedemo.gans.blocks import LatentLayer, first_layer
from facedemo.pretrained import sampling
from facedemo.pretrained.model import FaceModel
from facedemo.pretrained.seeds import face_seeds

SEED, FACES = 990001, 3000  # of the generated faces that the model of embeddings is fitted to
PENALTY = 0.01
STEPS = 150  # of the optimiser, at most


@dataclass(frozen=True)
class LatentChange:
    """z → Az + b.  matrix: A, symmetric (h, h).  shift: b, (h,).  before, after: predicted Fréchet face distances."""

    matrix: Tensor
    shift: Tensor
    before: float
    after: float

    def put_into(self, generator: nn.Module) -> None:
        """Changes the first layer of a generator G so that it computes G(Az + b) for z."""
        layer = first_layer(generator)
        weight = layer.weight.double()
        state = {"weight": weight @ self.matrix}
        if layer.bias is not None or self.shift.any():
            state["bias"] = weight @ self.shift + (0.0 if layer.bias is None else layer.bias.double())
        layer.load_state_dict(state)


class PredictedDistance:
    """The predicted Fréchet face distance of G(Az + b) to real faces, as a function of A and b, in float64."""

    def __init__(self, latents: np.ndarray, embeddings: np.ndarray, real: np.ndarray) -> None:
        """latents: (n, h), n more than h.  embeddings: (n, 128), of their faces.  real: (m, 128), of real faces."""
        count, width = latents.shape
        inputs = np.column_stack([latents, np.ones(count)])
        weights = np.linalg.lstsq(inputs, embeddings, rcond=None)[0]
        rest = embeddings - inputs @ weights
        self.variance = float(latents.var())
        self.slope, self.offset = torch.from_numpy(weights[:-1]), torch.from_numpy(weights[-1])
        self.rest = torch.from_numpy(rest.T @ rest / (count - width - 1))
        self.mean, self.covariance = torch.from_numpy(real.mean(0)), torch.from_numpy(np.cov(real, rowvar=False))
        values, vectors = torch.linalg.eigh(self.covariance)
        self.root = (vectors * values.clamp_min(0).sqrt()) @ vectors.T

    def of(self, matrix: Tensor, shift: Tensor) -> Tensor:
        difference = self.offset + shift @ self.slope - self.mean
        covariance = self.variance * self.slope.T @ matrix @ matrix.T @ self.slope + self.rest
        product = torch.linalg.eigvalsh(self.root @ covariance @ self.root).clamp_min(1e-14)
        traces = torch.trace(covariance) + torch.trace(self.covariance)
        return difference @ difference + traces - 2 * product.sqrt().sum()

    def departure(self, matrix: Tensor, shift: Tensor) -> Tensor:
        """How far Az + b is from z: the Kullback–Leibler divergence, with both taken as normal distributions."""
        squared = matrix @ matrix.T
        spread = torch.trace(squared) - len(squared) - torch.logdet(squared)
        return (spread + shift @ shift / self.variance) / 2


def fit(
    latents: np.ndarray, embeddings: np.ndarray, real: np.ndarray, penalty: float = PENALTY, shifted: bool = True
) -> LatentChange:
    """The change of latents that minimises predicted distance + penalty · departure, by L-BFGS.

    shifted: change b, too; otherwise it is 0.  Others: as of `PredictedDistance`. Pass embeddings of training images as
    `real`, so that held-out ones can be used for evaluation.
    """
    distance = PredictedDistance(latents, embeddings, real)
    identity = torch.eye(latents.shape[1], dtype=torch.float64)
    matrix = identity.clone().requires_grad_()
    shift = torch.zeros(len(identity), dtype=torch.float64, requires_grad=shifted)
    changed = [matrix, shift] if shifted else [matrix]
    optimizer = torch.optim.LBFGS(changed, max_iter=STEPS, history_size=20, line_search_fn="strong_wolfe")

    def objective() -> Tensor:
        optimizer.zero_grad()
        symmetric = (matrix + matrix.T) / 2
        value = distance.of(symmetric, shift) + penalty * distance.departure(symmetric, shift)
        value.backward()
        return value

    optimizer.step(objective)
    with torch.no_grad():
        found, moved = (matrix + matrix.T) / 2, shift.detach()
        before, after = distance.of(identity, torch.zeros_like(moved)), distance.of(found, moved)
    return LatentChange(found, moved, float(before), float(after))


def calibration(
    model: FaceModel, source: str, penalty: float = PENALTY, shifted: bool = True, steps: Steps = lambda what: None
) -> LatentChange:
    """The change of latents after which a model's faces vary most like those of a source's train split.

    penalty: positive; the higher, the smaller the change.  shifted: as of `fit`.  Raises DataError if there are too few
    real faces, and ValueError if too few generated ones are detected.
    """
    if not 0 < penalty < math.inf:
        raise ValueError(f"The penalty is {penalty:g}, but it must be a positive number. The default is {PENALTY}.")
    layer = first_layer(model.family.average)
    if shifted and layer.bias is None and not isinstance(layer, LatentLayer):
        raise ValueError("The generator's first layer has no bias, so the latents cannot be shifted. Use --no-shift.")
    faces = prepare(source, model.size, model.config.data.crop, steps("preparing images"))
    training = Selection(faces.images, split_rows(faces, source, "train"))
    enough_real(len(training), source)
    latents = sampling.latents(model, face_seeds(SEED, FACES))
    images = sampling.draw(model, latents, progress=steps("generating faces"))
    generated = detect_and_embed(images, progress=steps("analysing generated faces"))
    needed = max(FEWEST, 2 * latents.shape[1])
    if generated.detected.sum() < needed:
        raise ValueError(
            f"A face is detected in only {generated.detected.sum():,} of {FACES:,} generated images, but {needed:,} "
            "are needed. Train the model further first."
        )
    real = detect_and_embed(training, progress=steps("analysing training faces"), cache=faces.detections)
    enough_real(int(real.detected.sum()), source)
    return fit(latents.numpy()[generated.detected], generated.face_embeddings, real.face_embeddings, penalty, shifted)


def enough_real(count: int, source: str) -> None:
    """Raises DataError if so many real faces are too few."""
    if count < FEWEST:
        raise DataError(
            f"{source_label(source)} has only {count:,} faces to train on, but at least {FEWEST} are needed. Choose "
            "more images."
        )
