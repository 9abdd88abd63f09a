"""The recordings that lessons play until the learner's own training has caught up."""

from collections.abc import Sequence
from types import ModuleType

import pytest

from facedemo.app.views.learn import balance
from facedemo.app.views.learn.recorded import Playback
from facedemo.explore import recorded
from tests.app.learn.conftest import LIVE, answer, click, open_page, page_text, running


@pytest.mark.parametrize("lesson", LIVE, ids=lambda module: module.LESSON.name)
def test_a_recording_plays_trainings_of_an_earlier_day_until_it_is_paused_or_ends(lesson: ModuleType) -> None:
    page = answer(open_page(lesson=lesson.LESSON.name), lesson.LESSON, 0)
    name, moments, trainings = recording_of(lesson)

    def pictures(images: int) -> set[str]:
        shown = [image for element in page.get("image") for image in element.proto.imgs]
        return {image.url for image in shown if f"after {images:,} images" in image.alt}

    assert "Recorded earlier" in [header.value for header in page.header]
    early = pictures(moments[0])
    assert len(early) == trainings
    page.run()
    assert pictures(moments[1])
    click(page, "Pause recording").run()
    assert pictures(moments[1])
    page.session_state[f"{Playback.__module__}.Playback {name}"].choose(moments[-2])  # as the slider does
    page.run()
    (button,) = (button for button in page.button if button.key.startswith("learn_recorded_"))
    button.click().run()
    page.run()
    assert not page.exception
    assert len(pictures(moments[-1]) - early) == trainings
    assert button.label == "Play recording"


def recording_of(lesson: ModuleType) -> tuple[str, Sequence[int], int]:
    """The name, the moments and the number of trainings of a lesson's recording."""
    name = {balance: "gamma"}.get(lesson, lesson.LESSON.name)
    recording = recorded.read(name)
    return name, recording.images, len(recording.trainings)


@pytest.mark.parametrize("lesson", LIVE, ids=lambda module: module.LESSON.name)
def test_a_recording_is_folded_once_the_learner_s_own_training_has_seen_as_many_images(lesson: ModuleType) -> None:
    page = click(answer(open_page(lesson=lesson.LESSON.name), lesson.LESSON, 0), "Play")
    assert "Your own training below needs longer." in page_text(page)
    *others, last = running(page, lesson.KEY).trainings.values()
    end, _ = recording_of(lesson)[1][-1], click(page, "Pause")
    for training in others:
        training.iteration.step = -(-end // training.config.model.images_per_step)
    page.run()
    assert "has caught up" not in page_text(page)
    last.iteration.step = -(-end // last.config.model.images_per_step) - 1
    page = click(page, "Play")
    assert f"has caught up: it has seen {end:,} images" in page_text(page)
    assert [expander.label for expander in page.expander] == ["Show the recording"]
    page = click(page, "Start again")
    assert "Your own training below needs longer." in page_text(page)
    assert not page.expander
