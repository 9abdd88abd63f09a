"""Bundles: what is exported is what is loaded, and damaged ones are refused in words."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from facedemo.config.schema import DataConfig, RunConfig
from facedemo.evaluation.narrative import card_section
from facedemo.evaluation.report import Report, Row, rate
from facedemo.gans.base import create
from facedemo.pretrained import bundles, card, sampling
from facedemo.pretrained.model import BundleError, FaceModel, find_model, load_model, weights_to_share
from facedemo.pretrained.provenance import Trained, weights_trained
from facedemo.pretrained.seeds import face_seeds
from facedemo.runs.directory import RunError
from facedemo.runs.run import Run, create_run
from facedemo.storage.atomic import append_line
from facedemo.storage.locations import bundled
from facedemo.training.metrics_log import MetricsLog
from facedemo.training.recorder import Recorder


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run with weights, metrics and a mark, as a training leaves it."""
    config = RunConfig(
        name="small", model={"size": 32, "width": 4, "latent": 8}, data={"source": "/some/where/faces.tar"}
    )
    run = create_run(config, tmp_path / "runs")
    log = MetricsLog(run, 0)
    for step in range(10, 2000, 10):
        log.log_metrics(
            {"step": step, "loss_real": 1 / step, "loss_fake": 0.5 / step, "k": step / 4000, "convergence": 2 / step}
        )
    log.close()
    torch.manual_seed(0)
    family = create("ours", config.model)
    recorder = Recorder(run)
    recorder.save_checkpoint(Trained(1990, 1990 * 16), lambda path: path.write_bytes(b""), family.state_dict())
    recorder.write_status(state="finished", step=1990, images=1990 * 16, seconds=600.0)
    append_line(run.path / "marks.jsonl", {"step": 700, "changes": {"gamma": 0.4}, "command": 0})
    return run


def test_a_bundle_draws_the_faces_of_its_run_to_within_a_grey_level_from_half_the_bytes(
    run: Run, tmp_path: Path
) -> None:
    out = bundles.export(run, tmp_path / "out" / "mine")
    seeds = face_seeds(3, 4)
    of_run, of_bundle = (sampling.generate(load_model(path), seeds).astype(int) for path in (run.path, out))
    assert abs(of_run - of_bundle).max() <= 1
    assert (out / "model.safetensors").stat().st_size < 0.5 * (run.path / "model.safetensors").stat().st_size


def test_a_bundle_of_a_run_in_training_says_how_long_its_weights_were_trained(run: Run, tmp_path: Path) -> None:
    run.write_status(
        replace(run.status, state="running", step=2000, images=2000 * 16)
    )  # weights follow at the next save
    out = bundles.export(run, tmp_path / "mine")
    assert weights_trained(out) == load_model(out).trained == Trained(1990, 1990 * 16)
    assert json.loads((out / "report.json").read_text("utf8"))["iterations"] == 1990


@pytest.mark.parametrize("family", ["ours", "dcgan", "wgan"])
def test_a_shared_family_is_restored_with_the_average_as_its_generator(family: str, tmp_path: Path) -> None:
    config = RunConfig(family=family, model={"size": 32, "width": 4, "latent": 8}).model_dump(mode="json")
    torch.manual_seed(0)
    model = FaceModel(config)
    for number, buffer in enumerate(model.family.buffers()):
        buffer.fill_(number + 1 / 3)  # statistics, k_t: nothing of them may be rounded
    restored = FaceModel(config)
    restored.restore(weights_to_share(model.family))
    was, now = model.family.state_dict(), restored.family.state_dict()
    for name, _ in model.family.named_parameters():
        if not name.startswith("generator."):
            torch.testing.assert_close(now[name], was[name], rtol=2**-11, atol=1e-7)
    for name, buffer in model.family.named_buffers():
        assert name.startswith("generator.") or torch.equal(now[name], buffer)
    for name, tensor in restored.family.generator.state_dict().items():
        assert torch.equal(tensor, restored.family.average.state_dict()[name])


def test_a_bundle_is_called_as_its_folder_whatever_its_run_was_called(run: Run, tmp_path: Path) -> None:
    out = bundles.export(run, tmp_path / "mine")
    assert load_model(out).name == "mine"
    assert load_model(out).config.name == "mine"
    assert load_model(out.rename(tmp_path / "renamed")).name == "renamed"


def test_a_card_tells_what_was_measured_and_keeps_the_words_on_data(run: Run, tmp_path: Path) -> None:
    out = bundles.export(run, tmp_path / "mine", "Painted by hand.\n\nTwo paragraphs.")
    assert "How good it is" not in (out / "README.md").read_text()
    row = Row("mine", rate(17, 1000), None, None, 98, 90, 0.052, None, 0.0)
    measured = card_section(Report("mine", 20001, 1000, 32, "faces.tar", "test", 856, 806, [row], {}), "mine")
    card.refresh(out, measured)
    text = (out / "README.md").read_text()
    assert "facedemo verify --model mine --seed 20001 --count 1000 --data faces.tar --split test" in text
    assert "| can't detect a face | 17 of 1,000" in text
    assert "Painted by hand.\n\nTwo paragraphs.\n\n## How good it is" in text
    before = text
    card.refresh(out, measured)
    assert (out / "README.md").read_text() == before


def test_a_card_names_several_sources_in_one_cell_and_each_in_the_command(run: Run, tmp_path: Path) -> None:
    config = run.config.model_copy(update={"data": DataConfig(source="/some/where/a.tar\n/else/where/b.tar")})
    (run.path / "config.json").write_text(config.model_dump_json(), "utf8")
    out = bundles.export(Run(run.path), tmp_path / "mine")
    row = Row("mine", rate(17, 1000), None, None, 98, 90, 0.052, None, 0.0)
    report = Report("mine", 20001, 1000, 32, "a.tar, b.tar", "test", 856, 806, [row], {}, gallery="a.tar, c.tar")
    card.refresh(out, card_section(report, "mine"))
    text = (out / "README.md").read_text("utf8")
    assert "| data source | a.tar, b.tar |" in text
    assert "--count 1000 --data a.tar --data b.tar --split test --gallery a.tar --gallery c.tar`" in text


def test_a_config_contains_no_paths_of_the_machine_it_comes_from() -> None:
    config = RunConfig(data={"source": "/some/where/faces.tar"}, training={"start": "/some/where/ours-64"})
    assert "where" not in config.without_paths().model_dump_json()
    assert config.without_paths().data.source == "faces.tar"
    assert config.without_paths().training.start == "ours-64"


def test_a_card_of_somebody_else_is_left_alone(run: Run, tmp_path: Path) -> None:
    out = bundles.export(run, tmp_path / "mine")
    (out / "README.md").write_text("# My own words")
    with pytest.raises(ValueError, match="it was not changed"):
        card.refresh(out, "")
    assert (out / "README.md").read_text() == "# My own words"


def test_a_bundle_says_what_it_is_and_tells_nothing_of_the_machine(run: Run, tmp_path: Path) -> None:
    out = bundles.export(run, tmp_path / "mine", about="Trained on **faces**.")
    text = (out / "README.md").read_text("utf8")
    assert "Trained on **faces**." in text
    assert "1,990 iterations" in text
    assert "It began with gamma = 0.7.\n\n- iteration 700: gamma = 0.4\n" in text
    config = json.loads((out / "config.json").read_text())
    assert config["model"]["gamma"] == 0.4  # as the run ended
    assert config["data"]["source"] == "faces.tar"
    assert "/some/where" not in text
    report = json.loads((out / "report.json").read_text())
    assert report["minutes"] == 10.0
    parameters = sum(p.numel() for p in load_model(out).family.generator.parameters())
    assert report["parameters"]["generator"] == parameters
    assert f"{parameters:,} parameters in the generator" in text
    for picture in ("curves.png", "samples.png"):
        Image.open(out / picture).verify()


def test_exporting_never_overwrites_what_is_no_bundle(run: Run, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.txt").write_text("years of work")
    with pytest.raises(RunError, match="not empty"):
        bundles.export(run, tmp_path / "thesis")
    assert [path.name for path in (tmp_path / "thesis").iterdir()] == ["chapter1.txt"]
    with pytest.raises(RunError, match="is a run"):
        bundles.export(run, run.path)
    assert not (run.path / "README.md").exists()


def test_a_run_without_a_checkpoint_cannot_be_exported(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no checkpoint yet"):
        bundles.export(create_run(RunConfig(), tmp_path), tmp_path / "out")


def test_thinning_keeps_the_mean_of_each_stretch() -> None:
    assert bundles.thinned([1.0, 2.0, 3.0, 4.0, 10.0], 2) == [1.5, 3.5, 10.0]


def test_the_hub_mixin_saves_and_loads_the_same_model(run: Run, tmp_path: Path) -> None:
    model = load_model(run.path)
    model.save_pretrained(tmp_path / "saved")
    loaded = FaceModel.from_pretrained(tmp_path / "saved")
    reloaded = load_model(tmp_path / "saved")
    for name, tensor in model.family.state_dict().items():
        assert torch.equal(tensor, loaded.family.state_dict()[name])
        assert torch.equal(tensor, reloaded.family.state_dict()[name])


def test_pickles_are_refused(run: Run) -> None:
    with pytest.raises(BundleError, match="Only safetensors"):
        FaceModel._load_as_pickle(load_model(run.path), "model.bin", "cpu", strict=True)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("config.json", b"{", "damaged"),
        ("config.json", b"[]", "damaged"),
        ("config.json", b'{"family": "vae"}', "damaged"),
        ("config.json", b'{"model": {"width": 8}}', "do not fit"),
        ("model.safetensors", b"", "damaged"),
        ("model.safetensors", b"\x80\x04pickle", "damaged"),
    ],
)
def test_a_damaged_model_is_an_error_in_words(run: Run, name: str, content: bytes, message: str) -> None:
    (run.path / name).write_bytes(content)
    with pytest.raises(BundleError, match=message):
        load_model(run.path)


def test_a_missing_model_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"no config\.json and no model\.safetensors"):
        load_model(tmp_path)


def test_models_are_found_by_folder_by_bundled_name_and_by_run(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEDEMO_CHECKPOINTS", str(tmp_path / "checkpoints"))
    out = bundles.export(run, tmp_path / "checkpoints" / "mine")
    assert bundled() == [out]
    assert find_model("mine") == find_model(str(out)) == out
    assert find_model(run.id, run.path.parent) == run.path
    with pytest.raises(BundleError, match="Models: mine"):
        find_model("yours", run.path.parent)
