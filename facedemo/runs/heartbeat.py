"""A thread that reports that a process lives, however long an iteration or the preparation of images takes."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

SECONDS = 30.0  # between reports, well below REMOTE_STALE_SECONDS


@contextmanager
def heartbeat(report: Callable[[], None]) -> Iterator[None]:
    """Calls `report` every SECONDS in a thread of its own until the block ends; it must be safe to call at any time."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(SECONDS):
            with suppress(OSError):  # a full disk; the next report may succeed
                report()

    thread = threading.Thread(target=beat, daemon=True, name="heartbeat")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
