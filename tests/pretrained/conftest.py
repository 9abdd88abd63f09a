"""A model to be packed."""

from pathlib import Path

import pytest

from tests.conftest import Maker


@pytest.fixture
def files(make_bundle: Maker, tmp_path: Path) -> dict[str, bytes]:
    """The files of a model that works, by their names in a ZIP; the app has no model."""
    folder = make_bundle("tiny", tmp_path / "elsewhere")
    contents = {f"tiny/{name}": (folder / name).read_bytes() for name in ("config.json", "model.safetensors")}
    return {**contents, "tiny/README.md": b"# tiny"}
