"""The clocks of a run: training time, training speed, and the time left."""

import time
from collections import deque
from typing import Any

STATUS_SECONDS = 1.0  # seconds between updates of the status
STATUSES = 30  # seconds over which the time left is estimated


class Clock:
    """Seconds of training, including earlier processes; pauses do not count."""

    def __init__(self) -> None:
        self.seconds, self.images_per_second = 0.0, 0.0
        self.recent: deque[tuple[float, float]] = deque(maxlen=STATUSES)  # share of the budget, seconds
        self.written = -STATUS_SECONDS
        self.skip()

    def skip(self) -> None:
        """Ignores the time since the last `tick`."""
        self.now = self.logged = time.perf_counter()

    def tick(self) -> None:
        """Counts the time since the last call."""
        now = time.perf_counter()
        self.seconds, self.now = self.seconds + now - self.now, now

    def log(self, images: int) -> None:
        """Adds the images of the iterations since the last call."""
        now = time.perf_counter()
        self.images_per_second, self.logged = images / max(now - self.logged, 1e-9), now

    def is_due(self) -> bool:
        """Whether it is time to write the status; if so, it counts as written."""
        now = time.perf_counter()
        due = now - self.written >= STATUS_SECONDS
        self.written = now if due else self.written
        return due

    def figures(self, images: int, share: float, over: bool) -> dict[str, Any]:
        """The clock's part of a `Status`: seconds so far and left, and the speed, as a mean once the training is over.

        images: so far.  share: as in `seconds_left`.
        """
        speed = images / max(self.seconds, 1e-9) if over else self.images_per_second
        return {"seconds": self.seconds, "seconds_left": self.seconds_left(share), "images_per_second": speed}

    def seconds_left(self, share: float) -> float | None:
        """Seconds until the budget is used up, at the speed over the last STATUSES calls; None at first.

        share: the used share of the budget, in [0, 1].
        """
        self.recent.append((share, self.seconds))
        done, spent = share - self.recent[0][0], self.seconds - self.recent[0][1]
        return spent * (1 - share) / done if done > 0 else None
