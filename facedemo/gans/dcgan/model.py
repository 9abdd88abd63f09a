"""DCGAN: two convolutional networks that play the original game.

Radford, Metz, Chintala 2015, "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial
Networks", arXiv:1511.06434.
"""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.optim import Adam, Optimizer

from facedemo.gans.base import Equation, Family, Updates
from facedemo.gans.blocks import StridedDiscriminator, TransposedGenerator
from facedemo.gans.dcgan.config import DCGANConfig


def cross_entropy(logits: Tensor, real: bool) -> Tensor:
    """Mean binary cross-entropy of logits (n,) with the target “all real” or “all generated”; a scalar in float32."""
    target = torch.full_like(logits, float(real), dtype=torch.float32)
    return binary_cross_entropy_with_logits(logits.float(), target)


class DCGAN(Family):
    Config = DCGANConfig
    latent_limit = 1.0

    config: DCGANConfig

    def __init__(self, config: DCGANConfig) -> None:
        super().__init__(config)
        self.set_networks(TransposedGenerator(config), StridedDiscriminator(config))

    def latents(self, n: int, rng: np.random.RandomState) -> Tensor:
        """z ~ U[−1, 1]^h, section 4."""
        return torch.from_numpy(rng.uniform(-1.0, 1.0, (n, self.config.latent)).astype(np.float32))

    def optimizers(self) -> dict[str, Optimizer]:
        c = self.config
        return {
            "generator": Adam(self.generator.parameters(), c.learning_rate_g, (c.beta1, 0.999), fused=True),
            "discriminator": Adam(self.discriminator.parameters(), c.learning_rate_d, (c.beta1, 0.999), fused=True),
        }

    def step(self, real: Tensor, noise: Callable[[], Tensor], updates: Updates) -> dict[str, Tensor]:
        """D learns to tell x from G(z), then G learns to fool the new D, with the non-saturating loss −log D(G(z)).

        Real and generated images pass through D separately, so that batch normalisation sees one kind at a time.
        """
        fake = self.augment(self.generator(noise()))
        scores_real, scores_fake = self.discriminator(self.augment(real)), self.discriminator(fake.detach())
        loss_d = cross_entropy(scores_real, real=True) + cross_entropy(scores_fake, real=False)
        updates.gradients(loss_d, "discriminator")
        updates.apply("discriminator")
        loss_g = cross_entropy(self.discriminator(fake), real=True)
        updates.gradients(loss_g, "generator")
        updates.apply("generator")
        return {
            "loss_discriminator": loss_d.detach(),
            "loss_generator": loss_g.detach(),
            "score_real": scores_real.detach().float().sigmoid().mean(),
            "score_fake": scores_fake.detach().float().sigmoid().mean(),
        }

    def equations(self, before: Mapping[str, float], row: Mapping[str, float]) -> list[Equation]:
        """The equations as means over the batch, algorithm 1 of Goodfellow et al. 2014."""
        return [
            Equation(
                "L_D",
                "−mean log D(x) − mean log(1 − D(G(z)))",
                r"L_D = -\operatorname{mean}\,\log D(x) \\ &\quad -\operatorname{mean}\,\log(1 - D(G(z)))",
                "",
                row["loss_discriminator"],
                "The discriminator minimises this: it learns to output 1 for real images and 0 for generated ones.",
            ),
            Equation(
                "L_G",
                "−mean log D(G(z))",
                r"L_G = -\operatorname{mean}\,\log D(G(z))",
                "",
                row["loss_generator"],
                "The generator minimises this: it learns to generate images that the just updated discriminator "
                "classifies as real.",
            ),
        ]
