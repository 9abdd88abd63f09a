"""One training iteration, from top to bottom, shared by the loop, the single-step page and the benchmark."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from facedemo.config.schedule import SettingsSchedule
from facedemo.data.images import Images
from facedemo.gans.base import create
from facedemo.training.batches import Batches, random_stream
from facedemo.training.updates import FabricUpdates


@dataclass(frozen=True)
class IterationResult:
    """The inputs and outputs of an iteration.

    real: its images, (n, 3, s, s) in [−1, 1].  latents: the last ones sampled, (m, h).  row: the family's metrics.
    """

    real: Tensor
    latents: Tensor
    row: dict[str, Tensor]


class Iteration:
    """A family in training, with all that its next step depends on: settings, optimisers, images, random streams."""

    def __init__(self, fabric: Fabric, schedule: SettingsSchedule, images: Images) -> None:
        """The initial weights depend on torch's random state; each process gets its share of a batch.

        images: n of uint8 (s, s, 3).
        """
        config = schedule.config
        self.fabric, self.schedule, self.seed = fabric, schedule, config.training.seed
        self.family = create(config.family, config.model)
        self.family.to(fabric.device, memory_format=torch.channels_last)  # pyright: ignore - not in torch's stubs
        self.updates = FabricUpdates(fabric, self.family)
        processes = fabric.global_rank, fabric.world_size
        self.batches: Callable[[int], Tensor] = Batches(
            images, config.model.images_per_step, self.seed, config.data.flip, *processes
        )
        self.noise_share = Batches(images, config.model.batch_size, self.seed, False, *processes).share
        self.step = 0  # iterations so far

    def take(self) -> IterationResult:
        """Runs the next iteration."""
        settings, sampled = self.schedule.config, list[Tensor]()
        self.family.config = settings.model  # settings may have changed since the last iteration
        random = random_stream(self.seed, "noise", self.step)

        def noise() -> Tensor:
            latents = self.family.latents(settings.model.batch_size, random)
            sampled.append(latents[self.noise_share].to(self.fabric.device))
            return sampled[-1]

        for network, optimizer in self.updates.optimizers.items():
            optimizer.param_groups[0]["lr"] = self.schedule.rate(network, self.step)
        self.family.random = random_stream(self.seed, f"augment {self.fabric.global_rank}", self.step)
        real = self.batches(self.step).to(self.fabric.device, memory_format=torch.channels_last)
        with self.fabric.autocast():
            row = self.family.step(real, noise, self.updates)
        self.step += 1
        self.family.update_average(settings.ema_weight(self.step))
        return IterationResult(real, sampled[-1], row)

    def optimizer_states(self) -> dict[str, dict[str, Any]]:
        return {name: optimizer.state_dict() for name, optimizer in self.updates.optimizers.items()}

    def restore(self, step: int, family: dict[str, Tensor], optimizers: dict[str, dict[str, Any]]) -> None:
        """Restores a copy of a saved state; optimisers that were not saved start from scratch."""
        self.family.load_state_dict(family)
        for name, state in copy.deepcopy(optimizers).items():  # torch's optimisers would go on in the same tensors
            self.updates.optimizers[name].load_state_dict(state)
        self.step = step
