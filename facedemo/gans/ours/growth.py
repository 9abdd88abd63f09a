"""A trained model's weights, made to fit networks for finer images or longer codes that compute the same at first."""

import math

import torch
from torch import Tensor

from facedemo.gans.ours.config import OursConfig
from facedemo.gans.ours.networks import pixel_channels

Weights = dict[str, Tensor]


def grown(weights: Weights, fresh: Weights, old: OursConfig, new: OursConfig) -> Weights:
    """The weights of a model of the settings `old` for one of `new`, whose own first ones are `fresh`.

    Where the new images are finer and folded further by the same factor, the generator draws the same faces, each pixel
    enlarged, and D sees images through means of as many pixels. Where the new code is longer, the generator draws the
    same faces whatever stands in the rest of z, and D rebuilds what it did. Other differences are left as they are.
    """
    factor, fewer, more = new.size // old.size, pixel_channels(old), pixel_channels(new)
    if factor > 1 and more == fewer * factor**2:
        weights = with_finer_pixels(weights, fresh, factor, fewer, more)
    if new.latent > old.latent:
        weights = with_longer_codes(weights, fresh)
    return weights


def with_finer_pixels(weights: Weights, fresh: Weights, factor: int, fewer: int, more: int) -> Weights:
    weights = dict(weights)
    for name in weights.keys() & fresh.keys():
        ends = [tuple(state[name].shape[:2]) for state in (weights, fresh)]
        if [end[:1] for end in ends] == [(fewer,), (more,)]:  # of the pixels drawn
            weights[name] = finer(weights[name], factor)
        elif [end[1:] for end in ends] == [(fewer,), (more,)]:  # of the pixels seen
            weights[name] = finer(weights[name].transpose(0, 1), factor).transpose(0, 1) / factor**2
    return weights


def finer(weights: Tensor, factor: int) -> Tensor:
    """Weights (3 f², …) of the pixels folded into channels → (3 (f · factor)², …): one's for factor × factor."""
    fold = math.isqrt(len(weights) // 3)
    pixels = weights.unflatten(0, (3, fold, fold))
    return pixels.repeat_interleave(factor, 1).repeat_interleave(factor, 2).flatten(0, 2)


def with_longer_codes(weights: Weights, fresh: Weights) -> Weights:
    """What E adds to its code is new; decoders and the generator do not heed it yet: their weights for it are 0."""
    weights = dict(weights)
    for name in weights.keys() & fresh.keys():
        old, new = weights[name], fresh[name]
        if ".code." in name and old.shape[1:] == new.shape[1:]:
            weights[name] = torch.cat([old, new[len(old) :]])
        elif name.endswith(".map.weight") and len(old) == len(new):
            weights[name] = torch.cat([old, torch.zeros_like(new[:, old.shape[1] :])], 1)
    return weights
