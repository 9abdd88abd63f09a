"""The families by name; a family's settings, and its class with torch, are imported on demand.

Besides the built-in families, there are those of installed packages (entry point group `facedemo.gans`), and those that
a user names as FILE:CLASS on the command line or in the environment variable FACEDEMO_GANS. The code of a file is not
run for any other reason: a config, a bundle or an upload names a family, never a file.
"""

import importlib
import importlib.util
import os
import sys
from contextlib import suppress
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from facedemo.gans.settings import FamilyConfig

if TYPE_CHECKING:
    from facedemo.gans.base import Family  # for types only, because it imports torch

ENTRY_POINTS = "facedemo.gans"
VARIABLE = "FACEDEMO_GANS"  # FILE:CLASS, or several separated by commas


class Registered(NamedTuple):
    """The location of a family's class and of its settings, each as "module:class" or "file.py:class".

    config: "" if the class must be imported to get the settings.
    """

    gan: str
    config: str = ""


FAMILIES = {  # name on the command line → location
    "ours": Registered("facedemo.gans.ours.model:Ours", "facedemo.gans.ours.config:OursConfig"),
    "dcgan": Registered("facedemo.gans.dcgan.model:DCGAN", "facedemo.gans.dcgan.config:DCGANConfig"),
    "wgan": Registered("facedemo.gans.wgan.model:WGAN", "facedemo.gans.wgan.config:WGANConfig"),
    "r3gan": Registered("facedemo.gans.r3gan.model:R3GAN", "facedemo.gans.r3gan.config:R3GANConfig"),
}


@cache
def installed() -> dict[str, Registered]:
    """The families of installed packages."""
    return {point.name: Registered(point.value) for point in entry_points(group=ENTRY_POINTS)}


def named() -> dict[str, Registered]:
    """The families in the files named by FACEDEMO_GANS; a family's name is its class's name in lower case."""
    places = filter(None, map(str.strip, os.environ.get(VARIABLE, "").split(",")))
    return {spec.rpartition(":")[2].lower(): Registered(spec) for spec in places}


def families() -> dict[str, Registered]:
    return named() | installed() | FAMILIES


def family_names() -> list[str]:
    """The names of all families, built-in ones first."""
    return list(dict.fromkeys([*FAMILIES, *installed(), *named()]))


def name_family(text: str) -> str:
    """The name of a family given by name or as FILE:CLASS; a file may be run by this process from then on.

    Its child processes may also run it.  Raises ValueError if the file contains no such family.
    """
    file, separator, class_name = text.rpartition(":")
    if not separator:
        return text
    if not file.endswith(".py") or not class_name.isidentifier():
        raise ValueError(f"“{text}” is not a family of your own. Give it as FILE:CLASS, such as my_gan.py:MyGAN.")
    with suppress(RuntimeError):  # there is no such user, or no home folder
        file = str(Path(file).expanduser())
    spec = f"{Path(file).resolve()}:{class_name}"
    imported(spec)
    others = os.environ.get(VARIABLE, "")
    if spec not in others.split(","):
        os.environ[VARIABLE] = f"{others},{spec}" if others else spec
    return class_name.lower()


def registered(name: str) -> Registered:
    """Raises ValueError, listing the families, if there is none with that name."""
    every = families()
    if name not in every:
        raise ValueError(
            f"There is no family “{name}”. Families: {', '.join(family_names())}. Give a family of your own as "
            f"FILE:CLASS, with --family or in {VARIABLE}."
        )
    return every[name]


def imported(spec: str) -> type:
    """The class at "module:class" or "file.py:class".  Raises ValueError if a file contains no such family."""
    module, _, name = spec.rpartition(":")
    if not module.endswith(".py"):
        return getattr(importlib.import_module(module), name)
    family = getattr(module_of_file(module), name, None)
    if not isinstance(family, type) or not hasattr(family, "Config"):
        raise ValueError(f"{module} has no class {name} that is a family with a Config.")
    return family


def module_of_file(file: str) -> ModuleType:
    """The module of a file, which is run once.  Raises ValueError if the file is missing or cannot be run."""
    name = f"facedemo_gan_{Path(file).stem}_{abs(hash(file))}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None or not Path(file).is_file():
        raise ValueError(f"There is no Python file {file}.")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise ValueError(f"{file} cannot be run: {type(error).__name__}: {error}") from error
    return module


def config_class(name: str) -> type[FamilyConfig]:
    """The settings of a family; imports no torch for a built-in one.  Raises ValueError for an unknown name."""
    family = registered(name)
    return imported(family.config) if family.config else imported(family.gan).Config


def gan_class(name: str) -> "type[Family]":
    """The class of a family; imports torch.  Raises ValueError for an unknown name."""
    return imported(registered(name).gan)
