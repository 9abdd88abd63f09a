"""R3GAN: a relativistic game with gradient penalties on real and generated images, which needs no further tricks.

Huang, Gokaslan, Kuleshov, Tompkin 2024, "The GAN is dead; long live the GAN! A Modern Baseline GAN", arXiv:2501.05441.
"""

import math
from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus
from torch.optim import Adam, Optimizer

from facedemo.gans.base import Equation, Family, Updates
from facedemo.gans.r3gan.config import R3GANConfig
from facedemo.gans.r3gan.networks import ResidualCritic, ResidualGenerator


class R3GAN(Family):
    Config = R3GANConfig
    config: R3GANConfig

    def __init__(self, config: R3GANConfig) -> None:
        super().__init__(config)
        self.set_networks(ResidualGenerator(config), ResidualCritic(config))

    def latents(self, n: int, rng: np.random.RandomState) -> Tensor:
        """z ~ N(0, 1)^h."""
        return torch.from_numpy(rng.standard_normal((n, self.config.latent)).astype(np.float32))

    def optimizers(self) -> dict[str, Optimizer]:
        """Adam without momentum, as in the paper."""
        c = self.config
        return {
            "generator": Adam(self.generator.parameters(), c.learning_rate_g, (0.0, 0.99), fused=True),
            "discriminator": Adam(self.discriminator.parameters(), c.learning_rate_d, (0.0, 0.99), fused=True),
        }

    def step(self, real: Tensor, noise: Callable[[], Tensor], updates: Updates) -> dict[str, Tensor]:
        """L_D = f(D(G(z)) − D(x)) + λ/2 (R₁ + R₂) and L_G = f(D(x) − D(G(z))), f = softplus, at the same weights.

        Each real image is compared with one generated image. Then both networks are updated.
        """
        real, fake = self.augment(real), self.augment(self.generator(noise()))
        scores_real, scores_fake = self.discriminator(real).float(), self.discriminator(fake).float()
        loss_g = softplus(scores_real.detach() - scores_fake).mean()
        updates.gradients(loss_g, "generator", keep_graph=True)
        share = math.ceil(len(real) * self.config.penalty_share)
        penalty_real, penalty_fake = self.penalty(real[:share]), self.penalty(fake[:share])
        loss_d = softplus(scores_fake - scores_real).mean()
        updates.gradients(loss_d + self.config.penalty / 2 * (penalty_real + penalty_fake), "discriminator")
        updates.apply("discriminator", "generator")
        losses = loss_d, loss_g, (scores_real - scores_fake).mean(), penalty_real, penalty_fake
        return dict(zip(self.metrics, (loss.detach() for loss in losses), strict=True))

    def penalty(self, images: Tensor) -> Tensor:
        """Mean |∇D(v)|² over images v (n, 3, s, s), with a graph for its own gradient; a scalar."""
        images = images.detach().requires_grad_(True)
        (gradient,) = torch.autograd.grad(self.discriminator(images).float().sum(), images, create_graph=True)
        return gradient.float().square().sum((1, 2, 3)).mean()

    def equations(self, before: Mapping[str, float], row: Mapping[str, float]) -> list[Equation]:
        return [
            Equation(
                "L_D",
                "mean log(1 + exp(D(G(z)) − D(x)))",
                r"L_D = \operatorname{mean}\,\log(1 + e^{D(G(z)) - D(x)})",
                "",
                row["loss_discriminator"],
                "The discriminator minimises this, and the penalties: it learns to score a real image higher than a "
                "generated one.",
            ),
            Equation(
                "L_G",
                "mean log(1 + exp(D(x) − D(G(z))))",
                r"L_G = \operatorname{mean}\,\log(1 + e^{D(x) - D(G(z))})",
                "",
                row["loss_generator"],
                "The generator minimises this: it learns to generate images that score higher than real ones.",
            ),
            Equation(
                "λ/2 (R₁ + R₂)",
                "λ/2 (mean |∇D(x)|² + mean |∇D(G(z))|²)",
                r"\tfrac{\lambda}{2}(R_1 + R_2) = \tfrac{\lambda}{2} (\operatorname{mean} |\nabla D(x)|^2 "
                r"\\ & + \operatorname{mean} |\nabla D(G(z))|^2)",
                f"{self.config.penalty:g} / 2 · ({row['penalty_real']:.4f} + {row['penalty_fake']:.4f})",
                self.config.penalty / 2 * (row["penalty_real"] + row["penalty_fake"]),
                "The discriminator also minimises this: its score may change only slowly from one image to a similar "
                "one, and is flat where real and generated images look alike.",
            ),
        ]
