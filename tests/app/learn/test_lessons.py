"""The lessons, run as Streamlit runs them."""

import re
from urllib.parse import urlencode

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from facedemo.app import navigation
from facedemo.app.views.learn import balance, copying, equations, failing, families, lying, numbers
from facedemo.app.views.learn.lesson import Lesson
from facedemo.config.presets import configure
from facedemo.evaluation.detector import detect_chunk
from facedemo.explore import failures
from facedemo.gans.base import Equation
from tests.app.learn.conftest import BUNDLED, LESSONS, LIVE, answer, click, open_page, page_text, running
from tests.conftest import Maker


def test_the_overview_lists_eight_lessons_and_opens_them() -> None:
    page = open_page()
    assert not page.exception
    opening = [button.label for button in page.button]
    assert opening == [f"{number}. {lesson.title}" for number, lesson in enumerate(LESSONS, 1)]
    page = click(page, opening[5])
    assert page.title[0].value == "6. The number that lies"
    assert page.query_params["lesson"] == "lying"
    assert click(page, "Next lesson: Three classic GANs and a modern one").title[0].value.startswith("7.")
    assert click(page, "All lessons").title[0].value == "Learn"


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_every_lesson_has_one_idea_in_about_four_sentences_a_question_and_a_page_to_go_on(lesson: Lesson) -> None:
    sentences = re.findall(r"[.?!](?:\s|$)", lesson.idea)
    assert 3 <= len(sentences) <= 5
    assert len(lesson.question.options) == 3
    assert 0 <= lesson.question.right < 3
    assert lesson.page.exists()
    assert lesson.page != navigation.LEARN


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_a_lesson_asks_before_it_shows_and_says_what_is_right(lesson: Lesson) -> None:
    page = open_page(lesson=lesson.name)
    assert not page.exception
    assert "Choose an answer, and the lesson shows what happens." in page_text(page)
    assert lesson.question.because not in page_text(page)
    wrong = (lesson.question.right + 1) % 3
    page = answer(page, lesson, wrong)
    assert lesson.question.because in page_text(page)
    assert not page.success
    page = answer(page, lesson, lesson.question.right)
    assert page.success[0].value == lesson.question.because
    for control in (page.button, page.slider, page.radio):
        for item in control:
            assert item.help, item.label


@pytest.mark.parametrize("module", LIVE, ids=lambda module: module.LESSON.name)
def test_a_live_lesson_plays_only_after_an_answer_and_trains_while_it_plays(module) -> None:
    page = open_page(lesson=module.LESSON.name)
    assert "Play" not in [button.label for button in page.button]
    page = click(answer(page, module.LESSON, 0), "Play")
    assert "Pause" in [button.label for button in page.button]
    trainings = running(page, module.KEY).trainings
    steps = [training.step for training in trainings.values()]
    assert all(step > 0 for step in steps)
    page = click(page, "Pause")
    paused = [training.step for training in trainings.values()]
    page.run()
    assert [training.step for training in trainings.values()] == paused
    page = click(page, "Start again")
    fresh = running(page, module.KEY).trainings
    assert all(training.step == 0 for training in fresh.values())


def test_an_answer_is_still_there_after_another_lesson() -> None:
    page = answer(open_page(lesson="numbers"), numbers.LESSON, 1)
    for key in ("learn_next", "learn_all", "learn_open_numbers"):
        page.button(key=key).click().run()
    assert page.radio(key="learn_numbers_choice").value == numbers.LESSON.question.options[1]


def test_a_link_sets_the_two_gammas_and_unusable_ones_are_named() -> None:
    page = answer(open_page(lesson="balance", low="0.2", high="0.6"), balance.LESSON, 0)
    assert (page.slider(key="learn_low").value, page.slider(key="learn_high").value) == (0.2, 0.6)
    page = click(page, "Play")
    trainings = running(page, balance.KEY).trainings
    assert [training.config.model.gamma for training in trainings.values()] == [0.2, 0.6]
    page = open_page(lesson="balance", low="much")
    assert "`low=much`" in page_text(page)
    page = answer(page, balance.LESSON, 0)
    assert page.slider(key="learn_low").value == 0.3
    assert "`lesson=nothing`" in page_text(open_page(lesson="nothing"))


@pytest.mark.parametrize(
    ("address", "key", "value"),
    [
        ({"lesson": "numbers", "x": "-1.5", "y": "2.0"}, "learn_y", 2.0),
        ({"lesson": "lying", "spread": "0.25"}, "learn_spread", "0.25"),
        ({"lesson": "failing", "rates": "7"}, "learn_rates", 7),
        ({"lesson": "families", "who": "wgan"}, "learn_who", "wgan"),
    ],
)
def test_a_link_opens_a_lesson_with_its_settings(address: dict[str, str], key: str, value: object) -> None:
    page = open_page(**address)
    assert not page.exception
    assert page.session_state[key] == value
    assert any(code.value.endswith(urlencode(address)) for code in page.code), "Copy link says the same"


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_a_lesson_has_no_empty_part_before_the_answer(lesson: Lesson) -> None:
    page = open_page(lesson=lesson.name)
    to_try = page.slider or page.get("image") or page.get("imgs")
    assert ("Try it" in [header.value for header in page.header]) == bool(to_try)


def test_a_failing_training_is_steered_and_says_when_it_has_diverged() -> None:
    page = answer(open_page(lesson="failing"), failing.LESSON, 1)
    page = click(page, "Make it collapse")
    (training,) = running(page, failing.KEY).trainings.values()
    assert training.schedule.config.model.gamma == 0.1
    page = click(page, "Fix it")
    assert training.schedule.config.model.gamma == 0.8
    page = click(page, "Make it diverge")
    training.diverged = True
    page.run()
    assert "The training has diverged" in [
        error.proto.title if hasattr(error.proto, "title") else "" for error in page.error
    ] or ("A loss is no longer a number" in page_text(page))
    assert running(page, failing.KEY).playing is False
    page = click(page, "Go back")
    assert not page.error
    assert training.settings["learning_rate_g"] == failures.BEGINNING["learning_rate_g"]
    assert running(page, failing.KEY).playing is True


def test_going_back_leads_to_before_the_first_failure_not_between_two() -> None:
    page = answer(open_page(lesson="failing"), failing.LESSON, 1)
    assert next(button for button in page.button if button.label == "Go back").disabled
    (training,) = running(page, failing.KEY).trainings.values()
    training.train(60.0, most=2)
    for label in ("Make it collapse", "Fix it", "Fix it", "Make it diverge"):
        page = click(page, label)
    assert training.saved
    assert training.saved.iteration[0] == 2
    page = click(page, "Go back")
    assert failures.BEGINNING.items() <= training.settings.items()
    assert training.saved is None


def test_the_families_that_train_are_chosen() -> None:
    page = answer(open_page(lesson="families", who="dcgan"), families.LESSON, 1)
    assert list(running(page, families.KEY).trainings) == ["ours", "dcgan"]
    page.get("button_group")[0].set_value("all").run()
    assert list(running(page, families.KEY).trainings) == ["ours", "dcgan", "wgan", "r3gan"]


def test_the_equations_of_a_step_name_the_pictures_that_light_up() -> None:
    page = answer(open_page(lesson="equations"), equations.LESSON, 0)
    loop, drawing = page.get("html")[:2]  # then comes a style
    stations = re.findall(r"<li><b>(\w+)</b>", loop.proto.body)
    assert stations == ["G", "D", "L", "k_t"]
    html = drawing.proto.body
    assert 'tabindex="0" class="equation-0"' in html
    assert ".one-step:has(.equation-0:is(:hover, :focus)):not(:has(span:hover)) .picture-x, " in html
    assert ".one-step:has(.of-dgz:hover) .picture-dgz {" in html
    assert 'mean |<span class="of-gz">G(z)</span> − <span class="of-dgz">D(G(z))</span>|' in html
    step = int(re.search(r"Iteration (\d+)", page_text(page))[1])
    assert step == equations.WARM_UP
    page = click(page, "One step")
    assert int(re.search(r"Iteration (\d+)", page_text(page))[1]) == step + 1
    page = click(page, "100 steps")
    assert int(re.search(r"Iteration (\d+)", page_text(page))[1]) == step + 101
    assert int(re.search(r"Iteration (\d+)", page_text(page.run()))[1]) == step + 101


def test_lesson_4_says_what_happened_to_k_in_the_step_that_it_shows() -> None:
    def said(balance: float, after: float) -> str:
        values = {"balance": balance, "k_t+1": after}
        return equations.change_of_k([Equation(symbol, "", "", "", value, "") for symbol, value in values.items()])

    assert said(0.1, 0.2).endswith("is below its target γ · L(x), so k_t rises.")
    assert said(-0.1, 0.2).endswith("is above its target γ · L(x), so k_t falls.")
    assert said(0.1, 1.0).endswith("so k_t stays at its limit, 1.")
    assert said(-0.1, 0.0).endswith("so k_t stays at its limit, 0.")
    page = answer(open_page(lesson="equations"), equations.LESSON, 0)
    assert "In this step, L(G(z)) is " in page_text(page)


def test_a_link_sets_gamma_in_lesson_4_and_the_next_step_is_made_with_it() -> None:
    page = answer(open_page(lesson="equations"), equations.LESSON, 0)
    assert page.slider(key="learn_gamma").value == equations.GAMMA == configure({}, "minute").model.gamma
    page = answer(open_page(lesson="equations", gamma="0.05"), equations.LESSON, 0)
    assert page.query_params["gamma"] == "0.05"
    assert "<code>= 0.05 · " in page.get("html")[1].proto.body
    page.slider(key="learn_gamma").set_value(0.95).run()
    assert "<code>= 0.95 · " in click(page, "One step").get("html")[1].proto.body


def test_a_link_sets_the_augmentation_in_lesson_8() -> None:
    page = click(answer(open_page(lesson="copying", augment="0.3"), copying.LESSON, 0), "Play")
    plain, augmented = running(page, copying.KEY).trainings.values()
    assert (plain.settings["augment"], augmented.settings["augment"]) == (0.0, 0.3)


def test_generated_faces_stand_beside_their_nearest_training_images() -> None:
    page = click(answer(open_page(lesson="copying"), copying.LESSON, 0), "Play")
    pictures = [image.alt for element in page.get("image") for image in element.proto.imgs]
    assert pictures.count("Nearest training image") == 4  # two in the recording


@pytest.mark.parametrize("name", ["ours-64", "r3gan-64", "dcgan-64", "wgan-64", "ours-128"])
def test_the_number_lies_for_every_bundled_model(name: str) -> None:
    folder = BUNDLED / name
    _, detected, people = lying.evaluated(folder, 0.05, lambda done, total: None)
    assert (detected, people) == (lying.FACES, 1)
    _, detected, people = lying.evaluated(folder, 1.0, lambda done, total: None)
    assert detected <= lying.FACES
    assert people >= 10


@pytest.mark.parametrize("name", ["ours-64", "r3gan-64", "ours-128"])
def test_the_opposite_latent_is_somebody_else(name: str) -> None:
    folder = str(BUNDLED / name)
    faces = [numbers.faces_at(folder, name, [(0.0, 0.0)], opposite)[0] for opposite in (False, True)]
    _, detected, embeddings = detect_chunk(np.stack(faces), "hog", embed=True)
    assert (detected > 0).all()
    assert np.linalg.norm(embeddings[0] - embeddings[1]) > 0.6


def test_lesson_6_does_not_show_the_answer_before_it_asks() -> None:
    page = open_page(lesson="lying", spread="0.05")
    assert [metric.label for metric in page.metric] == ["Faces detected"]
    assert not page.select_slider
    answer(page, lying.LESSON, 2)
    assert page.select_slider(key="learn_spread").value == "0.05"
    few, many = ["Faces detected", "Different people"], ["Faces detected", "Different people", "Fréchet distance"]
    assert [metric.label for metric in page.metric] == few + many
    assert [metric.value for metric in page.metric][2:4] == ["1,000 of 1,000", "1 of 1,000"]


@pytest.mark.parametrize("lesson", [numbers.LESSON, lying.LESSON], ids=lambda lesson: lesson.name)
def test_a_damaged_model_is_explained_and_the_lesson_goes_on(lesson: Lesson, make_bundle: Maker) -> None:
    (make_bundle("ours-64") / "model.safetensors").write_bytes(b"damaged")
    page = open_page(lesson=lesson.name)
    assert not page.exception
    assert page.error[0].value
    assert "learn_next" in [button.key for button in page.button]


@pytest.mark.parametrize(("lesson", "mode"), [(balance.LESSON, "sweep"), (families.LESSON, "race")])
def test_a_lesson_leads_on_to_the_view_that_continues_it(lesson: Lesson, mode: str) -> None:
    app = AppTest.from_file(BUNDLED.parent / "app.py", default_timeout=120).run()
    app.switch_page("facedemo/app/pages/learn.py")
    app.query_params["lesson"] = lesson.name
    app.run()
    next(button for button in app.button if button.key == "learn_onward").click()
    app.run()
    assert not app.exception
    assert app.session_state["compare_mode"] == mode
