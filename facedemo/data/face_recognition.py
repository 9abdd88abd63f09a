"""The package `face_recognition`: imported when needed, without side effects, and used by one thread at a time."""

import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from PIL import ImageFile

IMPORTING, USING = threading.Lock(), threading.Lock()


@contextmanager
def using_face_recognition() -> Iterator[ModuleType]:
    """`face_recognition`, for this thread alone: dlib's detector crashes the process when two threads use it."""
    face_recognition = load_face_recognition()
    with USING:
        yield face_recognition


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
