"""The settings of R3GAN; imports no torch."""

from collections.abc import Mapping
from typing import ClassVar

from facedemo.gans.settings import FamilyConfig, tunable

FAR_AHEAD = 2.0  # D(x) − D(G(z)) from which the discriminator counts as far ahead


class R3GANConfig(FamilyConfig):
    """Much smaller than in the paper, so that it trains on two cores."""

    title: ClassVar[str] = "R3GAN"
    paper: ClassVar[str] = "Huang et al. 2024, arXiv:2501.05441"
    progress: ClassVar[tuple[str, str] | None] = ("lead", "D(x) − D(G(z))")
    metrics: ClassVar[dict[str, str]] = {
        "loss_discriminator": "L_D",
        "loss_generator": "L_G",
        "lead": "D(x) − D(G(z))",
        "penalty_real": "R₁",
        "penalty_fake": "R₂",
    }
    metric_help: ClassVar[dict[str, str]] = {
        "losses": "The relativistic losses compare each real image with a generated one. Both are log 2 = 0.69 if the "
        "discriminator cannot tell them apart; L_D near 0 means that the generator has lost.",
        "lead": "How much higher the discriminator scores real images than generated ones. 0: it cannot tell.",
        "penalty_real": "Squared gradient of the discriminator's score with respect to real images. The penalty keeps "
        "it small, so that the score changes smoothly and the training stays stable.",
        "penalty_fake": "Squared gradient of the discriminator's score with respect to generated images.",
    }

    batch_size: int = tunable(32, "Batch size", "Real images per training step.", 2, 512)
    learning_rate_g: float = tunable(
        2e-4, "Generator learning rate", "Step size of the generator's Adam.", 0.0, 0.1, live=True
    )
    learning_rate_d: float = tunable(
        2e-4, "Discriminator learning rate", "Step size of the discriminator's Adam.", 0.0, 0.1, live=True
    )
    decay: float = tunable(
        1.0,
        "Learning-rate decay",
        "Factor by which both learning rates are multiplied at every decay interval.",
        0.01,
        1.0,
        live=True,
    )
    penalty: float = tunable(
        1.0,
        "Gradient penalty",
        "Weight of the penalties R₁ and R₂. Higher: more stable, but slower. Lower it as the faces become good.",
        0.0,
        100.0,
        live=True,
    )
    penalty_share: float = tunable(
        0.25,
        "Penalty share",
        "Share of each batch on which the penalties are computed. 1: all images, as in the paper, about twice as slow.",
        0.01,
        1.0,
    )

    @classmethod
    def situation(cls, recent: Mapping[str, float]) -> str:
        if "lead" not in recent:
            return ""
        if recent["lead"] > FAR_AHEAD:
            return "The discriminator is far ahead: it scores real images much higher than generated ones."
        if recent["lead"] < 0:
            return "The generator is ahead: the discriminator scores its images higher than real ones."
        return "The discriminator scores real images a little higher than generated ones, and the generator follows."
