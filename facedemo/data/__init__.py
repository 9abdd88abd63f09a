"""From files of faces to arrays: sources of images, the decode-once cache, and CelebA's lists of people."""

from facedemo.data.celeba import PeopleReport, sort_people
from facedemo.data.images import Crop, Faces, Progress, cache_root, crop_box, decode, prepare, write_faces
from facedemo.data.sources import DataError

__all__ = [
    "Crop",
    "DataError",
    "Faces",
    "PeopleReport",
    "Progress",
    "cache_root",
    "crop_box",
    "decode",
    "prepare",
    "sort_people",
    "write_faces",
]
