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

# `first`: whether the image is opened before the import begins
WHILE_AN_IMAGE_IS_DECODED = """
import io, threading, time
from PIL import Image, ImageFile
from facedemo.data.decoding import decoded
from facedemo.data.face_recognition import load_face_recognition

file, importing = io.BytesIO(), threading.Thread(target=load_face_recognition)
Image.effect_noise((64, 64), 50).save(file, "JPEG")

def begin():
    importing.start()
    while importing.is_alive() and not ImageFile.LOAD_TRUNCATED_IMAGES:
        time.sleep(0.0001)
    assert ImageFile.LOAD_TRUNCATED_IMAGES

def load(image):
    if importing.ident is None:
        begin()
    image.load()

if not {first}:
    begin()
try:
    decoded(file.getvalue()[:-500], load)
except OSError as error:
    assert "truncated" in str(error)
else:
    raise AssertionError("accepted")
"""


@pytest.mark.parametrize("program", [IN_ONE_THREAD, IN_TWO_THREADS], ids=["one thread", "two threads at once"])
def test_pillow_goes_on_refusing_truncated_images_after_the_import(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], timeout=120, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("first", [True, False])
def test_a_truncated_image_is_refused_while_another_thread_imports_the_package(first: bool) -> None:
    program = WHILE_AN_IMAGE_IS_DECODED.replace("{first}", str(first))
    done = subprocess.run([sys.executable, "-c", program], timeout=120, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
