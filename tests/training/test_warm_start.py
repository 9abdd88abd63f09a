"""Runs that start from the weights of a trained model."""

import json
from pathlib import Path

import pytest
import torch
from torch.nn.functional import avg_pool2d, interpolate

from facedemo.config.presets import configure
from facedemo.config.schema import Budget, RunConfig
from facedemo.gans.base import create
from facedemo.pretrained import bundles, provenance
from facedemo.pretrained.model import load_model
from facedemo.runs.run import Run, list_runs
from facedemo.training import warm_start
from facedemo.training.warm_start import new_run
from facedemo.training.worker import execute

SMALL = {"width": 8, "latent": 16, "batch_size": 4}


@pytest.fixture
def trained(tmp_path: Path) -> Run:
    """A run of two iterations: 32×32, half stems."""
    config = configure({"size": 32, "stem": "half", "iterations": 2, "name": "first", "threads": 1, **SMALL})
    run = new_run(config, tmp_path)
    assert execute(run).state == "finished"
    return run


def test_a_model_with_a_decoder_grown_to_twice_the_size_draws_the_same_faces_enlarged() -> None:
    torch.manual_seed(0)
    small, large = (
        create("ours", RunConfig(model={"size": size, "stem": stem, "generator": "decoder", **SMALL}).model)
        for size, stem in ((64, "half"), (128, "quarter"))
    )
    large.start_from(small)
    z, images = torch.rand(3, 16) * 2 - 1, torch.rand(3, 3, 128, 128) * 2 - 1
    torch.testing.assert_close(large.average(z), interpolate(small.average(z), scale_factor=2))
    seen = small.discriminator(avg_pool2d(images, 2))
    torch.testing.assert_close(large.discriminator(images), interpolate(seen, scale_factor=2), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("generator", ["decoder", "deconv"])
def test_a_model_of_longer_vectors_draws_and_rebuilds_the_same_faces_until_it_learns(generator: str) -> None:
    torch.manual_seed(0)
    short, long = (
        create("ours", RunConfig(model=SMALL | {"size": 32, "generator": generator, "latent": h}).model)
        for h in (16, 24)
    )
    long.start_from(short)
    images, z = torch.rand(4, 3, 32, 32) * 2 - 1, torch.rand(4, 24) * 2 - 1
    torch.testing.assert_close(long.average.eval()(z), short.average.eval()(z[:, :16]))
    torch.testing.assert_close(long.discriminator(images), short.discriminator(images))
    codes = long.discriminator.encoder(images)
    torch.testing.assert_close(codes[:, :16], short.discriminator.encoder(images))
    assert (codes[:, 16:].std(0) > 0).all()
    (images - long.discriminator(images)).abs().mean().backward()
    gradient = long.discriminator.decoder.map.weight.grad
    assert gradient is not None
    assert (gradient[:, 16:] != 0).any(1).all()


@pytest.mark.parametrize(
    ("settings", "differ"),
    [
        ({"size": 64, "latent": 8}, "latent is 16 there and 8 here"),
        ({"size": 64, "latent": 24, "width": 12}, "latent is 16 there and 24 here, width is 8 there and 12 here"),
        ({"size": 128, "stem": "half"}, "size is 64 there and 128 here"),
        ({"size": 64, "width": 12}, "width is 8 there and 12 here"),
        ({"size": 64, "stem": "full"}, "stem is half there and full here"),
        ({"size": 64, "generator": "decoder"}, "generator is deconv there and decoder here"),
    ],
)
def test_weights_that_do_not_fit_are_refused_by_the_settings_that_differ(
    settings: dict[str, object], differ: str
) -> None:
    source = create("ours", RunConfig(model={"size": 64, **SMALL}).model)
    family = create("ours", RunConfig(model=SMALL | settings).model)
    before = {name: tensor.clone() for name, tensor in family.state_dict().items()}
    with pytest.raises(ValueError, match=differ):
        family.start_from(source)
    assert all(torch.equal(before[name], tensor) for name, tensor in family.state_dict().items())


def test_another_family_cannot_start_from_it(trained: Run) -> None:
    with pytest.raises(ValueError, match="its family is Ours"):
        new_run(configure({"family": "dcgan", "start": trained.id, "iterations": 1}), trained.path.parent)
    assert list_runs(trained.path.parent) == [trained]


def test_a_run_goes_on_from_the_weights_of_another_even_when_that_is_gone(trained: Run, tmp_path: Path) -> None:
    config = configure({"start": trained.id, "iterations": 1}, base=warm_start.settings(trained.id, tmp_path))
    assert config.model == trained.config.model
    frozen = configure(
        {"start": trained.id, "iterations": 1, "learning_rate_g": 0.0, "learning_rate_d": 0.0, "rate_floor": 0.0},
        base=warm_start.settings(trained.id, tmp_path),
    )
    run = new_run(frozen, tmp_path)
    weights = load_model(trained.path).family.state_dict()
    for file in trained.path.glob("*.safetensors"):
        file.unlink()
    assert execute(run).state == "finished"
    run.extend(Budget(iterations=2))
    assert execute(run).state == "finished"
    assert run.log_text().count("starts from the weights") == 1, "a resume goes on from its checkpoint"
    went_on = load_model(run.path).family.state_dict()
    assert torch.equal(went_on["generator.map.weight"], weights["generator.map.weight"])
    assert f"starts from the weights of {trained.id}" in run.log_text()


def test_a_run_tells_nothing_of_the_machine_that_its_start_was_trained_on(trained: Run, tmp_path: Path) -> None:
    config = json.loads((trained.path / "config.json").read_text())
    config["data"]["source"] = "/home/somebody/pictures/faces.zip"
    (trained.path / "config.json").write_text(json.dumps(config))
    run = new_run(
        configure({"start": trained.id, "iterations": 1}, base=warm_start.settings(trained.id, tmp_path)), tmp_path
    )
    assert json.loads((run.path / "start" / "config.json").read_text())["data"]["source"] == "faces.zip"


def test_a_missing_model_and_one_without_discriminator_are_refused_in_words(trained: Run, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="No model or run matches"):
        warm_start.settings("nothing", tmp_path)
    import safetensors.torch

    file = trained.path / "model.safetensors"
    weights = safetensors.torch.load_file(file)
    safetensors.torch.save_file({k: v for k, v in weights.items() if not k.startswith("discriminator.")}, file)
    with pytest.raises(ValueError, match="has no discriminator"):
        new_run(configure({"start": trained.id, "iterations": 1, "size": 32, **SMALL}), tmp_path)


def test_a_model_knows_how_many_images_were_seen_by_those_it_comes_from(trained: Run, tmp_path: Path) -> None:
    def went_on_from(model: str, name: str) -> Run:
        settings = warm_start.settings(model, tmp_path)
        run = new_run(configure({"start": model, "iterations": 3, "name": name}, base=settings), tmp_path)
        execute(run)
        return run

    seen, batch = trained.status.images, trained.config.model.batch_size
    assert provenance.images_seen(trained.path) == seen > 0
    second = went_on_from(trained.id, "second")
    shared = bundles.export(second, tmp_path / "shared")
    assert f"after the {seen} images of the model that it started from" in (shared / "README.md").read_text()
    third = went_on_from(str(shared), "third")
    assert provenance.images_before(third.path) == provenance.images_seen(shared) == seen + 3 * batch
    assert provenance.images_seen(third.path) == seen + 6 * batch
    (shared / "report.json").write_text('{"images": "many"}')
    assert provenance.images_seen(shared) == 3 * batch, "its own, as its weights say"


def test_a_config_with_a_setting_of_an_earlier_version_loads_without_it() -> None:
    settings = RunConfig().model_dump(mode="json")
    settings["training"]["match_codes"] = 0.5
    assert RunConfig.model_validate_json(json.dumps(settings)) == RunConfig()
    with pytest.raises(ValueError, match="match_code"):
        configure({"minutes": 1, "match_code": 0.5})
