"""Terminals that close, pipes that nobody reads, encodings without γ: output is dropped, and the work goes on."""

import io
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError
from safetensors.torch import load_file, save_file

from facedemo import cli
from facedemo.config.messages import error_message
from facedemo.config.schema import RunConfig
from facedemo.data.preparation import prepare
from facedemo.data.source_files import DataError
from facedemo.pretrained import archive
from facedemo.pretrained.model import BundleError, load_model
from facedemo.runs.directory import RunError
from facedemo.runs.run import create_run, list_runs
from facedemo.storage.locations import WEIGHTS
from facedemo.storage.output import DroppableOutput
from facedemo.training import warm_start
from tests import forked
from tests.conftest import Maker

COMMAND = [sys.executable, "-c", "from facedemo.cli import main; main()"]
TRAIN = "train --family ours --data pictures --size 32 --width 4 --batch-size 4 --log-every 1"
TRAIN += " --threads 1 --precision 32-true"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pictures").mkdir()
    rng = np.random.default_rng(0)
    for number in range(64):
        Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(tmp_path / f"pictures/{number}.png")
    return tmp_path


def in_terminal(terminal: str, on_hangup: signal.Handlers) -> None:
    """Runs the command of `sys.argv` in a session of its own, with a terminal for its input and output."""
    os.setsid()
    signal.signal(signal.SIGHUP, on_hangup)
    its_end = os.open(terminal, os.O_RDWR | os.O_NOCTTY)
    for stream in (0, 1, 2):
        os.dup2(its_end, stream)
    cli.main()


def step_of(home: Path) -> int:
    return max((run.status.step for run in list_runs(home / "runs")), default=0)


@pytest.mark.slow
@pytest.mark.parametrize("ignored", [True, False])
def test_a_training_outlives_its_terminal_or_leaves_a_checkpoint(
    home: Path, monkeypatch: pytest.MonkeyPatch, ignored: bool
) -> None:
    """ignored: as under nohup, the terminal's end does not reach the training."""
    terminal, its_end = pty.openpty()
    monkeypatch.setattr(sys, "argv", ["facedemo", *TRAIN.split(), "--images", "400" if ignored else "40000"])
    process = forked.start(in_terminal, os.ttyname(its_end), signal.SIG_IGN if ignored else signal.SIG_DFL)
    while step_of(home) == 0:
        assert process.exitcode is None
        time.sleep(0.02)
    assert list_runs(home / "runs")[0].status.active
    for end in (its_end, terminal):
        os.close(end)
    if not ignored:
        os.kill(process.pid or 0, signal.SIGHUP)
    process.join(120)
    assert process.exitcode == 0
    run = list_runs(home / "runs")[0]
    assert run.status.state == ("finished" if ignored else "stopped")
    assert int(run.checkpoints()[0].stem) == run.status.step


@pytest.mark.parametrize("arguments", [["--help"], ["runs"]])
def test_a_pipe_that_nobody_reads_does_no_harm(home: Path, arguments: list[str]) -> None:
    create_run(RunConfig(name="mine"), home / "runs")
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*COMMAND, *arguments], stdout=writer, stderr=subprocess.PIPE, timeout=120)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("encoding", "arguments", "end"),
    [
        ("cp1252", ["--help"], "verify "),
        ("cp1252", ["step", "--help"], "--help "),
        ("cp1252", ["runs"], "? 0.5"),
        ("ascii", ["train", "--help"], "--help "),
        ("ascii", ["runs"], "? 0.5"),
    ],
)
def test_letters_that_an_encoding_lacks_are_replaced(
    home: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, arguments: list[str], end: str
) -> None:
    create_run(RunConfig(name="γ 0.5"), home / "runs")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(sys, "argv", ["facedemo", *arguments])
    streams = [io.TextIOWrapper(io.BytesIO(), encoding) for _ in range(2)]
    for name, stream in zip(("stdout", "stderr"), streams, strict=True):
        monkeypatch.setattr(sys, name, stream)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    monkeypatch.undo()
    assert not ended.value.code
    for stream in streams:
        stream.flush()
    out, err = (stream.buffer.getvalue().decode(encoding) for stream in streams)
    assert end in out
    assert err == ""


def test_what_cannot_be_written_is_dropped() -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(5, "Input/output error")

    output = DroppableOutput(Closed())
    assert output.write("words") == 5
    output.flush()
    file = io.StringIO()
    file.close()
    assert DroppableOutput(file).write("words") == 5


# errors in words


def failed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    monkeypatch.setattr(sys, "argv", ["facedemo", *arguments])
    with pytest.raises(SystemExit, match="1"):
        cli.main()
    return capsys.readouterr().err


def test_a_user_without_a_home_folder_is_told_so(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for arguments in (["train", "--data", "~nosuchuser/faces"], ["data", "prepare", "~nosuchuser/faces"]):
        assert "There is no home folder for “~nosuchuser/faces”." in failed(capsys, monkeypatch, *arguments)
    with pytest.raises(DataError, match="no home folder"):
        prepare("~nosuchuser/faces", 32)


def test_every_error_ends_in_a_sentence_unless_the_traceback_is_asked_for(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(_: object) -> None:
        raise RuntimeError("Something unforeseen.")

    monkeypatch.setattr("facedemo.cli.runs.list_runs", break_down)
    text = failed(capsys, monkeypatch, "runs")
    assert "Error: Something unforeseen." in text
    assert "Traceback" not in text
    monkeypatch.setattr(sys, "argv", ["facedemo", "runs", "--traceback"])
    with pytest.raises(RuntimeError, match="unforeseen"):
        cli.main()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": {"gamma": 1.5}}, "gamma: It must be at most 1, but it is 1.5."),
        ({"model": {"gamma": float("nan")}}, "gamma: It must be a finite number, but it is not a number."),
        ({"model": {"gamma": None}}, "gamma: It must be a number, but it is empty."),
        ({"model": {"batch_size": 2.5}}, "batch_size: It must be a whole number, but it is 2.5."),
        ({"model": {"batch_size": "many\nimages"}}, "batch_size: It must be a whole number, but it is “many images”."),
        ({"model": {"size": 48}}, "size: It must be 32, 64 or 128, but it is 48."),
        ({"model": {"colour": "red"}}, "colour: There is no such setting."),
        ({"budget": {"images": 0}}, "images: It must be at least 1, but it is 0."),
        ({"name": "x" * 90}, f"name: It must be at most 80 characters long, but it is “{'x' * 59}…”."),
        ({"data": 7}, "data: It must be a group of settings, but it is 7."),
    ],
)
def test_a_setting_that_is_not_possible_is_refused_in_plain_words(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as error:
        RunConfig.model_validate(settings)
    assert error_message(error.value) == message


def test_no_error_ends_in_a_link_to_pydantic(make_bundle: Maker, home: Path) -> None:
    run = create_run(RunConfig(name="mine"), home / "runs")
    with pytest.raises(ValueError, match=r"gamma: It must be at most 1, but it is 7\.$"):
        run.steer(gamma=7.0)
    (run.path / "config.json").write_text('{"family": "ours", "model": {"gamma": "high"}}')
    with pytest.raises(RunError, match=r"damaged: gamma: It must be a number, but it is [^:]*\.$"):
        _ = run.config
    path = make_bundle()
    (path / "config.json").write_text('{"model": {"size": 33}}')
    with pytest.raises(BundleError) as error:
        load_model(path)
    assert "pydantic" not in str(error.value)
    assert error_message(ValueError("plain")) == "plain"


# weights


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused_wherever_they_come_in(
    make_bundle: Maker, tmp_path: Path, value: float
) -> None:
    path = make_bundle("bad")
    weights = load_file(path / WEIGHTS)
    next(weight for weight in weights.values() if weight.is_floating_point()).view(-1)[0] = value
    save_file(weights, path / WEIGHTS)
    with pytest.raises(BundleError, match="not all finite"):
        load_model(path)
    with pytest.raises(archive.ArchiveError, match="not all finite"):
        archive.import_zip(archive.export_zip(path, tmp_path / "bad.zip"), "other")
    with pytest.raises(BundleError, match="not all finite"):
        warm_start.settings(str(path))
    assert not (path.parent / "other").exists()
