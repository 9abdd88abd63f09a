"""From files of faces to arrays: sources of images, the decode-once cache, and CelebA's lists of people."""

from facedemo.data.cache import Faces, cache_root, write_faces
from facedemo.data.celeba import PeopleReport, sort_people
from facedemo.data.entries import DataError
from facedemo.data.images import Crop, Progress, crop_box, decode, prepare, prepared
from facedemo.data.splits import Split, all_parts, known, rows_of, split_of, split_rows

__all__ = [
    "Crop",
    "DataError",
    "Faces",
    "PeopleReport",
    "Progress",
    "Split",
    "all_parts",
    "cache_root",
    "crop_box",
    "decode",
    "known",
    "prepare",
    "prepared",
    "rows_of",
    "sort_people",
    "split_of",
    "split_rows",
    "write_faces",
]
