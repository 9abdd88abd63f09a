"""Home: what this is, faces of the bundled model, and where to go next."""

from pathlib import Path

import numpy as np
import streamlit as st

from facedemo import sampling
from facedemo.pages.parts import models
from facedemo.pages.parts.face_grid import face_grid

GENERATE = "facedemo/pages/generate.py"
FACES, COLUMNS, NARROW_COLUMNS = 16, 8, 4
SEED = 0  # the seed of every model card's picture
PAGES = {  # icon and line
    GENERATE: (":material/grid_view:", "Draw faces by seed, look at one closely, and take pictures away."),
    "facedemo/pages/interpolate.py": (
        ":material/animation:",
        "Turn one face into another, walk through many, and change one with sliders.",
    ),
    "facedemo/pages/inside.py": (
        ":material/visibility:",
        "See what the discriminator makes of a face, drawn or in a photo, and find that face in latent space.",
    ),
    "facedemo/pages/step.py": (
        ":material/slow_motion_video:",
        "Take training one step at a time, forth and back, with the equations and their numbers.",
    ),
    "facedemo/pages/verify.py": (
        ":material/fact_check:",
        "Ask a face recogniser what it makes of a model's faces, and look at those that fail.",
    ),
    "facedemo/pages/compare.py": (
        ":material/compare:",
        "Put models side by side, race families against each other, and see what γ does.",
    ),
    "facedemo/pages/train.py": (
        ":material/model_training:",
        "Teach a model of your own, watch it learn, and change its settings while it does.",
    ),
    "facedemo/pages/runs.py": (
        ":material/folder_open:",
        "Compare trainings, note what came of them, and bring models in and out.",
    ),
}


@st.cache_data(max_entries=4, show_spinner="Drawing faces…")
def first_faces(path: Path, version: str) -> np.ndarray:
    """The first faces of a model: read from the picture on its card, which is there at once, or else drawn."""
    try:
        return sampling.read_grid(path / "samples.png", FACES)
    except (OSError, ValueError):
        return sampling.generate(models.load(path, version), sampling.face_seeds(SEED, FACES))


def choose(face: int) -> None:
    st.session_state.home_chosen = face


linked = st.query_params.to_dict()
if linked.keys() & {"model", "seed", "faces", "scale", "face"}:  # links to faces, from when Generate was the first page
    st.switch_page(GENERATE, query_params=linked)

st.title("facedemo")
st.markdown(
    "Two neural networks learn from photographs of faces: one draws, the other judges what it draws. Together they are "
    "a *generative adversarial network*, and in the one shown here a single number, γ, keeps the two in balance. Watch "
    "it learn on your own computer, steer it while it does, and find out what it can draw and what it cannot.",
    help="γ is the target for the ratio of two errors: how well the judge copies drawn faces, and how well it copies "
    "photographs. Low: smooth faces that look alike. High: sharper and more varied ones.",
    width=800,
)

choices = models.choices()
if not choices:
    st.info("There is no model here to draw faces with. Open Train to make one.", title="No model yet")
else:
    name = models.preferred(choices)
    if face := st.session_state.pop("home_chosen", None):
        link = {"model": name, "seed": SEED, "faces": FACES, "scale": 1.0, "face": face}
        st.switch_page(GENERATE, query_params=link)
    try:
        faces = first_faces(choices[name], models.version(choices[name]))
    except (ValueError, OSError) as error:
        st.error(f"{error} Copy it again from where you got it, or train one of your own.", title="Cannot be used")
    else:
        about = f"{FACES} faces drawn by {models.label(name)}. Arrow keys move, Enter opens one in Generate."
        seeds = sampling.face_seeds(SEED, FACES)
        face_grid(
            faces,
            seeds,
            selected=None,
            alt=about,
            on_choose=choose,
            key="home_faces",
            columns=COLUMNS,
            narrow=NARROW_COLUMNS,
        )
        st.caption(
            f"Nobody here exists. These are the first {FACES} faces that {models.label(name)} draws from seed {SEED}, "
            "the failed ones with them. Choose one to open it in Generate."
        )

with st.grid(3, min_column_width=260, border=True) as places:
    for page, (icon, about) in PAGES.items():
        with places.cell():
            st.page_link(page, icon=icon, help=about)
            st.caption(about)
models.warm_up()
