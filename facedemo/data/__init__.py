"""From files of faces to arrays: sources of images, the decode-once cache, and CelebA's lists of people."""

from facedemo.data.celeba import PeopleReport, sort_people
from facedemo.data.images import Crop, Faces, Progress, cache_root, crop_box, decode, prepare, prepared, write_faces
from facedemo.data.sources import DataError
from facedemo.data.splits import Split, rows_of, split_of, split_rows

__all__ = [
    "Crop",
    "DataError",
    "Faces",
    "PeopleReport",
    "Progress",
    "Split",
    "cache_root",
    "crop_box",
    "decode",
    "prepare",
    "prepared",
    "rows_of",
    "sort_people",
    "split_of",
    "split_rows",
    "write_faces",
]
