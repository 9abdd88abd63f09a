"""Age and gender as UTKFace's file names and CelebA's list have them, and attributes from lists of any origin."""

import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest

from facedemo.data.labels import found_labels, read_attribute_labels, read_labels
from facedemo.data.source_files import DataError

UNKNOWN = (np.nan, np.nan)


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("25_1_0_20170116174525125.jpg.chip.jpg", (25, 1)),
        ("utkface/1_0_4_20170116174525125.jpg", (1, 0)),
        ("000017-116_1_2_20170116174525125.jpg.chip.jpg", (116, 1)),  # as an upload is stored
        ("39_1_20170116174525125.jpg.chip.jpg", UNKNOWN),  # a field is missing, and nothing says which
        ("61_3_1_20170109150557335.jpg.chip.jpg", UNKNOWN),
        ("130_1_0_20170109150557335.jpg.chip.jpg", UNKNOWN),
        ("_1_0_20170109150557335.jpg.chip.jpg", UNKNOWN),
        ("25_1_0.jpg", UNKNOWN),
        ("2017_1_0_20170109150557335.jpg", UNKNOWN),
        ("holiday.jpg", UNKNOWN),
    ],
)
def test_a_file_name_of_utkface_gives_age_and_gender_or_nothing(name: str, labels: tuple[float, float]) -> None:
    utkface_name = "30_0_0_20170116174525125.jpg"
    np.testing.assert_array_equal(read_labels("faces", [name, utkface_name]), [labels, (30, 0)])


def celeba(folder: Path, columns: str = "Smiling Male Young") -> Path:
    count = len(columns.split())
    rows = [" ".join([f"00000{number}.jpg", *values[:count]]) for number, values in enumerate(VALUES, 1)]
    folder.mkdir()
    (folder / "list_attr_celeba.txt").write_text("\n".join([str(len(rows)), columns, *rows]) + "\n", "utf8")
    return folder


VALUES = [(" 1", "-1", " 1"), ("-1", " 1", "-1"), (" 1", " 1", " 1")]


@pytest.mark.parametrize("packed", [False, True])
def test_celebas_attributes_say_who_is_a_man_and_who_is_young(tmp_path: Path, packed: bool) -> None:
    source = celeba(tmp_path / "celeba")
    if packed:
        with tarfile.open(tmp_path / "celeba.tar", "w") as archive:
            archive.add(source, "celeba")
        source = tmp_path / "celeba.tar"
    names = ["img_align_celeba/000002.jpg", "img_align_celeba/000001.jpg", "000003.jpg", "000009.jpg"]
    np.testing.assert_array_equal(read_labels(source, names), [(1, 0), (0, 1), (0, 0), UNKNOWN])


def test_images_without_labels_are_refused_in_words(tmp_path: Path) -> None:
    tmp_path.joinpath("faces").mkdir()
    with pytest.raises(DataError, match=r"no labels for age and gender.*UTKFace.*list_attr_celeba.txt"):
        read_labels(tmp_path / "faces", ["000001.jpg"])
    with pytest.raises(DataError, match="no attribute Young"):
        read_labels(celeba(tmp_path / "celeba", "Smiling Male"), ["000001.jpg"])


def packed(folder: Path, suffix: str) -> Path:
    """A folder, or an archive of it."""
    if not suffix:
        return folder
    with tarfile.open(f"{folder}{suffix}", "w:gz" if suffix.endswith("gz") else "w") as archive:
        archive.add(folder, folder.name)
    return Path(f"{folder}{suffix}")


@pytest.mark.parametrize("suffix", ["", ".tar"])
def test_labels_are_found_without_reading_images(tmp_path: Path, suffix: str) -> None:
    assert found_labels(packed(celeba(tmp_path / "celeba"), suffix)) == "3 images have 3 labels each."
    (faces := tmp_path / "utkface").mkdir()
    (faces / "holiday.jpg").touch()
    with pytest.raises(DataError, match=r"utkface\S* has no labels\. Choose CelebA"):
        found_labels(packed(faces, suffix))
    (faces / "25_1_0_20170116174525125.jpg.chip.jpg").touch()
    assert found_labels(packed(faces, suffix)) == "1 file name gives age and gender."


def test_labels_in_archives_without_a_list_of_their_files_are_found_later(tmp_path: Path) -> None:
    assert found_labels(packed(celeba(tmp_path / "celeba"), ".tar.gz")) == ""
    (outer := tmp_path / "outer").mkdir()
    packed(celeba(outer / "part"), ".tar")
    shutil.rmtree(outer / "part")
    assert found_labels(packed(outer, ".tar")) == ""


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("file", ["list_attr_celeba.txt", "list_attr_celeba.csv", "mine.csv"])
def test_attributes_are_read_from_celebas_list_kaggles_or_any_csv(tmp_path: Path, file: str, packed: bool) -> None:
    source = tmp_path / "faces"
    source.mkdir()
    rows = ["000001.jpg 1 -1", "000002.jpg -1 1", "000003.jpg 0 7"]
    lines = ["3", "Smiling Bald", *rows] if file.endswith(".txt") else ["image Smiling Bald", *rows]
    text = "\n".join(lines)
    (source / file).write_text(text if file.endswith(".txt") else text.replace(" ", ","), "utf8")
    (source / "another.csv").write_text("a,b\nc,d\n", "utf8")
    (source / "list_eval_partition.csv").write_text("image_id,partition\n000001.jpg,1\n", "utf8")
    if packed:
        with tarfile.open(tmp_path / "faces.tar", "w") as archive:
            archive.add(source, "faces")
        source = tmp_path / "faces.tar"
    attributes, labels = read_attribute_labels(source, ["x/000002.png", "000001.jpg", "000003.jpg", "9.jpg"])
    assert attributes == ["Smiling", "Bald"]
    np.testing.assert_array_equal(labels, [(-1, 1), (1, -1), UNKNOWN, UNKNOWN])


def test_images_without_attributes_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no attribute labels.*list_attr_celeba.txt, or a CSV file"):
        read_attribute_labels(tmp_path, ["000001.jpg"])
    with pytest.raises(DataError, match="lists none of the images"):
        read_attribute_labels(celeba(tmp_path / "celeba"), ["other.jpg"])
