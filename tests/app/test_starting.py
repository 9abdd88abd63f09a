"""What the app's server does before the first visitor comes."""

import ast
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.web.server.app_discovery import discover_asgi_app

from facedemo.app import main, navigation
from facedemo.app.shared.cached_work import PATIENCE
from tests.app.conftest import ROOT
from tests.conftest import Maker

SCRIPTS = (ROOT / "app.py", ROOT / "facedemo/cli/app_script.py")
START = """
import asyncio, sys, threading
from facedemo.app.starting import import_ahead

async def serve():
    async with import_ahead(None):
        await asyncio.to_thread(next(t for t in threading.enumerate() if t.name == "import ahead").join)

asyncio.run(serve())
print(*sys.modules)
"""


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_streamlit_finds_the_server_of_the_app(script: Path) -> None:
    assert discover_asgi_app(script).import_string == f"{script.stem}:app"


def imported(script: Path) -> set[str]:
    """The modules that a script imports (its packages, where it imports names of them) whenever it runs."""
    statements = [node for node in ast.parse(script.read_text("utf8")).body if isinstance(node, ast.ImportFrom)]
    pairs = {f"{node.module}.{alias.name}": str(node.module) for node in statements for alias in node.names}
    return {name if (ROOT / f"{name.replace('.', '/')}.py").is_file() else module for name, module in pairs.items()}


def test_the_modules_of_the_first_page_are_imported_as_the_server_starts() -> None:
    done = subprocess.run([sys.executable, "-c", START], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    modules = set(done.stdout.split())
    needed = imported(Path(main.__file__)) | imported(navigation.HOME)
    assert {name for name in needed if name.startswith("facedemo.")} - modules == set()
    assert "torch" not in modules


def test_a_spinner_of_streamlit_appears_as_soon_as_a_bar_of_ours(
    make_bundle: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_bundle()
    delays = []

    class Timer(threading.Timer):
        def start(self) -> None:
            delays.append(self.interval)
            super().start()

    monkeypatch.setattr(threading, "Timer", Timer)
    page = AppTest.from_file(ROOT / "app.py", default_timeout=60).switch_page(str(navigation.STEP)).run()
    assert not page.exception
    assert set(delays) == {PATIENCE}
