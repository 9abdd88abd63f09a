"""Train, steer, sample and evaluate face-generating GANs.

import facedemo

model = facedemo.load("ours-64")
faces = model.draw(seeds=range(16))
run = facedemo.train(data="faces.zip", size=64, minutes=5, gamma=0.6)
report = facedemo.verify(run, count=1000, data="faces.zip")
"""

import importlib
import os
from typing import TYPE_CHECKING, Any

from facedemo import no_compiler

if TYPE_CHECKING:
    from facedemo.library import FaceModel, Report, Run, RunError, load, train, verify

__all__ = ["FaceModel", "Report", "Run", "RunError", "load", "train", "verify"]

# By default, PyTorch threads that wait for each other spin for milliseconds. If another program occupies a core,
# training on two threads then runs at a tenth of its speed. A spin count of 10,000 costs nothing on an idle machine. It
# must be set before torch is imported.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
no_compiler.spare_import()


def __getattr__(name: str) -> Any:
    """Imports the library, and with it torch, on first access to one of its names."""
    if name in __all__:
        return getattr(importlib.import_module("facedemo.library"), name)
    raise AttributeError(f"module 'facedemo' has no attribute {name!r}")
