"""What the Train page keeps, besides the values of its controls."""

from dataclasses import dataclass, field

from facedemo.app.shared.format import Pace
from facedemo.app.shared.session import session


@dataclass
class TrainPage:
    """opened: how many times a run was opened in this session.  any_active: whether a run of the list trained when the
    list was last drawn.  newest: the run on view and the iteration of its newest samples.  phase, pace: what the run
    was preparing when it was last drawn, and how fast.  extended: the run for which the controls of a larger budget
    were filled.
    """

    opened: int = 0
    any_active: bool | None = None
    newest: tuple[str, int] = ("", 0)
    phase: str = ""
    pace: Pace = field(default_factory=Pace)
    extended: str = ""


def note_opening() -> None:
    """Moves the focus to the run's situation, and its controls to where they begin, when the run is next drawn."""
    page = session(TrainPage)
    page.opened += 1
    page.newest, page.extended = ("", 0), ""
