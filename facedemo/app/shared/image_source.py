"""Selecting images: a folder or archive on the computer that runs the app, or uploaded files."""

import hashlib
import math
import re
import shutil
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import streamlit as st

from facedemo.data.personal import keep_days
from facedemo.data.source_files import existing, lines
from facedemo.runs import classroom
from facedemo.storage.atomic import appearing, stats_below
from facedemo.storage.locations import upload_prefix, uploads_root, user_models_root, workspace

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

PATH, UPLOAD = "A folder or archive on this computer", "Upload images"
IMAGES = ("jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff", "gif", "jfif", "avif", "heic", "heif")
ARCHIVES = ("zip", "tar", "tgz", "gz", "xz", "bz2")


class UploadError(ValueError):
    """A problem with the uploaded files, with a message for users."""


def control(prefix: str, label: str, kinds: Sequence[str], hint: str) -> str:
    """Shows the controls and returns the chosen kind; `chosen` turns the choice into a source when it is needed.

    prefix: of the keys in session state.  kinds: PATH, UPLOAD, and others that need no further input.
    """
    if workspace() is not None:  # of a shared app, no path of the server can be chosen
        kinds = [kind for kind in kinds if kind != PATH]
    kind = st.radio(label, kinds, key=f"{prefix}_kind", persist_state="session", horizontal=True, help=hint)
    if kind == PATH:
        st.text_area(
            "Path",
            key=f"{prefix}_path",
            persist_state="session",
            placeholder="~/Pictures/faces",
            height="content",
            help="A folder of images (including its subfolders), a .zip or .tar of one, or a CelebA folder. At least "
            "64 images. To use several together, write one per line.",
        )
    elif kind == UPLOAD:
        st.file_uploader(
            "Images, or one archive of them",
            [*IMAGES, *ARCHIVES],
            accept_multiple_files=True,
            max_upload_size=upload_limit(f"{prefix}_files"),
            key=f"{prefix}_files",
            help="At least 64 images, or one .zip or .tar. They are stored on the computer that runs this app for "
            f"{keep_days():g} days; you can remove them at once on Runs.",
        )
    return kind


def chosen(prefix: str) -> str:
    """The source that the controls describe.  Raises UploadError or OSError if it is missing or unusable."""
    if st.session_state[f"{prefix}_kind"] == UPLOAD:
        return str(store_upload(st.session_state.get(f"{prefix}_files") or [], uploads_root()))
    if workspace() is not None:
        raise UploadError("Upload the images: a path on the server cannot be used.")
    paths = [line.strip("\"'") for line in lines(st.session_state.get(f"{prefix}_path", ""))]
    if not paths:
        raise UploadError("Enter the path of a folder or an archive of images.")
    for path in paths:
        try:
            existing(path)
        except (OSError, ValueError, RuntimeError):
            raise UploadError(
                f"There is no file or folder {path} on the computer that runs this app. Check the path."
            ) from None
    return existing("\n".join(paths))


def identity(prefix: str) -> str:
    """A string that identifies the choice, without reading the uploaded files."""
    kind = st.session_state[f"{prefix}_kind"]
    if kind == PATH:
        return f"{kind} {st.session_state.get(f'{prefix}_path', '').strip()}"
    if kind == UPLOAD:
        return f"{kind} {' '.join(file.file_id for file in st.session_state.get(f'{prefix}_files') or [])}"
    return kind


def store_upload(files: "Sequence[UploadedFile]", folder: Path) -> Path:
    """Writes uploaded files into their own folder below `folder`, named after their content hash; returns the source.

    files: open for reading, with a `name`, of which only safe letters are kept.  Raises UploadError if they are not
    images or one archive.
    """
    names = [safe_name(file.name, index) for index, file in enumerate(files)]
    packed = [name for name in names if PurePath(name).suffix[1:].lower() in ARCHIVES]
    if not files:
        raise UploadError("Choose the images, or one archive of them, to upload.")
    if packed and len(files) > 1:
        raise UploadError("Upload either images or a single archive, not both and not several archives.")
    digest = hashlib.blake2b(digest_size=16)
    for name, file in zip(names, files, strict=True):
        digest.update(f"{name}\0".encode() + hashlib.file_digest(file, "blake2b").digest())
    target = folder / (upload_prefix() + digest.hexdigest())
    if not target.exists():
        check_room(sum(getattr(file, "size", 0) for file in files))
        try:
            with appearing(target) as part:
                for name, file in zip(names, files, strict=True):
                    file.seek(0)
                    with (part / name).open("wb") as out:
                        shutil.copyfileobj(file, out)
        except OSError:
            if not target.is_dir():  # another upload of the same files was faster
                raise
    return target / packed[0] if packed else target


def upload_limit(key: str) -> int | None:
    """The largest file for which the current visitor of a shared app has room, in MB; None if the app is not shared.

    key: of the widget. While it holds files, its limit stays, because Streamlit would empty it for another one.
    """
    if workspace() is None:
        return None
    state, limit = st.session_state, f"{key}_limit"
    if limit not in state or not state.get(key):
        state[limit] = max(1, math.ceil(room() / 1e6))
    return state[limit]


def room() -> float:
    """Bytes that the current visitor of a shared app may still take for images and models."""
    if workspace() is None:
        return math.inf
    own = [*uploads_root().glob(f"{upload_prefix()}*"), user_models_root()]
    return classroom.rules().upload_megabytes * 1e6 - sum(
        file.st_size for folder in own for file in stats_below(folder)
    )


def check_room(added: int) -> None:
    """Raises UploadError if a visitor of a shared app would have more bytes of images and models than allowed."""
    if added > room():
        raise UploadError(
            f"Your uploads and models may take {classroom.rules().upload_megabytes:g} MB in all. Upload less, or "
            "remove uploads or models on Runs."
        )


def safe_name(name: str, index: int) -> str:
    """A plain, visible file name, different for every index."""
    plain = PurePath(name.replace("\\", "/")).name
    plain = re.sub(r"[^\w.-]+", "_", plain, flags=re.ASCII).lstrip(".")[-80:]
    return f"{index:06d}-{plain or 'file'}"
