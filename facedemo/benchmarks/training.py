"""The training engine compared with the textbook loop and with this machine's peak performance."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median, quantiles

import numpy as np
import torch
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode
from torch.utils.module_tracker import ModuleTracker

from facedemo.benchmarks.textbook import Textbook, write_jpegs
from facedemo.config.schema import RunConfig
from facedemo.runs.run import create_run
from facedemo.training import device
from facedemo.training.recorder import Recorder
from facedemo.training.trainer import Trainer

IMAGES = 512  # number of JPEG files for the textbook loop
PEAK_SHAPES = ((64, 128), (128, 64), (256, 32))  # channels and side of the feature maps


@dataclass(frozen=True)
class Speed:
    """Speeds in images/s, peaks in GFLOP/s, shares in [0, 1]; a spread is half the interquartile range."""

    textbook: float
    textbook_spread: float
    engine: float
    engine_spread: float
    ratio: float  # engine / textbook: the median over consecutive pairs
    data_share: float  # share of the engine's time spent waiting for images
    gflop_per_image: float  # counted over one step of the engine
    peak_fp32: float
    peak_bf16: float
    peak_share: float  # relative to the faster of the two peaks
    precision: str
    threads: int


class Waiting:
    """Batches, and the time spent waiting for them."""

    def __init__(self, batches: Callable[[int], torch.Tensor]) -> None:
        self.batches, self.seconds = batches, 0.0

    def __call__(self, step: int) -> torch.Tensor:
        start = time.perf_counter()
        batch = self.batches(step)
        self.seconds += time.perf_counter() - start
        return batch


def run(config: RunConfig, images: np.ndarray, rounds: int = 16, seconds: float = 2.0) -> Speed:
    """Alternates the textbook loop and the engine, A B A B, on the same networks and batch.

    images: uint8 (n, s, s, 3).  rounds: pairs measured.  seconds: about how long each turn takes.
    """
    with tempfile.TemporaryDirectory() as folder:
        settings = config.training
        precision = device.precision(settings.precision)
        config = config.model_copy(update={"training": settings.model_copy(update={"precision": precision})})
        fabric = device.start_fabric(config.training)
        record = Recorder(create_run(config, Path(folder)))
        engine = Trainer(fabric, record, config, images)
        textbook = Textbook(config.family, config.model, write_jpegs(images[:IMAGES], Path(folder)))
        flops = count_flops(engine)
        waiting = engine.iteration.batches = Waiting(engine.iteration.batches)
        n = config.model.images_per_step
        counts = [steps_for(step, seconds) for step in (textbook.step, engine.advance)]
        waiting.seconds = 0.0
        a, b = [], []
        for _ in range(rounds):
            a.append(counts[0] * n / timed(textbook.step, counts[0]))
            b.append(counts[1] * n / timed(engine.advance, counts[1]))
        engine.metrics.close()
    waited = waiting.seconds / sum(counts[1] * n / speed for speed in b)
    peaks = [convolution_peak(dtype) for dtype in (torch.float32, torch.bfloat16)]
    return Speed(
        textbook=median(a),
        textbook_spread=spread(a),
        engine=median(b),
        engine_spread=spread(b),
        ratio=median(fast / slow for fast, slow in zip(b, a, strict=True)),
        data_share=waited,
        gflop_per_image=flops / n / 1e9,
        peak_fp32=peaks[0],
        peak_bf16=peaks[1],
        peak_share=flops / n / 1e9 * median(b) / max(peaks),
        precision=precision,
        threads=torch.get_num_threads(),
    )


def timed(step, count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        step()
    return time.perf_counter() - start


def steps_for(step, seconds: float) -> int:
    """The number of steps that take about `seconds`, estimated from a few steps after a warm-up."""
    timed(step, 2)
    return max(2, round(seconds / (timed(step, 3) / 3)))


def spread(values: list[float]) -> float:
    low, _, high = quantiles(values, n=4)
    return (high - low) / 2


class AllModules(ModuleTracker):
    """Does not tell modules apart: the tracker's hooks fail at the second backward pass of a gradient penalty."""

    def __init__(self) -> None:
        self.parents = {"Global"}

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def count_flops(engine: Trainer) -> int:
    """Floating-point operations of one training step: a multiplication and an addition are two."""
    counter = FlopCounterMode(display=False)
    counter.mod_tracker = AllModules()
    with counter:
        engine.advance()
    return counter.get_total_flops()


@torch.no_grad()
def convolution_peak(dtype: torch.dtype) -> float:
    """GFLOP/s of large 3×3 convolutions, channels last: the best of three shapes, each the median of 9."""
    best = 0.0
    for channels, side in PEAK_SHAPES:
        images = torch.randn(16, channels, side, side).to(dtype, memory_format=torch.channels_last)
        weights = torch.randn(channels, channels, 3, 3).to(dtype, memory_format=torch.channels_last)
        times = [timed(partial(F.conv2d, images, weights, padding=1), 1) for _ in range(11)][2:]
        best = max(best, 2 * 9 * images.numel() * channels / median(times) / 1e9)
    return best


def report(speed: Speed) -> dict[str, float | str]:
    """The numbers for a JSON file, with the versions of the packages."""
    return {**asdict(speed), "torch": torch.__version__}
