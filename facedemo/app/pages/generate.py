"""Generate: a grid of faces from one seed, an enlarged view of one face, and downloads."""

import random

import streamlit as st
from PIL import Image

from facedemo.app.components.face_grid import face_grid
from facedemo.app.shared import first_seeds, model_picker, url_state
from facedemo.app.shared.copy_link import copy_link
from facedemo.app.shared.format import plain_file_name
from facedemo.app.shared.generated_faces import generated_faces
from facedemo.config.schema import amount
from facedemo.imaging import pictures
from facedemo.pretrained import sampling
from facedemo.pretrained.seeds import MAX_SEED, face_seeds

MAX_FACES = 256
LARGE = 512  # side of the large view, in pixels


def choose(face: int) -> None:
    st.session_state.generate_face = face


def start_from(seed: int) -> None:
    st.session_state.generate_seed = seed
    choose(1)


def shuffle() -> None:
    start_from(random.randint(0, MAX_SEED))


def keep_face_in_grid() -> None:
    choose(min(st.session_state.generate_face, st.session_state.generate_faces))


st.title("Generate", anchor=False)

choices = model_picker.choices_or_stop("generate faces with")

settings = {
    "model": url_state.one_of(choices, default=model_picker.preferred(choices)),
    "seed": url_state.whole(0, MAX_SEED, default=first_seeds.GENERATE),
    "faces": url_state.whole(1, MAX_FACES, default=64),
    "scale": url_state.decimal(0.05, sampling.MAX_SCALE, default=1.0),
    "face": url_state.whole(1, MAX_FACES, default=1),
}
ignored = url_state.load_from_url(settings, page="generate")
if st.session_state.generate_face > st.session_state.generate_faces:
    ignored.append(f"`face={st.session_state.generate_face}` (there are {st.session_state.generate_faces})")
    choose(1)

with st.container(horizontal=True, vertical_alignment="bottom"):
    name = model_picker.control(
        choices,
        "generate",
        "Model to generate faces with: a bundled model, or one of your runs once it has saved weights.",
    )
    count = st.number_input(
        "Faces",
        1,
        MAX_FACES,
        key="generate_faces",
        persist_state="session",
        on_change=keep_face_in_grid,
        width=130,
        help=f"Number of faces to generate, from 1 to {MAX_FACES}.",
    )
    seed = st.number_input(
        "Seed",
        0,
        MAX_SEED,
        key="generate_seed",
        persist_state="session",
        width=180,
        help="The random seed for the whole grid. The same model, seed and scale give the same faces on every "
        f"computer. From 0 to {MAX_SEED}; it is also the seed of the first face.",
    )
    st.button("New seed", on_click=shuffle, icon=":material/shuffle:", help="Generate other faces, from a random seed.")
    scale = st.slider(
        "Latent scale",
        0.05,
        sampling.MAX_SCALE,
        step=0.05,
        key="generate_scale",
        persist_state="session",
        width=220,
        help="Factor on the latent vector z of each face. 1: as in training. Below 1, faces become paler or more "
        "average, depending on the model, and finally stop being faces; above 1, they become harsher.",
    )

if ignored:
    st.warning(f"Not used: {', '.join(ignored)}.", icon=":material/link_off:")

url_state.write_to_url(settings, page="generate")
seeds = face_seeds(seed, count)
try:
    images = generated_faces(choices[name], model_picker.version(choices[name]), seeds, scale)
except (ValueError, OSError) as error:
    model_picker.stop_unusable(error)

face = st.session_state.generate_face
facts = {"model": name, "scale": scale, "software": "facedemo"}
file_name = plain_file_name(f"{name}-seed-{seed}")

left, right = st.columns([3, 2], gap="large")
with left:
    face_grid(
        images,
        seeds,
        selected=face,
        alt=f"{amount(count, 'faces')} by {model_picker.label(name)} from seed {seed}. Arrow keys move, Enter chooses.",
        on_choose=choose,
        key="generate_grid",
    )
    with st.container(horizontal=True):
        st.download_button(
            "Grid (PNG)",
            lambda: pictures.png(pictures.grid(images), **facts, seed=seed, faces=count),
            f"{file_name}-{count}-faces.png",
            "image/png",
            on_click="ignore",
            icon=":material/download:",
            help="All faces in one image. Model, seed and scale are written into the file.",
        )
        st.download_button(
            "Faces (ZIP)",
            lambda: pictures.faces_zip(images, seeds, name, scale),
            f"{file_name}-{count}-faces.zip",
            "application/zip",
            on_click="ignore",
            icon=":material/folder_zip:",
            help="One PNG per face, named after its seed.",
        )

with right:
    image, face_seed = images[face - 1], seeds[face - 1]
    large = Image.fromarray(image).resize((LARGE, LARGE), Image.Resampling.BICUBIC)
    st.image(large, width="stretch", alt=f"Face {face} of {count}, seed {face_seed}, enlarged")
    st.caption(f"Face {face} of {count}, {image.shape[1]}×{image.shape[0]} pixels, enlarged. Its seed:")
    st.code(face_seed, language=None)
    with st.container(horizontal=True):
        st.button(
            "Use as seed",
            on_click=start_from,
            args=(face_seed,),
            disabled=face == 1,
            icon=":material/filter_center_focus:",
            help="Start a new grid from this face's seed: the face comes first.",
        )
        st.download_button(
            "This face (PNG)",
            lambda: pictures.png(image, **facts, seed=face_seed),
            plain_file_name(f"{name}-face-{face_seed}.png"),
            "image/png",
            on_click="ignore",
            icon=":material/download:",
            help="The face at its original size. Model, seed and scale are written into the file.",
        )

copy_link("The link shows the same faces.")
