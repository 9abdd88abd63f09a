"""A run that is killed at any write resumes exactly."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork processes")
def test_a_run_killed_before_any_of_its_writes_resumes_exactly_and_leaves_nothing_over(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.training.kill_at_every_write", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    points = [json.loads(line) for line in done.stdout.splitlines()]
    written = " ".join(point["write"] for point in points)
    for name in ("status.json", "config.json", "metrics.csv", "marks.jsonl", "log.txt", ".ckpt", "safetensors", "png"):
        assert name in written
    assert [point for point in points if point["differences"]] == []
