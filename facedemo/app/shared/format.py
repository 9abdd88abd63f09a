"""Formatting of durations and progress for display, and of file names for downloads."""

import re
import time
from collections import deque

RECENT = 10.0  # seconds over which a speed is measured


class Pace:
    """Progress of a computation and the time left at its recent speed."""

    def __init__(self) -> None:
        # times and progress of the reports of the last RECENT seconds, and of the one before them; the first report
        # leaves out loading a model
        self.reports: deque[tuple[float, int]] = deque()
        self.began: float | None = None
        self.done, self.total = 0, 0
        self.spent, self.left = 0.0, None

    def reached(self, done: int, total: int | None) -> None:
        now = time.monotonic()
        if self.began is None:
            self.began = now
        if done < self.done:  # it started again
            self.reports.clear()
        self.reports.append((now, done))
        while len(self.reports) > 2 and self.reports[1][0] <= now - RECENT:
            self.reports.popleft()
        since, before = self.reports[0]
        self.done, self.total, self.spent = done, total or 0, now - self.began
        fresh = done - before
        self.left = (now - since) / fresh * (self.total - done) if fresh and self.total else None

    @property
    def share(self) -> float:
        return min(1.0, self.done / self.total) if self.total else 0.0

    def __str__(self) -> str:
        of = f" of {self.total:,}" if self.total else ""
        return f"{self.done:,}{of}" + (f" · {duration(self.left)} left" if self.left is not None else "")


def unbroken(text: str) -> str:
    """A text in which no line ends between a number and its percent sign."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


def duration(seconds: float) -> str:
    """ "45 s", "3 min", "3 min 12 s", "2 h 5 min", "3 d 4 h"."""
    seconds = round(seconds)
    for large, small, unit in ((86400, 3600, ("d", "h")), (3600, 60, ("h", "min")), (60, 1, ("min", "s"))):
        if seconds >= large:
            rest = seconds % large // small
            return f"{seconds // large} {unit[0]}" + (f" {rest} {unit[1]}" if rest else "")
    return f"{seconds} s"


def plain_file_name(text: str) -> str:
    """A name for a download: letters, digits, dots and dashes; anything else becomes a dash."""
    return re.sub(r"[^\w.-]+", "-", text)
