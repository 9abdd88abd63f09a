"""Models small enough for tests: the real classes, a few thousand random weights."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image

from facedemo import bundle, sampling
from facedemo.bundle import FaceModel, load

Maker = Callable[..., Path]
Portrait = Callable[[int], Image.Image]


@pytest.fixture
def make_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Maker:
    """Makes tiny bundles where the app looks for them; the app sees these and no runs."""
    monkeypatch.setenv("FACEDEMO_CHECKPOINTS", str(tmp_path / "checkpoints"))
    monkeypatch.setenv("FACEDEMO_RUNS", str(tmp_path / "runs"))

    def make(name: str = "tiny", folder: Path | None = None) -> Path:
        torch.manual_seed(0)
        path = (folder or tmp_path / "checkpoints") / name
        model = FaceModel({"model": {"size": 32, "latent": 8, "width": 4}})
        model.save_pretrained(path)
        (path / "config.json").write_text(model.config.model_dump_json(), "utf8")
        return path

    return make


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> FaceModel:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("tiny")
    FaceModel({"model": {"size": 32, "latent": 8, "width": 4}}).save_pretrained(path)
    return load(path)


@pytest.fixture(scope="session")
def portrait() -> Portrait:
    """Makes photos of as many people as asked for, side by side and 320 pixels apart; none of them exists."""
    from facedemo import photos

    images = sampling.generate(bundle.load(bundle.find("ours-64")), sampling.face_seeds(0, 24))
    faces = [Image.fromarray(image).resize((256, 256), Image.Resampling.LANCZOS) for image in images]
    clear = [face for face in faces if len(photos.find_faces(face)) == 1]

    def make(people: int) -> Image.Image:
        photo = Image.new("RGB", (320 * people, 400), "grey")
        for place, face in enumerate(clear[:people]):
            photo.paste(face, (320 * place + 32, 72))
        return photo

    return make
