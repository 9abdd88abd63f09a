import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from facedemo.runs import summary
from facedemo.runs.run import Run
from facedemo.storage.atomic import append_line
from tests.conftest import RunMaker


def test_a_row_tells_what_the_files_of_a_run_say(make_run: RunMaker) -> None:
    run = make_run("mine", rows=4)
    run.write_notes("good eyes")
    facts = summary.run_facts(run)
    assert (facts.name, facts.family, facts.size, facts.gamma) == ("mine", "ours", 32, 0.7)
    assert (facts.measure, facts.notes, facts.status.state) == ("M 0.500", "good eyes", "finished")
    assert facts.started == f"{run.id[:10]} {run.id[11:13]}:{run.id[13:15]}"


def test_gamma_is_the_one_that_was_set_last(make_run: RunMaker) -> None:
    run = make_run()
    for step, changes in enumerate([{"gamma": 0.4}, {"gamma": 0.3}, {"decay": 0.9}]):
        append_line(run.path / "marks.jsonl", {"step": step, "changes": changes, "command": step})
    assert summary.run_facts(run).gamma == 0.3


@pytest.mark.parametrize(
    ("query", "fits"),
    [("", True), ("MINE", True), ("eyes mine", True), ("finished ours", True), ("mine blurred", False), ("0.7", False)],
)
def test_a_search_wants_all_of_its_words_somewhere(make_run: RunMaker, query: str, fits: bool) -> None:
    run = make_run("Mine")
    run.write_notes("Good eyes")
    assert summary.run_facts(run).fits(query) == fits


@pytest.mark.parametrize("torn", ["", "70,1120", "70,1120,42,0.1,0.5,0.01,0."])
def test_the_measure_is_of_the_last_complete_row(make_run: RunMaker, torn: str) -> None:
    run = make_run(rows=5)
    with (run.path / "metrics.csv").open("a") as file:
        file.write(torn)
    assert summary.run_facts(run).measure == "M 0.400"


def test_the_last_row_of_a_long_file_is_found_at_its_end(tmp_path: Path) -> None:
    rows = "".join(f"{step},{step / 2}\n" for step in range(50_000))
    (tmp_path / "metrics.csv").write_text("step,convergence\n" + rows, "utf8")
    assert summary.last_row(tmp_path / "metrics.csv") == {"step": "49999", "convergence": "24999.5"}


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("config.json", ""),
        ("config.json", "{garbage"),
        ("config.json", "[]"),
        ("config.json", '{"family": [1], "model": 3, "name": 5}'),
        ("config.json", '{"model": {"size": "x", "gamma": "y"}}'),
        ("config.json", "\udcff"),
        ("status.json", '{"advice": 3, "step": null}'),
        ("marks.jsonl", '{"changes": {"gamma": "much"}}\n[]\n{"changes": 3}\n'),
        ("metrics.csv", ""),
        ("metrics.csv", "step"),
        ("metrics.csv", "step,convergence\n1\n"),
        ("metrics.csv", "step,convergence\n1,x\n"),
        ("metrics.csv", "\udcff\n\udcff\n"),
        ("notes.md", "\udcff"),
    ],
)
def test_damaged_files_leave_gaps_and_never_raise(make_run: RunMaker, file: str, content: str) -> None:
    run = make_run()
    (run.path / file).write_bytes(content.encode("utf8", "surrogateescape"))
    facts = summary.run_facts(run)
    assert isinstance(facts.name, str)
    assert facts.fits("")


def test_a_run_that_is_gone_leaves_gaps_too(tmp_path: Path) -> None:
    facts = summary.run_facts(Run(tmp_path / "gone"))
    assert (facts.name, facts.family, facts.size, facts.measure, facts.started) == ("gone", "", None, "", "")


def test_a_status_with_a_senseless_process_number_is_a_crash(make_run: RunMaker) -> None:
    run = make_run()
    status = summary.run_facts(run).status
    status.state, status.pid, status.host = "running", -5, socket.gethostname()
    run.write_status(status)
    assert summary.run_facts(run).status.state == "crashed"
    status.pid, status.process_started = os.getpid(), psutil.Process().create_time()
    run.write_status(status)
    assert summary.run_facts(run).status.state == "running"


def test_an_overview_does_not_wait_for_torch() -> None:
    code = "import sys; from facedemo.runs import summary; from facedemo.pretrained import archive; "
    code += "print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"
