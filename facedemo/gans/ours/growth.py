"""Adapts trained weights to a higher resolution or a larger latent size, computing the same at first."""

import math

import torch
from torch import Tensor

from facedemo.gans.ours.config import OursConfig
from facedemo.gans.ours.networks import pixel_channels

Weights = dict[str, Tensor]


def adapt_weights(weights: Weights, fresh: Weights, old: OursConfig, new: OursConfig) -> Weights:
    """Trained weights with the settings `old`, adapted to a model with the settings `new` and the state `fresh`.

    If the resolution and the stem's folding factor grow by the same factor, the generator `decoder` generates the same
    faces with enlarged pixels, and D sees averages of pixels; `deconv` has a layer per doubling instead, so it cannot
    grow. If the latent grows, the generator generates the same faces whatever the additional dimensions of z contain,
    and D's reconstructions stay the same. Other differences are not adapted.
    """
    factor, fewer, more = new.size // old.size, pixel_channels(old), pixel_channels(new)
    if factor > 1 and more == fewer * factor**2:
        weights = expand_resolution(weights, fresh, factor, fewer, more)
    if new.latent > old.latent:
        weights = expand_latent(weights, fresh)
    return weights


def expand_resolution(weights: Weights, fresh: Weights, factor: int, fewer: int, more: int) -> Weights:
    weights = dict(weights)
    for name in weights.keys() & fresh.keys():
        ends = [tuple(state[name].shape[:2]) for state in (weights, fresh)]
        if [end[:1] for end in ends] == [(fewer,), (more,)]:  # of the generated pixels
            weights[name] = finer(weights[name], factor)
        elif [end[1:] for end in ends] == [(fewer,), (more,)]:  # of the pixels that D sees
            weights[name] = finer(weights[name].transpose(0, 1), factor).transpose(0, 1) / factor**2
    return weights


def finer(weights: Tensor, factor: int) -> Tensor:
    """Weights (3 f², …) of f×f folded pixels → (3 (f · factor)², …), each pixel repeated factor × factor times."""
    fold = math.isqrt(len(weights) // 3)
    pixels = weights.unflatten(0, (3, fold, fold))
    return pixels.repeat_interleave(factor, 1).repeat_interleave(factor, 2).flatten(0, 2)


def expand_latent(weights: Weights, fresh: Weights) -> Weights:
    """The encoder's new code dimensions start randomly; decoder and generator ignore them at first (weight 0)."""
    weights = dict(weights)
    for name in weights.keys() & fresh.keys():
        old, new = weights[name], fresh[name]
        if ".code." in name and old.shape[1:] == new.shape[1:]:
            weights[name] = torch.cat([old, new[len(old) :]])
        elif name.endswith(".map.weight") and len(old) == len(new):
            weights[name] = torch.cat([old, torch.zeros_like(new[:, old.shape[1] :])], 1)
    return weights
