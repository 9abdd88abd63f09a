"""Applies gradients and optimiser steps through Fabric: `gans.base.Updates` for one process or several."""

import torch
from lightning_fabric import Fabric
from torch import Tensor
from torch.optim import Optimizer

from facedemo.gans.base import Family


class Players:
    """Gradients, optimiser steps and means over all processes, through Fabric; optionally measures gradient norms."""

    def __init__(self, fabric: Fabric, family: Family) -> None:
        self.fabric = fabric
        self.optimizers: dict[str, Optimizer] = {
            name: fabric.setup_optimizers(optimizer) for name, optimizer in family.optimizers().items()
        }
        self.parameters = {player: list(getattr(family, player).parameters()) for player in self.optimizers}
        self.measure = False
        self.norms: dict[str, Tensor] = {}

    def gradients(self, loss: Tensor, *players: str, keep_graph: bool = False) -> None:
        for player in players:
            self.optimizers[player].zero_grad()
        parameters = [parameter for player in players for parameter in self.parameters[player]]
        self.fabric.backward(loss, inputs=parameters, retain_graph=keep_graph)
        if self.fabric.world_size > 1:
            self.average([parameter.grad for parameter in parameters if parameter.grad is not None])

    def average(self, gradients: list[Tensor]) -> None:
        """Gives every process the mean gradient, in one message."""
        means = self.mean(torch.cat([gradient.flatten() for gradient in gradients]))
        for gradient, mean in zip(gradients, means.split([gradient.numel() for gradient in gradients]), strict=True):
            gradient.copy_(mean.view_as(gradient))

    def mean(self, value: Tensor) -> Tensor:
        return self.fabric.all_reduce(value, reduce_op="mean") if self.fabric.world_size > 1 else value

    def apply(self, *players: str) -> None:
        for player in players:
            if self.measure:
                self.norms[f"gradient_norm_{player[0]}"] = torch.nn.utils.get_total_norm(
                    [p.grad for p in self.parameters[player] if p.grad is not None]
                )
            self.optimizers[player].step()
