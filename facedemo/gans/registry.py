"""The families by name; a family's settings, and its class with torch, are imported when they are asked for."""

import importlib
from typing import TYPE_CHECKING, NamedTuple

from facedemo.gans.settings import FamilyConfig

if TYPE_CHECKING:
    from facedemo.gans.base import Family


class Registered(NamedTuple):
    """Where a family's settings and its class are, each as "module:class"."""

    config: str
    gan: str


FAMILIES = {  # a name for the command line → where the family is
    "ours": Registered("facedemo.gans.ours.config:OursConfig", "facedemo.gans.ours.model:Ours"),
    "dcgan": Registered("facedemo.gans.dcgan.config:DCGANConfig", "facedemo.gans.dcgan.model:DCGAN"),
    "wgan": Registered("facedemo.gans.wgan.config:WGANConfig", "facedemo.gans.wgan.model:WGAN"),
}


def family_names() -> list[str]:
    return list(FAMILIES)


def registered(name: str) -> Registered:
    """Raises ValueError, naming the families, if there is none of that name."""
    if name not in FAMILIES:
        raise ValueError(f"There is no family “{name}”. Families: {', '.join(FAMILIES)}.")
    return FAMILIES[name]


def imported(place: str) -> type:
    module, name = place.split(":")
    return getattr(importlib.import_module(module), name)


def config_class(name: str) -> type[FamilyConfig]:
    """The settings of a family; imports no torch.  Raises ValueError for an unknown name."""
    return imported(registered(name).config)


def gan_class(name: str) -> "type[Family]":
    """The class of a family; imports torch.  Raises ValueError for an unknown name."""
    return imported(registered(name).gan)
