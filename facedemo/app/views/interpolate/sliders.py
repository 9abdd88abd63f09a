"""The Directions view of the Interpolate page: one face, and sliders that edit it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import streamlit as st
from streamlit.elements.lib.mutable_expander_container import ExpanderContainer

from facedemo.app.shared import cached_work, first_seeds, model_picker, url_state
from facedemo.app.shared.format import plain_file_name
from facedemo.app.shared.markdown import escaped
from facedemo.app.views.interpolate import edited_face, films, labelled
from facedemo.app.views.interpolate.edited_face import EditedFace
from facedemo.explore import directions, named_directions
from facedemo.explore.directions import Direction
from facedemo.explore.named_directions import NamedDirection
from facedemo.imaging import film, pictures
from facedemo.pretrained import sampling
from facedemo.pretrained.model import FaceModel
from facedemo.pretrained.seeds import MAX_SEED
from facedemo.progress import Progress

LARGE = 512  # side of the large view, in pixels
AMOUNT = 4.0  # standard deviations, in either direction
KEY = "interpolate_by_"  # of the sliders, before the direction's name
FIRST = 6  # attributes that are shown at once
FRAMES, RATE = 24, 12  # of a film from the original face to the edited one; per second


def reset_all() -> None:
    for key in st.session_state:
        if str(key).startswith(KEY):
            st.session_state[key] = 0.0


def reset(name: str) -> None:
    st.session_state[KEY + name] = 0.0


def direction_sliders(name: str, folder: Path, settings: dict[str, url_state.QueryParam], ignored: list[str]) -> None:
    model, amount = load(folder), url_state.decimal(-AMOUNT, AMOUNT, default=0.0)
    latent = sampling.latents(model, [0]).shape[1]
    saved_directions, unlabelled = named_directions.read(folder, latent), directions.names(latent)
    own = {"seed": url_state.whole(0, MAX_SEED, default=first_seeds.FACE)}
    own |= {f"by_{name}": amount for name in [*(direction.name for direction in saved_directions), *unlabelled]}
    ignored += url_state.load_from_url(own, page="interpolate")
    learned = from_labels(folder, latent)
    extra = {f"by_{direction.name}": amount for direction in learned}
    # separately: an address from before they were learned is complete
    ignored += url_state.load_from_url(extra, page="interpolate")
    own |= extra
    ignored += labelled.not_learned(own, amount)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        face = edited_face.control(folder)
        st.button("Reset", on_click=reset_all, icon=":material/restart_alt:", help="Reset all sliders to 0.")
    if ignored:
        st.warning(f"Not used: {', '.join(ignored)}.", icon=":material/link_off:")
    left, right = st.columns([2, 3], gap="large")  # on a phone, the face is shown first
    with right:
        named = list({direction.name: direction for direction in [*learned, *saved_directions, *learned]}.values())
        named_sliders(folder, face, named)
        if saved_directions:
            not_offered(folder, {direction.title for direction in named})
        shown_directions = [*named, *unlabelled_sliders(folder, face, unlabelled, folded=bool(saved_directions))]
        labelled.control(folder)
    url_state.write_to_url(settings | own, page="interpolate")
    with left:
        values = {direction.name: st.session_state[KEY + direction.name] for direction in shown_directions}
        result(name, folder, face, shown_directions, {name: value for name, value in values.items() if value})


def load(folder: Path) -> FaceModel:
    return model_picker.load(folder, model_picker.version(folder))


def from_labels(folder: Path, latent: int) -> list[Direction]:
    """The directions learned from labels; none if they are for another latent size."""
    learned = labelled.learned(folder)
    return [direction for direction in learned.directions if len(direction.step) == latent] if learned else []


def moved_faces(
    folder: Path, face: EditedFace, moved: Sequence[Direction], amounts: Sequence[dict[str, float]]
) -> np.ndarray:
    return directions.move_face(load(folder), face.latent, moved, amounts)


def used(names: Iterable[str]) -> bool:
    return any(st.session_state[KEY + name] for name in names)


def named_sliders(folder: Path, face: EditedFace, named: list[Direction]) -> None:
    """A slider per direction learned from labels: those of the attributes that differ most first, the rest folded."""
    attributes = [direction for direction in named if isinstance(direction, NamedDirection)]
    rows(folder, face, [direction for direction in named if not isinstance(direction, NamedDirection)])
    first = named_directions.distinct(attributes, FIRST)
    rows(folder, face, first)
    first_names = {direction.name for direction in first}
    if rest := [direction for direction in attributes if direction.name not in first_names]:
        expander = more("More attributes", "more", [direction.name for direction in rest])
        if expander.open:  # otherwise, nobody sees these faces
            with expander:
                rows(folder, face, rest)


def not_offered(folder: Path, offered: set[str]) -> None:
    if titles := [title for title in named_directions.left_out(folder) if title not in offered]:
        hint = (
            "Their directions changed the attribute in too few faces or made too many faces unrecognisable, or the "
            "classifier behind them was wrong too often."
        )
        st.caption(f"Not reliable for this model: {escaped(', '.join(titles).lower())}.", help=hint)


def more(label: str, key: str, names: Iterable[str]) -> ExpanderContainer:
    """An expander for sliders, open if one is used; kept on the server, so that it stays open after that."""
    icon, key = ":material/tune:", f"interpolate_{key}"
    return st.expander(label, icon=icon, expanded=used(names), key=key, on_change="rerun")


def unlabelled_sliders(folder: Path, face: EditedFace, names: list[str], folded: bool) -> list[Direction]:
    """A slider per direction found without labels; returns these directions, [] while they are folded and not used."""
    if not folded:
        directions = unlabelled_directions(folder)
        rows(folder, face, directions)
        return directions
    expander = more("Light, colour and main differences", "unlabelled", names)
    with expander:
        directions = unlabelled_directions(folder) if expander.open or used(names) else []
        if expander.open:
            rows(folder, face, directions)
    return directions


def unlabelled_directions(folder: Path) -> list[Direction]:
    """The directions found without labels, which takes some seconds the first time; [] if that is cancelled."""

    def search(progress: Progress) -> list[Direction]:
        return directions.find_directions(load(folder), directions.FACES, progress)

    version = model_picker.version(folder)
    try:
        return cached_work.cached_with_progress("Finding this model's directions", search, folder, version)
    except cached_work.CancelledError:
        return []


def rows(folder: Path, face: EditedFace, directions: Sequence[Direction]) -> None:
    """A slider for each direction, between the faces at its two ends."""
    ends = [{direction.name: end} for direction in directions for end in (-AMOUNT, AMOUNT)]
    faces = moved_faces(folder, face, directions, ends) if directions else []
    for direction, lowest, highest in zip(directions, faces[::2], faces[1::2], strict=True):
        slider(direction, lowest, highest)


def slider(direction: Direction, lowest: np.ndarray, highest: np.ndarray) -> None:
    """A direction's slider between two faces, with a button that moves it back to 0."""
    title, key = direction.title, KEY + direction.name
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.image(film.enlarged(lowest, 128), width=56, alt=f"{title} at −{AMOUNT:g}")
        st.slider(
            title,
            -AMOUNT,
            AMOUNT,
            step=0.1,
            format="%+.1f",
            key=key,
            persist_state="session",
            width="stretch",
            help=f"{meaning(direction)} From −{AMOUNT:g} to {AMOUNT:g} standard deviations of the latents z.",
        )
        st.image(film.enlarged(highest, 128), width=56, alt=f"{title} at +{AMOUNT:g}")
        st.button(
            "",
            key=f"interpolate_reset_{direction.name}",
            on_click=reset,
            args=(direction.name,),
            icon=":material/undo:",
            type="tertiary",
            disabled=not st.session_state[key],
            help=f"Reset “{title}” to 0.",
        )


def meaning(direction: Direction) -> str:
    """What a slider does and how well, for its help text."""
    if isinstance(direction, NamedDirection):
        return f"{direction.about} {direction.reliability}"
    of = "this model's faces" if direction.name.startswith("main") else "this property"
    return (
        f"{direction.about} A linear step along this direction explains {100 * direction.share:.0f} % of the variance "
        f"of {of}."
    )


def result(
    name: str, folder: Path, face: EditedFace, shown_directions: list[Direction], amounts: dict[str, float]
) -> None:
    """The edited face beside the original, and its files."""
    before, after = moved_faces(folder, face, shown_directions, [{}, amounts])
    changes = ", ".join(f"{d.title.lower()} {amounts[d.name]:+.1f}" for d in shown_directions if d.name in amounts)
    start = face.description[0].upper() + face.description[1:]
    alt = f"The face of {face.description}, changed: {changes or 'nothing'}"
    st.image(film.enlarged(after, LARGE), width="stretch", alt=alt)
    st.caption(f"{start}, {changes}." if changes else f"{start}, unchanged. Move a slider to edit the face.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.image(film.enlarged(before, 128), width=96, caption="Before", alt=f"The face of {face.description} as it is")
        downloads(name, folder, face, shown_directions, amounts)


def downloads(
    name: str, folder: Path, face: EditedFace, shown_directions: list[Direction], amounts: dict[str, float]
) -> None:
    """The edited face as a picture and, once a slider has been moved, the film from the original to it."""
    facts = {"model": name, **face.facts, "software": "facedemo", **amounts}
    file_name = plain_file_name(f"{name}-face-{face.facts.get('seed', 'found')}-changed")

    def frames() -> np.ndarray:
        return film.there_and_back(moved_faces(folder, face, shown_directions, directions.gradual(amounts, FRAMES)))

    films.download(
        "This face (PNG)",
        lambda: pictures.png(moved_faces(folder, face, shown_directions, [amounts])[0], **facts),
        f"{file_name}.png",
        "image/png",
        "image",
        "The face at its original size. Model, seed and changes are written into the file.",
    )
    if not amounts:
        return
    hint = "A video from the face before to the face after and back, for phones and presentations."
    mp4, gif = (lambda: film.mp4(frames(), RATE, **facts)), (lambda: film.gif(frames(), RATE, **facts))
    films.download("Film (MP4)", mp4, f"{file_name}.mp4", "video/mp4", "movie", hint)
    hint = "The same as an animated picture that loops, with 256 colours."
    films.download("Film (GIF)", gif, f"{file_name}.gif", "image/gif", "gif_box", hint)
