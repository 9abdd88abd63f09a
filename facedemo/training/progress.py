"""The clocks of a training: what counts as time trained, how fast it goes, and how long it still takes."""

import time
from collections import deque

STATUS_SECONDS = 1.0  # between two writings of the status
STATUSES = 30  # over which the time left is estimated


class Clock:
    """Seconds trained, those of earlier processes included; a pause does not count."""

    def __init__(self) -> None:
        self.seconds, self.images_per_second = 0.0, 0.0
        self.recent: deque[tuple[float, float]] = deque(maxlen=STATUSES)  # share of the budget, seconds
        self.written = -STATUS_SECONDS
        self.skip()

    def skip(self) -> None:
        """What has passed since the last `tick` does not count."""
        self.now = self.logged = time.perf_counter()

    def tick(self) -> None:
        """What has passed since the last one counts."""
        now = time.perf_counter()
        self.seconds, self.now = self.seconds + now - self.now, now

    def log(self, images: int) -> None:
        """Takes the images of the iterations since the last call."""
        now = time.perf_counter()
        self.images_per_second, self.logged = images / max(now - self.logged, 1e-9), now

    def is_due(self) -> bool:
        """Whether the status has not been written for a while; it counts as written then."""
        now = time.perf_counter()
        due = now - self.written >= STATUS_SECONDS
        self.written = now if due else self.written
        return due

    def seconds_left(self, share: float) -> float | None:
        """Until the budget is spent, at the pace of the last STATUSES calls; None at first.

        share: of the budget that is spent, in [0, 1].
        """
        self.recent.append((share, self.seconds))
        done, spent = share - self.recent[0][0], self.seconds - self.recent[0][1]
        return spent * (1 - share) / done if done > 0 else None
