"""The settings of the paper's model; imports no torch."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from facedemo.gans.settings import FamilyConfig, MetricBounds, tunable

IN_BALANCE = 0.03  # relative deviation of L(G(z)) from γ·L(x) that still counts as close


class OursConfig(FamilyConfig):
    """The defaults are our best-measured settings; the paper's settings are presets."""

    title: ClassVar[str] = "Ours (BEGAN)"
    paper: ClassVar[str] = "Zhang et al.; Berthelot et al. 2017, arXiv:1703.10717"
    shaping: ClassVar[tuple[str, ...]] = ("size", "latent", "width", "generator", "stem")
    progress: ClassVar[tuple[str, str] | None] = ("convergence", "M")
    balance_help: ClassVar[str] = "Its direction depends on γ: the arrow turns when L(G(z)) crosses γ times L(x)."
    metrics: ClassVar[dict[str, str]] = {
        "loss_real": "L(x)",
        "loss_fake": "L(G(z))",
        "loss_target": "γ·L(x)",
        "k": "k_t",
        "convergence": "M",
        "recovery": "|z − E(G(z))|²",
    }
    metric_help: ClassVar[dict[str, str]] = {
        "losses": "How badly the discriminator, an auto-encoder, reconstructs real images, L(x), and generated ones, "
        "L(G(z)). L(x): lower is better. L(G(z)) has a target, γ·L(x): there the two networks are in balance.",
        "k": "Weight of generated images in the discriminator's loss, from 0 to 1. It rises while L(G(z)) is below "
        "γ·L(x) and falls while it is above.",
        "convergence": "BEGAN's measure of convergence, L(x) + |γ·L(x) − L(G(z))|. Lower is better.",
        "recovery": "Distance between the latent z of a generated image and the code that the encoder computes for it. "
        "Lower is better: images of different z can then be told apart.",
    }
    bounded: ClassVar[tuple[MetricBounds, ...]] = (
        MetricBounds(
            "k",
            0.0,
            1.0,
            "k_t has stayed at 0: the discriminator ignores generated images. Raise γ, or lower the generator's "
            "learning rate.",
            "k_t has stayed at 1: the generator does not reach γ. Lower γ, or raise the generator's learning rate.",
        ),
    )

    generator: Literal["deconv", "decoder"] = Field(
        "deconv",
        title="Generator",
        description="Architecture of the generator. deconv: transposed convolutions with batch normalisation, which "
        "learn much faster. decoder: the discriminator's decoder with separate weights.",
    )
    stem: Literal["half", "full", "quarter"] = Field(
        "half",
        title="Stem",
        description="Resolution of the first convolutions. full: full resolution, as in the paper. half: 2×2 pixels "
        "are folded into channels first, about four times faster at the same width. quarter: 4×4 pixels are folded, so "
        "that 128×128 takes 1.2 times the compute of 64×64 with half.",
    )
    learning_rate_g: float = tunable(
        3e-4, "Generator learning rate", "Step size of the generator's Adam.", 0.0, 0.1, live=True
    )
    learning_rate_d: float = tunable(
        1.5e-4, "Discriminator learning rate", "Step size of the discriminator's optimiser.", 0.0, 0.1, live=True
    )
    gamma: float = tunable(
        0.7,
        "γ, diversity ratio",
        "Target for L(G(z)) / L(x). Low: smooth faces that look alike. High: sharper and more varied faces, less "
        "stable.",
        0.0,
        1.0,
        live=True,
    )
    lambda_k: float = tunable(
        0.01, "λ_k, balance gain", "Proportional gain of k_t: how fast it reacts to imbalance.", 0.0, 0.1, live=True
    )
    alpha: float = tunable(
        0.1,
        "α, latent recovery",
        "Weight of the loss |z − E(G(z))|²: both networks learn to make the latent z of a face recoverable, so faces "
        "of different latents must differ. 0: the paper's losses.",
        0.0,
        10.0,
        live=True,
    )
    beta1: float = tunable(0.5, "Adam β₁", "Momentum of Adam.", 0.0, 0.99)
    optimizer_d: Literal["muon", "adam"] = Field(
        "muon",
        title="Discriminator's optimiser",
        description="Optimiser of the discriminator. muon: reconstructs faces after far fewer images, but each step "
        "takes 25 % longer. adam: as in the paper, with about twice the learning rate.",
    )

    @classmethod
    def situation(cls, recent: Mapping[str, float]) -> str:
        if not {"loss_fake", "loss_target"} <= recent.keys():
            return ""
        ratio = recent["loss_fake"] / max(recent["loss_target"], 1e-9)
        if abs(ratio - 1) < IN_BALANCE:
            return "The two networks are in balance: L(G(z)) is close to its target γ·L(x), and k_t holds."
        if ratio < 1:
            ahead = "The generator is ahead: L(G(z)) is below its target γ·L(x)."
            if recent.get("k", 0.5) >= 1:
                return f"{ahead} k_t is 1, as high as it can be."
            return f"{ahead} k_t rises, so the discriminator gives generated images more weight."
        ahead = "The discriminator is ahead: L(G(z)) is above its target γ·L(x)."
        if recent.get("k", 0.5) <= 0:
            return f"{ahead} k_t is 0, so the discriminator ignores generated images."
        return f"{ahead} k_t falls, so the discriminator gives generated images less weight."
