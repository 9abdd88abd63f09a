"""One face to look at: from a photo of the visitor's, or drawn by the model."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from facedemo.app.components.face_grid import face_grid
from facedemo.app.shared import model_picker, url_state
from facedemo.explore import photos
from facedemo.explore.photos import Face
from facedemo.pretrained import sampling
from facedemo.pretrained.seeds import MAX_SEED

if TYPE_CHECKING:
    from PIL.Image import Image


SOURCES = {"face": "A drawn face", "photo": "A photo"}
TYPES = ["jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff", "gif", "jfif", "avif", "heic", "heif"]
MEGABYTES = 64
THUMBNAIL = 96  # pixels a side


def face_settings(slot: str, seed: int) -> dict[str, url_state.Setting]:
    """What an address can say about a face: where it comes from, and its seed where it is drawn."""
    return {
        f"{slot}_source": url_state.one_of(SOURCES, default="face"),
        f"{slot}_seed": url_state.whole(0, MAX_SEED, default=seed),
    }


def face_input(slot: str, label: str, folder: Path) -> tuple[np.ndarray, str] | None:
    """The controls; the face at the model's size, uint8 (s, s, 3), and what it is in words; None until there is one.

    slot: under which its settings are kept.  Raises ValueError where the model cannot be used.
    """
    source = st.segmented_control(
        label,
        SOURCES,
        format_func=SOURCES.get,
        required=True,
        key=f"inside_{slot}_source",
        persist_state="session",
        help="A face that this model draws, by its seed, or a photo of yours.",
    )
    if source == "photo":
        return photo_input(slot, folder)
    seed = st.number_input(
        f"Seed of {label.lower()}",
        0,
        MAX_SEED,
        key=f"inside_{slot}_seed",
        persist_state="session",
        width=220,
        help=f"The number that the face follows from, as on the Generate page. From 0 to {MAX_SEED}.",
    )
    (image,) = drawn(folder, model_picker.version(folder), seed)
    return image, f"seed {seed}"


@st.cache_data(max_entries=16, show_spinner="Drawing a face…")
def drawn(folder: Path, version: str, seed: int) -> np.ndarray:
    return sampling.generate(model_picker.load(folder, version), [seed])


@st.cache_data(max_entries=4, show_spinner="Looking for faces…")
def opened(data: bytes) -> "tuple[Image, list[Face]]":
    """A photo and the faces in it.  Raises PhotoError as `photos.read` does."""
    photo = photos.read(data)
    return photo, photos.find_faces(photo)


def photo_input(slot: str, folder: Path) -> tuple[np.ndarray, str] | None:
    file = st.file_uploader(
        "Photo",
        TYPES,
        key=f"inside_{slot}_photo",
        max_upload_size=MEGABYTES,
        help="A photo with a face on it, JPEG at best. The face is found, turned upright and cropped for you.",
    )
    st.caption("Photos stay on the computer that runs this app. They are kept in its memory only, and sent nowhere.")
    if file is None:
        return None
    try:
        photo, faces = opened(file.getvalue())
    except photos.PhotoError as error:
        st.error(str(error), title="Not a usable photo")
        return None
    model = model_picker.load(folder, model_picker.version(folder))
    if not faces:
        return middle(slot, photo, model.size)
    number = chosen_face(slot, photo, faces) if len(faces) > 1 else 1
    return photos.align(photo, faces[number - 1], model.size, model.config.data.crop), "a photo"


def middle(slot: str, photo: "Image", size: int) -> tuple[np.ndarray, str] | None:
    """The offer to do without a face."""
    st.warning("Choose another photo, or use the square in its middle as it is.", title="No face was found")
    about = "Takes the largest square in the middle of the photo, whatever is on it."
    if not st.toggle("Use the middle of the photo", key=f"inside_{slot}_middle", help=about):
        return None
    return photos.centre_square(photo, size), "the middle of a photo"


def chosen_face(slot: str, photo: "Image", faces: "list[Face]") -> int:
    """Which of several faces, from 1."""
    key = f"inside_{slot}_face"
    number = min(st.session_state.get(key, 1), len(faces))
    st.caption(f"{len(faces)} faces were found. Choose one:")
    labels = [f"number {place} from the left" for place in range(1, len(faces) + 1)]
    with st.container(width=(THUMBNAIL + 4) * min(len(faces), 6)):
        face_grid(
            np.stack([photos.thumbnail(photo, face, THUMBNAIL) for face in faces]),
            (),
            selected=number,
            alt=f"{len(faces)} faces in the photo. Arrow keys move, Enter chooses.",
            on_choose=lambda face: st.session_state.update({key: face}),
            key=f"inside_{slot}_faces",
            columns=min(len(faces), 6),
            labels=labels,
        )
    return number
