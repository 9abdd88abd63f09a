"""The settings of WGAN; imports no torch."""

from collections.abc import Mapping
from typing import ClassVar

from facedemo.gans.settings import FamilyConfig, tunable


class WGANConfig(FamilyConfig):
    """The paper's settings, algorithm 1, except for the width, with which an image costs as much as in `ours`."""

    title: ClassVar[str] = "WGAN"
    paper: ClassVar[str] = "Arjovsky et al. 2017, arXiv:1701.07875"
    progress: ClassVar[tuple[str, str] | None] = ("distance", "W")
    metrics: ClassVar[dict[str, str]] = {
        "distance": "Wasserstein estimate",
        "critic_real": "f(x)",
        "critic_fake": "f(G(z))",
    }
    metric_help: ClassVar[dict[str, str]] = {
        "distance": "The critic's estimate of the Wasserstein distance between real and generated images, f(x) − "
        "f(G(z)). Lower is better once the critic has learned to tell them apart.",
        "critic_real": (
            "Mean output of the critic for real images. Only its difference from the output for generated images is "
            "meaningful."
        ),
        "critic_fake": "Mean output of the critic for generated images. The generator maximises it.",
    }

    latent: int = tunable(
        100, "Latent size", "Length h of the latent vector z from which an image is generated.", 2, 1024
    )
    width: int = tunable(
        64, "Width", "Channels of the layers next to the image. Doubling them takes about four times as long.", 4, 256
    )
    batch_size: int = tunable(64, "Batch size", "Real images per update of the critic.", 2, 512)
    critic_steps: int = tunable(5, "Critic steps", "Number of critic updates per generator update.", 1, 100)
    clip: float = tunable(
        0.01,
        "Clipping",
        "Clipping bound c: after every update, the critic's weights are clipped to the range from −c to c.",
        1e-4,
        1.0,
        live=True,
    )
    learning_rate_g: float = tunable(
        5e-5, "Generator learning rate", "Step size of the generator's RMSprop.", 0.0, 0.1, live=True
    )
    learning_rate_d: float = tunable(
        5e-5, "Critic learning rate", "Step size of the critic's RMSprop.", 0.0, 0.1, live=True
    )
    decay: float = tunable(
        1.0,
        "Learning-rate decay",
        "Factor by which both learning rates are multiplied at every decay interval; the paper does not decay them.",
        0.01,
        1.0,
        live=True,
    )

    @property
    def images_per_step(self) -> int:
        return self.batch_size * self.critic_steps

    @classmethod
    def situation(cls, recent: Mapping[str, float]) -> str:
        if "distance" not in recent:
            return ""
        if recent["distance"] <= 0:
            return "The critic does not tell real images from generated ones: it scores both alike."
        return "The critic scores real images higher than generated ones, and the generator narrows the difference."
