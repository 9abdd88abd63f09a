"""The stand-in for PyTorch's compiler: training does without the compiler, and whoever needs it still gets it."""

import subprocess
import sys

import pytest

TRAIN = """
import sys
import facedemo.training.worker
import torch
weight = torch.nn.Parameter(torch.ones(2))
optimiser = torch.optim.SGD([weight], lr=0.5)
def step():
    weight.grad = torch.ones(2)
    optimiser.step()
    return weight.tolist()
assert step() == [0.5, 0.5]
assert "torch._dynamo.utils" not in sys.modules
"""
NEEDS = {
    "an attribute": "assert torch._dynamo.config.verbose in (True, False)",
    "a module": "import torch._dynamo.utils; assert sys.modules['torch._dynamo.utils'] is torch._dynamo.utils",
    "a name": "from torch._dynamo.utils import counters; assert counters is torch._dynamo.utils.counters",
    "torch.compile": "assert torch.compile(lambda x: 2 * x, backend='eager')(weight).tolist() == [1, 1]",
}


@pytest.mark.parametrize("need", NEEDS)
def test_a_training_does_not_import_the_compiler_until_it_is_needed(need: str) -> None:
    then = f"{NEEDS[need]}\nassert 'torch._dynamo.utils' in sys.modules\nassert step() == [0, 0]"
    done = subprocess.run([sys.executable, "-c", f"{TRAIN}{then}"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
