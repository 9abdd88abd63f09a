"""GAN inversion: the latents whose faces are closest to two given faces, and the film between them."""

from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from facedemo.app.components.face_grid import digest
from facedemo.app.components.film_player import film_player
from facedemo.app.shared import cached_work, first_seeds, model_picker, url_state
from facedemo.app.shared.format import plain_file_name
from facedemo.app.shared.run_controls import warn_if_training
from facedemo.app.views.inside.face_picker import face_input, face_settings
from facedemo.app.views.interpolate import edited_face, films
from facedemo.explore import inversion
from facedemo.explore.inversion import InvertedFace
from facedemo.imaging import film, pictures
from facedemo.pretrained import sampling

SLOTS = {"a": "First face", "b": "Second face"}
STEPS = 60  # of a film, at most
LARGE = 256  # pixels, at least


def hold(frame: int) -> None:
    st.session_state.inside_frame = frame


def rewind() -> None:
    hold(1)


def search(running: bool) -> None:
    st.session_state.inside_running = running


def into_latent_space(name: str, folder: Path, settings: dict[str, url_state.QueryParam], ignored: list[str]) -> None:
    first, second = first_seeds.INSIDE
    own = face_settings("a", first) | face_settings("b", second)
    own |= {"steps": url_state.whole(2, STEPS, default=24), "rate": url_state.whole(1, 30, default=12)}
    own["frame"] = url_state.whole(1, STEPS, default=1)
    ignored += url_state.load_from_url(own, page="inside")
    if st.session_state.inside_frame > st.session_state.inside_steps:
        ignored.append(f"`frame={st.session_state.inside_frame}` (there are {st.session_state.inside_steps})")
        rewind()
    if ignored:
        st.warning(f"Not used: {', '.join(ignored)}.", icon=":material/link_off:")
    url_state.write_to_url(settings | own, page="inside")
    faces, places = [], []
    for (slot, label), column in zip(SLOTS.items(), st.columns(2, gap="large"), strict=True):
        with column:
            faces.append(face_input(slot, label, folder))
            places.append(st.container())
    if None in faces:
        return
    searches = [found_before(folder, image) for image, _ in faces]
    if not all(searches):
        find_latents(folder, [image for (image, _), search in zip(faces, searches, strict=True) if not search])
    for slot, container, (image, description), stored in zip(SLOTS, places, faces, searches, strict=True):
        if stored:
            with container:
                show_found(image, description, stored["found"])
                hint = "Open it in Interpolate, where sliders change its properties. Links cannot contain it."
                if st.button("Edit it", key=f"inside_{slot}_edit", icon=":material/tune:", help=hint):
                    edited_face.edit(name, folder, stored["found"].latent, description)
    if all(searches):
        show_film(name, folder, [description for _, description in faces], [stored["found"] for stored in searches])


def found_before(folder: Path, image: np.ndarray) -> dict[str, InvertedFace]:
    """The cache slot for the latent of a face, empty until it is found."""
    return cached_work.private_slot("Searching", folder, model_picker.version(folder), digest(image))


def find_latents(folder: Path, images: list[np.ndarray]) -> None:
    """The search: a button that starts it, then its progress and a button that cancels it."""
    if not st.session_state.get("inside_running"):
        hint = "Start from many random latents z and optimise them until the generated image is close to the face."
        icon = ":material/travel_explore:"
        st.button("Find them", type="primary", icon=icon, on_click=search, args=(True,), help=hint)
        warn_if_training()
        return
    cancel = st.empty()
    hint = "End the search. Results for unfinished faces are discarded."
    cancel.button("Cancel", icon=":material/close:", on_click=search, args=(False,), help=hint)
    model = model_picker.load(folder, model_picker.version(folder))
    with cached_work.progress_bar("Searching, step") as progress:
        for number, image in enumerate(images):

            def show(done: int, _: int | None, before: int = number) -> None:
                progress(before * inversion.STEPS + done, len(images) * inversion.STEPS)

            found_before(folder, image)["found"] = inversion.invert(model, image, inversion.STEPS, show)
    search(False)
    cancel.empty()


def show_found(image: np.ndarray, description: str, inverted: InvertedFace) -> None:
    with st.grid(2, min_column_width=110, wrap=False):
        for picture, caption in (
            (image, f"**v**  The face: {description}."),
            (inverted.image, "**G(z)**  The closest generated face."),
        ):
            with st.container(gap="xsmall"):
                st.image(film.enlarged(picture, LARGE), width="stretch", alt=caption.replace("*", ""))
                st.caption(caption)
    hint = "Mean of |v − G(z)| over all pixels and colours, as a percentage of the range from black to white."
    st.caption(f"They differ by {100 * inverted.error / 2:.1f} % on average.", help=hint)


def show_film(name: str, folder: Path, descriptions: list[str], ends: list[InvertedFace]) -> None:
    """The film through latent space from one latent to the other."""
    st.header("From one face to the other", anchor=False)
    left, right = st.columns([3, 2], gap="large")
    with right:
        hint = f"Number of frames from one face to the other, from 2 to {STEPS}."
        widget_options: dict[str, Any] = {"persist_state": "session", "width": 320}
        steps = st.slider("Steps", 2, STEPS, key="inside_steps", on_change=rewind, help=hint, **widget_options)
        hint = "Frames per second, here and in the files."
        rate = st.slider("Speed", 1, 30, key="inside_rate", format="%d per second", help=hint, **widget_options)
    model = model_picker.load(folder, model_picker.version(folder))

    first, last = ends

    def draw(progress: sampling.Progress) -> np.ndarray:
        return inversion.morph(model, first, last, steps, progress=progress)

    keys = [digest(end.latent) for end in ends]
    frames = cached_work.cached_with_progress(
        "Generating faces",
        draw,
        folder,
        model_picker.version(folder),
        *keys,
        steps,
        slot_of=cached_work.private_slot,
    )
    with left:
        alt = f"A film from the face closest to {descriptions[0]} to the one closest to {descriptions[1]}"
        film_player(frames, st.session_state.inside_frame, rate, False, alt, on_choose=hold, key="inside_film")
    with right:
        downloads(name, frames, rate, descriptions)


def downloads(name: str, frames: np.ndarray, rate: int, descriptions: list[str]) -> None:
    facts: dict[str, Any] = {
        "model": name,
        "from": descriptions[0],
        "to": descriptions[1],
        "steps": len(frames),
        "software": "facedemo",
    }
    file_name, played = plain_file_name(f"{name}-morph"), film.there_and_back(frames)
    with st.container(horizontal=True):
        hint = "An animated picture that loops, with 256 colours."
        gif, mp4 = (lambda: film.gif(played, rate, **facts)), (lambda: film.mp4(played, rate, **facts))
        films.download("Film (GIF)", gif, f"{file_name}.gif", "image/gif", "gif_box", hint)
        hint = "A video at 256 pixels or more, for phones and presentations."
        films.download("Film (MP4)", mp4, f"{file_name}.mp4", "video/mp4", "movie", hint)
        hint = f"Up to {film.STRIP} of the frames side by side. Model and steps are written into the file."
        strip = lambda: pictures.png(film.strip(frames), **facts)  # noqa: E731 - beside the other two
        films.download("Strip (PNG)", strip, f"{file_name}-strip.png", "image/png", "view_column", hint)
