"""CelebA's lists become CSV files and its images one folder a person."""

import csv
import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from facedemo.data.celeba import sort_people
from facedemo.data.source_files import DataError

ATTRIBUTES = [f"Attribute_{number}" for number in range(40)]


def jpeg(shade: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (89, 109), (shade, shade, shade)).save(stream, "JPEG")
    return stream.getvalue()


IMAGES = {f"{number:06d}.jpg": jpeg(40 * number) for number in range(1, 5)}
IDENTITIES = "000001.jpg 2880\n000002.jpg 2937\n000003.jpg 2880\n000004.jpg 7\n"


def attribute_lines() -> str:
    rows = [f"{name} {' '.join(['-1', ' 1'] * 20)}" for name in IMAGES]
    return "\n".join([str(len(rows)), " ".join(ATTRIBUTES), *rows]) + "\n"


def torchvision_layout(root: Path, identities: str = IDENTITIES) -> Path:
    folder = root / "celeba" / "img_align_celeba"
    folder.mkdir(parents=True)
    for name, data in IMAGES.items():
        (folder / name).write_bytes(data)
    (root / "celeba" / "identity_CelebA.txt").write_bytes(identities.encode())
    return root


def zipped(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in IMAGES.items():
            archive.writestr(f"img_align_celeba/{name}", data)


def tree(root: Path) -> dict[str, tuple[int, int, int]]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {
        str(path.relative_to(root)): (path.stat().st_ino, path.stat().st_mtime_ns, path.stat().st_size)
        for path in files
    }


def placed(out: Path) -> list[str]:
    return sorted(path.relative_to(out / "people").as_posix() for path in (out / "people").rglob("*") if path.is_file())


SORTED = ["2880/000001.jpg", "2880/000003.jpg", "2937/000002.jpg", "7/000004.jpg"]


def test_images_are_linked_into_one_folder_a_person(tmp_path: Path) -> None:
    celeba = torchvision_layout(tmp_path / "in")
    report = sort_people(celeba, tmp_path / "out")
    assert placed(tmp_path / "out") == SORTED
    assert (report.people, report.linked, report.copied, report.missing) == (3, 4, 0, 0)
    original = celeba / "celeba/img_align_celeba/000002.jpg"
    assert original.samefile(tmp_path / "out/people/2937/000002.jpg")


def test_lists_become_csv(tmp_path: Path) -> None:
    celeba = torchvision_layout(tmp_path / "in")
    (celeba / "celeba/list_attr_celeba.txt").write_text(attribute_lines())
    report = sort_people(celeba, tmp_path / "out")
    assert [path.name for path in report.csv] == ["identity_CelebA.csv", "list_attr_celeba.csv"]
    with (tmp_path / "out/identity_CelebA.csv").open(newline="") as stream:
        assert list(csv.reader(stream))[:2] == [["image", "identity"], ["000001.jpg", "2880"]]
    with (tmp_path / "out/list_attr_celeba.csv").open(newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == ["image", *ATTRIBUTES]
    assert rows[1] == ["000001.jpg", *["-1", "1"] * 20]
    assert len(rows) == 5
    assert report.malformed == 0


def test_running_twice_changes_nothing(tmp_path: Path) -> None:
    celeba = torchvision_layout(tmp_path / "in")
    (celeba / "celeba/list_attr_celeba.txt").write_text(attribute_lines())
    sort_people(celeba, tmp_path / "out")
    before = tree(tmp_path / "out")
    report = sort_people(celeba, tmp_path / "out")
    assert tree(tmp_path / "out") == before
    assert (report.linked, report.copied, report.present) == (0, 0, 4)


def test_running_twice_changes_nothing_if_the_result_lies_inside_the_source(tmp_path: Path) -> None:
    celeba = torchvision_layout(tmp_path)
    sort_people(celeba, celeba)
    before = tree(celeba)
    report = sort_people(celeba, celeba)
    assert tree(celeba) == before
    assert (report.present, report.unlisted) == (4, 0)


def test_the_official_layout_is_read_with_its_images_still_zipped(tmp_path: Path) -> None:
    (tmp_path / "in/Anno").mkdir(parents=True)
    (tmp_path / "in/Anno/identity_CelebA.txt").write_text(IDENTITIES)
    zipped(tmp_path / "in/Img/img_align_celeba.zip")
    report = sort_people(tmp_path / "in", tmp_path / "out")
    assert placed(tmp_path / "out") == SORTED
    assert (report.copied, report.linked) == (4, 0)


def test_the_official_layout_prefers_unzipped_aligned_images(tmp_path: Path) -> None:
    torchvision_layout(tmp_path / "in/Img")
    zipped(tmp_path / "in/Img/img_align_celeba.zip")
    wild = tmp_path / "in/Img/aaa_celeba"
    wild.mkdir()
    (wild / "000001.jpg").write_bytes(b"another picture of the same name")
    report = sort_people(tmp_path / "in", tmp_path / "out")
    assert report.linked == 4
    assert (tmp_path / "out/people/2880/000001.jpg").read_bytes() == IMAGES["000001.jpg"]


def test_torchvision_layout_is_read_with_its_images_still_zipped(tmp_path: Path) -> None:
    (tmp_path / "celeba").mkdir()
    (tmp_path / "celeba/identity_CelebA.txt").write_text(IDENTITIES)
    zipped(tmp_path / "celeba/img_align_celeba.zip")
    assert sort_people(tmp_path, tmp_path / "out").copied == 4
    assert sort_people(tmp_path, tmp_path / "out").present == 4


def test_an_archive_is_copied_out_of(tmp_path: Path) -> None:
    torchvision_layout(tmp_path)
    with tarfile.open(tmp_path / "celeba.tar", "w") as archive:
        archive.add(tmp_path / "celeba", "celeba")
    report = sort_people(tmp_path / "celeba.tar", tmp_path / "out")
    assert placed(tmp_path / "out") == SORTED
    assert (report.copied, report.linked) == (4, 0)
    before = tree(tmp_path / "out")
    assert sort_people(tmp_path / "celeba.tar", tmp_path / "out").present == 4
    assert tree(tmp_path / "out") == before


def test_images_are_copied_if_links_are_impossible(tmp_path: Path) -> None:
    celeba = torchvision_layout(tmp_path / "in")
    elsewhere = Path("/dev/shm")
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a second file system at /dev/shm")
    out = elsewhere / f"facedemo-{os.getpid()}"
    try:
        report = sort_people(celeba, out)
        assert (report.copied, report.linked) == (4, 0)
        assert placed(out) == SORTED
    finally:
        for path in sorted(out.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        out.rmdir()


def test_header_lines_and_windows_line_ends_are_tolerated_and_reported(tmp_path: Path) -> None:
    text = "4\r\nimage_id identity\r\n" + IDENTITIES.replace("\n", "\r\n") + "\r\n"
    celeba = torchvision_layout(tmp_path / "in", text)
    (celeba / "celeba/list_attr_celeba.txt").write_bytes(attribute_lines().replace("\n", "\r\n").encode())
    report = sort_people(celeba, tmp_path / "out")
    assert placed(tmp_path / "out") == SORTED
    assert report.malformed == 0
    assert "header line" in report.summary()
    assert "Windows line ends" in report.summary()
    assert b"\r" not in (tmp_path / "out/list_attr_celeba.csv").read_bytes()


def test_missing_and_unlisted_images_and_malformed_lines_are_counted(tmp_path: Path) -> None:
    text = "000001.jpg 2880\n000001.jpg 5\n000009.jpg 12\nnonsense\n000002.jpg two\n000003.jpg 2880 7\n"
    report = sort_people(torchvision_layout(tmp_path / "in", text), tmp_path / "out")
    assert placed(tmp_path / "out") == ["2880/000001.jpg"]
    assert (report.missing, report.unlisted, report.malformed) == (1, 3, 4)
    for message in ("1 listed images are missing", "3 images are not in the list", "4 malformed lines"):
        assert message in report.summary()


def test_attribute_rows_of_another_length_or_value_are_left_out(tmp_path: Path) -> None:
    celeba = torchvision_layout(tmp_path / "in")
    text = "3\nSmiling Young\n000001.jpg -1  1\n000002.jpg 1\n000003.jpg 1 =SUM(A1)\n"
    (celeba / "celeba/list_attr_celeba.txt").write_text(text)
    assert sort_people(celeba, tmp_path / "out").malformed == 2
    assert (tmp_path / "out/list_attr_celeba.csv").read_text() == "image,Smiling,Young\n000001.jpg,-1,1\n"


HOSTILE = "000001.jpg ../../escaped\n../000002.jpg 1\n/tmp/000003.jpg 1\n..\\000004.jpg 1\n000003.jpg /etc\n"


def test_no_line_of_the_list_leads_out_of_the_target(tmp_path: Path) -> None:
    celeba = torchvision_layout(tmp_path / "in", HOSTILE + "000004.jpg 7\n")
    before = set(tmp_path.rglob("*"))
    report = sort_people(celeba, tmp_path / "deep/er/out")
    created = set(tmp_path.rglob("*")) - before
    assert placed(tmp_path / "deep/er/out") == ["7/000004.jpg"]
    assert all(path.is_relative_to(tmp_path / "deep") for path in created)
    assert report.malformed >= 4


def test_no_member_of_an_archive_leads_out_of_the_target(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "celeba.tar", "w") as archive:
        for name, data in {
            "identity_CelebA.txt": IDENTITIES.encode(),
            "../../000001.jpg": IMAGES["000001.jpg"],
        }.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    report = sort_people(tmp_path / "celeba.tar", tmp_path / "a/b/out")
    assert report.missing == 4
    assert {path.name for path in tmp_path.iterdir()} == {"celeba.tar", "a"}


@settings(deadline=None, max_examples=50)
@given(st.text(alphabet="0123456789./\\ :\0-_abj\n\r\u2028é", max_size=60))
def test_whatever_the_list_says_only_numbered_folders_appear(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    root = tmp_path_factory.mktemp("hostile")
    celeba = torchvision_layout(root / "in", f"000001.jpg {text}\n{text}\n{text} 1\n000004.jpg 7\n")
    sort_people(celeba, root / "out")
    assert {path.name for path in root.iterdir()} == {"in", "out"}
    assert {path.name for path in (root / "out").iterdir()} == {"people", "identity_CelebA.csv"}
    assert all(path.name.isdecimal() for path in (root / "out/people").iterdir())


def test_a_missing_list_is_refused_with_advice(tmp_path: Path) -> None:
    celeba = torchvision_layout(tmp_path)
    (celeba / "celeba/identity_CelebA.txt").unlink()
    with pytest.raises(DataError, match=r"has no identity_CelebA\.txt.*Anno"):
        sort_people(celeba, tmp_path / "out")


def test_a_list_without_a_single_usable_line_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="lists no image"):
        sort_people(torchvision_layout(tmp_path, "hello\nworld\n"), tmp_path / "out")


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Check the path"):
        sort_people(tmp_path / "nothing", tmp_path / "out")


def test_the_first_images_of_the_real_data_set_are_sorted(tmp_path: Path) -> None:
    archive = Path(__file__).parents[3] / "shared/data/celeba.tar"
    if not archive.is_file():
        pytest.skip("needs ../shared/data/celeba.tar")
    report = sort_people(archive, tmp_path)
    assert report.copied == 9000
    assert report.missing == 202_599 - 9000
    assert 4000 < report.people < 5500
    assert (tmp_path / "people/2880/000001.jpg").is_file()


def test_the_png_edition_is_sorted_though_the_list_says_jpg(tmp_path: Path) -> None:
    celeba = torchvision_layout(tmp_path)
    for path in (celeba / "celeba" / "img_align_celeba").iterdir():
        path.rename(path.with_suffix(".png"))
    report = sort_people(celeba, tmp_path / "out")
    assert placed(tmp_path / "out") == [name.replace(".jpg", ".png") for name in SORTED]
    assert (report.missing, report.unlisted) == (0, 0)
