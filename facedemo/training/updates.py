"""Applies gradients and optimiser steps through Fabric: `gans.base.Updates` for one process or several."""

from typing import cast

import torch
from lightning_fabric import Fabric
from torch import Tensor
from torch.optim import Optimizer

from facedemo.gans.base import Family


class FabricUpdates:
    """Gradients, optimiser steps and means over all processes, through Fabric; optionally measures gradient norms."""

    def __init__(self, fabric: Fabric, family: Family) -> None:
        self.fabric = fabric
        self.optimizers: dict[str, Optimizer] = {
            name: cast(Optimizer, fabric.setup_optimizers(optimizer)) for name, optimizer in family.optimizers().items()
        }
        self.parameters = {network: list(getattr(family, network).parameters()) for network in self.optimizers}
        self.measure = False
        self.norms: dict[str, Tensor] = {}

    def gradients(self, loss: Tensor, *networks: str, keep_graph: bool = False) -> None:
        for network in networks:
            self.optimizers[network].zero_grad()
        parameters = [parameter for network in networks for parameter in self.parameters[network]]
        self.fabric.backward(loss, inputs=parameters, retain_graph=keep_graph)
        if self.fabric.world_size > 1:
            self.average([parameter.grad for parameter in parameters if parameter.grad is not None])

    def average(self, gradients: list[Tensor]) -> None:
        """Gives every process the mean gradient, in one message."""
        means = self.mean(torch.cat([gradient.flatten() for gradient in gradients]))
        for gradient, mean in zip(gradients, means.split([gradient.numel() for gradient in gradients]), strict=True):
            gradient.copy_(mean.view_as(gradient))

    def mean(self, value: Tensor) -> Tensor:
        return cast(Tensor, self.fabric.all_reduce(value, reduce_op="mean")) if self.fabric.world_size > 1 else value

    def apply(self, *networks: str) -> None:
        for network in networks:
            if self.measure:
                self.norms[f"gradient_norm_{network[0]}"] = torch.nn.utils.get_total_norm(
                    [p.grad for p in self.parameters[network] if p.grad is not None]
                )
            self.optimizers[network].step()
        torch.clear_autocast_cache()  # bfloat16 copies of weights that have just changed
