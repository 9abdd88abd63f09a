"""Importing the package `face_recognition` leaves Pillow as strict with truncated images as it was."""

import subprocess
import sys

import pytest

IN_ONE_THREAD = """
from PIL import Image, ImageFile
from facedemo.data.photos import find_faces

find_faces(Image.new("RGB", (300, 300)))
assert ImageFile.LOAD_TRUNCATED_IMAGES is False
"""
IN_TWO_THREADS = """
import threading, time
from PIL import ImageFile
from facedemo.data.face_recognition import load_face_recognition

importing = threading.Thread(target=load_face_recognition)
importing.start()
while importing.is_alive() and not ImageFile.LOAD_TRUNCATED_IMAGES:
    time.sleep(0.0001)
assert ImageFile.LOAD_TRUNCATED_IMAGES, "the package no longer sets the flag, so nothing needs to restore it"
load_face_recognition()
importing.join()
assert ImageFile.LOAD_TRUNCATED_IMAGES is False
"""


@pytest.mark.parametrize("program", [IN_ONE_THREAD, IN_TWO_THREADS], ids=["one thread", "two threads at once"])
def test_pillow_goes_on_refusing_truncated_images_after_the_import(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], timeout=120, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
