"""Spares trainings the import of PyTorch's compiler.

Optimisers and Lightning Fabric import `torch._dynamo`, which takes as long as the rest of PyTorch (some 3 s of an
AMD EPYC), although nothing is compiled here. Until somebody needs more of it, a stand-in provides what they use of it.
"""

import importlib
import importlib.abc
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

COMPILER = "torch._dynamo"


class StandIn(ModuleType):
    """Has what optimisers and Lightning Fabric use; any other attribute puts the compiler itself in its place."""

    def __init__(self) -> None:
        super().__init__(COMPILER)
        self.__path__ = []  # as a package, whose modules the finder below imports

    class OptimizedModule:
        """What `torch.compile` returns. Nothing here is compiled, so it has no instances."""

    @staticmethod
    def disable(function: Callable[..., Any], *_: object, **__: object) -> Callable[..., Any]:
        return function

    @staticmethod
    def graph_break(*_: object) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # `inspect` asks every module for such names
            raise AttributeError(name)
        return getattr(compiler(), name)


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Puts the compiler in the place of the stand-in as soon as one of its modules is imported."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if not name.startswith(f"{COMPILER}.") or not isinstance(sys.modules.get(COMPILER), StandIn):
            return None
        compiler()
        return ModuleSpec(name, self)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return importlib.import_module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


def compiler() -> ModuleType:
    """The compiler itself, instead of the stand-in from now on."""
    if isinstance(sys.modules.get(COMPILER), StandIn):
        del sys.modules[COMPILER]
    return importlib.import_module(COMPILER)


def spare_import() -> None:
    if COMPILER not in sys.modules:
        sys.modules[COMPILER] = StandIn()
        sys.meta_path.insert(0, Finder())
