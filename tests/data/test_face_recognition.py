"""The package `face_recognition` in several threads, and Pillow, which its import must leave as strict as it was."""

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

# as several visitors of the app at once
WHILE_OTHERS_DETECT_FACES = """
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from PIL import Image
from facedemo.data.photos import find_faces
from facedemo.evaluation.detector import detect_chunk
from facedemo.pretrained.model import load_model
from facedemo.pretrained.sampling import generate
from facedemo.storage.locations import checkpoints_root

images = generate(load_model(checkpoints_root() / "ours-64"), [0, 1, 2, 3])

def found(kind):
    if kind == 0:
        return [part.tolist() for part in detect_chunk(images, "hog", True)]
    return [find_faces(Image.fromarray(image).resize((300, 200 + 50 * number))) for number, image in enumerate(images)]

alone = [found(kind) for kind in range(2)]
assert alone[0][1] == [1, 1, 1, 1]
with ThreadPoolExecutor(6) as threads:
    assert list(threads.map(found, [0, 1] * 15)) == alone * 15
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


def test_threads_that_detect_faces_at_once_find_what_each_finds_alone() -> None:
    program = WHILE_OTHERS_DETECT_FACES
    done = subprocess.run([sys.executable, "-c", program], timeout=120, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
