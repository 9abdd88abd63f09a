"""The settings of WGAN; imports no torch."""

from typing import ClassVar

from facedemo.gans.settings import FamilyConfig, knob


class WGANConfig(FamilyConfig):
    """The paper's settings, algorithm 1, but for the width: with it, an image costs what it costs `ours`."""

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
        "f(G(z)). Lower is better, once the critic has learned to tell them apart.",
        "critic_real": "Mean answer of the critic to real images. Only its difference to the next one means anything.",
        "critic_fake": "Mean answer of the critic to generated images. The generator raises it.",
    }

    latent: int = knob(100, "Latent size", "Length h of the vector z that an image is made from.", 2, 1024)
    width: int = knob(
        64, "Width", "Channels of the layers next to the image. Doubling it costs about four times the time.", 4, 256
    )
    batch_size: int = knob(64, "Batch size", "Real images that one update of the critic sees.", 2, 512)
    critic_steps: int = knob(5, "Critic steps", "Updates of the critic for one of the generator.", 1, 100)
    clip: float = knob(
        0.01, "Clipping", "The critic's weights are kept between −c and c after every update.", 1e-4, 1.0, live=True
    )
    learning_rate_g: float = knob(
        5e-5, "Generator learning rate", "Step size of the generator's RMSprop.", 0.0, 0.1, live=True
    )
    learning_rate_d: float = knob(
        5e-5, "Critic learning rate", "Step size of the critic's RMSprop.", 0.0, 0.1, live=True
    )
    decay: float = knob(
        1.0,
        "Learning-rate decay",
        "Both learning rates are multiplied by this at every interval; the paper keeps them as they are.",
        0.01,
        1.0,
        live=True,
    )

    @property
    def images_per_step(self) -> int:
        return self.batch_size * self.critic_steps
