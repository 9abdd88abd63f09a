"""Photos: whatever is dropped, and faces found, turned upright and placed as in training images."""

import io
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from facedemo.data import photos, preparation
from facedemo.data.cropping import crop_box
from facedemo.data.preparation import images_in, named, prepare
from facedemo.data.source_files import Entry
from facedemo.pretrained.model import find_model, load_model
from tests.conftest import Portrait


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1", "CMYK", "I;16", "LA"])
def test_every_kind_of_image_is_read_as_rgb(mode: str) -> None:
    kind = "TIFF" if mode == "CMYK" else "PNG"
    photo = photos.read(encoded(Image.new(mode, (40, 30)), kind))
    assert (photo.mode, photo.size) == ("RGB", (40, 30))


def test_what_is_transparent_becomes_white() -> None:
    photo = photos.read(encoded(Image.new("RGBA", (8, 8), (255, 0, 0, 0))))
    assert photo.getpixel((0, 0)) == (255, 255, 255)


def test_a_photo_taken_sideways_is_turned_upright() -> None:
    image = Image.new("RGB", (60, 40), "black")
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = photos.read(encoded(image, "JPEG", exif=exif))
    assert photo.size == (40, 60)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"not a picture at all", "damaged or not an image"),
        (encoded(Image.new("RGB", (64, 64)))[:70], "damaged or not an image"),
        (encoded(Image.effect_noise((300, 300), 90), "JPEG")[:2000], "damaged or not an image"),
    ],
    ids=["empty", "text", "half a PNG", "half a JPEG"],
)
def test_what_is_no_photo_is_refused_in_words(data: bytes, message: str) -> None:
    with pytest.raises(photos.PhotoError, match=message):
        photos.read(data)


def test_a_hundred_megapixels_are_read_small_or_refused() -> None:
    huge = Image.new("L", (10_000, 10_000))
    photo = photos.read(encoded(huge, "JPEG"))
    assert photo.mode == "RGB"
    assert max(photo.size) <= 2 * photos.SIDE
    with pytest.raises(photos.PhotoError, match="64 million pixels"):
        photos.read(encoded(huge.convert("1")))


def test_an_image_without_a_face_has_none() -> None:
    assert photos.find_faces(Image.new("RGB", (300, 200), "grey")) == []


def test_five_faces_are_found_from_left_to_right(portrait: Portrait) -> None:
    faces = photos.find_faces(portrait(5))
    assert len(faces) == 5
    lefts = [face.box[0] for face in faces]
    assert lefts == sorted(lefts)
    assert [left // 320 for left in lefts] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("turn", "scale"), [(0, 1.0), (18, 1.0), (-15, 0.7), (8, 3.0)])
def test_a_face_is_turned_upright_and_brought_to_its_place(portrait: Portrait, turn: float, scale: float) -> None:
    photo = portrait(1).rotate(turn, Image.Resampling.BICUBIC, fillcolor="grey")
    photo = photo.resize([round(side * scale) for side in photo.size], Image.Resampling.LANCZOS)
    (face,) = photos.find_faces(photo)
    aligned = photos.align(photo, face, 256)
    assert aligned.shape == (256, 256, 3)
    assert aligned.dtype == np.uint8
    (found_again,) = photos.find_faces(Image.fromarray(aligned))
    np.testing.assert_allclose(found_again.points, landmark_positions(256), atol=9)


def landmark_positions(size: int) -> np.ndarray:
    """Where training images of this size have eyes and mouth."""
    left, upper, right, _ = crop_box(*photos.FRAME, "auto")
    return (np.array(photos.EYES_AND_MOUTH) - (left, upper)) / (right - left) * size


@pytest.mark.parametrize("scale", [0.5, 1.3, 6.0])
def test_dots_at_the_landmarks_end_where_they_belong(scale: float) -> None:
    """Three dots on a photo, which is turned by 30°: each ends within half a pixel of its place."""
    angle = math.radians(30)
    turn = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    points = landmark_positions(64) @ turn.T + (250, 60)
    y, x = np.mgrid[0:700, 0:700] + 0.5
    for position, point in zip(landmark_positions(64), points, strict=True):
        dot = np.exp(-((x - point[0]) ** 2 + (y - point[1]) ** 2) / (2 * (2 * scale) ** 2))
        photo = Image.fromarray(np.uint8(255 * dot)).convert("RGB")
        aligned = photos.align(photo, photos.Face((0, 0, 1, 1), tuple(map(tuple, points))), 64)[..., 0].astype(float)
        rows, columns = np.mgrid[0:64, 0:64] + 0.5
        centre = (aligned * columns).sum() / aligned.sum(), (aligned * rows).sum() / aligned.sum()
        np.testing.assert_allclose(centre, position, atol=0.5)


def test_beyond_its_edge_a_photo_is_mirrored_and_blurred() -> None:
    """Of a photo with stripes, the left quarter of the result lies outside: the nearest stripes come back in it, and
    fade; inside, nothing changes.
    """
    photo = np.uint8(255 * (np.arange(256) // 16 % 2))[None, :, None].repeat(192, 0).repeat(3, 2)
    identity, moved = np.eye(2), np.array([-48.0, 0.0])
    result = photos.sampled(photo, identity, moved, 192)[96, :, 0].astype(int)
    np.testing.assert_array_equal(result[49:], photo[96, 1:144, 0])
    mirrored = photo[96, 1:49, 0][::-1].astype(int)
    assert np.abs(result[45:48] - mirrored[45:48]).max() <= 64
    assert np.ptp(result[:24]) < 0.5 * np.ptp(mirrored[:24])
    assert result[:48].std() > 0  # streaks would be constant along a row


def test_a_face_within_its_photo_is_not_blurred() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (100, 100, 3), np.uint8)
    np.testing.assert_array_equal(photos.sampled(photo, np.eye(2), np.array([20.0, 10.0]), 64), photo[10:74, 20:84])


@given(st.floats(-3.1, 3.1), st.floats(0.1, 10), st.floats(-100, 100), st.floats(-100, 100))
def test_a_similarity_is_found_again(angle: float, scale: float, x: float, y: float) -> None:
    turn = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    source = np.array(photos.EYES_AND_MOUTH)
    rotation, shift = photos.similarity(source, source @ turn.T + (x, y))
    np.testing.assert_allclose(rotation, turn, atol=1e-6)
    np.testing.assert_allclose(shift, (x, y), atol=1e-4)


def test_without_a_face_the_middle_can_be_taken() -> None:
    image = Image.new("RGB", (300, 100), "black")
    image.paste((255, 0, 0), (100, 0, 200, 100))
    square = photos.centre_square(image, 32)
    assert square.shape == (32, 32, 3)
    assert (square == (255, 0, 0)).all()


# Photos as training images: `crop face`


def turned(face: np.ndarray, rng: np.random.RandomState) -> tuple[Image.Image, np.ndarray]:
    """A photo of a face, rotated, scaled and shifted; and where it has the points EYES_AND_MOUTH of the face."""
    angle, scale, size = np.radians(rng.uniform(-15, 15)), rng.uniform(1.6, 3.5), 400
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = np.array([size / 2, size / 2]) + rng.uniform(-40, 40, 2)
    side = face.shape[0]
    inverse = np.linalg.inv(turn)
    matrix = np.concatenate([inverse, (side / 2 - inverse @ centre)[:, None]], axis=1)
    picture = Image.fromarray(face).transform(
        (size, size), Image.Transform.AFFINE, matrix.ravel().tolist(), Image.Resampling.BICUBIC, fillcolor="grey"
    )
    left, upper, right, _ = crop_box(*photos.FRAME, "face")
    points = (np.array(photos.EYES_AND_MOUTH) - (left, upper)) / (right - left) * side
    return picture, (points - side / 2) @ turn.T + centre


@pytest.mark.slow
def test_faces_of_turned_and_scaled_photos_have_their_eyes_where_celeba_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path / "cache"))
    folder, rng = tmp_path / "photos", np.random.RandomState(0)
    folder.mkdir()
    faces = load_model(find_model("ours-64")).draw(range(200))
    for number, face in enumerate(faces):
        turned(face, rng)[0].save(folder / f"{number:03d}.png")
    (folder / "nobody.png").write_bytes(encoded(Image.new("RGB", (200, 200), "grey")))
    prepared = prepare(folder, 64, "face")
    assert ("nobody.png", "without a detected face") in prepared.skipped
    assert len(prepared.names) > 150
    left, upper, right, _ = crop_box(*photos.FRAME, "face")
    expected = (np.array(photos.EYES_AND_MOUTH) - (left, upper))[:2] / (right - left) * 64
    distances = []
    for image in prepared.images:
        found_again = photos.find_faces(Image.fromarray(np.asarray(image)))
        if len(found_again) == 1:
            distances.append(np.abs(np.array(found_again[0].points[:2]) - expected).max())
    assert len(distances) > 0.9 * len(prepared.names)
    assert np.mean(np.array(distances) <= 2) >= 0.95


def test_every_face_of_a_photo_is_an_image_and_small_ones_are_counted(
    portrait: Portrait, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = portrait(3)
    images = images_in(Entry("group.png", encoded(photo)), 32, "face")
    assert [image.shape for image in images] == [(32, 32, 3)] * 3
    assert [name for name, _ in named("group.png", images)] == ["group.png", "group.png#2", "group.png#3"]
    monkeypatch.setattr(preparation, "SMALLEST_FACE", 10_000)
    assert images_in(Entry("group.png", encoded(photo)), 32, "face") == [preparation.SMALL_FACE] * 3
    assert images_in(Entry("x.png", b"no image"), 32, "face") == ["damaged or not an image"]
    assert images_in(Entry("x.png", problem="too large"), 32, "face") == ["too large"]
