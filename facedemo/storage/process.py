"""The priority of a training process, and its handling of signals."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOW_PRIORITY = 10  # niceness of a training beside the app
TERMINATION = [signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]  # Windows has no SIGHUP
INTERRUPTING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@contextmanager
def termination_as_interrupt() -> Iterator[None]:
    """Treats SIGTERM and a closed terminal like Ctrl-C: saves a checkpoint and exits."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    # an ignored signal, such as SIGHUP under nohup, stays ignored
    before = {number: signal.getsignal(number) for number in TERMINATION if signal.getsignal(number) != signal.SIG_IGN}
    for number in before:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Delays Ctrl-C and SIGTERM until the end of the block: half an iteration must not be saved."""
    held: list[int] = []
    interrupting = [number for number in INTERRUPTING if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, lambda got, _: held.append(got)) for number in interrupting}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if held:
        signal.raise_signal(held[0])


def lower_priority() -> None:
    """Lowers this process's priority, so that the app stays responsive."""
    with suppress(AttributeError, OSError):  # Windows has no niceness
        os.nice(LOW_PRIORITY)
        # Linux balances sessions against each other, and only within a session by niceness
        if os.getsid(0) == os.getpid():
            Path("/proc/self/autogroup").write_text("19", "ascii")
