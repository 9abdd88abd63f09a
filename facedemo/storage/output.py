"""Output that people read: if nobody can read it any more, it is dropped, and the work goes on."""

import os
import sys
from contextlib import suppress
from typing import Any, TextIO


class DroppableOutput:
    """A text stream that never raises for a closed terminal or pipe, or for a letter that its encoding lacks."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        with suppress(AttributeError, OSError, ValueError):
            stream.reconfigure(errors="replace")

    def write(self, text: str) -> int:
        try:
            return self.stream.write(text)
        except (OSError, ValueError):  # ValueError: a closed file
            self.drop_the_rest()
            return len(text)

    def flush(self) -> None:
        try:
            self.stream.flush()
        except (OSError, ValueError):
            self.drop_the_rest()

    def drop_the_rest(self) -> None:
        """Leads the stream to nowhere, with what it still holds: Python would try to write that at its end."""
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.stream.fileno())
            os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def protect_output() -> None:
    """Makes the standard output and error of this process droppable."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, DroppableOutput):
            setattr(sys, name, DroppableOutput(stream))
