"""The models, the user's own and the bundled ones apart: browsing, exporting and importing them."""

import re
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from facedemo.app import navigation
from facedemo.app.shared import image_source
from facedemo.app.shared.markdown import escaped
from facedemo.app.shared.session import session
from facedemo.app.views.runs import own_models
from facedemo.config.schema import amount
from facedemo.pretrained import archive, library
from facedemo.runs.model_report import read_report
from facedemo.storage import locations
from facedemo.storage.atomic import read_object

MEGABYTES = 1024  # the largest file that can be uploaded
CARD_LETTERS = 20_000


@dataclass
class Imports:
    """count: of models imported in this session.  latest: the name of the last one, until it has been shown."""

    count: int = 0
    latest: str = ""


def model_library() -> None:
    st.header("Models", anchor=False)
    imports = session(Imports)
    if imports.latest:
        st.success(f"“{escaped(imports.latest)}” has been added to your models.")
        imports.latest = ""
    own_models.outcome()
    own = library.own_models()
    st.subheader("Your models", anchor=False)
    if not own:
        st.caption("There are no models yet. Export a run as a model, or import one.")
    for path in own:
        model(path)
    own_models.deleted()
    importing()
    if bundled := [path for path in locations.all_models() if path not in own]:
        st.subheader("Bundled models", anchor=False)
        for path in bundled:
            model(path)


def model(path: Path) -> None:
    """One bundle: its description, its card and its actions."""
    with st.container(border=True):
        st.markdown(f"**{escaped(path.name)}**")
        st.caption(escaped(model_summary(path)))
        with st.expander(
            "Model card", icon=":material/description:", key=f"card_{path.name}", on_change="rerun"
        ) as card:
            if card.open:
                show_card(path)
        with st.container(horizontal=True):
            if st.button(
                "Generate", icon=":material/grid_view:", help="Generate faces with this model.", key=f"draw_{path.name}"
            ):
                st.switch_page(navigation.GENERATE, query_params={"model": path.name})
            st.download_button(
                "Export (ZIP)",
                lambda: archive.zip_bytes(path),
                f"{path.name}.zip",
                "application/zip",
                on_click="ignore",
                icon=":material/folder_zip:",
                help="Download the whole bundle: weights, settings, card, curves and samples. It can be imported "
                "elsewhere.",
                key=f"export_{path.name}",
            )
            if library.is_own(path):
                own_models.controls(path)


def model_summary(path: Path) -> str:
    config, report = read_object(path / locations.CONFIG), read_report(path)
    model = config.get("model")
    size = model.get("size") if isinstance(model, dict) else None
    parts = [f"{config.get('family', '?')}, {size}×{size} pixels" if size else "config.json is damaged"]
    if report.iterations is not None:
        parts.append(amount(report.iterations, "iterations"))
    return " · ".join([*parts, f"{(path / locations.WEIGHTS).stat().st_size / 1e6:,.1f} MB"])


def show_card(path: Path) -> None:
    try:
        st.image((path / "samples.png").read_bytes(), width=360, alt=f"Faces that {path.name} generates")
    except Exception:  # Pillow raises many kinds of errors for damaged files; the text is still worth showing
        st.caption("No sample image included.")
    try:
        text = (path / "README.md").read_text("utf8", errors="replace")
    except OSError:
        st.caption("This model has no model card. Ask its author about its data and licence.")
        return
    st.markdown(plain_card(text[:CARD_LETTERS]))


def plain_card(text: str) -> str:
    """A model card for display within a page: without header, title and images, and with small headings."""
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    text = re.sub(r"!\[[^\]]*\](\([^)]*\)|\[[^\]]*\])?", "", text)
    text = re.sub(r"!+\[", "[", text)  # anything else that could be read as an image
    text = re.sub(r"\A\s*# .*\n", "", text)
    return re.sub(r"^#{1,4} ", "#### ", text, flags=re.MULTILINE)


def importing() -> None:
    """Imports a model from a ZIP after checking that it works."""
    st.subheader("Import a model", anchor=False)
    imports = session(Imports)
    key = f"shelf_file_{imports.count}"  # a new uploader after each success
    file = st.file_uploader(
        "ZIP of a model",
        "zip",
        key=key,
        max_upload_size=min(MEGABYTES, image_source.upload_limit(key) or MEGABYTES),
        help="A ZIP made by “Export (ZIP)” from a model or a run. Weights must be safetensors: a pickle could run code "
        "on this computer, so a ZIP that contains one is refused.",
    )
    if file is None:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        hint = "Name for the imported model. If empty, it keeps its own name, with a number if that name is taken."
        name = st.text_input(
            "Name", max_chars=64, key=f"shelf_name_{imports.count}", width=260, placeholder="original name", help=hint
        )
        hint = "Check the ZIP, load the model once, and add it to your models."
        pressed = st.button("Import", type="primary", icon=":material/upload:", help=hint, key="shelf_import")
    if not pressed:
        return
    try:
        with st.spinner("Checking the model…"):
            image_source.check_room(file.size)
            path = archive.import_zip(file, name.strip())
    except (ValueError, OSError) as error:
        st.error(escaped(error), title="Not imported")
        return
    imports.count, imports.latest = imports.count + 1, path.name
    st.rerun()
