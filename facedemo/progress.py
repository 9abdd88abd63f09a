"""How long work tells how far it has come."""

from collections.abc import Callable

Progress = Callable[[int, int | None], None]  # called with the completed and the total amount, None if unknown
Steps = Callable[[str], Progress | None]  # description of a step → callback for its progress
