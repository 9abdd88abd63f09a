"""A run directory that several processes and threads write and read at the same time.

FACEDEMO_HAMMER_SECONDS sets how long; it is a few seconds by default.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from facedemo.config.schema import RunConfig
from facedemo.runs import records
from facedemo.runs.run import create_run
from facedemo.storage.process_status import Status

ROOT = Path(__file__).parents[2]


def test_two_processes_of_two_threads_see_no_torn_file_and_lose_no_line(tmp_path: Path) -> None:
    seconds = os.environ.get("FACEDEMO_HAMMER_SECONDS", "3")
    run = create_run(RunConfig(name="hammered"), tmp_path)
    run.write_status(Status("stopped", message="none"))
    run.write_notes("none")
    command = [sys.executable, "-m", "tests.runs.hammer", str(run.path), seconds]
    processes = [subprocess.Popen([*command, name], cwd=ROOT, stdout=subprocess.PIPE) for name in ("a", "b")]
    results = [json.loads(process.communicate()[0]) for process in processes]
    assert [result["wrong"] for result in results] == [[], []]
    orders = sum(result["orders"] for result in results)
    assert orders > 10
    assert len(run.commands()) == orders
    assert records.unused_lines(run.path / "orders.jsonl", orders) == 0
    assert sorted(path.name for path in run.path.iterdir() if path.name.startswith(".")) == [".lock"]
