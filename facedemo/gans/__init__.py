"""The GAN families: one file each, to be read beside its paper."""

from facedemo.families.base import (
    Equation,
    Family,
    FamilyConfig,
    Knob,
    Reconstructing,
    create,
    family_class,
    family_names,
    knobs,
)

__all__ = [
    "Equation",
    "Family",
    "FamilyConfig",
    "Knob",
    "Reconstructing",
    "create",
    "family_class",
    "family_names",
    "knobs",
]
