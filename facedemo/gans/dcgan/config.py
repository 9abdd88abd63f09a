"""The settings of DCGAN; imports no torch."""

from collections.abc import Mapping
from typing import ClassVar

from facedemo.gans.settings import FamilyConfig, tunable

AHEAD, FAR_AHEAD = 0.2, 0.8  # D(x) − D(G(z)) from which the discriminator counts as ahead


class DCGANConfig(FamilyConfig):
    """The paper's settings, section 4, except for the width, with which an image costs as much as in `ours`."""

    title: ClassVar[str] = "DCGAN"
    paper: ClassVar[str] = "Radford et al. 2015, arXiv:1511.06434"
    metrics: ClassVar[dict[str, str]] = {
        "loss_discriminator": "L_D",
        "loss_generator": "L_G",
        "score_real": "D(x)",
        "score_fake": "D(G(z))",
    }
    metric_help: ClassVar[dict[str, str]] = {
        "losses": "Cross-entropy of the discriminator, L_D, and of the generator, L_G. Neither has to fall: while both "
        "stay constant, the two networks improve together. L_D near 0 means that the generator has lost.",
        "score_real": "Mean probability that the discriminator assigns to real images being real. 0.5: it cannot tell.",
        "score_fake": "Mean probability that the discriminator assigns to generated images being real. Higher is "
        "better for the generator; 0.5: the discriminator cannot tell.",
    }

    latent: int = tunable(
        100, "Latent size", "Length h of the latent vector z from which an image is generated.", 2, 1024
    )
    width: int = tunable(
        64,
        "Width",
        "Channels of the layers next to the image; 128 in the paper. Doubling them takes about four times as long.",
        4,
        256,
    )
    batch_size: int = tunable(64, "Batch size", "Real images per training step.", 2, 512)
    learning_rate_g: float = tunable(
        2e-4, "Generator learning rate", "Step size of the generator's Adam.", 0.0, 0.1, live=True
    )
    learning_rate_d: float = tunable(
        2e-4, "Discriminator learning rate", "Step size of the discriminator's Adam.", 0.0, 0.1, live=True
    )
    decay: float = tunable(
        1.0,
        "Learning-rate decay",
        "Factor by which both learning rates are multiplied at every decay interval; the paper does not decay them.",
        0.01,
        1.0,
        live=True,
    )
    beta1: float = tunable(0.5, "Adam β₁", "Momentum of both optimisers.", 0.0, 0.99)

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
