"""Models small enough for tests: the real classes, a few thousand random weights."""

import io
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from facedemo.cli import main
from facedemo.config.schema import RunConfig
from facedemo.evaluation.detector import FaceDetections
from facedemo.pretrained.model import FaceModel, contiguous, load_model
from facedemo.runs.run import Run, create_run
from facedemo.storage.locations import WEIGHTS
from facedemo.storage.process_status import Status

# Tests run beside each other, one on each core. This one's processes take it from the environment.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["FACEDEMO_TRAININGS"] = "99"  # tests beside each other do not wait for each other's trainings

Maker = Callable[..., Path]
RunMaker = Callable[..., Run]
Portrait = Callable[[int], Image.Image]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts long files first, so that no worker begins one when the others have finished.

    Those are files with slow tests, and then those with many tests.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    tests = Counter(item.path for item in items)
    items.sort(key=lambda item: (item.path not in slow, -tests[item.path]))


@pytest.fixture(scope="session", autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing outside of pytest's folder is read or written, and the built-in faces are decoded once for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("cache", "queue"):
            patch.setenv(f"FACEDEMO_{name.upper()}", str(tmp_path_factory.mktemp(name) / name))
        yield


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Also after a test whose training took all cores."""
    torch.set_num_threads(1)


@pytest.fixture
def make_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Maker:
    """Makes tiny bundles where the app looks for them; the app sees these and no runs."""
    monkeypatch.setenv("FACEDEMO_CHECKPOINTS", str(tmp_path / "checkpoints"))
    monkeypatch.setenv("FACEDEMO_RUNS", str(tmp_path / "runs"))

    def make(name: str = "tiny", folder: Path | None = None) -> Path:
        torch.manual_seed(0)
        path = (folder or tmp_path / "checkpoints") / name
        model = FaceModel({"model": {"size": 32, "latent": 8, "width": 4, "generator": "decoder"}})
        model.save_pretrained(path)
        (path / "config.json").write_text(model.config.model_dump_json(), "utf8")
        return path

    return make


@pytest.fixture
def make_run(make_bundle: Maker) -> RunMaker:
    """Makes runs where the app looks for them, as training leaves them; `weights`: with a model to draw with."""

    def make(name: str = "", rows: int = 5, weights: bool = False, state: str = "finished", gamma: float = 0.7) -> Run:
        model = {"size": 32, "latent": 8, "width": 4, "generator": "decoder", "gamma": gamma}
        run = create_run(RunConfig.model_validate({"name": name, "model": model}))
        header = "step,images,seconds,loss_real,loss_fake,k,convergence"
        lines = [
            header,
            *(f"{10 * row},{160 * row},{6 * row},{1 / row},0.5,0.01,{2 / row}" for row in range(1, rows + 1)),
        ]
        (run.path / "metrics.csv").write_text("\n".join(lines) + "\n", "utf8")
        run.write_status(Status(state, step=10 * rows, images=160 * rows, seconds=6.0 * rows))
        if weights:
            state_dict = FaceModel(run.config.model_dump(mode="json")).family.state_dict()
            save_file(contiguous(state_dict), run.path / WEIGHTS)
        return run

    return make


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> FaceModel:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("tiny")
    FaceModel({"model": {"size": 32, "latent": 8, "width": 4, "generator": "decoder"}}).save_pretrained(path)
    return load_model(path)


@pytest.fixture(scope="session")
def portrait() -> Portrait:
    """Makes photos of as many people as asked for, side by side and 320 pixels apart; none of them exists."""
    from facedemo.data import builtin, photos

    images = [image for _, image in islice(builtin.resized_faces(64), 24)]
    faces = [Image.fromarray(image).resize((256, 256), Image.Resampling.LANCZOS) for image in images]
    clear = [face for face in faces if len(photos.find_faces(face)) == 1]

    def make(people: int) -> Image.Image:
        photo = Image.new("RGB", (320 * people, 400), "grey")
        for column, face in enumerate(clear[:people]):
            photo.paste(face, (320 * column + 32, 72))
        return photo

    return make


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"No file system can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(ballast: Path, spare: int) -> None:
    """Fills the disk but for `spare` bytes."""
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    with ballast.open("r+b") as file:
        file.truncate(max(0, ballast.stat().st_size - spare))


class Seeing:
    """A stand-in for `face_recognition`, and faces for it: it sees one in every image, as the mean of 128 of its parts.

    The upper half of a labelled face is as bright as it is old, the lower half is bright for one gender.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def detect_and_embed(self, images: np.ndarray, **_: Any) -> FaceDetections:
        images = np.stack([images[row] for row in range(len(images))])
        count, size, _, _ = images.shape
        parts = np.asarray(images, np.float64).reshape(count, 8, size // 8, 16, size // 16 * 3).mean(axis=(2, 4))
        return FaceDetections(np.zeros((count, 4), int), np.ones(count, int), parts.reshape(count, -1) / 255)

    def picture(self, age: int, gender: int, noise: int = 0) -> np.ndarray:
        image = np.full((32, 32, 3), 40 + 2 * age, np.int64)
        image[16:] = 80 + 100 * gender
        image += np.random.default_rng(noise).integers(-20, 21, (32, 32, 3))
        return image.astype(np.uint8)

    def photo_with(self, bald: int, smiling: int, noise: int = 0) -> np.ndarray:
        """A face with two attributes: a bright corner for each."""
        image = np.random.default_rng(noise).integers(60, 101, (32, 32, 3))
        image[:16, :16] += 90 * bald
        image[16:, 16:] += 90 * smiling
        return image.astype(np.uint8)

    def attributes(self, count: int = 400) -> Path:
        """A folder of such faces with a CSV file of their attributes."""
        folder = self.root / "attributes"
        folder.mkdir(exist_ok=True)
        lines = ["image,Bald,Smiling"]
        for number in range(count):
            bald, smiling = number % 2, number // 2 % 2
            Image.fromarray(self.photo_with(bald, smiling, number)).save(folder / f"{number}.png")
            lines.append(f"{number}.png,{2 * bald - 1},{2 * smiling - 1}")
        (folder / "labels.csv").write_text("\n".join(lines), "utf8")
        return folder

    def faces(self, count: int, genders: int = 2, name: str = "{age}_{gender}_0_{number:017}.png") -> Path:
        """A folder of labelled faces, named as UTKFace names them."""
        folder = self.root / f"labelled-{count}-{genders}-{name.count('_')}"
        folder.mkdir(exist_ok=True)
        for number in range(count):
            age, gender = 5 + 7 * number % 80, number % genders
            image = Image.fromarray(self.picture(age, gender, number))
            image.save(folder / name.format(age=age, gender=gender, number=number))
        return folder


@pytest.fixture
def seeing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seeing:
    from facedemo.evaluation import attributes
    from facedemo.explore import directions, named_directions

    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path / "cache"))
    stand_in = Seeing(tmp_path)
    for module in (directions, named_directions, attributes):
        monkeypatch.setattr(module, "detect_and_embed", stand_in.detect_and_embed)
    return stand_in


@dataclass(frozen=True)
class Done:
    """What a command printed, and the exit status that it ended with."""

    returncode: int
    stdout: str
    stderr: str


def facedemo(home: Path, *arguments: str) -> Done:
    """Runs a command in the folder `home`, in this process: one of its own would take seconds to import torch."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(home)
        patch.setenv("FACEDEMO_CACHE", str(home / "cache"))
        patch.setenv("COLUMNS", "120")
        patch.setattr(sys, "argv", ["facedemo", *arguments])
        try:
            main()
        except SystemExit as end:  # any other exception would be a traceback
            code = int(end.code or 0)
    return Done(code, out.getvalue(), err.getvalue())
