"""Models whose first layer was calibrated, and the command that makes them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from PIL import Image
from safetensors.torch import load_file, save_file

from facedemo.cli.calibrate import outcome
from facedemo.evaluation import calibration
from facedemo.evaluation.calibration import LatentChange
from facedemo.evaluation.metrics import frechet
from facedemo.gans.base import Family, create
from facedemo.gans.registry import config_class
from facedemo.pretrained import bundles, sampling
from facedemo.pretrained.model import FaceModel, load_model
from facedemo.pretrained.seeds import face_seeds
from facedemo.runs.directory import RunError
from facedemo.runs.model_report import ModelReport
from facedemo.storage.locations import WEIGHTS
from facedemo.storage.process_status import Status
from facedemo.training.updates import FabricUpdates
from tests.conftest import Maker, RunMaker, Seeing, facedemo
from tests.evaluation.latent_changes import change


@pytest.mark.parametrize(
    ("family", "settings"),
    [("ours", {}), ("ours", {"generator": "deconv"}), ("dcgan", {}), ("wgan", {}), ("r3gan", {})],
)
def test_a_calibrated_generator_draws_the_faces_of_the_changed_latents(family: str, settings: dict[str, str]) -> None:
    config = config_class(family).model_validate({"size": 32, "latent": 8, "width": 6, **settings})
    model = create(family, config).eval()
    latents, wanted = model.latents(4, np.random.RandomState(0)), change(8)
    expected = model.average(latents @ wanted.matrix.float() + wanted.shift.float())
    wanted.put_into(model.average)
    assert torch.allclose(model.average(latents), expected, atol=1e-5)


def tiny(family: str, folder: Path, **report: int) -> Path:
    """A bundle of a random model, described as “Painted by hand.”"""
    settings = {"size": 32, "latent": 8, "width": 6, "batch_size": 4}
    model = FaceModel({"family": family, "model": settings}, name="plain")
    folder.mkdir()
    return bundles.write_bundle(
        folder, model, model.config, ModelReport(**report), "Painted by hand.\n\n## Licence\n\nNone."
    )


@pytest.mark.parametrize("family", ["ours", "dcgan", "wgan", "r3gan"])
def test_a_calibrated_model_is_shared_and_trained_on(family: str, tmp_path: Path) -> None:
    made, wanted = tiny(family, tmp_path / "plain", iterations=10, images=40), change(8)
    latents = sampling.latents(load_model(made), face_seeds(0, 4))
    expected = sampling.draw(load_model(made), latents @ wanted.matrix.float() + wanted.shift.float())
    original = bundles.original(made)
    wanted.put_into(original.model.family.average)
    out = bundles.export_changed(original, "calibrate", {"data": "faces.tar", "penalty": 0.01}, tmp_path / "calibrated")
    shared = load_model(out)
    difference = sampling.draw(shared, latents).astype(int) - expected
    assert np.abs(difference).max() <= 2  # weights are rounded to half precision
    text = (out / "README.md").read_text("utf8")
    assert "`facedemo calibrate` changed the first layer of the generator (data: faces.tar; penalty: 0.01)." in text
    assert "Painted by hand.\n\n## Licence\n\nNone.\n\n## Training\n\n10 iterations, 40 real images seen" in text
    with pytest.raises(ValueError, match="calibrate` was the last"):
        bundles.check_change("calibrate", out, tmp_path / "again")
    config = shared.config.model
    tuned = create(family, config)
    tuned.start_from(shared.family)
    assert torch.equal(tuned.average(latents), shared.family.average(latents))
    with pytest.raises(ValueError, match="do not fit"):
        create(family, config.model_copy(update={"width": 8})).start_from(shared.family)
    again = create(family, config)
    again.load_state_dict(tuned.state_dict())  # as a run that is resumed
    assert trained_on(again, steps=4) == trained_on(tuned, steps=4)
    assert torch.equal(again.average(latents), tuned.average(latents))


def trained_on(family: Family, steps: int) -> dict[str, list[float]]:
    """The metrics of a few steps, in which the moving average follows."""
    updates, rng = FabricUpdates(Fabric(accelerator="cpu", devices=1), family), np.random.RandomState(0)
    real = torch.from_numpy(rng.uniform(-1, 1, (family.config.images_per_step, 3, 32, 32)).astype(np.float32))
    rows = []
    for _ in range(steps):
        rows.append(family.step(real, lambda: family.latents(4, rng), updates))
        family.update_average(0.1)
    return {name: [float(row[name]) for row in rows] for name in rows[0]}


def test_a_model_without_discriminator_gets_none_by_calibration(tmp_path: Path) -> None:
    made = tiny("ours", tmp_path / "plain")
    weights = load_file(made / WEIGHTS)
    save_file({name: value for name, value in weights.items() if "discriminator" not in name}, made / WEIGHTS)
    out = bundles.export_changed(bundles.original(made), "calibrate", {}, tmp_path / "calibrated")
    assert not load_model(out).has_discriminator
    assert "It is not known how long this model was trained." in (out / "README.md").read_text("utf8")


def test_a_run_is_calibrated_as_it_is_when_the_command_starts(make_run: RunMaker, tmp_path: Path) -> None:
    run = make_run("mine", weights=True)
    original = bundles.original(run.path)
    run.write_status(Status("running", step=900, images=9000, seconds=60.0))
    out = bundles.export_changed(original, "calibrate", {"penalty": 0.01}, tmp_path / "calibrated")
    assert "50 iterations, 800 real images seen" in (out / "README.md").read_text("utf8")
    with pytest.raises(RunError, match="no checkpoint yet"):
        bundles.original(make_run("new").path)


def drawn_otherwise(model: FaceModel, count: int) -> np.ndarray:
    """Faces of a model for latents that vary more than its own, around another mean."""
    return sampling.draw(model, 1.5 * sampling.latents(model, face_seeds(7, count)) + 0.3)


def test_a_distance_that_rises_is_explained() -> None:
    matrix, shift = torch.eye(2), torch.zeros(2)
    risen = outcome(LatentChange(matrix, shift, 0.06, 0.084))
    assert "0.060 before, 0.084 after. It rises because" in risen
    assert outcome(LatentChange(matrix, shift, 0.084, 0.06)).endswith("0.084 before, 0.060 after.")


def folder_of(folder: Path, images: np.ndarray) -> Path:
    folder.mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{number}.png")
    return folder


def darkness(images: np.ndarray) -> np.ndarray:
    """Stands for the judge's grades, in which random networks hardly differ."""
    return (137.5 - images.mean((1, 2, 3))) * 10


def test_the_command_writes_a_model_whose_faces_are_closer_to_the_training_images(
    seeing: Seeing, make_bundle: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibration, "detect_and_embed", seeing.detect_and_embed)
    monkeypatch.setattr(calibration, "the_judge", lambda: darkness)
    plain, out = make_bundle(), tmp_path / "closer"
    training = drawn_otherwise(load_model(plain), 400)
    source = folder_of(tmp_path / "faces", training)
    command = ("calibrate", str(plain), "--data", str(source), "--penalty", "1e-6", "--clarity", "0", "--out", str(out))
    done = facedemo(tmp_path, *command)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(out)
    assert "Predicted Fréchet face distance" in done.stderr
    real = seeing.detect_and_embed(training).embeddings
    distances = [
        frechet(seeing.detect_and_embed(sampling.generate(load_model(path), face_seeds(1, 400))).embeddings, real)
        for path in (plain, out)
    ]
    assert distances[1] < distances[0] / 1.5  # not lower, because small pictures count, too
    assert f"`facedemo verify --model {out} --data {source}`" in " ".join(done.stderr.split())
    card_text = (out / "README.md").read_text("utf8")
    assert "penalty: 1e-06; clarity: 0.0; shift: yes; data: faces" in card_text
    clear = facedemo(tmp_path, *command[:-1], str(tmp_path / "clear"), "--clarity", "10")
    assert clear.returncode == 0, clear.stderr
    grades = [
        darkness(sampling.generate(load_model(path), face_seeds(1, 400))).mean() for path in (out, tmp_path / "clear")
    ]
    assert grades[1] < grades[0] - 0.2
    centred = facedemo(tmp_path, *command[:-1], str(tmp_path / "centred"), "--no-shift")
    assert centred.returncode == 0, centred.stderr
    assert "shift: no" in (tmp_path / "centred" / "README.md").read_text("utf8")
    again = facedemo(tmp_path, *command[:-1], str(tmp_path / "again"), "--penalty", "inf")
    assert again.returncode == 1
    assert "must be a positive number" in again.stderr
    unclear = facedemo(tmp_path, *command[:-1], str(tmp_path / "again"), "--clarity", "-1")
    assert "must be 0 or a positive number" in unclear.stderr
    assert "exists already. Choose a new folder." in facedemo(tmp_path, *command).stderr
    few_faces = folder_of(tmp_path / "few faces", training[:100])
    few = facedemo(tmp_path, "calibrate", str(plain), "--data", str(few_faces), "--out", str(tmp_path / "few"))
    assert "at least 256 are needed" in few.stderr
    assert not (tmp_path / "again").exists()
    assert not (tmp_path / "few").exists()
