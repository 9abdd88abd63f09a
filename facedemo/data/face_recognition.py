"""Lazy import of the package `face_recognition`, without its side effects."""

import warnings
from types import ModuleType

from PIL import ImageFile


def load_face_recognition() -> ModuleType:
    """`face_recognition`, which loads its models when it is imported: about a second, once per process.

    Its import also makes Pillow accept truncated images in the whole process, which is undone here.
    """
    truncated = ImageFile.LOAD_TRUNCATED_IMAGES
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it finds its models with pkg_resources, which warns that it is deprecated
            import face_recognition  # takes a second, see above
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = truncated
    return face_recognition
