"""Precision, threads and processes for the current machine."""

import io
import math
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import psutil
import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.io import TorchCheckpointIO
from torch.nn import functional as F

from facedemo.config.schema import TrainingConfig

Precision = Literal["32-true", "bf16-mixed"]
FP32: Precision = "32-true"
BF16: Precision = "bf16-mixed"


def threads(requested: int, processes: int) -> int:
    """Threads per process, for `processes` on this machine: `requested`, or for 0 its share of the available cores."""
    cores = psutil.cpu_count(logical=False) or 1
    if hasattr(os, "sched_getaffinity"):
        cores = min(cores, len(os.sched_getaffinity(0)))
    return requested or max(1, cores // processes)


class CheckpointFiles(TorchCheckpointIO):
    """Writes a checkpoint directly to its path; the recorder renames it when it is complete.

    Lightning's own implementation uses the system's temporary folder, where a killed process would leave files behind.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        content = io.BytesIO()
        torch.save(checkpoint, content)
        Path(path).write_bytes(content.getbuffer())


def start_fabric(settings: TrainingConfig) -> Fabric:
    """The communicating processes of a run: started by this process, or by torchrun or Slurm."""
    processes = settings.devices * settings.num_nodes
    fabric = Fabric(
        accelerator="auto",
        devices=settings.devices,
        num_nodes=settings.num_nodes,
        strategy="ddp" if processes > 1 else "auto",
        precision=precision(settings.precision),
        plugins=[CheckpointFiles()],
    )
    fabric.launch()
    torch.set_num_threads(threads(settings.threads, settings.devices))
    torch.backends.cudnn.benchmark = True
    return fabric


def precision(requested: Literal["auto"] | Precision) -> Precision:
    """`requested`, or for "auto" the faster precision on this machine: Fabric's "32-true" or "bf16-mixed"."""
    if requested != "auto":
        return requested
    if torch.cuda.is_available():
        return BF16 if torch.cuda.is_bf16_supported(including_emulation=False) else FP32
    if torch.backends.mps.is_available() or not has_bf16(torch.cpu.get_capabilities()):
        return FP32
    # Some CPUs that list bf16 instructions run them at half the speed of fp32, so the list alone is not decisive.
    bf16, fp32 = convolution_seconds(torch.bfloat16, torch.float32)
    return BF16 if bf16 < fp32 else FP32


def has_bf16(capabilities: Mapping[str, object]) -> bool:
    """Whether a CPU (as described by `torch.cpu.get_capabilities`) multiplies bf16 natively."""
    return any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16"))


def convolution_seconds(*dtypes: torch.dtype) -> list[float]:
    """Time of a 3×3 convolution of a size typical of training, in each of `dtypes`.

    The best of several alternating measurements on one thread: other work on the machine slows some of them, and
    several threads would wait for each other in nearly all.
    """
    best, before = [math.inf] * len(dtypes), torch.get_num_threads()
    torch.set_num_threads(1)
    own = torch.Generator()  # other threads may be drawing weights from torch's global random state
    images, weights = torch.randn(16, 48, 32, 32, generator=own), torch.randn(48, 48, 3, 3, generator=own)
    with torch.no_grad():
        for _ in range(12):
            for number, dtype in enumerate(dtypes):
                maps, kernel = (t.to(dtype, memory_format=torch.channels_last) for t in (images, weights))
                start = time.perf_counter()
                F.conv2d(maps, kernel, padding=1)
                best[number] = min(best[number], time.perf_counter() - start)
    torch.set_num_threads(before)
    return best
