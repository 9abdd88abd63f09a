"""Records of a run that are empty, cut, saved again by a spreadsheet, or from elsewhere: the training goes on."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facedemo.app.charts.training import figures
from facedemo.app.views.train import steering
from facedemo.comparison import gather, race
from facedemo.comparison.race import create_race
from facedemo.comparison.worker import execute
from facedemo.config.schema import Budget, RunConfig
from facedemo.evaluation import report
from facedemo.pretrained import bundles
from facedemo.pretrained.model import load_model
from facedemo.runs import records, summary
from facedemo.runs.model_report import read_report
from facedemo.runs.run import Run, create_run
from facedemo.training import restore, worker
from facedemo.training.metrics_log import MetricsLog
from facedemo.training.recorder import Recorder
from tests.conftest import Maker

Copies = Callable[[Path], Run]
GOOD = "step,images,loss\r\n5,20,0.5\r\n10,40,0.25\r\n"
SHEETS = {
    "a semicolon between columns": GOOD.replace(",", ";").encode(),
    "a byte order mark": b"\xef\xbb\xbf" + GOOD.encode(),
    "UTF-16": GOOD.encode("utf-16"),
    "a header that is cut": b"step,ima",
    "no header": b"5,20,0.5\r\n",
    "two columns of one name": b"step,loss,loss\r\n5,1,1\r\n",
    "binary": bytes(range(256)) * 4,
    "a very long line": b"step," + b"x" * 300_000 + b"\r\n",
}
FOREIGN = {
    "an object of something else": b'{"name": "x"}\n',
    "a step in words": b'{"step": "ten", "changes": {"gamma": 0.5}, "command": 0}\n',
    "changes in words": b'{"step": 1, "changes": {"gamma": "high"}, "command": 0, "do": "set"}\n',
    "no changes": b'{"step": 1, "do": "set"}\n',
    "a setting of another family": b'{"step": 1, "changes": {"colour": 3}, "command": 0, "do": "set"}\n',
    "brackets": b"[" * 100_000 + b"\n",
    "binary": bytes(range(256)),
    "no line end": b'{"step": 1',
    "UTF-16": '{"do": "stop"}\n'.encode("utf-16"),
}
OBJECTS = {"empty": b"", "cut": b'{"state": "fin', "a list": b"[]", "brackets": b"[" * 100_000, "binary": b"\xff\x00"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copies]:
    """Makes copies of one short training."""
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for number in range(64):
        Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(folder / f"{number}.png")
    config = {
        "model": {"size": 32, "width": 4, "latent": 8, "batch_size": 4},
        "data": {"source": str(folder)},
        "budget": {"iterations": 10},
        "training": {"precision": "32-true", "threads": 1, "log_every": 5, "sample_every": 10, "checkpoint_every": 10},
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FACEDEMO_CACHE", str(tmp_path_factory.mktemp("cache")))
        whole = create_run(RunConfig.model_validate(config), tmp_path_factory.mktemp("trained"))
        assert worker.execute(whole).state == "finished"
        yield lambda root: Run(Path(shutil.copytree(whole.path, root / whole.id)))


DAMAGE = [
    ("metrics.csv", content)
    for content in [*SHEETS.values(), b""]
] + [(name, content) for name in ("marks.jsonl", "orders.jsonl") for content in [*FOREIGN.values(), b""]] + [
    (name, content) for name in ("status.json", "report.json") for content in OBJECTS.values()
]  # fmt: skip


@pytest.mark.parametrize(("name", "content"), DAMAGE, ids=lambda value: str(value)[:20])
def test_what_reads_a_run_shows_the_rest_of_it(trained: Copies, tmp_path: Path, name: str, content: bytes) -> None:
    run = trained(tmp_path)
    model = load_model(run.path)
    (run.path / name).write_bytes(content)
    summary.run_facts(run)
    steering.in_force(run, run.config, 3)
    figures(run.metrics(), {"loss": "loss"}, run.setting_changes())
    restore.load_training_state(run.path)
    bundles.make_report(run, model)
    read_report(run.path)
    assert run.samples()
    assert bool(run.metrics()) == (name != "metrics.csv")
    assert report.load_evaluation(run.path) is None


@pytest.mark.parametrize(("name", "content"), DAMAGE[::3], ids=lambda value: str(value)[:20])
def test_a_training_goes_on_and_its_log_says_what_was_damaged(
    trained: Copies, tmp_path: Path, name: str, content: bytes
) -> None:
    run = trained(tmp_path)
    (run.path / name).write_bytes(content)
    run.extend(Budget(iterations=15))
    assert worker.execute(run).state == "finished"
    assert run.metrics()["step"][-1] == 15
    assert name in run.log_text() or not content
    if name.endswith(".csv") and content:
        assert (run.path / f"{name}.damaged").read_bytes() == content


def test_rows_that_can_be_read_are_kept_and_the_damaged_file_too(tmp_path: Path) -> None:
    run = create_run(RunConfig(model={"size": 32}), tmp_path)
    (run.path / "metrics.csv").write_text("loss,step\r\n0.5,5\r\nhalf,7\r\n0.25,10\r\n1,2,3\r\n0.1")
    log = MetricsLog(run, 10)
    log.log_metrics({"step": 15, "loss": 0.125})
    log.close()
    assert run.metrics() == {"loss": [0.5, 0.25, 0.125], "step": [5, 10, 15]}
    assert (run.path / "metrics.csv").read_text().startswith("loss,step\n")
    assert "half" in (run.path / "metrics.csv.damaged").read_text()
    assert "2 rows could be read" in run.log_text()


def test_the_step_is_the_first_column_of_a_new_file(tmp_path: Path) -> None:
    run = create_run(RunConfig(model={"size": 32}), tmp_path)
    log = MetricsLog(run, 0)
    log.log_metrics({"images": 160, "loss": 0.5, "step": 10})
    log.close()
    assert (run.path / "metrics.csv").read_bytes() == b"step,images,loss\r\n10,160,0.5\r\n"


def test_a_row_cut_by_a_kill_is_no_damage(tmp_path: Path) -> None:
    run = create_run(RunConfig(model={"size": 32}), tmp_path)
    (run.path / "metrics.csv").write_text(GOOD + "15,6")
    MetricsLog(run, 10).close()
    assert run.metrics()["step"] == [5, 10]
    assert not list(run.path.glob("*.damaged"))


def test_commands_have_ids_of_their_own_and_others_are_left_out(tmp_path: Path) -> None:
    run = create_run(RunConfig(model={"size": 32}), tmp_path)
    run.pause()
    with (run.path / "orders.jsonl").open("a") as file:
        file.write('{"action": "dance", "id": "1"}\n{"action": "set", "id": "2"}\n{"action": ["stop"]}\n')
    run.steer(gamma=0.5)
    first, second = run.commands()
    assert (first.action, second.action, second.changes) == ("pause", "set", {"gamma": 0.5})
    assert first.id != second.id


def test_the_commands_of_an_earlier_version_are_known_by_the_numbers_of_their_lines(tmp_path: Path) -> None:
    run = create_run(RunConfig(model={"size": 32}), tmp_path)
    (run.path / "orders.jsonl").write_text(
        '{"do": "pause"}\n{"do": "dance"}\n{"do": "set", "changes": {"gamma": 0.4}}\n'
        '{"do": "set", "changes": {"gamma": 0.5}}\n'
    )
    (run.path / "marks.jsonl").write_text('{"step": 3, "changes": {"gamma": 0.4}, "command": 2}\n')
    assert [(command.action, command.id) for command in run.commands()] == [("pause", "0"), ("set", "2"), ("set", "3")]
    assert [command.changes for command in Recorder(run).new_commands()] == [{"gamma": 0.5}]


def test_a_file_set_aside_never_overwrites_an_earlier_one(tmp_path: Path) -> None:
    for content in ("one", "two", "three"):
        (tmp_path / "metrics.csv").write_text(content)
        records.set_aside(tmp_path / "metrics.csv")
    assert [path.read_text() for path in sorted(tmp_path.iterdir())] == ["one", "two", "three"]


def test_starting_a_run_keeps_its_damaged_status_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = create_run(RunConfig(model={"size": 32}), tmp_path)
    (run.path / "status.json").write_text("{half")
    monkeypatch.setattr(Run, "worker", "this")  # a joke of Python: it ends at once
    run.launch()
    assert (run.path / "status.json.damaged").read_text() == "{half"
    assert run.status.state in ("starting", "crashed")


def test_a_race_passes_over_foreign_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEDEMO_RUNS", str(tmp_path))
    new_race = create_race({"one": RunConfig(budget={"minutes": 1}), "two": RunConfig(budget={"minutes": 1})})
    (new_race.path / "status.json").write_text("{half")

    def train(run: Run, recorder: Recorder) -> str:
        (new_race.path / "orders.jsonl").write_text('{"who": "me"}\n[]\n')
        recorder.write_status(state="running")
        return "finished"

    monkeypatch.setattr(worker, "train", train)
    assert execute(new_race).state == "finished"
    assert race.list_races(tmp_path) == [new_race]


@pytest.mark.parametrize(
    "content",
    [
        {"iterations": "many"},
        {"minutes": None, "curves": {"step": [1], "loss": []}},
        {"last": 3, "steering": [{"at": 1}]},
    ],
)
def test_a_bundle_is_compared_and_trained_further_whatever_its_report_says(make_bundle: Maker, content: dict) -> None:
    path = make_bundle()
    (path / "report.json").write_text(json.dumps(content))
    assert restore.load_training_state(path).number == 0
    compared = gather.compared_model("it", path, seed=0)
    assert not compared.training.curves
    assert load_model(path).size == 32
