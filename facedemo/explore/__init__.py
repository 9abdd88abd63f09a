"""Exploring one model: interpolation, directions, inversion, the discriminator's view, single steps."""
