"""The settings of Ours; imports no torch."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from facedemo.gans.settings import FamilyConfig, MetricBounds, knob

IN_BALANCE = 0.03  # share by which L(G(z)) may miss γ·L(x) and still be called close


class OursConfig(FamilyConfig):
    """Defaults are what measured best; the paper's own are presets."""

    title: ClassVar[str] = "Ours (BEGAN)"
    paper: ClassVar[str] = "Zhang et al.; Berthelot et al. 2017, arXiv:1703.10717"
    shaping: ClassVar[tuple[str, ...]] = ("size", "latent", "width", "generator", "stem")
    progress: ClassVar[tuple[str, str] | None] = ("convergence", "M")
    balance_help: ClassVar[str] = "γ decides which way it goes: the arrow turns when L(G(z)) crosses γ times L(x)."
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
        "k": "The weight that generated images have in the discriminator's loss, from 0 to 1. It rises while L(G(z)) "
        "is below γ·L(x) and falls while it is above.",
        "convergence": "BEGAN's measure of convergence, L(x) + |γ·L(x) − L(G(z))|. Lower is better.",
        "recovery": "How far the vector z that the encoder reads from a generated image is from the z it was drawn "
        "from. Lower is better: images of different z can then be told apart.",
    }
    bounded: ClassVar[tuple[MetricBounds, ...]] = (
        MetricBounds(
            "k",
            0.0,
            1.0,
            "k_t has stayed at 0: the discriminator ignores generated images. Raise γ, or lower the generator's rate.",
            "k_t has stayed at 1: the generator does not reach γ. Lower γ, or raise the generator's learning rate.",
        ),
    )

    generator: Literal["decoder", "deconv"] = Field(
        "decoder",
        title="Generator",
        description="decoder: the discriminator's decoder with weights of its own. "
        "deconv: transposed convolutions with batch normalisation.",
    )
    stem: Literal["half", "full", "quarter"] = Field(
        "half",
        title="Stem",
        description="full: convolutions at full resolution, as in the paper. "
        "half: pixels are folded 2×2 into channels first, about four times faster at the same width. "
        "quarter: folded 4×4, so that 128×128 takes 1.2 times the arithmetic of 64×64 with half.",
    )
    learning_rate_g: float = knob(
        3e-4, "Generator learning rate", "Step size of the generator's Adam.", 0.0, 0.1, live=True
    )
    learning_rate_d: float = knob(
        3e-4, "Discriminator learning rate", "Step size of the discriminator's optimiser.", 0.0, 0.1, live=True
    )
    gamma: float = knob(
        0.7,
        "γ, diversity ratio",
        "Target for L(G(z)) / L(x). Low: smooth faces that look alike. High: sharper and more varied, less stable.",
        0.0,
        1.0,
        live=True,
    )
    lambda_k: float = knob(
        0.001, "λ_k, balance gain", "How fast k_t answers when the two players are out of balance.", 0.0, 0.1, live=True
    )
    alpha: float = knob(
        0.0,
        "α, latent recovery",
        "Weight of |z − E(G(z))|²: both players learn that the vector z behind a face can be read from it, so faces of "
        "different vectors must differ; 0.1 is a good start. 0: the paper's losses.",
        0.0,
        10.0,
        live=True,
    )
    beta1: float = knob(0.5, "Adam β₁", "Momentum of Adam.", 0.0, 0.99)
    optimizer_d: Literal["adam", "muon"] = Field(
        "adam",
        title="Discriminator's optimiser",
        description="adam: as in the paper. muon: it learns to rebuild faces in a fraction of the images, each step "
        "taking a quarter longer; half of Adam's rate is a good start.",
    )

    @classmethod
    def situation(cls, recent: Mapping[str, float]) -> str:
        if not {"loss_fake", "loss_target"} <= recent.keys():
            return ""
        ratio = recent["loss_fake"] / max(recent["loss_target"], 1e-9)
        if abs(ratio - 1) < IN_BALANCE:
            return "The two networks are in balance: L(G(z)) is close to its target γ·L(x), and k_t holds."
        if ratio < 1:
            return (
                "The generator is ahead: L(G(z)) is below its target γ·L(x). k_t rises, so the discriminator minds "
                "generated images more."
            )
        return (
            "The discriminator is ahead: L(G(z)) is above its target γ·L(x). k_t falls, so the discriminator turns to "
            "real images."
        )
