"""Images of every kind are decoded once, the same way everywhere, into a cache that is whole or absent."""

import contextlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from facedemo.data import photos, preparation
from facedemo.data.cache import write_faces
from facedemo.data.cropping import crop_box
from facedemo.data.preparation import decode, prepare, prepared
from facedemo.data.source_files import DataError
from facedemo.storage.locations import cache_root

CELEBA = Path(__file__).parents[3] / "shared/data/celeba.tar"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path / "cache"))
    return cache_root()


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "faces").mkdir()
    for number in range(70):
        (tmp_path / f"faces/{number:03d}.png").write_bytes(encoded(noise(40, 50, number)))
    return tmp_path / "faces"


# crops


@given(st.integers(1, 5000), st.integers(1, 5000), st.sampled_from(["auto", "tight", "wide", "square"]))
def test_crops_are_squares_inside_the_image(width: int, height: int, crop) -> None:
    left, upper, right, lower = crop_box(width, height, crop)
    assert 0 <= left < right <= width
    assert 0 <= upper < lower <= height
    assert right - left == lower - upper


def test_the_tight_crop_of_celeba_is_the_papers() -> None:
    assert crop_box(89, 109, "tight") == (12, 27, 76, 91)
    assert crop_box(178, 218, "tight") == (24, 54, 152, 182)
    assert crop_box(89, 109, "wide") == (4, 19, 84, 99)
    assert crop_box(178, 218, "auto") == crop_box(178, 218, "tight")
    assert crop_box(200, 200, "auto") == crop_box(200, 200, "square") == (0, 0, 200, 200)
    assert crop_box(300, 200, "square") == (50, 0, 250, 200)


# decoding


def test_a_crop_of_the_right_size_is_not_resampled() -> None:
    frame = noise(89, 109)
    assert np.array_equal(decode(encoded(frame), 64), np.asarray(frame)[27:91, 12:76])


def test_real_images_are_cropped_bit_for_bit() -> None:
    if not CELEBA.is_file():
        pytest.skip("needs ../shared/data/celeba.tar")
    with tarfile.open(CELEBA) as archive:
        data = archive.extractfile("celeba/img_align_celeba/000123.jpg").read()
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))[27:91, 12:76]
    assert np.array_equal(decode(data, 64), expected)


GREY = Image.fromarray(np.full((64, 64), 100, np.uint8))
CLEAR = Image.new("RGBA", (64, 64), (200, 0, 0, 0))
HALF = Image.new("RGBA", (64, 64), (0, 0, 0, 128))
SIXTEEN = Image.fromarray(np.full((64, 64), 100 * 257, np.uint16))
PALETTE = Image.new("RGB", (64, 64), (10, 200, 30)).quantize(4)


KINDS = {
    "grey": (encoded(GREY), (100, 100, 100)),
    "one-bit": (encoded(GREY.convert("1")), None),
    "grey and alpha": (encoded(GREY.convert("LA")), (100, 100, 100)),
    "16-bit": (encoded(SIXTEEN), (100, 100, 100)),
    "16-bit TIFF": (encoded(SIXTEEN, "TIFF"), (100, 100, 100)),
    "palette": (encoded(PALETTE), (10, 200, 30)),
    "GIF": (encoded(PALETTE, "GIF"), (10, 200, 30)),
    "palette and alpha": (encoded(PALETTE, transparency=0), (255, 255, 255)),
    "clear": (encoded(CLEAR), (255, 255, 255)),
    "half clear": (encoded(HALF, "WEBP", lossless=True), (127, 127, 127)),
    "CMYK": (encoded(Image.new("CMYK", (64, 64), (0, 255, 255, 0)), "TIFF"), (255, 0, 0)),
    "BMP": (encoded(Image.new("RGB", (64, 64), (1, 2, 3)), "BMP"), (1, 2, 3)),
}


@pytest.mark.parametrize(("data", "colour"), KINDS.values(), ids=KINDS)
def test_every_kind_of_colour_becomes_rgb(data: bytes, colour: tuple[int, int, int] | None) -> None:
    image = decode(data, 32)
    assert image.shape == (32, 32, 3)
    assert image.dtype == np.uint8
    if colour:
        assert np.abs(image.astype(int) - colour).max() <= 1


def test_a_cmyk_jpeg_becomes_rgb() -> None:
    data = encoded(Image.new("CMYK", (64, 64), (0, 255, 255, 0)), "JPEG")
    assert np.abs(decode(data, 32).astype(int) - (255, 0, 0)).max() <= 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_are_turned_upright(orientation: int) -> None:
    upright = np.zeros((64, 64, 3), np.uint8)
    upright[:32, :32] = 255, 0, 0
    upright[:32, 32:] = 0, 255, 0
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Pillow's Transpose that stores it as the camera held it
    image = Image.fromarray(upright)
    stored = image if orientation == 1 else image.transpose(Image.Transpose(undo[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert np.array_equal(decode(encoded(stored, "PNG", exif=exif), 64), upright)


def frames(kind: str) -> bytes:
    rest = [noise(64, 64, seed) for seed in (1, 2)]
    return encoded(noise(64, 64), kind, save_all=True, append_images=rest)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_animated_images_are_refused(kind: str) -> None:
    with pytest.raises(DataError, match="animated"):
        decode(frames(kind), 32)


def test_a_photograph_with_a_hidden_second_picture_is_taken() -> None:
    assert decode(frames("MPO"), 32).shape == (32, 32, 3)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "damaged"),
        (b"not an image at all", "damaged"),
        (encoded(noise(64, 64), "JPEG")[:1500], "damaged"),
        (encoded(noise(64, 64))[:3000], "damaged"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\n", "damaged"),
        (encoded(Image.new("F", (64, 64)), "TIFF"), "colours"),
        (encoded(Image.new("I", (64, 64)), "TIFF"), "colours"),
        (encoded(noise(16, 16)), "too small"),
    ],
    ids=["empty", "text", "cut-jpeg", "cut-png", "eps", "float", "32-bit", "tiny"],
)
def test_what_cannot_be_converted_is_refused_with_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        decode(data, 64)


def test_half_the_size_is_enough() -> None:
    assert decode(encoded(noise(32, 32)), 64).shape == (64, 64, 3)
    with pytest.raises(DataError, match="too small"):
        decode(encoded(noise(31, 31)), 64)


@pytest.mark.parametrize("side", [9_000, 30_000])
def test_images_of_too_many_pixels_are_refused_before_they_are_decoded(side: int) -> None:
    data = bytearray(encoded(Image.new("1", (8, 8)), "BMP"))
    data[18:26] = side.to_bytes(4, "little") * 2
    with pytest.raises(DataError, match="64 million pixels"):
        decode(bytes(data), 64)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"]), st.data())
def test_damaged_images_are_decoded_or_refused_but_never_crash(kind: str, data) -> None:
    content = bytearray(encoded(noise(48, 48), kind))
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, min(len(content) - 1, 400)))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(DataError):
        assert decode(bytes(content), 32).shape == (32, 32, 3)


# preparing


def test_prepared_images_are_mapped_read_only_and_in_order(folder: Path) -> None:
    faces = prepare(folder, 32)
    assert faces.images.shape == (70, 32, 32, 3)
    assert isinstance(faces.images, np.memmap)
    assert not faces.images.flags.writeable
    assert faces.names == [f"{number:03d}.png" for number in range(70)]
    assert all(
        np.array_equal(image, decode((folder / name).read_bytes(), 32))
        for name, image in zip(faces.names, faces.images, strict=True)
    )
    assert faces.summary() == "70 images ready at 32×32, none skipped."


def test_the_second_time_nothing_is_decoded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = prepare(folder, 32)
    monkeypatch.setattr(preparation, "decode", None)
    calls: list[int] = []
    again = prepare(folder, 32, progress=lambda done, total: calls.append(done))
    assert again.path == first.path
    assert np.array_equal(again.images, first.images)
    assert again.names == first.names
    assert calls == []


def test_content_crop_and_size_each_have_their_own_place_in_the_cache(folder: Path) -> None:
    places = {prepare(folder, 32).path, prepare(folder, 24).path, prepare(folder, 32, "wide").path}
    (folder / "000.png").write_bytes(encoded(noise(40, 50, 999)))
    changed = prepare(folder, 32)
    assert len(places | {changed.path}) == 4
    assert np.array_equal(changed.images[0], decode((folder / "000.png").read_bytes(), 32))


def test_a_folder_and_its_archives_give_the_same_pixels(folder: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "faces.tar.gz", "w:gz") as archive:
        archive.add(folder, "faces")
    with zipfile.ZipFile(tmp_path / "faces.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, f"faces/{path.name}")
    expected = prepare(folder, 32)
    for name in ("faces.tar.gz", "faces.zip"):
        faces = prepare(tmp_path / name, 32)
        pixels = {Path(name).name: image for name, image in zip(faces.names, faces.images, strict=True)}
        assert all(
            np.array_equal(pixels[name], image) for name, image in zip(expected.names, expected.images, strict=True)
        )


def test_progress_ends_at_the_total(folder: Path) -> None:
    calls: list[tuple[int, int | None]] = []
    prepare(folder, 32, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (70, 70)
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)


def test_skipped_files_are_listed_and_counted_by_reason(folder: Path) -> None:
    (folder / "broken.jpg").write_bytes(b"broken")
    (folder / "cut.png").write_bytes(encoded(noise(64, 64))[:900])
    (folder / "moving.gif").write_bytes(frames("GIF"))
    for faces in (prepare(folder, 32), prepare(folder, 32)):
        assert [name for name, _ in faces.skipped] == ["broken.jpg", "cut.png", "moving.gif"]
        assert faces.summary().endswith("3 skipped: 2 damaged or not an image; 1 animated or with several pages.")


def test_too_few_images_are_refused_with_the_reason(folder: Path, cache: Path) -> None:
    for path in sorted(folder.iterdir())[:10]:
        path.write_bytes(b"broken")
    with pytest.raises(DataError, match=r"60 of 70 images, and at least 64 are needed. Skipped: 10 damaged"):
        prepare(folder, 32)
    assert [path for path in cache.iterdir() if path.is_dir()] == []


def test_a_size_or_crop_that_does_not_exist_is_refused(folder: Path) -> None:
    with pytest.raises(DataError, match="size from 8"):
        prepare(folder, 4)
    with pytest.raises(DataError, match="no crop 'loose'"):
        prepare(folder, 32, "loose")


# the cache


def rows(count: int) -> Iterator[tuple[str, np.ndarray]]:
    for number in range(count):
        yield f"{number}", np.full((16, 16, 3), number, np.uint8)


def test_generated_images_are_stored_and_found_again() -> None:
    faces = write_faces("drawn-16", rows(64), 16, "drawn faces")
    assert (faces.images[:, 0, 0, 0] == range(64)).all()
    again = write_faces("drawn-16", iter(()), 16, "drawn faces")
    assert np.array_equal(again.images, faces.images)


@pytest.mark.parametrize("damage", ["images.u8", "index.json"])
def test_a_damaged_cache_is_made_again(folder: Path, damage: str) -> None:
    faces = prepare(folder, 32)
    expected = faces.images.copy()
    path = faces.path / damage
    path.write_bytes(path.read_bytes()[:-100])
    assert np.array_equal(prepare(folder, 32).images, expected)


def test_an_interrupted_preparation_leaves_nothing_behind(folder: Path, cache: Path) -> None:
    def interrupt(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(folder, 32, progress=interrupt)
    assert [path for path in cache.iterdir() if path.is_dir()] == []
    assert len(prepare(folder, 32).names) == 70


def test_what_a_killed_preparation_left_is_cleared_away_by_the_next(folder: Path, cache: Path) -> None:
    key = prepare(folder, 32).path.name
    for name in (f"{key}.part", "another.part"):
        (cache / name).mkdir()
        (cache / name / "images.u8").write_bytes(b"half")
    (cache / key / "index.json").unlink()
    assert len(prepare(folder, 32).names) == 70
    assert list(cache.glob("*.part")) == []


def test_two_processes_that_prepare_the_same_images_both_end_well(folder: Path) -> None:
    code = "import sys; from facedemo.data.preparation import prepare; print(len(prepare(sys.argv[1], 32).names))"
    command = [sys.executable, "-c", code, str(folder)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) for _ in range(2)]
    assert [process.communicate(timeout=30)[0].strip() for process in both] == ["70", "70"]
    assert [process.returncode for process in both] == [0, 0]


def test_a_cache_that_cannot_be_written_is_explained(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(DataError, match="FACEDEMO_CACHE"):
        prepare(folder, 32, cache=tmp_path / "file/below")


def test_the_real_data_set_is_prepared_whole() -> None:
    if not CELEBA.is_file():
        pytest.skip("needs ../shared/data/celeba.tar")
    faces = prepare(CELEBA, 64)
    assert faces.images.shape == (9000, 64, 64, 3)
    assert faces.skipped == []


# one decoder


def chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)


def with_chunk(png: bytes, added: bytes) -> bytes:
    """A PNG with a chunk right behind its header."""
    return png[:33] + added + png[33:]


NOISY = encoded(noise(64, 64))
BROKEN_EXIF = b"MM\0*" + b"\xff" * 40
CHUNKS = {
    "a text that unpacks to megabytes": chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(2 << 20))),
    "a text that is damaged": chunk(b"iTXt", b"Comment\0\1\0\0\0broken"),
    "a colour profile that is none": chunk(b"iCCP", b"ICC\0\0" + zlib.compress(bytes(2 << 20))),
    "broken EXIF data": chunk(b"eXIf", BROKEN_EXIF),
    "a wrong checksum": chunk(b"tEXt", b"Comment\0hello")[:-1] + b"!",
}


@pytest.mark.parametrize("added", CHUNKS.values(), ids=CHUNKS)
def test_chunks_that_nobody_asked_for_do_not_decide_about_the_pixels_of_a_png(added: bytes) -> None:
    data = with_chunk(NOISY, added)
    assert np.array_equal(decode(data, 64), decode(NOISY, 64))
    assert np.array_equal(np.asarray(photos.read(data)), np.asarray(photos.read(NOISY)))


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "TIFF"])
def test_broken_exif_data_of_other_files_do_not_either(kind: str) -> None:
    options = {} if kind == "TIFF" else {"exif": b"Exif\0\0" + BROKEN_EXIF}
    assert decode(encoded(noise(64, 64), kind, **options), 32).shape == (32, 32, 3)


@pytest.mark.parametrize("data", [data for data, _ in KINDS.values()], ids=KINDS)
def test_photos_have_the_colours_that_data_have(data: bytes) -> None:
    assert np.array_equal(np.asarray(photos.read(data)), decode(data, 64, "square"))


@pytest.mark.parametrize("mode", ["I", "F"])
def test_colours_that_are_not_well_defined_are_refused_in_words_everywhere(mode: str) -> None:
    data = encoded(Image.new(mode, (64, 64)), "TIFF")
    with pytest.raises(DataError, match="colours"):
        decode(data, 64)
    with pytest.raises(photos.PhotoError, match="which value of this image is white"):
        photos.read(data)


@pytest.mark.parametrize(("kind", "suffix"), [("AVIF", "avif"), ("HEIF", "heic"), ("HEIF", "heif"), ("JPEG", "jfif")])
def test_images_as_phones_and_browsers_save_them_are_read(tmp_path: Path, kind: str, suffix: str) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(64):
        (folder / f"{number}.{suffix}").write_bytes(encoded(Image.new("RGB", (64, 64), (200, 100, number)), kind))
    faces = prepare(folder, 32)
    assert faces.summary() == "64 images ready at 32×32, none skipped."
    assert np.abs(faces.images[5, 16, 16].astype(int) - (200, 100, 5)).max() <= 12
    assert photos.read((folder / f"5.{suffix}").read_bytes()).size == (64, 64)


# what is passed over


def filled(folder: Path) -> Path:
    for number in range(64):
        (folder / f"{number:02d}.png").write_bytes(NOISY)
    return folder


def test_files_and_folders_that_are_not_read_are_counted_with_the_reason(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    (folder / ".thumbs").mkdir(parents=True)
    filled(folder)
    assert prepare(folder, 32).summary().endswith("none skipped.")
    for name in (".DS_Store", ".thumbs/1.png", "a.raw", "identity_CelebA.txt", "README"):
        (folder / name).write_bytes(NOISY)
    (folder / "elsewhere").symlink_to(tmp_path)
    expected = {
        ".DS_Store": "hidden",
        ".thumbs/1.png": "hidden",
        "README": "not an image by its name (no extension)",
        "a.raw": "not an image by its name (.raw)",
        "elsewhere": "a linked folder",
    }
    for faces in (prepare(folder, 32), prepared(folder, 32)):
        assert dict(faces.skipped) == expected
        assert "5 skipped: 2 hidden" in faces.summary()


def test_hidden_files_that_the_system_adds_do_not_make_everything_be_decoded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    prepare(filled(folder), 32)
    (folder / ".DS_Store").touch()
    monkeypatch.setattr(preparation, "decode", lambda *_: pytest.fail("decoded again"))
    assert prepare(folder, 32).skipped == [(".DS_Store", "hidden")]


def test_a_folder_that_cannot_be_read_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "images"
    (folder / "locked").mkdir(parents=True)
    scan = os.scandir

    def refuse(path: str) -> object:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)  # permissions do not bind an administrator, as tests may run
    faces = prepare(filled(folder), 32)
    assert faces.skipped == [("locked", "a folder that cannot be read (Permission denied)")]


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_members_of_an_archive_that_are_not_read_are_counted_the_second_time_too(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    filled(folder)
    (folder / "notes.doc").touch()
    (folder / ".hidden.png").touch()
    archive = shutil.make_archive(str(tmp_path / "archive"), kind, folder)
    for _ in range(2):
        skipped = {name.removeprefix("./"): reason for name, reason in prepare(archive, 32).skipped}
        assert skipped == {".hidden.png": "hidden", "notes.doc": "not an image by its name (.doc)"}
