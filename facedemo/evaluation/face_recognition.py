"""The package `face_recognition`, imported only where it is needed, and without its side effects."""

import warnings
from types import ModuleType

from PIL import ImageFile


def recogniser() -> ModuleType:
    """`face_recognition`, which loads its models when it is imported: about a second, once a process.

    Its import also makes Pillow take images that break off in the middle, in the whole process. Here they are refused.
    """
    truncated = ImageFile.LOAD_TRUNCATED_IMAGES
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it finds its models by pkg_resources, which asks not to be used
            import face_recognition
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = truncated
    return face_recognition
