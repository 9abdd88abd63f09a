"""facedemo as others install it: a wheel in an environment of its own, used from a folder with nothing in it."""

import json
import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.skipif(shutil.which("uv") is None, reason="no uv on this machine"),
    pytest.mark.timeout(900),
    pytest.mark.slow,
]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of an environment that holds the wheel and what it depends on."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run(["uv", "build", "--wheel", "--quiet", "--out-dir", folder, ROOT], check=True)
    (wheel,) = folder.glob("*.whl")
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["tool"]["uv"]
    (folder / "overrides.txt").write_text("\n".join(settings["override-dependencies"]))
    subprocess.run(["uv", "venv", "--quiet", folder / "env"], check=True)
    options = ["--overrides", folder / "overrides.txt", "--exclude-newer", settings["exclude-newer"]]
    python = folder / "env" / "bin" / "python"
    subprocess.run(["uv", "pip", "install", "--quiet", "--python", python, *options, wheel], check=True)
    return folder / "env" / "bin"


# in one process, because each would take seconds to import torch
COMMANDS = """
import os, sys
from facedemo.cli import main

def facedemo(words):
    sys.argv = ["facedemo", *words.split()]
    try:
        main()
    except SystemExit as end:
        assert not end.code, words

facedemo("generate --seed 1 --count 4 --out grid.png")
facedemo("train --preset minute --size 32 --width 4 --batch-size 4 --iterations 3 --threads 1")
(run,) = (name for name in os.listdir("runs") if not name.startswith("."))
facedemo(f"export {run} --out mine.zip")
facedemo("import mine.zip")
"""


def call(program: Path, *arguments: str, folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("FACEDEMO", "PYTHON"))}
    env = environment | {f"XDG_{name.upper()}_HOME": str(folder / name) for name in ("data", "cache", "state")}
    done = subprocess.run([program, *arguments], cwd=folder, env=env, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_draws_trains_and_keeps_models_outside_of_the_package(installed: Path, tmp_path: Path) -> None:
    call(installed / "python", "-c", COMMANDS, folder=tmp_path)
    assert (tmp_path / "grid.png").read_bytes().startswith(b"\x89PNG")
    assert [path.parent.parent for path in tmp_path.glob("data/**/model.safetensors")] == [
        tmp_path / "data" / "facedemo" / "models"
    ]


def test_it_brings_the_app_its_theme_and_the_types(installed: Path, tmp_path: Path) -> None:
    script = (
        "import json, facedemo; from pathlib import Path; from facedemo.storage.locations import bundled, shipped;"
        "print(json.dumps([[path.name for path in bundled()], (shipped('.streamlit') / 'config.toml').exists(),"
        "(Path(facedemo.__file__).parent / 'py.typed').exists(), str(Path(facedemo.__file__))]))"
    )
    names, theme, typed, package_file = json.loads(call(installed / "python", "-c", script, folder=tmp_path))
    assert names == ["dcgan-64", "ours-128", "ours-64", "r3gan-64", "wgan-64"]
    assert theme
    assert typed
    assert "site-packages" in package_file
    assert "--port" in call(installed / "facedemo", "app", "--help", folder=tmp_path)
