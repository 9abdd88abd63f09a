"""The stand-in for PyTorch's compiler: training does without the compiler, and whoever needs it still gets it."""

from pathlib import Path

import pytest

from tests import forked

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
    "a module": "import torch._dynamo.utils; assert sys.modules['torch._dynamo.utils'] is torch._dynamo.utils\n"
    "from torch._dynamo.utils import counters; assert counters is torch._dynamo.utils.counters",
    "torch.compile": "assert torch.compile(lambda x: 2 * x, backend='eager')(weight).tolist() == [1, 1]",
}


def check(need: str) -> None:
    scope: dict[str, object] = {}
    then = f"{NEEDS[need]}\nassert 'torch._dynamo.utils' in sys.modules\nassert step() == [0, 0]"
    exec(f"{TRAIN}{then}", scope)


@pytest.mark.parametrize("need", NEEDS)
def test_a_training_does_not_import_the_compiler_until_it_is_needed(need: str, tmp_path: Path) -> None:
    process = forked.start(check, need, out=tmp_path / "output")
    process.join(120)
    assert process.exitcode == 0, (tmp_path / "output.err").read_text("utf8")
