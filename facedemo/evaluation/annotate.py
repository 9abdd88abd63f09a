"""Annotated faces: the detected box, the landmarks, and one face per person with the number of faces."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import ImageDraw, ImageFont

from facedemo.evaluation.detector import Box, landmarks
from facedemo.evaluation.verify import DetectedImages
from facedemo.imaging import pictures
from facedemo.imaging.film import enlarged

Points = Mapping[str, Sequence[tuple[int, int]]]  # part of a face → (x, y) in pixels

SIDE = 192  # minimum side of an annotated picture: in smaller ones, the lines would hide the face
MOST = 400  # faces in one file
SHEETS = ("undetected", "detected", "people")
BOX_COLOUR, POINTS_COLOUR = (255, 205, 40), (70, 235, 215)
CLOSED = ("left_eye", "right_eye")  # lips are closed lines, all other parts are open


def marked(image: np.ndarray, box: Box | np.ndarray, points: Points, side: int = SIDE) -> np.ndarray:
    """A face with its box and its landmarks drawn on it.

    image: uint8 (height, width, 3).  box: top, right, bottom, left, in its pixels.  points: as `landmarks` gives them.
    Returns uint8, enlarged by an integer factor to at least `side` pixels, so that the lines are thin.
    """
    picture = enlarged(image, side)
    factor = picture.width // image.shape[1]
    draw, thick = ImageDraw.Draw(picture), max(1, round(picture.width / SIDE))
    top, right, bottom, left = (int(pixel) * factor for pixel in box)
    last = (picture.width - 1, picture.height - 1)
    edge = (max(left, 0), max(top, 0), min(right, last[0]), min(bottom, last[1]))
    draw.rectangle(edge, outline=BOX_COLOUR, width=thick)
    for part, places in points.items():
        line = [((x + 0.5) * factor, (y + 0.5) * factor) for x, y in places]
        draw.line([*line, line[0]] if part in CLOSED else line, POINTS_COLOUR, width=thick)
    return np.asarray(picture)


def marked_faces(images: np.ndarray, boxes: np.ndarray, side: int = SIDE) -> np.ndarray:
    """n > 0 images, uint8 (n, size, size, 3), each enlarged and annotated with its box, (n, 4), and its landmarks."""
    return np.stack([marked(image, box, landmarks(image, box), side) for image, box in zip(images, boxes, strict=True)])


def counted(image: np.ndarray, number: int, side: int = SIDE) -> np.ndarray:
    """A picture with a number in its corner: uint8, enlarged to `side` pixels or more."""
    picture = enlarged(image, side)
    draw, size = ImageDraw.Draw(picture), picture.height // 7
    font = ImageFont.load_default(size)
    corner = (picture.width - size / 3, picture.height - size / 3)
    left, top, _, _ = draw.textbbox(corner, f"{number:,}", font, anchor="rb")
    draw.rectangle((left - size / 3, top - size / 3, picture.width, picture.height), fill="black")
    draw.text(corner, f"{number:,}", "white", font, anchor="rb")
    return np.asarray(picture)


def portraits(detected: DetectedImages) -> list[tuple[int, int]]:
    """Each person's first row and number of faces, ordered by number of faces, then by first appearance."""
    counts = Counter(detected.identity[detected.hog.detected].tolist())
    return [(int(np.argmax(detected.identity == person)), count) for person, count in counts.most_common()]


def sheets(detected: DetectedImages, **facts: object) -> dict[str, bytes]:
    """PNG files by name: detected.png, undetected.png and people.png, each only if there are such faces.

    Each contains at most the first MOST faces; its metadata contain their number and `facts`.
    """
    pictures = {name: sheet(detected, name, **facts) for name in SHEETS}
    return {f"{name}.png": file for name, file in pictures.items() if file}


def sheet(detected: DetectedImages, name: str, **facts: object) -> bytes:
    """One of the SHEETS; b"" if there are no such faces."""
    rows = sheet_rows(detected, name)
    if not rows:
        return b""
    images = annotated(detected, name, rows[:MOST])
    facts |= {"shows": name, "shown": len(images), "of": len(rows), "software": "facedemo"}
    return pictures.png(pictures.grid(images), **facts)


def sheet_rows(detected: DetectedImages, name: str) -> list[int]:
    """The rows of the images on one of the SHEETS, in display order."""
    if name == "people":
        return [row for row, _ in portraits(detected)]
    has_face = detected.hog.detected
    return np.flatnonzero(has_face if name == "detected" else ~has_face).tolist()


def annotated(detected: DetectedImages, name: str, rows: Sequence[int], side: int = SIDE) -> np.ndarray:
    """Some rows of one of the SHEETS, annotated: uint8 (n, s, s, 3) with n > 0, s at least `side`.

    People have the number of their faces in the corner; detected faces have box and landmarks.
    """
    images = [np.asarray(detected.images[row]) for row in rows]
    if name == "people":
        counts = dict(portraits(detected))
        return np.stack([counted(image, counts[row], side) for image, row in zip(images, rows, strict=True)])
    if name == "detected":
        return marked_faces(np.stack(images), detected.hog.boxes[list(rows)], side)
    return np.stack([np.asarray(enlarged(image, side)) for image in images])
