"""The parts of a data set: disjoint, complete, the same everywhere, and no person in two of them."""

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from facedemo.config import RunConfig
from facedemo.data import DataError, all_parts, prepare, rows_of, split_of, split_rows
from facedemo.runs import create_run
from facedemo.worker import execute

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
    for one in range(3):
        for other in range(one):
            assert not (people[one] & people[other]) - {None}


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


def test_an_unknown_and_an_empty_part_are_refused_in_words() -> None:
    with pytest.raises(DataError, match="no part “some”"):
        rows_of(NAMES, "some")
