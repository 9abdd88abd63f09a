"""ZIP export of runs and bundles, ZIP import of models, and exporting a run as a model.

An imported ZIP is treated as hostile. Only the files of a bundle are extracted, under fixed names; paths that lead
outside, links and pickles are refused; sizes in headers are not trusted.
"""

import io
import itertools
import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import IO

from facedemo.pretrained import provenance
from facedemo.runs import classroom
from facedemo.runs.run import Run
from facedemo.storage.atomic import appearing, replacing
from facedemo.storage.locations import CONFIG, DIRECTIONS, REPORT, WEIGHTS, all_models, user_models_root

TAKEN = {  # files of a bundle → maximum size in bytes
    CONFIG: 1 << 20,
    WEIGHTS: 1 << 30,
    "README.md": 1 << 20,
    REPORT: 16 << 20,
    DIRECTIONS: 1 << 20,
    "curves.png": 16 << 20,
    "samples.png": 64 << 20,
}
PICKLES = frozenset({".ckpt", ".pt", ".pth", ".pkl", ".pickle", ".bin", ".joblib"})
TEXT = frozenset({".csv", ".json", ".jsonl", ".md", ".txt"})  # the other files hardly compress
MAX_FILES = 100_000
MAX_TOTAL_BYTES = 4 << 30
NAME = re.compile(r"\w(?:[\w .-]{0,62}\w)?")


class ArchiveError(ValueError):
    """A ZIP cannot be made or imported, or a model's name is invalid; the message is for users."""


def write_zip(folder: Path, out: IO[bytes], checkpoints: bool = False) -> None:
    """Streams the files of a run or bundle to `out` as a ZIP with one folder.

    checkpoints: include a run's training checkpoints, which are large pickle files.
    """
    with zipfile.ZipFile(out, "w", strict_timestamps=False) as archive:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            hidden = any(part.startswith(".") for part in name.parts)
            if hidden or path.is_symlink() or (path.suffix.lower() in PICKLES and not checkpoints):
                continue
            method = zipfile.ZIP_DEFLATED if path.suffix.lower() in TEXT else zipfile.ZIP_STORED
            try:
                if path.is_file():
                    archive.write(path, Path(folder.name, name), method)
            except FileNotFoundError:  # a training process has replaced it meanwhile
                continue


def zip_bytes(folder: Path) -> bytes:
    """The ZIP written by `write_zip`, as bytes."""
    buffer = io.BytesIO()
    write_zip(folder, buffer)
    return buffer.getvalue()


def zip_of_all_visitors() -> bytes:
    """The runs and races of all visitors of a shared app: a ZIP of each, in a folder for each visitor."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for folder in classroom.workspaces():
            name = f"{safe_name(classroom.name_of(folder))}-{folder.name}"
            for directory in classroom.everything_in(folder):
                archive.writestr(f"{name}/{directory.id}.zip", zip_bytes(directory.path))
    return buffer.getvalue()


def export_zip(folder: Path, out: Path, checkpoints: bool = False) -> Path:
    """`write_zip` to a file, which gets its name when it is complete; returns its path."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with replacing(out) as temporary, temporary.open("wb") as file:
        write_zip(folder, file, checkpoints)
    return out


def new_model_path(name: str) -> Path:
    """The folder for a new model.  Raises ArchiveError if the name is taken or is not a valid file name."""
    if not NAME.fullmatch(name):
        raise ArchiveError(
            f"“{name[:80]}” is not a valid name for a model. Use up to 64 letters, digits, spaces, dots, dashes and "
            "underscores, with a letter or digit at both ends."
        )
    path = user_models_root() / name
    if path.exists() or name in model_names():
        raise ArchiveError(f"A model “{name}” already exists. Choose another name.")
    return path


def free_name(name: str) -> str:
    """A valid unused name, as close to `name` as possible."""
    plain = safe_name(name)
    names = itertools.chain([plain], (f"{plain}-{number}" for number in itertools.count(2)))
    taken = model_names()
    return next(name for name in names if name not in taken and not (user_models_root() / name).exists())


def safe_name(name: str) -> str:
    """A name with all characters replaced that are not valid in every file system."""
    return re.sub(r"[^\w .-]+", "-", name)[:60].strip(" .-") or "model"


def model_names() -> set[str]:
    return {path.name for path in all_models()}


def export_run_as_model(run: Run, name: str, about: str = "") -> Path:
    """Exports a run as one of the user's models with `bundles.export`; returns its folder.

    Raises ArchiveError as `new_model_path` does, and RunError if the run has no model yet.
    """
    from facedemo.pretrained import bundles  # imports torch, which listing runs and models need not wait for

    path = new_model_path(name)
    with appearing(path) as folder:
        bundles.export(run, folder, about)
    return path


def import_zip(source: Path | IO[bytes], name: str = "") -> Path:
    """Imports the model in a ZIP as one of the user's models, after loading it as a check; returns its folder.

    name: of the model; by default it keeps its own name, with a number if that is taken.  Raises ArchiveError if the
    ZIP cannot be read, contains forbidden files, or contains no working model.
    """
    from facedemo.pretrained.model import BundleError, load_model  # imports torch, as above

    try:
        with zipfile.ZipFile(source) as archive:
            members = model_files(safe_members(archive))
            own = PurePosixPath(slashes(members[WEIGHTS].filename)).parent.name or file_stem(source)
            path = new_model_path(name or free_name(own))
            with appearing(path) as folder:
                for file, member in members.items():
                    extract(archive, member, folder / file, TAKEN[file])
                load_model(folder)
    except ArchiveError:
        raise
    except BundleError as error:
        raise ArchiveError(f"The model in this ZIP cannot be used. {error}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise ArchiveError(f"This is not a ZIP file, or it is damaged ({error}).") from error
    return path


def file_stem(source: Path | IO[bytes]) -> str:
    return Path(str(source if isinstance(source, Path) else getattr(source, "name", ""))).stem


def safe_members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The files of an archive.  Raises ArchiveError if there are too many, or if there is a forbidden one."""
    # `ZipInfo.is_dir` raises IndexError for a member without a name
    members = [member for member in archive.infolist() if not member.filename.endswith("/")]
    if len(members) > MAX_FILES or sum(member.file_size for member in members) > MAX_TOTAL_BYTES:
        raise ArchiveError(
            f"This ZIP contains more than {MAX_FILES:,} files or {MAX_TOTAL_BYTES >> 30} GB, so it is not a model."
        )
    for member in members:
        name = slashes(member.filename)
        letters = (letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)
        printable = "".join(letters)[:120]
        if name.startswith("/") or name[1:2] == ":" or ".." in PurePosixPath(name).parts:
            raise ArchiveError(f"“{printable}” leads outside the ZIP. Nothing was imported.")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise ArchiveError(f"“{printable}” is a link. Nothing was imported.")
        if PurePosixPath(name).suffix.lower() in PICKLES:
            raise ArchiveError(
                f"“{printable}” is a pickle, which could run code on this computer. Nothing was imported. Ask for a "
                f"ZIP with {WEIGHTS} instead."
            )
    return members


def model_files(members: list[zipfile.ZipInfo]) -> Mapping[str, zipfile.ZipInfo]:
    """The files of the bundle among them, by name.  Raises ArchiveError if there is none, or more than one.

    A run's copy of its start model does not count.
    """
    paths = [(PurePosixPath(slashes(member.filename)), member) for member in members]
    folders = [path.parent for path, _ in paths if path.name == WEIGHTS]
    if not folders:
        raise ArchiveError(f"There is no model in this ZIP: {WEIGHTS} is missing.")
    own = min(folders, key=lambda folder: len(folder.parts))
    files = [(path.name, member) for path, member in paths if path.parent == own and path.name in TAKEN]
    if set(folders) - {own, own / provenance.START} or len(dict(files)) < len(files):
        raise ArchiveError("There is more than one model in this ZIP. Make one ZIP per model.")
    return dict(files)


def extract(archive: zipfile.ZipFile, member: zipfile.ZipInfo, out: Path, limit: int) -> None:
    """Unpacks one file of at most `limit` bytes in chunks."""
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # for other compression methods, zipfile does not limit how much one read returns
        raise ArchiveError("This ZIP uses an unsupported compression method. Make one with Deflate.")
    with archive.open(member) as stream, out.open("wb") as file:
        shutil.copyfileobj(_Bounded(stream, limit, out.name), file)


class _Bounded:
    """A stream that raises an error after more than `left` bytes."""

    def __init__(self, stream: IO[bytes], left: int, name: str) -> None:
        self.stream, self.left, self.name = stream, left, name

    def read(self, count: int = -1, /) -> bytes:
        data = self.stream.read(count)
        self.left -= len(data)
        if self.left < 0:
            raise ArchiveError(f"The {self.name} in this ZIP is larger than any model's. Nothing was imported.")
        return data


def slashes(name: str) -> str:
    return name.replace("\\", "/")
