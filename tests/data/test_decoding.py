"""One decoder for all images: crops, colours, orientation, and what is refused."""

import contextlib
import io
import tarfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from facedemo.data import photos
from facedemo.data.cropping import crop_box
from facedemo.data.preparation import decode, prepare
from facedemo.data.source_files import DataError
from tests.data.conftest import CELEBA, NOISY, encoded, frames, noise

# crops

pytestmark = pytest.mark.usefixtures("cache")


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


# one decoder


def chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)


def with_chunk(png: bytes, added: bytes) -> bytes:
    """A PNG with a chunk right behind its header."""
    return png[:33] + added + png[33:]


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
