"""A stand-in for a training, without torch: works until it is told to end, and notes when it begins and ends."""

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

from facedemo.runs.run import Run
from facedemo.storage.process_status import process_facts


class Work(Run):
    worker = "tests.runs.short_work"


def main() -> None:
    work, journal = Work(Path(sys.argv[1])), Path(sys.argv[1]).parent / "journal.txt"
    with work.exclusive("in use", to_train=True):
        status = replace(work.status_on_disk(), **process_facts(os.getpid()))
        work.write_status(replace(status, state="running", message=""))
        note(journal, f"begin {work.name}")
        while (work.path / "go on").exists() and (work.path.parent).exists():
            time.sleep(0.05)
        time.sleep(0.2)
        note(journal, f"end {work.name}")
        work.write_status(replace(status, state="finished", message=""))


def note(journal: Path, line: str) -> None:
    with journal.open("a", encoding="utf8") as file:
        file.write(line + "\n")


if __name__ == "__main__":
    main()
