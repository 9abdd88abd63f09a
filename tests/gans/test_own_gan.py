"""A family of one's own: the very code of docs/your-own-gan.md."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from facedemo import load
from facedemo.comparison.entrants import entrant_configs
from facedemo.config.presets import configure
from facedemo.gans import registry
from facedemo.gans.registry import config_class, family_names, gan_class, name_family
from facedemo.pretrained import bundles
from facedemo.runs.run import create_run
from facedemo.training.worker import execute
from tests.conftest import facedemo

PAGE = Path(__file__).parents[2] / "docs" / "your-own-gan.md"
TINY = {"size": 32, "width": 4, "latent": 8, "batch_size": 4, "iterations": 3, "threads": 1, "log_every": 1}


@pytest.fixture
def lsgan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("FACEDEMO_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv(registry.VARIABLE, "")
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf8"), re.DOTALL)
    assert len(code.splitlines()) < 60
    (tmp_path / "lsgan.py").write_text(code)
    return f"{tmp_path / 'lsgan.py'}:LSGAN"


def test_it_trains_resumes_draws_becomes_a_model_and_races(lsgan: str, tmp_path: Path) -> None:
    assert name_family(lsgan) == "lsgan"
    assert family_names() == ["ours", "dcgan", "wgan", "r3gan", "lsgan"]
    run = create_run(configure({"family": "lsgan", **TINY}))
    assert execute(run).state == "finished"
    run.extend(configure({"iterations": 5}).budget)
    assert execute(run).step == 5
    assert list(run.metrics())[3:5] == ["loss_discriminator", "loss_generator"]
    assert load(run).draw(range(3)).shape == (3, 32, 32, 3)
    bundles.export(run, tmp_path / "shared")
    assert "LSGAN: faces of 32×32" in (tmp_path / "shared" / "README.md").read_text()
    assert list(entrant_configs({"images": 100}, ["lsgan", "dcgan"])) == ["LSGAN", "DCGAN"]


def test_the_command_line_takes_it_and_a_later_command_needs_it_in_the_environment(
    lsgan: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = [f"--{name.replace('_', '-')}={value}" for name, value in TINY.items()]
    trained = facedemo(tmp_path, "train", "--family", lsgan, *sizes)
    assert trained.returncode == 0, trained.stderr
    run = trained.stdout.strip()
    assert os.environ[registry.VARIABLE] == lsgan  # for the processes that this command starts
    monkeypatch.setenv(registry.VARIABLE, "")
    unknown = facedemo(tmp_path, "resume", run, "--iterations", "6")
    assert unknown.returncode == 1
    assert "There is no family “lsgan”" in " ".join(unknown.stderr.split())
    monkeypatch.setenv(registry.VARIABLE, lsgan)
    resumed = facedemo(tmp_path, "resume", run, "--iterations", "6")
    assert resumed.returncode == 0, resumed.stderr


@pytest.fixture
def installed_package(lsgan: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package with the LSGAN of the page, installed as pip would: its module and its metadata on Python's path."""
    site = tmp_path / "site-packages"
    metadata = site / "face_gans-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: face-gans\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[facedemo.gans]\npackaged = face_gans:LSGAN\n")
    Path(lsgan.rpartition(":")[0]).rename(site / "face_gans.py")
    monkeypatch.syspath_prepend(site)
    registry.installed.cache_clear()
    yield
    registry.installed.cache_clear()
    sys.modules.pop("face_gans", None)


@pytest.mark.usefixtures("installed_package")
def test_a_family_of_an_installed_package_is_listed_and_trained_by_its_entry_points_name() -> None:
    assert family_names() == ["ours", "dcgan", "wgan", "r3gan", "packaged"]
    assert gan_class("packaged").__module__ == "face_gans"
    assert config_class("packaged") is gan_class("packaged").Config
    run = create_run(configure({"family": "packaged", **TINY}))
    assert execute(run).state == "finished"
    assert type(load(run).family) is gan_class("packaged")


@pytest.mark.parametrize(
    ("code", "spec", "message"),
    [
        ("", "gan.py:Missing", "has no class Missing that is a family"),
        ("Missing = 3", "gan.py:Missing", "has no class Missing that is a family"),
        ("import nothing_of_that_name", "gan.py:A", "cannot be run: ModuleNotFoundError"),
        ("", "elsewhere.py:A", "There is no Python file"),
    ],
)
def test_a_file_without_a_family_is_refused_in_words(code: str, spec: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "gan.py").write_text(code)
    with pytest.raises(ValueError, match=message):
        name_family(f"{tmp_path}/{spec}")


def test_a_config_cannot_make_a_file_run(tmp_path: Path) -> None:
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass A: Config = int")
    with pytest.raises(ValueError, match="There is no family"):
        configure({"family": f"{tmp_path}/evil.py:A", "iterations": 1})
    assert not (tmp_path / "ran").exists()
