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

from facedemo.gans.base import Equation, Family, FamilyConfig, Updates, knob
from facedemo.gans.blocks import StridedDiscriminator, TransposedGenerator

AHEAD, FAR_AHEAD = 0.2, 0.8  # D(x) − D(G(z)) from which the discriminator is called so


class DCGANConfig(FamilyConfig):
    """The paper's settings, section 4, but for the width: with it, an image costs what it costs `ours`."""

    latent: int = knob(100, "Latent size", "Length h of the vector z that an image is made from.", 2, 1024)
    width: int = knob(
        64,
        "Width",
        "Channels of the layers next to the image; the paper has 128. Doubling it costs about four times the time.",
        4,
        256,
    )
    batch_size: int = knob(64, "Batch size", "Real images a training step sees.", 2, 512)
    learning_rate_g: float = knob(
        2e-4, "Generator learning rate", "Step size of the generator's Adam.", 0.0, 0.1, live=True
    )
    learning_rate_d: float = knob(
        2e-4, "Discriminator learning rate", "Step size of the discriminator's Adam.", 0.0, 0.1, live=True
    )
    decay: float = knob(
        1.0,
        "Learning-rate decay",
        "Both learning rates are multiplied by this at every interval; the paper keeps them as they are.",
        0.01,
        1.0,
        live=True,
    )
    beta1: float = knob(0.5, "Adam β₁", "Momentum of both optimisers.", 0.0, 0.99)


def cross_entropy(logits: Tensor, real: bool) -> Tensor:
    """Mean binary cross-entropy of logits (n,) against “all are real” or “none is”; a scalar in float32."""
    target = torch.full_like(logits, float(real), dtype=torch.float32)
    return binary_cross_entropy_with_logits(logits.float(), target)


class DCGAN(Family):
    Config = DCGANConfig
    title = "DCGAN"
    paper = "Radford et al. 2015, arXiv:1511.06434"
    metrics = {  # noqa: RUF012
        "loss_discriminator": "L_D",
        "loss_generator": "L_G",
        "score_real": "D(x)",
        "score_fake": "D(G(z))",
    }

    metric_help = {  # noqa: RUF012
        "losses": "Cross-entropy of the discriminator, L_D, and of the generator, L_G. Neither has to fall: while both "
        "stay where they are, the two networks improve together. L_D near 0 means that the generator has lost.",
        "score_real": "Mean probability with which the discriminator takes real images for real. 0.5: it cannot tell.",
        "score_fake": "Mean probability with which it takes generated images for real. Higher is better for the "
        "generator; 0.5: the discriminator cannot tell.",
    }
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
        """D learns to tell x from G(z), then G to deceive the new D, by the loss that does not saturate: −log D(G(z)).

        Real and generated images pass D apart, so that batch normalisation sees one kind at a time.
        """
        fake = self.generator(noise())
        scores_real, scores_fake = self.discriminator(real), self.discriminator(fake.detach())
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

    @classmethod
    def situation(cls, recent: Mapping[str, float]) -> str:
        if not {"score_real", "score_fake"} <= recent.keys():
            return ""
        lead = recent["score_real"] - recent["score_fake"]
        if lead > FAR_AHEAD:
            return "The discriminator is far ahead: it tells nearly all real images from generated ones."
        if lead > AHEAD:
            return "The discriminator is ahead, and the generator learns from its answers."
        return "The two networks are evenly matched: the discriminator can hardly tell real from generated."

    def equations(self, before: Mapping[str, float], row: Mapping[str, float]) -> list[Equation]:
        """Means over the batch of what stands inside of a sum over images, algorithm 1 of Goodfellow et al. 2014."""
        return [
            Equation(
                "L_D",
                "−mean log D(x) − mean log(1 − D(G(z)))",
                r"L_D = -\operatorname{mean}\,\log D(x) \\ &\quad -\operatorname{mean}\,\log(1 - D(G(z)))",
                "",
                row["loss_discriminator"],
                "The discriminator lowers it: it learns to answer 1 to real images and 0 to generated ones.",
            ),
            Equation(
                "L_G",
                "−mean log D(G(z))",
                r"L_G = -\operatorname{mean}\,\log D(G(z))",
                "",
                row["loss_generator"],
                "The generator lowers it: it learns to draw what the discriminator, which has just learned, "
                "takes for real.",
            ),
        ]
