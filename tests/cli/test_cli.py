"""The command line as scripts and people use it, on real files."""

import itertools
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facedemo.cli import main
from facedemo.cli.terminal import parse_numbers
from facedemo.comparison.entrants import entrant_configs
from facedemo.config.presets import PRESETS, configure
from facedemo.imaging.pictures import read_settings
from facedemo.pretrained.model import find_model, load_model
from facedemo.runs.run import Run
from facedemo.training import warm_start
from tests.conftest import facedemo

CELEBA = Path(__file__).parents[3] / "shared" / "data" / "celeba.tar"


@pytest.fixture(scope="module")
def trained(home: Path) -> Run:
    """A run that the command line trained."""
    arguments = "train --family ours --data pictures --size 32 --width 4 --batch-size 4 --iterations 12 --gamma 0.6"
    arguments += " --learning-rate 0.001 --seed 7 --threads 1 --name tiny"
    done = facedemo(home, *arguments.split())
    assert done.returncode == 0, done.stderr
    return Run(home / done.stdout.strip().splitlines()[-1])


def test_train_prints_the_run_directory_last_and_does_what_its_options_say(trained: Run) -> None:
    config = trained.config
    assert trained.status.state == "finished"
    assert (trained.name, config.model.gamma, config.training.seed) == ("tiny", 0.6, 7)
    assert config.model.learning_rate_g == config.model.learning_rate_d == 0.001
    assert config.training.precision in ("32-true", "bf16-mixed")  # settled, so that a resume computes the same
    assert trained.status.step == 12
    assert Path(config.data.source).is_absolute()  # it may be resumed from another folder


def test_resume_goes_on_with_a_bigger_budget(home: Path, trained: Run) -> None:
    done = facedemo(home, "resume", trained.id, "--iterations", "16")
    assert done.returncode == 0, done.stderr
    assert trained.status.step == 16
    assert "To train it further" not in done.stderr


def test_a_used_up_budget_is_refused_and_a_finished_run_is_told_of(home: Path, trained: Run) -> None:
    budget, step = trained.config.budget, trained.status.step
    refused = facedemo(home, "resume", trained.id, "--iterations", str(step))
    assert refused.returncode == 1
    assert f"already used a budget of {step} iterations" in refused.stderr
    assert trained.config.budget == budget
    done = facedemo(home, "resume", trained.id)
    assert done.returncode == 0, done.stderr
    assert "To train it further" in done.stderr


def test_generate_writes_a_grid_and_each_face_by_its_seed(home: Path, trained: Run) -> None:
    options = ["--seed", "5", "--count", "10", "--out", "out/grid.png", "--each", "out/faces"]
    done = facedemo(home, "generate", "--model", trained.id, *options)
    assert done.returncode == 0, done.stderr
    assert Image.open(home / "out/grid.png").size == (4 * 34 + 2, 3 * 34 + 2)
    assert read_settings(home / "out/grid.png")["seed"] == "5"
    faces = sorted(path.stem for path in (home / "out/faces").iterdir())
    assert len(faces) == 10
    assert "5" in faces
    alone = facedemo(home, "generate", "--model", trained.id, "--seed", faces[0], "--count", "1", "--out", "one.png")
    assert alone.returncode == 0, alone.stderr
    single = np.asarray(Image.open(home / "one.png"))[2:-2, 2:-2]
    np.testing.assert_array_equal(single, np.asarray(Image.open(home / "out/faces" / f"{faces[0]}.png")))


def test_runs_lists_what_there_is(home: Path, trained: Run) -> None:
    listed = facedemo(home, "runs").stdout
    assert "tiny" in listed
    assert "finished" in listed
    assert "facedemo train" in facedemo(home, "runs", "--runs-dir", "nowhere").stdout


def test_a_bundle_is_made_out_of_a_run(home: Path, trained: Run) -> None:
    done = facedemo(home, "bundle", trained.id, "--out", "models/tiny")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (home / "models/tiny").iterdir()} == {
        "config.json", "model.safetensors", "README.md", "report.json", "curves.png", "samples.png"
    }  # fmt: skip


def test_data_prepare_counts_images_and_lists_what_it_skipped(home: Path) -> None:
    (home / "pictures" / "torn.png").write_bytes(b"\x89PNG torn")
    done = facedemo(home, "data", "prepare", "pictures", "--size", "32", "--skipped")
    (home / "pictures" / "torn.png").unlink()
    assert "70 images ready" in done.stdout
    assert "torn.png: " in done.stdout


def test_data_people_sorts_images_by_person(home: Path) -> None:
    celeba = home / "celeba"
    (celeba / "img_align_celeba").mkdir(parents=True)
    for name in ("000001.jpg", "000002.jpg"):
        Image.new("RGB", (89, 109)).save(celeba / "img_align_celeba" / name)
    (celeba / "identity_CelebA.txt").write_text("000001.jpg 12\n000002.jpg 7\n")
    done = facedemo(home, "data", "people", "celeba", "people")
    assert done.returncode == 0, done.stderr
    assert "2 people" in done.stdout
    assert list((home / "people").rglob("12/000001.jpg"))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["train", "--size", "63", "--data", "pictures"], "--size: It must be 32, 64 or 128, but it is 63."),
        (["train", "--gamma", "2", "--data", "pictures"], "--gamma: "),
        (["train", "--family", "vae"], "no family"),
        (["train", "--preset", "hour"], "Presets: minute"),
        (["train", "--data", "nowhere", "--iterations", "1"], "nowhere"),
        (["train", "--data", "", "--iterations", "1"], "no file or folder"),
        (["train", "--num-nodes", "2", "--data", "pictures"], "--only-create"),
        (["generate", "--model", "nobody"], "No model or run matches"),
        (["generate", "--model", "nobody", "--scale", "9"], "Error"),
        (["resume", "nothing"], "No run matches"),
        (["data", "prepare", "nowhere"], "nowhere"),
        (["step", "nobody", "--gamma", "0.4", "--set", "gamma=0.6"], "“gamma” is given twice"),
        (["verify", "--data", "built-in"], "no photographs"),
    ],
)
def test_what_the_user_got_wrong_is_said_without_a_traceback(
    home: Path, arguments: list[str], expected: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(home)
    monkeypatch.setenv("FACEDEMO_CACHE", str(home / "cache"))
    monkeypatch.setattr(sys, "argv", ["facedemo", *arguments])
    with pytest.raises(SystemExit) as end:  # any other exception would be a traceback
        main()
    assert end.value.code == 1
    assert expected in capsys.readouterr().err


def test_help_does_not_wait_for_torch(home: Path) -> None:
    call = "app(['--help'], standalone_mode=False)"
    code = f"import sys; from facedemo.cli import app; {call}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=home)
    assert done.stdout.strip().endswith("False")


def test_a_run_that_does_not_train_is_not_silently_told_to_stop(
    trained: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for word in ("pause", "unpause", "stop"):
        monkeypatch.setattr(sys, "argv", ["facedemo", word, str(trained.path)])
        with pytest.raises(SystemExit):
            main()
        assert "“tiny” is not training; it is finished." in capsys.readouterr().err


def test_every_preset_is_a_valid_run_and_options_come_over_it() -> None:
    for name in PRESETS:
        assert configure({}, name).family == ("r3gan" if name == "own-64" else "ours")
    config = configure({"gamma": 0.3, "iterations": 5, "source": "x.zip", "flip": False, "seed": 3}, "paper-64")
    assert (config.model.gamma, config.model.stem, config.model.learning_rate_g) == (0.3, "full", 1e-4)
    assert (config.budget.iterations, config.data.source, config.data.flip, config.training.seed) == (
        5,
        "x.zip",
        False,
        3,
    )
    assert configure({"minutes": 2}, "paper-64").budget.iterations is None


def test_the_preset_for_ones_own_images_takes_the_network_of_the_model_it_starts_from(trained: Run) -> None:
    start = load_model(find_model("r3gan-64")).config
    config = warm_start.configured({"source": "mine", "penalty": 0.6}, "own-64")
    assert (config.training.start, config.family) == ("r3gan-64", "r3gan")
    assert config.data.crop == "face"
    assert {name: getattr(config.model, name) for name in start.model.shaping} == {
        name: getattr(start.model, name) for name in start.model.shaping
    }
    assert (config.model.penalty, config.model.augment, config.budget.images) == (0.6, 0.1, 15_000)
    other = warm_start.configured({"start": "r3gan-64", "images": 100, "width": 48, "crop": "wide"}, "own-64")
    assert other.data.crop == "wide"
    assert (other.model.width, other.model.augment, other.budget.images) == (48, 0.1, 100)
    with pytest.raises(ValueError, match=r"own-64 is for models of R3GAN, and .* is of Ours"):
        warm_start.configured({"start": str(trained.path)}, "own-64")
    with pytest.raises(ValueError, match="fine-tunes a model"):
        entrant_configs({"images": 100}, preset="own-64")


def test_images_are_checked_before_a_training(home: Path) -> None:
    done = facedemo(home, "data", "check", "pictures", "--size", "32", "--out", "grid.png")
    assert done.returncode == 0, done.stderr
    assert "images ready at 32×32" in done.stdout
    assert "Warning: " in done.stdout
    assert "Preset: own-64. With fewer than 5,000 images" in done.stdout
    with Image.open(home / "grid.png") as image:
        assert image.size == (8 * 34 + 2, 3 * 34 + 2)
    assert facedemo(home, "data", "check", "pictures", "--out", "grid.txt").returncode == 1


def test_a_steering_word_that_is_no_number_is_refused() -> None:
    assert parse_numbers(["gamma=0.5", "decay=1"], "a setting", "gamma=0.6") == {"gamma": 0.5, "decay": 1.0}
    for word in ("gamma=much", "gamma", "gamma="):
        with pytest.raises(ValueError, match=f"“{word}” is not a setting. Write name=number, such as gamma=0.6."):
            parse_numbers([word], "a setting", "gamma=0.6")


@pytest.mark.skipif(not CELEBA.exists(), reason="the real faces are not beside this checkout")
def test_a_short_training_on_real_faces_lowers_the_reconstruction_loss(home: Path) -> None:
    with tarfile.open(CELEBA) as all_faces, tarfile.open(home / "few.tar", "w") as few:
        for member in itertools.islice((member for member in all_faces if member.isfile()), 501):
            few.addfile(member, all_faces.extractfile(member))
    options = ["--size", "32", "--width", "16", "--iterations", "60", "--threads", "1", "--runs-dir", "real"]
    done = facedemo(home, "train", "--data", "few.tar", *options)
    assert done.returncode == 0, done.stderr
    run = Run(home / done.stdout.strip().splitlines()[-1])
    losses = run.metrics()["loss_real"]
    assert "500 images" in run.log_text()
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.parametrize("suffix", [".jpg", ".JPEG"])
def test_a_picture_called_jpg_is_a_jpeg_that_says_how_it_was_made(home: Path, trained: Run, suffix: str) -> None:
    done = facedemo(home, "generate", "--model", trained.id, "--count", "4", "--seed", "7", "--out", f"faces{suffix}")
    assert done.returncode == 0, done.stderr
    with Image.open(home / f"faces{suffix}") as image:
        assert image.format == "JPEG"
        assert json.loads(image.info["comment"]) == {"model": trained.name, "seed": "7", "count": "4", "scale": "1.0"}


@pytest.mark.parametrize(
    "command",
    [
        *("generate --out a.bmp", "step --out faces", "directions warmth=1 --out a.gif", "interpolate 1 2 --out a.mov"),
        *("interpolate 1 2 3 4 --square --out a.gif", "verify --json a.txt", "export ours-64 --out a.tar"),
        *("film run --out a.avi", "report run --out a.png", "card run --out a.gif", "data check . --out a.gif"),
    ],
)
def test_a_file_of_an_unknown_kind_is_refused_before_anything_is_computed(
    home: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEDEMO_CHECKPOINTS", str(home / "nowhere"))  # without a model, nothing could be computed
    done = facedemo(home, *command.split())
    assert done.returncode == 1
    assert "file name must end in" in done.stderr


@pytest.mark.parametrize(("name", "kind"), [("card.jpg", "JPEG"), ("card.PNG", "PNG")])
def test_a_card_is_the_kind_of_picture_that_its_name_says(home: Path, trained: Run, name: str, kind: str) -> None:
    done = facedemo(home, "card", trained.id, "--out", name)
    assert done.returncode == 0, done.stderr
    with Image.open(home / name) as image:
        assert (image.format, image.size) == (kind, (1200, 630))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--family", ":"], "FILE:CLASS"),
        (["train", "--family", "~nosuchuser/gan.py:GAN"], "There is no Python file"),
        (["train", "--config", "picture.png"], "picture.png is not a text file"),
        (["train", "--config", "folder"], "folder cannot be read: Is a directory."),
        (["data", "prepare", ""], "Give the path of a folder or an archive"),
        (["delete", ""], "No run matches “”"),
        (["import", "nowhere.zip"], "Error: nowhere.zip: No such file or directory."),
        (["generate", "--model", "MODEL", "--count", "1", "--out", "folder.png"], "folder.png: Is a directory."),
        (
            ["generate", "--model", "MODEL", "--count", "1", "--out", "file/a.png"],
            "file is a file, not a folder.",
        ),
        (["generate", "--model", "MODEL", "--count", "1", "--out", "a" * 250 + ".png"], f"{'a' * 250}.png: File name"),
        (["generate", "--model", "nobody", "--each", "file"], "file is a file, not a folder."),
        (["verify", "--model", "nobody", "--pictures", "file"], "file is a file, not a folder."),
        (["bundle", "MODEL", "--out", "b", "--about", "picture.png"], "picture.png is not a text file"),
    ],
)
def test_what_cannot_be_opened_or_written_is_named_without_numbers_of_the_system(
    home: Path, trained: Run, arguments: list[str], message: str
) -> None:
    for folder in ("folder", "folder.png"):
        (home / folder).mkdir(exist_ok=True)
    (home / "file").touch()
    (home / "picture.png").write_bytes(b"\x89PNG\xff")
    done = facedemo(home, *(trained.id if word == "MODEL" else word for word in arguments))
    assert done.returncode == 1
    assert message in done.stderr
    assert "Errno" not in done.stderr
    assert "--traceback" not in done.stderr


def test_a_home_folder_that_does_not_exist_is_an_error_in_words(home: Path) -> None:
    for arguments in (["train", "--data", "~nosuchuser/faces"], ["data", "prepare", "~nosuchuser/faces"]):
        done = facedemo(home, *arguments)
        assert done.returncode == 1
        assert "~nosuchuser" in done.stderr
        assert "Traceback" not in done.stderr
