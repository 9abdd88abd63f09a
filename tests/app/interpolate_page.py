"""The Interpolate page as tests open it, and its addresses."""

import json
from typing import Any

from streamlit.testing.v1 import AppTest

from facedemo.app import navigation
from facedemo.app.shared import first_seeds
from facedemo.explore import directions

SEED = str(first_seeds.FACE)
TWO = {
    "mode": "two",
    "model": "tiny",
    "from": str(first_seeds.FILM[0]),
    "to": str(first_seeds.FILM[1]),
    "path": "slerp",
    "steps": "24",
    "rate": "12",
    "frame": "1",
}
WALK = {"mode": "walk", "model": "tiny", "seed": SEED, "faces": "6", "path": "slerp", "steps": "24", "rate": "12"}
FOUR = {
    "mode": "four",
    "model": "tiny",
    **{corner: str(seed) for corner, seed in zip("abcd", first_seeds.CORNERS, strict=True)},
    "path": "slerp",
    "side": "7",
    "face": "1",
}
NAMES = [*directions.MEASURES, *(f"main{n}" for n in range(1, directions.PRINCIPAL + 1))]
DIRECTIONS = {"mode": "directions", "model": "tiny", "seed": SEED} | {f"by_{name}": "0.0" for name in NAMES}


def open_page(**address: str) -> AppTest:
    page = AppTest.from_file(navigation.INTERPOLATE, default_timeout=60)
    for name, value in address.items():
        page.query_params[name] = value
    return page.run()


def address(page: AppTest) -> dict[str, str]:
    return {name: values[0] if isinstance(values, list) else values for name, values in page.query_params.items()}


def player(page: AppTest) -> dict[str, Any]:
    """What the page sends to the player, or the grid, in the browser."""
    (element,) = page.get("bidi_component")
    return json.loads(element.proto.json)
