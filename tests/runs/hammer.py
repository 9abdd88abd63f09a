"""Two threads that write and read a run directory as fast as they can: `python -m tests.runs.hammer RUN SECONDS NAME`.

Prints a line of JSON: the numbers of writes and reads, and what was wrong.
"""

import json
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from facedemo.config.schema import Budget
from facedemo.runs.directory import RunError
from facedemo.runs.run import Run
from facedemo.runs.summary import run_facts
from facedemo.storage.process_status import Status


def hammer(run: Run, until: float, name: str, count: Counter[str], wrong: list[str]) -> None:
    text = f"{name} " * 2000
    while time.time() < until:
        try:
            run.steer(gamma=0.5)
            count["orders"] += 1
            run.write_status(Status("stopped", message=text))
            run.write_notes(text)
            if count["orders"] % 10 == 0:
                try:
                    run.extend(Budget(iterations=count["orders"]))
                except RunError:  # the other one is changing it
                    count["refused"] += 1
            check(run, wrong)
            count["reads"] += 1
        except Exception as error:
            wrong.append(f"{type(error).__name__}: {error}")


def check(run: Run, wrong: list[str]) -> None:
    status, notes = run.status_on_disk(), run.notes
    if status.state != "stopped" or len(set(status.message.split())) != 1 or len(set(notes.split())) != 1:
        wrong.append(f"torn: {status.state}, {len(status.message)}, {len(notes)}")
    if run.config.name != "hammered" or run_facts(run).name != "hammered":
        wrong.append("the config is torn")


def main() -> None:
    run, until = Run(Path(sys.argv[1])), time.time() + float(sys.argv[2])
    counts, wrong = [Counter(), Counter()], list[str]()
    threads = [
        threading.Thread(target=hammer, args=(run, until, f"{sys.argv[3]}{number}", count, wrong))
        for number, count in enumerate(counts)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({**(counts[0] + counts[1]), "wrong": wrong[:5]}))


if __name__ == "__main__":
    main()
