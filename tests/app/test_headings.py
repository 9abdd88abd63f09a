"""The headings of every page: one title, and no level left out below it."""

import itertools

import pytest
from streamlit.testing.v1 import AppTest

from facedemo.app import navigation
from tests.app.conftest import ROOT
from tests.app.headings import levels
from tests.conftest import Maker, RunMaker

PAGES = (
    *((page, {}) for page in sorted(navigation.PAGES.glob("[a-z]*.py")) if page != navigation.TEACHER),
    (navigation.STEP, {"present": "True"}),
    (navigation.LEARN, {"lesson": "failing"}),
    (navigation.INSIDE, {"mode": "latent"}),
    (navigation.COMPARE, {"mode": "race"}),
    (navigation.TRAIN, {"run": "mine"}),
    (navigation.RUNS, {"chosen": "mine"}),
    (navigation.RUNS, {"chosen": "all"}),
)


@pytest.mark.parametrize(("path", "address"), PAGES, ids=lambda value: getattr(value, "stem", str(value)))
def test_a_page_has_one_title_and_leaves_out_no_level(
    make_run: RunMaker, make_bundle: Maker, path, address: dict[str, str]
) -> None:
    runs = [make_run(name, weights=True).id for name in ("mine", "another")]
    (make_bundle("ours-64") / "README.md").write_text("# Title\n\n## Data\n\n### Licence\n", "utf8")
    page = AppTest.from_file(ROOT / "app.py", default_timeout=60).switch_page(str(path))
    for name, value in address.items():
        page.query_params[name] = {"mine": runs[0], "all": "/".join(runs)}.get(value, value)
    page.session_state["card_ours-64"] = True
    page.run()
    assert not page.exception
    found = levels(page)
    assert found.count(1) == 1, found
    assert found[0] == 1, found
    assert all(below <= above + 1 for above, below in itertools.pairwise(found)), found
    if path == navigation.RUNS:
        assert 4 in found, "the model's card is open"
