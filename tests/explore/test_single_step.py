"""One step at a time: the training's own iterations."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from facedemo.explore import single_step
from facedemo.explore.single_step import TrainingStepper
from facedemo.explore.step_pictures import SHOWN, PictureRow, amplified, fitting_gain
from facedemo.imaging.pictures import read_settings
from facedemo.pretrained.model import BundleError, FaceModel
from facedemo.runs.run import Run
from facedemo.training import dataset, restore
from facedemo.training.batches import random_stream
from tests.conftest import facedemo
from tests.explore.steppers import assert_equal, motion_of, state


def test_its_steps_are_those_of_the_training_to_the_bit(trained: Run, halfway: Path) -> None:
    stepper = TrainingStepper(halfway, dataset.own_images(trained.config))
    assert stepper.number == 10
    assert stepper.resumed
    stepper.go_to_step(10)
    assert stepper.number == 20
    expected = torch.load(trained.checkpoints()[0], weights_only=True)
    assert_equal(state(stepper), expected["family"])
    logged = trained.metrics()
    for name in ("loss_real", "loss_fake", "k", "convergence"):
        assert np.mean([step.row[name] for step in stepper.steps[5:]]) == pytest.approx(logged[name][-1], rel=1e-5)


@pytest.mark.parametrize("alpha", [0.0, 0.2])
def test_its_equations_follow_from_its_numbers(halfway: Path, alpha: float) -> None:
    stepper = motion_of(halfway)
    stepper.steer(gamma=0.25, lambda_k=0.1, alpha=alpha)
    step = stepper.forward()
    k, real, fake = step.before["k"], step.row["loss_real"], step.row["loss_fake"]
    values = {equation.symbol: equation.value for equation in step.equations}
    assert values["L_D"] == pytest.approx(real - k * fake + alpha * step.row["recovery"])
    assert values.get("C") == (step.row["recovery"] if alpha else None)
    assert values["balance"] == pytest.approx(0.25 * real - fake)
    assert values["k_t+1"] == pytest.approx(min(max(k + 0.1 * (0.25 * real - fake), 0), 1), abs=1e-7)
    assert values["M"] == pytest.approx(real + abs(0.25 * real - fake))
    assert step.settings["gamma"] == 0.25


def test_gamma_turns_the_direction_of_k(halfway: Path) -> None:
    moves = []
    for gamma in (0.0, 1.0):
        stepper = motion_of(halfway)
        stepper.family.k.fill_(0.5)
        stepper.steer(gamma=gamma, lambda_k=0.1)
        step = stepper.forward()
        ratio = step.row["loss_fake"] / step.row["loss_real"]
        moves.append(step.row["k"] - 0.5)
        assert np.sign(moves[-1]) == np.sign(gamma - ratio)
    assert moves[0] < 0
    assert moves[1] > moves[0]


def test_a_setting_out_of_range_is_refused(halfway: Path) -> None:
    stepper = motion_of(halfway)
    with pytest.raises(ValueError, match="gamma"):
        stepper.steer(gamma=2.0)
    assert stepper.settings()["gamma"] == 0.7


def test_pictures_are_of_before_the_step_and_changes_what_it_did(halfway: Path) -> None:
    stepper = motion_of(halfway)
    generator = single_step.copy.deepcopy(stepper.family.generator)
    step = stepper.forward()
    assert [row.symbol for row in step.pictures] == ["x", "D(x)", "G(z)", "D(G(z))"]
    assert [row.symbol for row in step.changes] == ["G(z)", "D(x)", "D(G(z))"]
    rng = random_stream(stepper.config.training.seed, "noise", 10)
    z = stepper.family.latents(4, rng)
    with torch.no_grad():
        before, after = generator(z), stepper.family.generator(z)
    np.testing.assert_allclose(step.pictures[2].images, before.permute(0, 2, 3, 1), atol=1e-5)
    np.testing.assert_allclose(step.changes[0].images, (after - before).permute(0, 2, 3, 1), atol=1e-5)


def test_a_family_that_rebuilds_nothing_shows_its_scores(make_model) -> None:
    stepper = motion_of(make_model("dcgan"))
    statistics = state(stepper)
    step = stepper.forward()
    assert [row.symbol for row in step.pictures] == ["x", "G(z)"]
    assert all(row.scores.shape == (4,) for row in step.pictures)
    assert [row.symbol for row in step.changes] == ["G(z)"]
    stepper.back()
    assert_equal(state(stepper), statistics)


@pytest.fixture
def make_model(tmp_path: Path):
    def make(family: str) -> Path:
        torch.manual_seed(0)
        config = {"family": family, "model": {"size": 32, "width": 4, "latent": 8, "batch_size": 4}}
        model = FaceModel(config)
        model.save_pretrained(tmp_path / family)
        (tmp_path / family / "config.json").write_text(model.config.model_dump_json(), "utf8")
        return tmp_path / family

    return make


def test_models_without_optimiser_state_take_at_most_16_images_a_batch_and_runs_as_many_as_ever(
    halfway: Path, tmp_path: Path
) -> None:
    config = {"family": "wgan", "model": {"size": 32, "width": 4, "latent": 8, "batch_size": 24, "critic_steps": 2}}
    FaceModel(config).save_pretrained(tmp_path / "bundle")
    (tmp_path / "bundle" / "config.json").write_text(FaceModel(config).config.model_dump_json(), "utf8")
    stepper = motion_of(tmp_path / "bundle")
    assert (stepper.config.model.batch_size, stepper.batch_in_training) == (16, 24)
    assert len(stepper.forward().pictures[0].images) == SHOWN
    stepper.steer(clip=0.02)
    assert (stepper.config.model.batch_size, stepper.config.model.clip) == (16, 0.02)
    run = motion_of(halfway)
    assert run.config.model.batch_size == run.batch_in_training == 4


def test_a_damaged_checkpoint_makes_room_for_the_one_before_it_and_is_logged(
    trained: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = Path(shutil.copytree(trained.path, tmp_path / trained.id))
    Run(path).checkpoints()[0].write_bytes(b"half a checkpoint")
    assert restore.load_training_state(path).number == 10
    assert f"{Run(path).checkpoints()[0].name} cannot be read" in caplog.text
    Run(path).checkpoints()[1].write_bytes(b"")
    weights_alone = restore.load_training_state(path)
    assert weights_alone.optimizers == {}
    assert not motion_of(path).resumed


def test_a_checkpoint_of_other_networks_is_an_error_and_not_damage(trained: Run, tmp_path: Path) -> None:
    path = Path(shutil.copytree(trained.path, tmp_path / trained.id))
    newest = Run(path).checkpoints()[0]
    state = torch.load(newest, weights_only=True)
    state["family"].popitem()
    torch.save(state, newest)
    with pytest.raises(BundleError, match=f"The weights in {newest.name} do not fit"):
        restore.load_training_state(path)


def test_changes_are_amplified_as_far_as_they_bear() -> None:
    changes = np.zeros((1, 10, 10, 3), np.float32)
    changes[0, :5] = 0.04
    assert fitting_gain([PictureRow("G(z)", "", changes)]) == 20
    picture = amplified(changes, 20)
    assert picture[0, 9, 9, 0] in (127, 128)
    assert picture[0, 0, 0, 0] == round((0.8 + 1) * 127.5)
    assert amplified(changes, 1000)[0, 0, 0, 0] == 255


def test_the_command_prints_the_equations_and_writes_the_pictures(halfway: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "step.png"
    arguments = ["step", str(halfway), "--steps", "2", "--gamma", "0.6", "--out", str(out)]
    done = facedemo(tmp_path, *arguments)
    assert done.returncode == 0, done.stderr
    assert "iteration 11, gamma = 0.6" in done.stdout
    assert "L_D      = L(x) − k_t · L(G(z)) = " in done.stdout
    assert read_settings(out)["iteration"] == "12"
    assert Image.open(out).width == 4 * 34 + 2
