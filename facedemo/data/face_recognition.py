"""Lazy import of the package `face_recognition`, without its side effects."""

import sys
import threading
import warnings
from types import ModuleType

from PIL import ImageFile

IMPORTING = threading.Lock()


def load_face_recognition() -> ModuleType:
    """`face_recognition`, which loads its models when it is imported: about a second, once per process.

    Its import also makes Pillow accept truncated images in the whole process, which is undone here; `decoding.decoded`
    refuses them meanwhile, too. The lock keeps a second thread from taking the flag that the first one's import has set
    for the one to restore.
    """
    with IMPORTING:
        truncated = ImageFile.LOAD_TRUNCATED_IMAGES
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # it finds its models with pkg_resources, which is deprecated
                import face_recognition  # takes a second, see above
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = truncated
    return face_recognition


def is_imported() -> bool:
    """Whether `face_recognition` has been imported; waits for an import that has begun in another thread."""
    if "face_recognition" not in sys.modules:
        return False
    with IMPORTING:
        return True
