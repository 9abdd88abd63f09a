"""The square that is cut from an image."""

from typing import Literal

Crop = Literal["auto", "tight", "wide", "square", "face"]


def crop_box(width: int, height: int, crop: Crop) -> tuple[int, int, int, int]:
    """The square (left, upper, right, lower) of a crop, always inside the image.

    `tight` and `wide` are fractions of CelebA's aligned frame, in which the face's position is known: 64 or 80 of
    89×109 pixels, around (44, 59). `face` is `tight`, for images in which the face was moved to that position.
    """
    if crop == "auto":
        crop = "tight" if abs(width * 109 / (height * 89) - 1) <= 0.01 else "square"
    if crop == "square":
        side = min(width, height)
        left, upper = (width - side) // 2, (height - side) // 2
    else:
        side = max(1, min(round((80 if crop == "wide" else 64) * width / 89), width, height))
        left = min(max(0, round(44 * width / 89 - side / 2)), width - side)
        upper = min(max(0, round(59 * height / 109 - side / 2)), height - side)
    return left, upper, left + side, upper + side
