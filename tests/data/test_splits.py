"""The parts of a data set: disjoint, complete, the same everywhere, and no person in two of them."""

import io
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from facedemo.config.schema import RunConfig
from facedemo.data.celeba import sort_people
from facedemo.data.labels import read_labels
from facedemo.data.preparation import prepare
from facedemo.data.source_files import DataError
from facedemo.data.splits import all_parts, halves, known_people, rows_of, split_of, split_rows
from facedemo.runs.run import create_run
from facedemo.training.worker import execute

PARTS = ("train", "validation", "test")
NAMES = [f"img_align_celeba/{number:06d}.jpg" for number in range(3000)]


@given(st.lists(st.text(min_size=1, max_size=12), unique=True, max_size=60))
def test_every_image_is_in_exactly_one_part(names: list[str]) -> None:
    rows = np.concatenate([rows_of(names, part) for part in PARTS])
    assert sorted(rows) == list(range(len(names)))
    assert list(rows_of(names, "all")) == list(range(len(names)))


@given(st.dictionaries(st.sampled_from([name[-10:] for name in NAMES[:200]]), st.integers(1, 30).map(str), min_size=1))
def test_no_person_is_in_two_parts(identities: dict[str, str]) -> None:
    people = [{identities.get(NAMES[row][-10:]) for row in rows_of(NAMES[:200], part, identities)} for part in PARTS]
    for split in range(3):
        for other in range(split):
            assert not (people[split] & people[other]) - {None}


def test_four_fifths_are_for_training_and_a_tenth_each_for_choosing_and_reporting() -> None:
    shares = [len(rows_of(NAMES, part)) / len(NAMES) for part in PARTS]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.02)


def test_the_parts_are_the_same_on_every_machine() -> None:
    assert [split_of(f"person {number}") for number in (1, 2, 3, 2880, 5)] == [
        "train", "train", "train", "train", "validation",
    ]  # fmt: skip


def test_an_image_belongs_to_a_part_whatever_folder_it_lies_in() -> None:
    assert list(rows_of(NAMES, "test")) == list(rows_of([name[-10:] for name in NAMES], "test"))


def archive_with_identities(path: Path) -> dict[str, str]:
    rng = np.random.RandomState(0)
    people = {f"{number:06d}.jpg": str(number // 2) for number in range(240)}
    with tarfile.open(path, "w") as archive:
        for name in people:
            file = io.BytesIO()
            Image.fromarray(rng.randint(0, 256, (40, 40, 3), dtype=np.uint8)).save(file, "JPEG")
            add(archive, f"celeba/img_align_celeba/{name}", file.getvalue())
        add(archive, "celeba/identity_CelebA.txt", "".join(f"{k} {v}\n" for k, v in people.items()).encode())
    return people


def add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))


def test_a_source_with_celebas_list_is_split_by_person(tmp_path: Path) -> None:
    people = archive_with_identities(tmp_path / "celeba.tar")
    faces = prepare(tmp_path / "celeba.tar", 32, cache=tmp_path)
    for part in PARTS:
        rows = split_rows(faces, tmp_path / "celeba.tar", part)
        assert {split_of(f"person {people[faces.names[row][-10:]]}") for row in rows} == {part}
        assert list(rows) == list(all_parts(faces, tmp_path / "celeba.tar")[part])


def test_a_run_trains_on_the_part_that_its_settings_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path))
    archive_with_identities(tmp_path / "celeba.tar")
    rows = split_rows(prepare(tmp_path / "celeba.tar", 32), tmp_path / "celeba.tar", "train")
    config = {
        "model": {"size": 32, "width": 4, "latent": 8, "batch_size": 4},
        "data": {"source": str(tmp_path / "celeba.tar"), "split": "train"},
        "budget": {"iterations": 1},
        "training": {"precision": "32-true"},
    }
    run = create_run(RunConfig.model_validate(config), tmp_path / "runs")
    assert execute(run).state == "finished"
    assert 0 < len(rows) < 240
    assert f"  {len(rows)} images;" in run.log_text()
    assert "The data is split by person" in run.log_text()


def test_a_person_in_two_sources_is_in_one_split_of_both_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path / "cache"))
    people = archive_with_identities(tmp_path / "celeba.tar")
    more = {f"{number:06d}.png": str((number - 240) // 3) for number in range(240, 400)}  # half of them in both
    images_in(tmp_path / "more" / "img_align_celeba", list(more))
    lines = "".join(f"{name} {person}\n" for name, person in more.items())
    (tmp_path / "more" / "identity_CelebA.txt").write_text(lines, "utf8")

    source = f"{tmp_path / 'celeba.tar'}\n{tmp_path / 'more'}"
    faces = prepare(source, 32)
    assert len(faces.names) == 400
    assert faces.names[0].startswith("celeba.tar/")
    assert faces.names[-1] == "more/img_align_celeba/000399.png"
    both = people | more
    for split in PARTS:
        rows = split_rows(faces, source, split)
        assert {split_of(f"person {both[faces.names[row].rpartition('/')[2]]}") for row in rows} == {split}
    alone = prepare(tmp_path / "more", 32)
    assert np.array_equal(faces.images[240:], alone.images)


def test_two_folders_sorted_by_person_are_split_by_person_together(tmp_path: Path) -> None:
    images_in(tmp_path / "a", [f"people/{n // 4}/{n}.png" for n in range(160)])
    images_in(tmp_path / "b", [f"people/{n // 4}/{n}.png" for n in range(80, 240)])
    source = f"{tmp_path / 'a'}\n{tmp_path / 'b'}"
    faces = prepare(source, 32, cache=tmp_path / "cache")
    parts = [split_rows(faces, source, part) for part in ("train", "validation")]
    owners = [{faces.names[row].split("/")[2] for row in part} for part in parts]
    assert owners[0].isdisjoint(owners[1])
    assert sum(map(len, owners)) == 60


def test_the_halves_of_a_source_are_complete_about_equal_and_share_no_person(tmp_path: Path) -> None:
    source = images_in(tmp_path / "mine", [f"people/{n // 4}/{n}.png" for n in range(80)])
    faces = prepare(source, 32, cache=tmp_path / "cache")
    first, second = halves(faces, source)
    assert sorted([*first, *second]) == list(range(80))
    assert len(first) == 40
    owners = [{faces.names[row].split("/")[1] for row in half} for half in (first, second)]
    assert owners[0].isdisjoint(owners[1])


def test_the_images_of_one_person_have_no_halves(tmp_path: Path) -> None:
    source = images_in(tmp_path / "mine", [f"people/1/{n}.png" for n in range(64)])
    with pytest.raises(DataError, match="cannot be divided"):
        halves(prepare(source, 32, cache=tmp_path / "cache"), source)


def test_a_missing_source_among_several_is_named(tmp_path: Path) -> None:
    images_in(tmp_path / "there", ORDER)
    with pytest.raises(DataError, match=r"There is no file or folder .*/nowhere"):
        prepare(f"{tmp_path / 'there'}\n{tmp_path / 'nowhere'}", 32, cache=tmp_path / "cache")


def test_an_unknown_and_an_empty_part_are_refused_in_words() -> None:
    with pytest.raises(DataError, match="no split “some”"):
        rows_of(NAMES, "some")


# lists and folders as they come


PEOPLE = {f"{number:06d}.jpg": str(number // 4) for number in range(80)}
ORDER = list(PEOPLE)
PARTITION = {name: str(min(int(who) // 7, 2)) for name, who in PEOPLE.items()}


def images_in(folder: Path, names: list[str]) -> Path:
    rng = np.random.RandomState(0)
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.randint(0, 256, (40, 40, 3), dtype=np.uint8)).save(path)
    return folder


def parts_of_people(source: Path, cache: Path) -> dict[str, set[str]]:
    """Part → who is in it, and a check that nobody is in two."""
    faces = prepare(source, 32, cache=cache)
    parts = all_parts(faces, source)
    people_by_split = {
        part: {PEOPLE[f"{Path(faces.names[row]).stem}.jpg"] for row in rows} for part, rows in parts.items()
    }
    everyone = [who for people in people_by_split.values() for who in people]
    assert len(everyone) == len(set(everyone)) == 20
    for part, rows in parts.items():
        assert list(split_rows(faces, source, part)) == list(rows)
    return people_by_split


@pytest.fixture
def by_person() -> dict[str, set[str]]:
    parts = {part: {who for who in PEOPLE.values() if split_of(f"person {who}") == part} for part in PARTS}
    return {part: people for part, people in parts.items() if people}


def test_the_png_edition_is_split_by_person_though_the_list_says_jpg(
    tmp_path: Path, by_person: dict[str, set[str]]
) -> None:
    folder = images_in(tmp_path / "celeba", [f"{name[:-4]}.png" for name in ORDER])
    (folder / "identity_CelebA.txt").write_text("".join(f"{name} {who}\n" for name, who in PEOPLE.items()))
    assert parts_of_people(folder, tmp_path) == by_person


@pytest.mark.parametrize("below", ["", "people"])
def test_what_data_people_writes_is_split_by_person_as_its_source_is(
    tmp_path: Path, below: str, by_person: dict[str, set[str]]
) -> None:
    folder = images_in(tmp_path / "celeba", ORDER)
    (folder / "identity_CelebA.txt").write_text("".join(f"{name} {who}\n" for name, who in PEOPLE.items()))
    sort_people(folder, tmp_path / "sorted")
    assert parts_of_people(tmp_path / "sorted" / below, tmp_path) == by_person


def test_people_are_told_by_their_folders_in_an_archive_too(tmp_path: Path, by_person: dict[str, set[str]]) -> None:
    images_in(tmp_path / "all", [f"people/{who}/{name}" for name, who in PEOPLE.items()])
    archive = shutil.make_archive(str(tmp_path / "mine"), "zip", tmp_path / "all")
    assert parts_of_people(Path(archive), tmp_path) == by_person


def test_kaggles_official_splits_keep_people_together_without_a_list_of_people(tmp_path: Path) -> None:
    folder = images_in(tmp_path / "celeba", [f"img_align_celeba/img_align_celeba/{name}" for name in ORDER])
    lines = ["image_id,partition", *(f"{name},{part}" for name, part in PARTITION.items())]
    (folder / "list_eval_partition.csv").write_text("\r\n".join(lines) + "\r\n")
    people = parts_of_people(folder, tmp_path)
    assert people["train"] == {str(who) for who in range(7)}
    assert people["validation"] == {str(who) for who in range(7, 14)}
    assert "list_eval_partition" in known_people(ORDER, folder).basis


def test_kaggles_attributes_are_read(tmp_path: Path) -> None:
    folder = images_in(tmp_path / "celeba", ORDER[:2])
    (folder / "list_attr_celeba.csv").write_text("image_id,Male,Smiling,Young\n000000.jpg,1,-1,-1\n000001.jpg,-1,1,1\n")
    assert read_labels(folder, ["000000.jpg", "000001.png"]).tolist() == [[1, 0], [0, 1]]


def test_without_known_people_it_says_that_the_splits_are_by_image(tmp_path: Path) -> None:
    folder = images_in(tmp_path / "faces", ORDER)
    assert "by image, because the people are unknown" in known_people(ORDER, folder).basis
    (folder / "identity_CelebA.csv").write_text("image,identity\n000001.jpg,7\n")
    assert "by person" in known_people(ORDER, folder).basis
