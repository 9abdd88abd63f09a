"""The paper's model: an auto-encoder discriminator, held in balance with the generator by γ.

Zhang et al., "Realistic Face Image Generation Based on Generative Adversarial Network"; where its printed equations are
garbled, those of BEGAN apply (Berthelot, Schumm, Metz 2017, arXiv:1703.10717).
"""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor
from torch.optim import Adam, Optimizer

from facedemo.gans.base import Equation, Family, Updates
from facedemo.gans.blocks import TransposedGenerator
from facedemo.gans.muon import Muon
from facedemo.gans.ours.config import OursConfig
from facedemo.gans.ours.equations import equations
from facedemo.gans.ours.growth import adapt_weights
from facedemo.gans.ours.networks import AutoEncoder, Decoder

SMALLEST_K = 1e-12


def reconstruction_loss(images: Tensor, reconstructions: Tensor) -> Tensor:
    """L(v) = mean |v − D(v)| over the pixels of each image: (n,) float32."""
    return (images.float() - reconstructions.float()).abs().mean(dim=(1, 2, 3))


def recovery_loss(latents: Tensor, codes: Tensor) -> Tensor:
    """C = mean |z − E(G(z))|² over latents z (n, h) and the codes (n, h) of their images; a scalar in float32."""
    return (latents - codes.float()).square().mean()


def next_k(k: Tensor, loss_real: Tensor, loss_fake: Tensor, gamma: float, lambda_k: float) -> Tensor:
    """k_{t+1} = clip(k_t + λ_k (γ L(x) − L(G(z))), 0, 1), BEGAN section 3.4."""
    return (k + lambda_k * (gamma * loss_real - loss_fake)).clamp(0.0, 1.0)


def convergence(loss_real: Tensor, loss_fake: Tensor, gamma: float) -> Tensor:
    """M = L(x) + |γ L(x) − L(G(z))|, BEGAN section 3.4.1; lower is better."""
    return loss_real + (gamma * loss_real - loss_fake).abs()


class Ours(Family):
    Config = OursConfig
    latent_limit = 1.0

    config: OursConfig
    discriminator: AutoEncoder  # pyright: ignore - narrower than in Family, and never replaced
    k: Tensor
    score_mean: Tensor
    score_square: Tensor

    def __init__(self, config: OursConfig) -> None:
        super().__init__(config)
        generator = Decoder(config) if config.generator == "decoder" else TransposedGenerator(config)
        self.set_networks(generator, AutoEncoder(config))
        self.register_buffer("k", torch.zeros(()))
        self.register_buffer("score_mean", torch.ones(()))
        self.register_buffer("score_square", torch.full((), 2.0))

    def latents(self, n: int, rng: np.random.RandomState) -> Tensor:
        """z ~ U[−1, 1]^h."""
        return torch.from_numpy(rng.uniform(-1.0, 1.0, (n, self.config.latent)).astype(np.float32))

    def optimizers(self) -> dict[str, Optimizer]:
        c = self.config
        generator, discriminator = self.generator.parameters(), self.discriminator.parameters()
        return {
            "generator": Adam(generator, c.learning_rate_g, (c.beta1, 0.999), fused=True),
            "discriminator": Muon(discriminator, c.learning_rate_d)
            if c.optimizer_d == "muon"
            else Adam(discriminator, c.learning_rate_d, (c.beta1, 0.999), fused=True),
        }

    def step(self, real: Tensor, noise: Callable[[], Tensor], updates: Updates) -> dict[str, Tensor]:
        """L_D = L(x) − k_t L(G(z)) + α C and L_G = L(G(z)) + α C, at the same weights; then both are updated.

        C = mean |z − E(G(z))|², with the encoder E, is the constraint of BEGAN-CS (Chang et al. 2018, ECCV), which has
        it in L_D only.
        """
        gradients = self.two_pass_gradients if self.config.alpha else self.single_pass_gradients
        losses = gradients(self.augment(real), noise(), updates)
        updates.apply("discriminator", "generator")
        with torch.no_grad():
            loss_real, square, loss_fake, recovery = updates.mean(torch.stack(losses))
            self.update_loss_stats(loss_real, square)
            self.k.copy_(next_k(self.k, loss_real, loss_fake, self.config.gamma, self.config.lambda_k))
            m = convergence(loss_real, loss_fake, self.config.gamma)
        row = {"loss_real": loss_real, "loss_fake": loss_fake, "loss_target": self.config.gamma * loss_real}
        return row | {"k": self.k.clone(), "convergence": m, "recovery": recovery}

    def single_pass_gradients(self, real: Tensor, z: Tensor, updates: Updates) -> list[Tensor]:
        """Gradients for α = 0, from a single pass through D for both networks.

        At the generated image, the gradient of L_D is that of −k_t L(G(z)), so dividing it by −k_t gives L_G's
        gradient. If k_t is 0, a number too small to change L_D's gradient replaces it.  Returns the means of L(x),
        L(x)², L(G(z)) and C.
        """
        k = self.k.clamp_min(SMALLEST_K)
        fake = self.augment(self.generator(z))
        fake.register_hook(lambda gradient: gradient / -k)
        batch = torch.cat([real, fake.to(real.dtype)])
        codes = self.discriminator.encoder(batch)
        on_real, on_fake = reconstruction_loss(batch, self.discriminator.decoder(codes)).split(len(real))
        updates.gradients(on_real.mean() - k * on_fake.mean(), "discriminator", "generator")
        return [on_real.mean(), on_real.square().mean(), on_fake.mean(), recovery_loss(z, codes[len(real) :])]

    def two_pass_gradients(self, real: Tensor, z: Tensor, updates: Updates) -> list[Tensor]:
        """Gradients for any α, in two passes: G's through D to its input only, D's with G(z)'s forward pass reused.

        Returns the same as `single_pass_gradients`.
        """
        alpha, fake = self.config.alpha, self.augment(self.generator(z)).to(real.dtype)
        codes = self.discriminator.encoder(fake)
        on_fake, recovery = reconstruction_loss(fake, self.discriminator.decoder(codes)), recovery_loss(z, codes)
        updates.gradients(on_fake.mean() + alpha * recovery, "generator", keep_graph=True)
        on_real = reconstruction_loss(real, self.discriminator(real))
        updates.gradients(on_real.mean() - self.k * on_fake.mean() + alpha * recovery, "discriminator")
        return [on_real.mean(), on_real.square().mean(), on_fake.mean(), recovery]

    def adapted(self, other: Family) -> dict[str, Tensor]:
        assert isinstance(other, Ours)
        return adapt_weights(other.state_dict(), self.state_dict(), other.config, self.config)

    def update_loss_stats(self, mean: Tensor, square: Tensor) -> None:
        """Updates the running mean and mean square of L(x) over images, which standardise the realism score."""
        self.score_mean.lerp_(mean, 0.01)
        self.score_square.lerp_(square, 0.01)

    def equations(self, before: Mapping[str, float], row: Mapping[str, float]) -> list[Equation]:
        return equations(self.config, before, row)

    reconstruction_loss = staticmethod(reconstruction_loss)

    @torch.inference_mode()
    def reconstruct(self, images: Tensor) -> Tensor:
        return self.discriminator(images).float()

    def loss_stats(self) -> tuple[float, float]:
        deviation = (self.score_square - self.score_mean.square()).clamp_min(1e-8).sqrt()
        return float(self.score_mean), float(deviation)

    @torch.inference_mode()
    def realism(self, images: Tensor) -> Tensor:
        """Realism score in (0, 1) of each image (n, 3, s, s) in [−1, 1]: σ of its standardised reconstruction loss.

        0.5 is a training image of average difficulty; better reconstructed images score higher. For display only;
        training uses L(v).
        """
        mean, deviation = self.loss_stats()
        return torch.sigmoid((mean - reconstruction_loss(images, self.discriminator(images))) / deviation)
