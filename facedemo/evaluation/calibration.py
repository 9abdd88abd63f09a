"""Calibration: a linear change of a model's latents after which its faces vary more like real ones and are clearer.

G(z) becomes G(Az + b). A linear model of the face embeddings of G(z) predicts their distribution for every A and b, and
another one the detection scores, which are low for torn faces. The chosen A and b minimise the predicted Fréchet
distance of the embeddings to those of training images, plus penalties on how far Az + b is from z and on low scores.
Both models hold only nearby, so they are fitted again to the changed faces. The change is multiplied into the
generator's first, linear layer, so that z is drawn as before.
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
from facedemo.evaluation.detector import FaceDetections, detect_and_embed, detection_scores
from facedemo.evaluation.metrics import FEWEST
from facedemo.evaluation.verify import Steps
from facedemo.gans.blocks import LatentLayer, first_layer
from facedemo.pretrained import sampling
from facedemo.pretrained.model import FaceModel
from facedemo.pretrained.seeds import face_seeds

SEED, FACES = 990001, 3000  # of the generated faces that the models of embeddings and scores are fitted to
STEPS = 150  # of the optimiser, at most
CLEAR = 1.5  # a detection score: a third of real faces have a higher one


@dataclass(frozen=True)
class CalibrationOptions:
    """How far latents may change, and for what.

    penalty: positive; the higher, the smaller the change.  clarity: 0 or positive; the higher, the clearer the faces,
    and the less they vary.  shift: change b, too; otherwise it is 0.  rounds: of fitting, at least 1.
    """

    penalty: float = 0.003
    clarity: float = 0.2
    shift: bool = True
    rounds: int = 2

    def check(self) -> None:
        """Raises ValueError if a value is out of its range."""
        if not 0 < self.penalty < math.inf:
            raise ValueError(f"The penalty is {self.penalty:g}, but it must be a positive number.")
        if not 0 <= self.clarity < math.inf:
            raise ValueError(f"The clarity is {self.clarity:g}, but it must be 0 or a positive number.")
        if self.rounds < 1:
            raise ValueError(f"There are {self.rounds} rounds, but at least one is needed.")


@dataclass(frozen=True)
class LatentChange:
    """z → Az + b.  matrix: A, (h, h).  shift: b, (h,).  before, after: predicted Fréchet face distances."""

    matrix: Tensor
    shift: Tensor
    before: float
    after: float

    def of(self, latents: Tensor) -> Tensor:
        """The changed latents, (n, h) float32."""
        return (latents.double() @ self.matrix.T + self.shift).float()

    def followed_by(self, drawn: "LatentChange") -> "LatentChange":
        """The change of latents that `drawn` has changed before."""
        return LatentChange(
            self.matrix @ drawn.matrix, self.matrix @ drawn.shift + self.shift, self.before, drawn.after
        )

    def put_into(self, generator: nn.Module) -> None:
        """Changes the first layer of a generator G so that it computes G(Az + b) for z."""
        layer = first_layer(generator)
        weight = layer.weight.double()
        state = {"weight": weight @ self.matrix}
        if layer.bias is not None or self.shift.any():
            state["bias"] = weight @ self.shift + (0.0 if layer.bias is None else layer.bias.double())
        layer.load_state_dict(state)


class LinearModel:
    """Numbers of the faces G(z), such as their embeddings, as a linear function of z plus a rest, in float64.

    Predicts the mean and the covariance of the numbers of G(Az + b) for every A and b.
    """

    def __init__(self, latents: np.ndarray, numbers: np.ndarray) -> None:
        """latents: (n, h), n more than h.  numbers: (n, d), of their faces."""
        count, width = latents.shape
        inputs = np.column_stack([latents, np.ones(count)])
        weights = np.linalg.lstsq(inputs, numbers, rcond=None)[0]
        rest = numbers - inputs @ weights
        self.variance = float(latents.var())
        self.slope, self.offset = torch.from_numpy(weights[:-1]), torch.from_numpy(weights[-1])
        self.rest = torch.from_numpy(rest.T @ rest / (count - width - 1))

    def mean(self, shift: Tensor) -> Tensor:
        return self.offset + shift @ self.slope

    def covariance(self, matrix: Tensor) -> Tensor:
        return self.variance * self.slope.T @ matrix @ matrix.T @ self.slope + self.rest


class PredictedDistance:
    """The predicted Fréchet face distance of G(Az + b) to real faces, as a function of A and b, in float64."""

    def __init__(self, latents: np.ndarray, embeddings: np.ndarray, real: np.ndarray) -> None:
        """latents: (n, h), n more than h.  embeddings: (n, 128), of their faces.  real: (m, 128), of real faces."""
        self.model = LinearModel(latents, embeddings)
        self.mean, self.covariance = torch.from_numpy(real.mean(0)), torch.from_numpy(np.cov(real, rowvar=False))
        values, vectors = torch.linalg.eigh(self.covariance)
        self.root = (vectors * values.clamp_min(0).sqrt()) @ vectors.T

    def of(self, matrix: Tensor, shift: Tensor) -> Tensor:
        difference = self.model.mean(shift) - self.mean
        covariance = self.model.covariance(matrix)
        product = torch.linalg.eigvalsh(self.root @ covariance @ self.root).clamp_min(1e-14)
        traces = torch.trace(covariance) + torch.trace(self.covariance)
        return difference @ difference + traces - 2 * product.sqrt().sum()

    def departure(self, matrix: Tensor, shift: Tensor) -> Tensor:
        """How far Az + b is from z: the Kullback–Leibler divergence, with both taken as normal distributions."""
        squared = matrix @ matrix.T
        spread = torch.trace(squared) - len(squared) - torch.logdet(squared)
        return (spread + shift @ shift / self.model.variance) / 2


class PredictedLack:
    """By how much the detection scores of G(Az + b) are expected to fall short of CLEAR, as a function of A and b."""

    def __init__(self, latents: np.ndarray, scores: np.ndarray) -> None:
        """latents: (n, h), n more than h.  scores: (n,), of their faces, see `detection_scores`."""
        self.model = LinearModel(latents, scores[:, None])

    def of(self, matrix: Tensor, shift: Tensor) -> Tensor:
        """E[max(0, CLEAR − s)] of scores s, taken as normally distributed."""
        deviation = self.model.covariance(matrix)[0, 0].clamp_min(1e-12).sqrt()  # 0 if no face is detected anywhere
        lack = (CLEAR - self.model.mean(shift)[0]) / deviation
        density = torch.exp(-lack.square() / 2) / math.sqrt(2 * math.pi)
        return deviation * (lack * torch.special.ndtr(lack) + density)


def fit(distance: PredictedDistance, lack: PredictedLack, options: CalibrationOptions) -> LatentChange:
    """The change that minimises distance + penalty · departure + clarity · lack, by L-BFGS; A is symmetric."""
    identity = torch.eye(len(distance.model.slope), dtype=torch.float64)
    matrix = identity.clone().requires_grad_()
    shift = torch.zeros(len(identity), dtype=torch.float64, requires_grad=options.shift)
    changed = [matrix, shift] if options.shift else [matrix]
    optimizer = torch.optim.LBFGS(changed, max_iter=STEPS, history_size=20, line_search_fn="strong_wolfe")

    def objective() -> Tensor:
        optimizer.zero_grad()
        symmetric = (matrix + matrix.T) / 2
        value = distance.of(symmetric, shift) + options.penalty * distance.departure(symmetric, shift)
        if options.clarity:
            value = value + options.clarity * lack.of(symmetric, shift)
        value.backward()
        return value

    optimizer.step(objective)
    with torch.no_grad():
        found, moved = (matrix + matrix.T) / 2, shift.detach()
        before, after = distance.of(identity, torch.zeros_like(moved)), distance.of(found, moved)
    return LatentChange(found, moved, float(before), float(after))


def calibration(
    model: FaceModel, source: str, options: CalibrationOptions, steps: Steps = lambda what: None
) -> LatentChange:
    """The change of latents after which a model's faces vary most like those of a source's train split and are clear.

    Raises ValueError if an option is out of its range or too few generated faces are detected, and DataError if there
    are too few real faces.
    """
    options.check()
    layer = first_layer(model.family.average)
    if options.shift and layer.bias is None and not isinstance(layer, LatentLayer):
        raise ValueError("The generator's first layer has no bias, so the latents cannot be shifted. Use --no-shift.")
    faces = prepare(source, model.size, model.config.data.crop, steps("preparing images"))
    training = Selection(faces.images, split_rows(faces, source, "train"))
    enough_real(len(training), source)
    latents = sampling.latents(model, face_seeds(SEED, FACES))
    analysed = analysed_faces(model, latents, steps)  # first, because it shows whether the model draws faces
    real = detect_and_embed(training, progress=steps("analysing training faces"), cache=faces.detections)
    enough_real(int(real.detected.sum()), source)
    change = fit(*predictions(latents, analysed, real), options)
    for _ in range(options.rounds - 1):
        analysed = analysed_faces(model, change.of(latents), steps)
        change = change.followed_by(fit(*predictions(latents, analysed, real), options))
    return change


Analysed = tuple[FaceDetections, np.ndarray]  # and the detection scores


def analysed_faces(model: FaceModel, latents: Tensor, steps: Steps) -> Analysed:
    """Raises ValueError if too few faces are detected."""
    images = sampling.draw(model, latents, progress=steps("generating faces"))
    found = detect_and_embed(images, progress=steps("analysing generated faces"))
    needed = max(FEWEST, 2 * latents.shape[1])
    if found.detected.sum() < needed:
        raise ValueError(
            f"A face is detected in only {found.detected.sum():,} of {FACES:,} generated images, but {needed:,} "
            "are needed. Train the model further first."
        )
    return found, detection_scores(images)


def predictions(latents: Tensor, analysed: Analysed, real: FaceDetections) -> tuple[PredictedDistance, PredictedLack]:
    found, scores = analysed
    inputs = latents.double().numpy()
    distance = PredictedDistance(inputs[found.detected], found.face_embeddings, real.face_embeddings)
    return distance, PredictedLack(inputs, scores)


def enough_real(count: int, source: str) -> None:
    """Raises DataError if so many real faces are too few."""
    if count < FEWEST:
        raise DataError(
            f"{source_label(source)} has only {count:,} faces to train on, but at least {FEWEST} are needed. Choose "
            "more images."
        )
