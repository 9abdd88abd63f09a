"""Films and directions from the command line."""

from pathlib import Path

import av
import pytest
from PIL import Image
from typer.testing import CliRunner

from facedemo.cli import app
from facedemo.explore import directions, named_directions
from facedemo.imaging.pictures import read_settings
from tests.conftest import Maker, Seeing


def call(*arguments: str, works: bool = True) -> str:
    """What a command prints; or, where it does not work, the error that `facedemo` shows in a line."""
    result = CliRunner().invoke(app, arguments)
    if works:
        assert result.exit_code == 0, result.output
        return result.stdout.strip()
    assert isinstance(result.exception, ValueError), result.output
    return str(result.exception)


def test_two_seeds_make_a_film_there_and_back(make_bundle: Maker, tmp_path: Path) -> None:
    make_bundle()
    out = tmp_path / "new" / "film.mp4"
    assert call("interpolate", "1", "2", "--model", "tiny", "--steps", "5", "--out", str(out)) == str(out)
    with av.open(str(out)) as container:
        assert len(list(container.decode(video=0))) == 8
    assert call("interpolate", "1", "2", "--model", "tiny", "--steps", "5", "--out", str(out.with_suffix(".gif")))
    with Image.open(out.with_suffix(".gif")) as image:
        assert image.n_frames == 8


def test_a_walk_a_strip_and_a_square(make_bundle: Maker, tmp_path: Path) -> None:
    make_bundle()
    film, strip, square = tmp_path / "walk.mp4", tmp_path / "strip.png", tmp_path / "square.png"
    call("interpolate", "7", "--walk", "3", "--model", "tiny", "--steps", "4", "--out", str(film))
    with av.open(str(film)) as container:
        assert len(list(container.decode(video=0))) == 12
        assert "2083679832" in container.metadata["comment"]
    call("interpolate", "1", "2", "--model", "tiny", "--path", "lerp", "--out", str(strip))
    assert read_settings(strip) == {"model": "tiny", "seeds": "1, 2", "path": "lerp", "steps": "24"}
    call("interpolate", "1", "2", "3", "4", "--square", "--model", "tiny", "--steps", "3", "--out", str(square))
    assert Image.open(square).size == (3 * 34 + 2, 3 * 34 + 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["1", "2", "--out", "film.avi"], "end in .mp4"),
        (["1", "2", "3", "4", "--square", "--out", "square.gif"], "end in .png"),
        (["1"], "two faces"),
        (["1", "2", "3", "--square", "--out", "square.png"], "four corners"),
        (["1", "2", "--walk", "3"], "one seed"),
        (["1", "--walk", "1001"], "at most 1,000"),
        (["1", "2", "--rate", "99"], "1 to 50"),
        (["1", "2", "--steps", "1000000"], "2 to 120 frames from face to face, not 1,000,000"),
        (["1", "2", "--steps", "121"], "2 to 120"),
        (["1", "2", "3", "4", "--square", "--steps", "17", "--out", "square.png"], "2 to 16 faces wide"),
    ],
)
def test_what_cannot_be_done_is_explained(
    make_bundle: Maker, tmp_path: Path, arguments: list[str], message: str
) -> None:
    make_bundle()
    out = [] if "--out" in arguments else ["--out", str(tmp_path / "film.mp4")]
    assert message in call("interpolate", *arguments, "--model", "tiny", *out, works=False)


def test_directions_are_listed_and_change_a_face(
    make_bundle: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directions, "FACES", 32)
    make_bundle()
    listed = call("directions", "--model", "tiny").splitlines()
    assert [line.split()[0] for line in listed][:5] == list(directions.MEASURES)
    out = tmp_path / "face.png"
    call("directions", "warmth=1.5", "main1=-2", "--model", "tiny", "--seed", "3", "--out", str(out))
    assert read_settings(out) == {"model": "tiny", "seed": "3", "warmth": "1.5", "main1": "-2.0"}
    assert "no direction “age”" in call("directions", "age=1", "--model", "tiny", works=False)
    assert "Did you mean “warmth”?" in call("directions", "Warmth=1", "--model", "tiny", works=False)
    assert "given twice" in call("directions", "warmth=1", "warmth=-1", "--model", "tiny", works=False)


@pytest.mark.parametrize(
    ("words", "message"), [("warmth=5", "−4 to 4, not 5"), ("--seed 7", "Omit --seed."), ("--out a.png", "Omit --out.")]
)
def test_an_edit_that_cannot_be_made_is_refused_before_directions_are_computed(words: str, message: str) -> None:
    assert message in call("directions", "--model", "nobody", *words.split(), works=False)
    assert "name=number" in call("directions", "warmth", "--model", "tiny", works=False)


def test_labels_add_age_and_gender_and_say_how_well_they_are_read(
    make_bundle: Maker, seeing: Seeing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directions, "FACES", 32)
    make_bundle()
    source, out = str(seeing.faces(300)), tmp_path / "face.png"
    listed = CliRunner().invoke(app, ["directions", "--labels", source, "--model", "tiny"])
    assert [line.split()[0] for line in listed.stdout.splitlines()][:3] == ["age", "gender", "brightness"]
    assert "age is off by" in listed.stderr
    assert "gender is right for 100 %" in listed.stderr
    arguments = ["age=2", "gender=-1", "--labels", source, "--model", "tiny", "--out", str(out)]
    assert call("directions", *arguments) == str(out)
    assert read_settings(out) == {"model": "tiny", "seed": "1", "age": "2.0", "gender": "-1.0"}
    unlabelled = str(seeing.faces(70, name="{number}.png"))
    assert "has no labels" in call("directions", "--labels", unlabelled, "--model", "tiny", works=False)


def test_attributes_are_learned_saved_listed_and_used(
    make_bundle: Maker, seeing: Seeing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directions, "FACES", 32)
    monkeypatch.setattr(named_directions, "FACES", 64)
    for limit in ("LEAST_CHANGED", "LEAST_KEPT"):  # the tiny model's faces hardly differ
        monkeypatch.setattr(named_directions, limit, 0.0)
    folder, source, out = make_bundle(), str(seeing.attributes()), tmp_path / "face.png"
    learned = CliRunner().invoke(app, ["directions", "--labels", source, "--save", "--model", "tiny"])
    assert learned.exit_code == 0, learned.output
    assert "labelled faces and checked with" in learned.stderr
    assert str(folder / "directions.json") in learned.stderr
    listed = call("directions", "--model", "tiny").splitlines()
    assert {line.split()[0] for line in listed[:2]} == {"bald", "smiling"}
    assert "At strength 2, it changes in" in listed[0]
    assert listed == learned.stdout.splitlines()
    call("directions", "smiling=2", "--seed", "3", "--model", "tiny", "--out", str(out))
    assert read_settings(out) == {"model": "tiny", "seed": "3", "smiling": "2.0"}
    assert "Add --labels" in call("directions", "--save", "--model", "tiny", works=False)
    ages = str(seeing.faces(300))
    assert "attribute list" in call("directions", "--save", "--labels", ages, "--model", "tiny", works=False)
