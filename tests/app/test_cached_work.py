"""Long computations of a page say what is done, and can be cancelled."""

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from facedemo.app.shared import cached_work


@pytest.fixture(autouse=True)
def nothing_cached() -> None:
    cached_work.shared_slots.clear()


def counting() -> None:
    """A page that takes 40 s to count to 100, unless `quick` is set; it stops at 1, as a click makes it stop."""
    import time

    import streamlit as st

    from facedemo.app.shared import cached_work

    def count(progress: cached_work.Progress) -> str:
        if not st.session_state.get("quick"):
            progress(0, 100)
            time.sleep(0.4)
            progress(1, 100)
            st.stop()
        return "100"

    st.markdown(cached_work.cached_with_progress("Counting", count, st.session_state.get("from", 0)))


def labels(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def test_a_long_computation_is_cancelled_and_started_again() -> None:
    page = AppTest.from_function(counting).run()
    assert page.get("progress")[0].proto.text.startswith("Counting: 1 of 100 · ")
    assert labels(page) == ["Cancel"]
    page.button[0].click().run()
    assert not page.exception
    assert [text.value for text in page.markdown] == ["Counting: cancelled."]
    assert labels(page) == ["Start again"]
    page.run()
    assert labels(page) == ["Start again"]
    page.session_state.quick = True
    page.button[0].click().run()
    assert [text.value for text in page.markdown] == ["100"]
    assert not page.button


def test_another_computation_is_not_cancelled() -> None:
    page = AppTest.from_function(counting).run()
    page.button[0].click().run()
    page.session_state.quick = True
    page.session_state["from"] = 7
    page.run()
    assert [text.value for text in page.markdown] == ["100"]


@pytest.mark.parametrize("slot_of", [cached_work.cache_slot, cached_work.private_slot])
def test_many_results_of_one_kind_do_not_evict_those_of_another(slot_of: Callable[..., dict[str, Any]]) -> None:
    losses = slot_of("Comparing", "model")
    films = [slot_of("Generating", seed) for seed in range(cached_work.SLOTS + 1)]
    assert slot_of("Comparing", "model") is losses
    assert slot_of("Generating", cached_work.SLOTS) is films[-1]
    assert slot_of("Generating", 0) is not films[0], "the least recently used one is evicted"
