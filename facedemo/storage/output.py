"""Terminal output that is dropped, instead of ending the work, if nobody can read it any more."""

import io
import os
import sys
from contextlib import suppress
from typing import Any, TextIO


class DroppableOutput:
    """A text stream that never raises for a closed terminal or pipe, or for a character missing in its encoding."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        if isinstance(stream, io.TextIOWrapper):
            with suppress(OSError, ValueError):
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
        """Redirects the stream to nowhere, including its buffer, which Python would try to write at exit."""
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.stream.fileno())
            os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def protect_output() -> None:
    """Protects this process's standard output and standard error."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, DroppableOutput):
            setattr(sys, name, DroppableOutput(stream))
