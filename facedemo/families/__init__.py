"""The GAN families: one file each, to be read beside its paper."""

from facedemo.families.base import Family, FamilyConfig, Knob, create, family_class, family_names, knobs

__all__ = ["Family", "FamilyConfig", "Knob", "create", "family_class", "family_names", "knobs"]
