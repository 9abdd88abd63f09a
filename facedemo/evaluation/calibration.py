"""Calibration: a linear change of a model's latents after which its faces vary more like real ones and are clearer.

G(z) becomes G(Az + b). Linear models predict, for every A and b, how the faces of G(Az + b) are distributed: their
embeddings, small grey pictures of them, which show expression and light, and the judge's grades, which are high for
broken faces. The chosen A and b minimise the predicted Fréchet distances to training images, plus penalties on how far
Az + b is from z and on high grades. The models hold only nearby, so the same is done again with the changed faces, from
which the second change may go as far. Both are multiplied into the generator's first, linear layer, so that z is drawn
as before.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from facedemo.data.images import Images, Selection
from facedemo.data.preparation import prepare
from facedemo.data.source_files import DataError, source_label
from facedemo.data.splits import split_rows
from facedemo.evaluation.detector import FaceDetections, detect_and_embed
from facedemo.evaluation.judge import the_judge
from facedemo.evaluation.metrics import FEWEST
from facedemo.gans.blocks import LatentLayer, first_layer
from facedemo.pretrained import sampling
from facedemo.pretrained.model import FaceModel
from facedemo.pretrained.seeds import face_seeds
from facedemo.progress import Progress, Steps

SEED, FACES = 990001, 3000  # of the generated faces that the models of embeddings and grades are fitted to
ROUNDS = 2  # of fitting
STEPS = 150  # of the optimiser, at most
CHUNK = 256  # training images read at a time
PIXELS = 16  # per side of the small pictures, of which the part MIDDLE is used
MIDDLE = (slice(4, 15), slice(3, 13))
CONVINCING = 0.3  # a grade of the judge; about one in ten faces of the bundled ours-64 has a lower one


@dataclass(frozen=True)
class CalibrationOptions:
    """How far latents may change, and for what.

    penalty: positive; the higher, the smaller the change.  clarity: 0 or positive; the higher, the clearer the faces,
    and the less they vary.  shift: change b, too; otherwise it is 0.
    """

    penalty: float = 0.002
    clarity: float = 0.1
    shift: bool = True

    def check(self) -> None:
        """Raises ValueError if a value is out of its range."""
        if not 0 < self.penalty < math.inf:
            raise ValueError(f"The penalty is {self.penalty:g}, but it must be a positive number.")
        if not 0 <= self.clarity < math.inf:
            raise ValueError(f"The clarity is {self.clarity:g}, but it must be 0 or a positive number.")


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

    def of_changed(self, inner: "LatentChange") -> "LatentChange":
        """z → self(inner(z)), where `inner` was found later, for faces drawn with `self`."""
        shift = self.matrix @ inner.shift + self.shift
        return LatentChange(self.matrix @ inner.matrix, shift, self.before, inner.after)

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
    """The predicted Fréchet distance of numbers of the faces G(Az + b) to real faces, as a function of A and b."""

    def __init__(self, latents: np.ndarray, numbers: np.ndarray, real: np.ndarray) -> None:
        """latents: (n, h), n more than h.  numbers: (n, d), of their faces.  real: (m, d), of real faces."""
        self.model = LinearModel(latents, numbers)
        self.mean, self.covariance = torch.from_numpy(real.mean(0)), torch.from_numpy(np.cov(real, rowvar=False))
        values, vectors = torch.linalg.eigh(self.covariance)
        self.root = (vectors * values.clamp_min(0).sqrt()) @ vectors.T

    def of(self, matrix: Tensor, shift: Tensor) -> Tensor:
        difference = self.model.mean(shift) - self.mean
        covariance = self.model.covariance(matrix)
        product = torch.linalg.eigvalsh(self.root @ covariance @ self.root).clamp_min(1e-14)
        traces = torch.trace(covariance) + torch.trace(self.covariance)
        return difference @ difference + traces - 2 * product.sqrt().sum()


class PredictedFlaws:
    """By how much the grades of G(Az + b) are expected to exceed CONVINCING, as a function of A and b."""

    def __init__(self, latents: np.ndarray, grades: np.ndarray) -> None:
        """latents: (n, h), n more than h.  grades: (n,), of their faces, see `Judge`."""
        self.model = LinearModel(latents, grades[:, None])

    def of(self, matrix: Tensor, shift: Tensor) -> Tensor:
        """E[max(0, s − CONVINCING)] of grades s, taken as normally distributed."""
        deviation = self.model.covariance(matrix)[0, 0].clamp_min(1e-12).sqrt()  # 0 if all faces are alike
        excess = (self.model.mean(shift)[0] - CONVINCING) / deviation
        density = torch.exp(-excess.square() / 2) / math.sqrt(2 * math.pi)
        return deviation * (excess * torch.special.ndtr(excess) + density)


@dataclass(frozen=True)
class Prediction:
    """What is predicted of the faces G(Az + b).  pictures: `small_pictures`."""

    embeddings: PredictedDistance
    pictures: PredictedDistance
    flaws: PredictedFlaws

    def cost(self, matrix: Tensor, shift: Tensor, options: CalibrationOptions) -> Tensor:
        cost = self.embeddings.of(matrix, shift) + self.pictures.of(matrix, shift)
        cost = cost + options.penalty * departure(matrix, shift, self.pictures.model.variance)
        return cost + options.clarity * self.flaws.of(matrix, shift)


def departure(matrix: Tensor, shift: Tensor, variance: float) -> Tensor:
    """How far Az + b is from z of a variance: the Kullback–Leibler divergence, both taken as normal distributions."""
    squared = matrix @ matrix.T
    spread = torch.trace(squared) - len(squared) - torch.logdet(squared)
    return (spread + shift @ shift / variance) / 2


def fit(prediction: Prediction, options: CalibrationOptions) -> LatentChange:
    """The change of least cost, by L-BFGS; A is symmetric."""
    identity = torch.eye(len(prediction.pictures.model.slope), dtype=torch.float64)
    matrix = identity.clone().requires_grad_()
    shift = torch.zeros(len(identity), dtype=torch.float64, requires_grad=options.shift)
    changed = [matrix, shift] if options.shift else [matrix]
    optimizer = torch.optim.LBFGS(changed, max_iter=STEPS, history_size=20, line_search_fn="strong_wolfe")

    def objective() -> Tensor:
        optimizer.zero_grad()
        value = prediction.cost((matrix + matrix.T) / 2, shift, options)
        value.backward()
        return value

    optimizer.step(objective)
    with torch.no_grad():
        found, moved = (matrix + matrix.T) / 2, shift.detach()
        before = prediction.embeddings.of(identity, torch.zeros_like(moved))
        return LatentChange(found, moved, float(before), float(prediction.embeddings.of(found, moved)))


def small_pictures(images: np.ndarray) -> np.ndarray:
    """Grey pictures of the middle of images (n, size, size, 3), of equal brightness and contrast: (n, 110) float64.

    size: a multiple of PIXELS.  Each picture has the mean 0 and the length 1.
    """
    count, size = len(images), images.shape[1]
    grey = images.mean(-1).reshape(count, PIXELS, size // PIXELS, PIXELS, size // PIXELS).mean((2, 4))
    pixels = grey[:, *MIDDLE].reshape(count, -1)
    centred = pixels - pixels.mean(1, keepdims=True)
    return centred / np.linalg.norm(centred, axis=1, keepdims=True).clip(1e-9)


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
    generated = analysed_faces(model, latents, steps)  # first, because it shows whether the model draws faces
    found = detect_and_embed(training, progress=steps("analysing training faces"), cache=faces.detections)
    enough_real(int(found.detected.sum()), source)
    numbers = found.face_embeddings, training_pictures(training, steps("reading training faces"))
    change = fit(prediction(latents, generated, *numbers), options)
    for _ in range(ROUNDS - 1):
        generated = analysed_faces(model, change.of(latents), steps)
        change = change.of_changed(fit(prediction(latents, generated, *numbers), options))
    return change


def training_pictures(images: Images, progress: Progress | None) -> np.ndarray:
    """`small_pictures` of many images, without having all of them in memory."""
    parts = []
    for start in range(0, len(images), CHUNK):
        rows = range(start, min(start + CHUNK, len(images)))
        parts.append(small_pictures(np.stack([images[row] for row in rows])))
        if progress:
            progress(rows.stop, len(images))
    return np.concatenate(parts)


@dataclass(frozen=True)
class AnalysedFaces:
    """Generated faces.  pictures: `small_pictures`.  grades: (n,), by the judge."""

    found: FaceDetections
    pictures: np.ndarray
    grades: np.ndarray


def analysed_faces(model: FaceModel, latents: Tensor, steps: Steps) -> AnalysedFaces:
    """Raises ValueError if too few faces are detected."""
    images = sampling.draw(model, latents, progress=steps("generating faces"))
    found = detect_and_embed(images, progress=steps("analysing generated faces"))
    needed = max(FEWEST, 2 * latents.shape[1])
    if found.detected.sum() < needed:
        raise ValueError(
            f"A face is detected in only {found.detected.sum():,} of {FACES:,} generated images, but {needed:,} "
            "are needed. Train the model further first, or use a higher penalty."
        )
    return AnalysedFaces(found, small_pictures(images), the_judge()(images))


def prediction(latents: Tensor, generated: AnalysedFaces, embeddings: np.ndarray, pictures: np.ndarray) -> Prediction:
    """Of faces generated from latents (n, h).  embeddings, pictures: of real faces."""
    inputs, detected = latents.double().numpy(), generated.found.detected
    unit = np.sqrt(pictures.var(0).sum()) or 1.0  # in which the variances of real pictures add up to 1
    return Prediction(
        PredictedDistance(inputs[detected], generated.found.face_embeddings, embeddings),
        PredictedDistance(inputs, generated.pictures / unit, pictures / unit),
        PredictedFlaws(inputs, generated.grades),
    )


def enough_real(count: int, source: str) -> None:
    """Raises DataError if so many real faces are too few."""
    if count < FEWEST:
        raise DataError(
            f"{source_label(source)} has only {count:,} faces to train on, but at least {FEWEST} are needed. Choose "
            "more images."
        )
