"""The paper's equations, and BEGAN-CS's if α is used, with the numbers of one training step in them."""

from collections.abc import Mapping

from facedemo.gans.base import Equation, summand
from facedemo.gans.ours.config import OursConfig


def equations(config: OursConfig, before: Mapping[str, float], row: Mapping[str, float]) -> list[Equation]:
    """In reading order.  before, row: as in `Family.equations`."""
    return [*losses(config, before["k"], row), *control(config, before["k"], row)]


def losses(config: OursConfig, k: float, row: Mapping[str, float]) -> list[Equation]:
    """What the two networks minimise."""
    real, fake, alpha = row["loss_real"], row["loss_fake"], config.alpha
    constraint = alpha * row["recovery"] if alpha else 0.0
    lines = [
        Equation(
            "L(x)",
            "mean |x − D(x)|",
            r"L(x) = \operatorname{mean}\,|x - D(x)|",
            "",
            real,
            "Reconstruction loss of real images, averaged over all pixels and colours.",
        ),
        Equation(
            "L(G(z))",
            "mean |G(z) − D(G(z))|",
            r"L(G(z)) = \operatorname{mean}\,|G(z) - D(G(z))|",
            "",
            fake,
            "Reconstruction loss of generated images. The generator minimises it: it learns to generate images that "
            "the discriminator reconstructs well.",
        ),
        Equation(
            "L_D",
            "L(x) − k_t · L(G(z))" + " + α · C" * bool(alpha),
            r"L_D = L(x) - k_t\,L(G(z))" + r" + \alpha\,C" * bool(alpha),
            f"{real:.5f} − {k:.6f} · {fake:.5f}" + f" + {alpha:.4g} · {row['recovery']:.5f}" * bool(alpha),
            real - k * fake + constraint,
            "The discriminator minimises this: it learns to reconstruct real images well and, weighted by k_t, "
            "generated images badly.",
        ),
    ]
    return [*lines[:2], recovery(row["recovery"]), *lines[2:]] if alpha else lines


def recovery(value: float) -> Equation:
    """BEGAN-CS's constraint."""
    return Equation(
        "C",
        "mean |z − E(G(z))|²",
        r"C = \operatorname{mean}\,|z - E(G(z))|^2",
        "",
        value,
        "Distance between a latent z and the code that the encoder E, the first half of the discriminator, computes "
        "for its image. Both networks minimise it, so that different latents become different faces.",
    )


def control(config: OursConfig, k: float, row: Mapping[str, float]) -> list[Equation]:
    """How k_t is controlled, and the measure of convergence."""
    gamma, real, fake = config.gamma, row["loss_real"], row["loss_fake"]
    balance = gamma * real - fake
    return [
        Equation(
            "balance",
            "γ · L(x) − L(G(z))",
            r"\gamma\,L(x) - L(G(z))",
            f"{gamma:.4g} · {real:.5f} − {fake:.5f}",
            balance,
            "Direction of k_t: it rises while this is above 0 and falls while it is below.",
        ),
        Equation(
            "k_t+1",
            "clip(k_t + λ_k · (γ · L(x) − L(G(z))), 0, 1)",
            r"k_{t+1} = \operatorname{clip}_0^1\,(k_t + \lambda_k(\gamma L(x) - L(G(z))))",
            f"{k:.6f} + {config.lambda_k:.4g} · {summand(balance)}",
            row["k"],
            "Weight of the generated images' loss in the next step.",
        ),
        Equation(
            "M",
            "L(x) + |γ · L(x) − L(G(z))|",
            r"M = L(x) + |\gamma\,L(x) - L(G(z))|",
            f"{real:.5f} + |{balance:.5f}|",
            row["convergence"],
            "BEGAN's convergence measure; lower is better.",
        ),
    ]
