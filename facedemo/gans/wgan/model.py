"""WGAN: a critic, kept Lipschitz by weight clipping, estimates the distance of generated images from real ones.

Arjovsky, Chintala, Bottou 2017, "Wasserstein GAN", arXiv:1701.07875; its algorithm 1.
"""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor
from torch.optim import Optimizer, RMSprop

from facedemo.gans.base import Equation, Family, Updates, summand
from facedemo.gans.blocks import StridedDiscriminator, TransposedGenerator
from facedemo.gans.wgan.config import WGANConfig


class WGAN(Family):
    Config = WGANConfig
    config: WGANConfig

    def __init__(self, config: WGANConfig) -> None:
        super().__init__(config)
        self.set_networks(TransposedGenerator(config), StridedDiscriminator(config))

    def latents(self, n: int, rng: np.random.RandomState) -> Tensor:
        """z ~ N(0, 1)^h."""
        return torch.from_numpy(rng.standard_normal((n, self.config.latent)).astype(np.float32))

    def optimizers(self) -> dict[str, Optimizer]:
        """RMSprop, because momentum makes the critic's training unstable, section 4.4."""
        c = self.config
        return {
            "generator": RMSprop(self.generator.parameters(), c.learning_rate_g, foreach=True),
            "discriminator": RMSprop(self.discriminator.parameters(), c.learning_rate_d, foreach=True),
        }

    def step(self, real: Tensor, noise: Callable[[], Tensor], updates: Updates) -> dict[str, Tensor]:
        """`critic_steps` updates of the critic f, each on other images, maximise f(x) − f(G(z)); one of G, f(G(z))."""
        scores = [self.critic_update(part, noise(), updates) for part in real.chunk(self.config.critic_steps)]
        loss = -self.discriminator(self.augment(self.generator(noise()))).float().mean()
        updates.gradients(loss, "generator")
        updates.apply("generator")
        critic_real, critic_fake = torch.stack(scores).mean(0)
        return {"distance": critic_real - critic_fake, "critic_real": critic_real, "critic_fake": critic_fake}

    def critic_update(self, real: Tensor, latents: Tensor, updates: Updates) -> Tensor:
        """One update of the critic; returns the means of f(x) and f(G(z)) before it, (2,)."""
        with torch.no_grad():
            images_seen = self.augment(real), self.augment(self.generator(latents))
        critic_real, critic_fake = (self.discriminator(images).float().mean() for images in images_seen)
        updates.gradients(critic_fake - critic_real, "discriminator")
        updates.apply("discriminator")
        with torch.no_grad():
            for weight in self.discriminator.parameters():
                weight.clamp_(-self.config.clip, self.config.clip)
        return torch.stack([critic_real.detach(), critic_fake.detach()])

    def equations(self, before: Mapping[str, float], row: Mapping[str, float]) -> list[Equation]:
        return [
            Equation(
                "W",
                "mean f(x) − mean f(G(z))",
                r"W = \operatorname{mean} f(x) - \operatorname{mean} f(G(z))",
                f"{row['critic_real']:.5f} − {summand(row['critic_fake'])}",
                row["distance"],
                "Estimated distance of generated images from real ones. The critic f maximises it in "
                f"{self.config.critic_steps} updates, then the generator maximises its mean f(G(z)).",
            ),
        ]
