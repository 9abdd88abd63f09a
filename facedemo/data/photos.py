"""Photos of people, prepared for a model: faces are detected, turned upright, and cropped like its training images."""

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy.ndimage import affine_transform, distance_transform_edt, gaussian_filter

from facedemo.data.cropping import Crop, crop_box
from facedemo.data.decoding import ANNOTATED, MAX_PIXELS, ColourError, decoded, rgb, turn_upright
from facedemo.data.face_recognition import using_face_recognition

SIDE = 1024  # maximum longer side of a photo during detection: enough for a face of 60 pixels
SMALLEST = 256  # smaller photos are enlarged for detection
JPEG_PIXELS = 2 * MAX_PIXELS  # a JPEG can be decoded at a fraction of its size

# Medians over 200 of CelebA's aligned images, 178×218, of the landmarks that `find_faces` uses.
FRAME = (178, 218)
EYES_AND_MOUTH = ((68.7, 112.3), (107.3, 112.3), (88.0, 154.4))

# Beyond the edge of a photo, as shares of the side: the distance at which it is fully blurred, and the blur's σ.
FADE, BLUR = 1 / 12, 1 / 25


class PhotoError(ValueError):
    """A file cannot be used as a photo; the message is for users."""


class TooLargeError(PhotoError):
    """A photo has too many pixels."""


@dataclass(frozen=True)
class Face:
    """A face in a photo.

    box: left, upper, right, lower.  points: the centres of the eye on the left, the eye on the right, and the mouth. In
    pixels of the photo as returned by `read`.
    """

    box: tuple[int, int, int, int]
    points: tuple[tuple[float, float], ...]


def read(data: bytes) -> Image.Image:
    """A photo from the bytes of its file: upright, RGB, no larger than needed (its shorter side at least about SIDE).

    Raises PhotoError if the file is not an image, is damaged, or has too many pixels.
    """
    if not data:
        raise PhotoError("The file is empty. Choose another photo.")
    try:
        return decoded(data, reduced)
    except PhotoError:
        raise
    except ColourError as error:
        raise PhotoError(
            "The file does not say which value of this image is white. Save it as JPEG or PNG first."
        ) from error
    except Image.DecompressionBombError as error:
        raise too_large(JPEG_PIXELS) from error
    except Exception as error:  # for damaged files, Pillow raises almost anything, from SyntaxError to struct.error
        raise PhotoError("The file is damaged or not an image. Choose a photo as JPEG, PNG, WebP or HEIC.") from error


def reduced(image: Image.Image) -> Image.Image:
    limit = JPEG_PIXELS if image.format in ("JPEG", "MPO") else MAX_PIXELS
    if image.width * image.height > limit:
        raise too_large(limit)
    image.draft("RGB", (SIDE, SIDE))
    if image.format not in ANNOTATED:
        image.seek(0)
    turn_upright(image)
    if image.mode[:1] in "IF":  # can only be reduced after conversion to 8 bits
        image = rgb(image)
    image.thumbnail((2 * SIDE, 2 * SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return rgb(image)


def too_large(limit: int) -> TooLargeError:
    return TooLargeError(
        f"The photo has more than {limit // 1_000_000} million pixels, which is too many to open safely. Make it "
        "smaller or crop it to the face, and choose it again."
    )


def find_faces(photo: Image.Image) -> list[Face]:
    """The faces in a photo, from left to right, by `face_recognition`'s detector and landmarks."""
    factor = min(1.0, SIDE / max(photo.size)) if max(photo.size) > SMALLEST else SMALLEST / max(photo.size)
    size = [max(1, round(side * factor)) for side in photo.size]
    pixels = np.asarray(photo.resize(size, Image.Resampling.LANCZOS) if factor != 1 else photo)
    with using_face_recognition() as face_recognition:
        places = face_recognition.face_locations(pixels)
        landmarks = face_recognition.face_landmarks(pixels, places)
    faces = []
    for (top, right, bottom, left), parts in zip(places, landmarks, strict=True):
        lips = set(parts["top_lip"]) | set(parts["bottom_lip"])
        points = [np.mean(list(part), axis=0) / factor for part in (parts["left_eye"], parts["right_eye"], lips)]
        box = tuple(round(edge / factor) for edge in (left, top, right, bottom))
        faces.append(Face(box, tuple((float(x), float(y)) for x, y in points)))
    return sorted(faces, key=lambda face: face.box)


def align(photo: Image.Image, face: Face, size: int, crop: Crop = "auto") -> np.ndarray:
    """A face rotated, scaled and moved to its position in training images of this crop: uint8 (size, size, 3).

    Beyond the photo's edge, it is mirrored and blurred.
    """
    left, upper, right, _ = crop_box(*FRAME, crop)
    target = (np.array(EYES_AND_MOUTH) - (left, upper)) / (right - left) * size
    turn, shift = similarity(target, np.array(face.points))
    scale = float(np.hypot(*turn[0]))  # pixels of the photo per pixel of the result
    if scale > 2:  # reduced first, so that no pixel between the samples is ignored
        reduced = [max(1, round(2 * side / scale)) for side in photo.size]
        ratio = np.array(reduced) / photo.size
        photo = photo.resize(reduced, Image.Resampling.LANCZOS, reducing_gap=2.0)
        turn, shift = turn * ratio[:, None], shift * ratio
    fine = sampled(np.asarray(photo), turn / 2, shift, 2 * size)
    return np.asarray(Image.fromarray(fine).resize((size, size), Image.Resampling.BOX))


def similarity(source: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rotation with scale (2, 2) and the shift (2,) that map points to others, by least squares.

    source, target: (n, 2), x and y.
    """
    (a, b), *_ = np.linalg.lstsq(
        np.stack([source @ (1, 1j), np.ones(len(source))], axis=1), target @ np.array((1, 1j)), rcond=None
    )
    return np.array([[a.real, -a.imag], [a.imag, a.real]]), np.array([b.real, b.imag])


def sampled(pixels: np.ndarray, turn: np.ndarray, shift: np.ndarray, side: int) -> np.ndarray:
    """pixels (h, w, 3) uint8, at turn · (x, y) + shift for the centres (x, y) of `side`² pixels."""
    rows = np.array([[0.0, 1.0], [1.0, 0.0]])  # arrays are indexed y first
    matrix, offset = rows @ turn @ rows, rows @ (turn @ (0.5, 0.5) + shift - 0.5)

    def moved(layer: np.ndarray, beyond: str) -> np.ndarray:
        # SciPy's stub wants one number as the offset
        return affine_transform(layer, matrix, offset, (side, side), np.uint8, order=1, mode=beyond)  # pyright: ignore

    image = np.stack([moved(layer, "mirror") for layer in np.moveaxis(pixels, 2, 0)], axis=2)
    outside = moved(np.ones(pixels.shape[:2], np.uint8), "constant") == 0
    return blurred(image, outside) if outside.any() else image


def blurred(image: np.ndarray, where: np.ndarray) -> np.ndarray:
    """image (s, s, 3) uint8, blurred where a mask (s, s) is True, gradually from its edge on."""
    side = len(image)
    share = np.clip(distance_transform_edt(where) / (FADE * side), 0, 1)[..., None]  # pyright: ignore - not in the stub
    soft = gaussian_filter(image.astype(float), (BLUR * side, BLUR * side, 0), mode="nearest")
    return (image + share * (soft - image)).round().astype(np.uint8)


def centre_square(photo: Image.Image, size: int) -> np.ndarray:
    """The largest square in the middle, whatever it shows: uint8 (size, size, 3)."""
    square = photo.crop(crop_box(*photo.size, "square"))
    return np.asarray(square.resize((size, size), Image.Resampling.LANCZOS, reducing_gap=3))


def thumbnail(photo: Image.Image, face: Face, size: int = 96) -> np.ndarray:
    """A face with a small margin, for choosing among several: uint8 (size, size, 3)."""
    left, upper, right, lower = face.box
    margin = (right - left) // 4
    around = photo.crop((left - margin, upper - margin, right + margin, lower + margin))
    return np.asarray(around.resize((size, size), Image.Resampling.LANCZOS))
