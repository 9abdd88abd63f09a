"""Run directories as pages and the command line read them, whole, half-written and damaged."""

import json
import os
import secrets
import shutil
import time
from pathlib import Path

import psutil
import pytest

from facedemo.config.schedule import SettingChange
from facedemo.config.schema import Budget, RunConfig
from facedemo.pretrained.provenance import Trained
from facedemo.runs.directory import RunError
from facedemo.runs.run import Run, create_run, find_run, is_run, list_runs
from facedemo.storage.atomic import append_line, read_lines, replace_file
from facedemo.storage.process_status import Status
from facedemo.training.metrics_log import MetricsLog
from facedemo.training.recorder import Recorder
from tests.conftest import fill


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return create_run(RunConfig(name="mine", model={"size": 32}), tmp_path)


def test_a_new_run_is_named_by_date_and_family_and_reads_back_its_config(run: Run) -> None:
    assert run.id.startswith(time.strftime("%Y-%m-%d-"))
    assert "-ours-" in run.id
    assert run.name == "mine"
    assert run.config.model.size == 32
    assert run.status.state == "stopped"
    assert run.metrics() == {}
    assert run.samples() == {}
    assert not run.has_model


def test_runs_are_listed_newest_first_and_other_folders_are_left_out(tmp_path: Path) -> None:
    for name in ("2026-01-01-000000-ours-aaaa", "2026-03-01-000000-ours-bbbb"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text("{}")
    (tmp_path / "holiday").mkdir()
    assert [run.id[-4:] for run in list_runs(tmp_path)] == ["bbbb", "aaaa"]
    assert list_runs(tmp_path / "nowhere") == []


def test_a_run_is_found_by_path_by_name_and_by_the_end_of_its_name(run: Run, tmp_path: Path) -> None:
    assert find_run(str(run.path)).id == find_run(run.id, tmp_path).id == find_run(run.id[-4:], tmp_path).id == run.id
    with pytest.raises(RunError, match="No run matches"):
        find_run("zzzz", tmp_path)
    with pytest.raises(RunError, match="No run matches"):
        find_run("", tmp_path)  # such as an unset variable of a shell
    (tmp_path / f"other-{run.id}").mkdir()
    shutil.copy(run.path / "config.json", tmp_path / f"other-{run.id}")
    with pytest.raises(RunError, match="More than one"):
        find_run(run.id[-4:], tmp_path)


def test_a_bundle_is_not_taken_for_a_run() -> None:
    with pytest.raises(RunError, match="is a model, not a run"):
        find_run(str(Path(__file__).parents[2] / "checkpoints" / "ours-64"))


def test_a_run_is_told_from_a_bundle_whatever_else_lies_beside(run: Run, tmp_path: Path) -> None:
    assert is_run(run.path)
    (run.path / "README.md").write_text("My own words on this run.")
    (run.path / "model.safetensors").write_bytes(b"")
    run.write_status(Status())
    assert find_run(str(run.path)) == run
    bundle = tmp_path / "no-card"
    bundle.mkdir()
    for name in ("config.json", "model.safetensors"):
        (bundle / name).write_bytes((run.path / name).read_bytes())
    assert not is_run(bundle)
    assert not is_run(tmp_path)


@pytest.mark.parametrize("content", ["", "not json", "[]", '{"family": "vae"}', "\x00\x01"])
def test_a_damaged_config_is_an_error_in_words(run: Run, content: str) -> None:
    (run.path / "config.json").write_text(content)
    assert run.name == run.id
    with pytest.raises(RunError):
        _ = run.config


@pytest.mark.parametrize("content", ["", "{", "[]", '{"state": 1, "unknown": 2}', "null"])
def test_a_damaged_status_does_not_raise(run: Run, content: str) -> None:
    (run.path / "status.json").write_text(content)
    assert isinstance(run.status, Status)


def test_metrics_leave_out_a_row_that_is_still_being_written(run: Run) -> None:
    (run.path / "metrics.csv").write_text("a,step\r\n0.5,10\r\n0.25,20\r\n0.1")
    assert run.metrics() == {"a": [0.5, 0.25], "step": [10, 20]}


def test_a_line_cut_short_by_a_kill_spoils_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "marks.jsonl"
    append_line(path, {"n": 1})
    with path.open("a") as file:
        file.write('{"n": 2, "half')
    assert read_lines(path) == [{"n": 1}]
    append_line(path, {"n": 3})
    assert read_lines(path) == [{"n": 1}, {"n": 3}]


def test_replacing_a_file_leaves_no_temporary_behind(tmp_path: Path) -> None:
    replace_file(tmp_path / "a", "one")
    replace_file(tmp_path / "a", b"two")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"two"
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        replace_file(tmp_path / "folder", "three")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "folder"]


def test_a_run_that_cannot_be_written_is_not_left_behind(disk: Path) -> None:
    fill(disk / "ballast", 0)
    with pytest.raises(OSError, match="No space left"):
        create_run(RunConfig(), disk)
    assert [path.name for path in disk.iterdir()] == ["ballast"]


def status_of(process: psutil.Process, **changes: object) -> Status:
    import socket

    fields = {
        "state": "running",
        "pid": process.pid,
        "process_started": process.create_time(),
        "host": socket.gethostname(),
        "updated": time.time(),
    }
    return Status(**{**fields, **changes})


def test_a_run_counts_as_crashed_when_its_process_is_gone_or_its_number_was_given_to_another(run: Run) -> None:
    me = psutil.Process()
    run.write_status(status_of(me))
    assert run.status.state == "running"
    run.write_status(status_of(me, process_started=me.create_time() - 1000))
    assert run.status.state == "crashed"
    assert "Resume" in run.status.message
    run.write_status(status_of(me, pid=2**22 - 3))
    assert run.status.state == "crashed"


def test_a_run_on_another_machine_counts_as_alive_while_it_reports(run: Run) -> None:
    run.write_status(status_of(psutil.Process(), host="elsewhere"))
    assert run.status.state == "running"
    run.write_status(status_of(psutil.Process(), host="elsewhere", updated=time.time() - 1000))
    assert run.status.state == "crashed"


def test_an_active_run_is_neither_started_twice_nor_given_another_budget(run: Run) -> None:
    run.write_status(status_of(psutil.Process()))
    with pytest.raises(RunError, match="already training"):
        run.launch()
    with pytest.raises(RunError, match="Stop it first"):
        run.extend(Budget(iterations=5))


def test_commands_reach_the_recorder_once_and_in_order(run: Run) -> None:
    run.pause()
    recorder = Recorder(run)  # what was asked of an earlier process is past
    assert recorder.new_commands() == []
    run.pause()
    run.steer(gamma=0.5)
    assert [command.action for command in recorder.new_commands()] == ["pause", "set"]
    assert recorder.new_commands() == []


def test_a_setting_on_record_is_not_asked_for_again(run: Run) -> None:
    run.steer(gamma=0.5)
    run.steer(gamma=0.6)
    Recorder(run).record_change(SettingChange(3, {"gamma": 0.5}, run.commands()[0].id))
    recorder = Recorder(run)
    assert [command.changes for command in recorder.new_commands()] == [{"gamma": 0.6}]


def test_a_log_continued_from_an_earlier_iteration_drops_the_rows_that_will_be_logged_again(run: Run) -> None:
    first = MetricsLog(run, 0)
    for step in (10, 20, 30):
        first.log_metrics({"step": step, "images": 4 * step, "loss": step / 10})
    first.close()
    second = MetricsLog(run, 20)
    second.log_metrics({"step": 30, "images": 120, "loss": 7.0})
    second.close()
    lines = (run.path / "metrics.csv").read_text("utf8").split()
    assert lines == ["step,images,loss", "10,40,1.0", "20,80,2.0", "30,120,7.0"]


def test_a_checkpoint_whose_writing_fails_leaves_the_old_ones(run: Run) -> None:
    recorder = Recorder(run)
    recorder.save_checkpoint(Trained(1, 4), lambda path: path.write_bytes(b"one"), {})

    def break_off(path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        recorder.save_checkpoint(Trained(2, 8), break_off, {})
    assert [path.name for path in run.checkpoints()] == ["00000001.ckpt"]


def test_only_the_newest_checkpoints_are_kept(run: Run) -> None:
    recorder = Recorder(run)
    for step in (1, 2, 3):
        recorder.save_checkpoint(Trained(step, 4 * step), lambda path: path.write_bytes(b"state"), {})
    assert [path.stem for path in run.checkpoints()] == ["00000003", "00000002"]


def test_status_on_disk_is_plain_json(run: Run) -> None:
    run.write_status(status_of(psutil.Process(os.getpid()), warnings=["look"]))
    assert json.loads((run.path / "status.json").read_text())["warnings"] == ["look"]


def test_the_warnings_of_an_earlier_version_are_read_under_their_old_name(run: Run) -> None:
    (run.path / "status.json").write_text('{"state": "running", "advice": ["k_t has stayed at 0."]}')
    assert run.status_on_disk().warnings == ["k_t has stayed at 0."]


def test_a_run_gets_a_name_of_its_own_even_if_chance_offers_one_that_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.strftime", lambda *_: "2026-01-01-000000")
    offered, by_chance = iter(["aaaa", "aaaa", "bbbb"]), secrets.token_hex
    monkeypatch.setattr("secrets.token_hex", lambda size: next(offered) if size == 2 else by_chance(size))
    names = [create_run(RunConfig(), tmp_path).path.name for _ in range(2)]
    assert names == ["2026-01-01-000000-ours-aaaa", "2026-01-01-000000-ours-bbbb"]


def test_a_name_is_one_line(run: Run) -> None:
    assert RunConfig(name=" two\n lines\tlong ", model={"size": 32}).name == "two lines long"
    run.rename("two\n lines")
    assert run.name == "two lines"
