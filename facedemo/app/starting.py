"""What the app's server does before the first visitor comes."""

import importlib
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from streamlit.starlette import App

FIRST_PAGE = (  # what facedemo/app/main.py and facedemo/app/pages/home.py import
    "numpy",
    "facedemo.app.main",
    "facedemo.app.components.face_grid",
    "facedemo.app.shared.estimate",
    "facedemo.app.shared.model_picker",
    "facedemo.app.shared.whole_cards",
    "facedemo.app.views.train.state",
    "facedemo.config.presets",
    "facedemo.pretrained.seeds",
    "facedemo.training.speed",
)


@asynccontextmanager
async def import_ahead(_: App) -> AsyncIterator[None]:
    """Imports the modules of the first page while the browser opens, which takes it about as long."""
    threading.Thread(target=import_all, name="import ahead", daemon=True).start()
    yield


def import_all() -> None:
    for name in FIRST_PAGE:
        importlib.import_module(name)
