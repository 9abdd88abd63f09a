"""A process that runs a race: `python -m facedemo.comparison.worker RACE_DIRECTORY`.

It trains one entrant after another and evaluates each at its end. If it is killed and started again, it continues
where it stopped.
"""

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from facedemo.comparison import gather
from facedemo.comparison.race import Entrant, Race
from facedemo.evaluation.report import load_evaluation, save_evaluation
from facedemo.evaluation.request import EvaluationRequest
from facedemo.progress import Progress
from facedemo.runs.directory import LOG, RunError
from facedemo.runs.heartbeat import heartbeat
from facedemo.runs.run import Run
from facedemo.storage.atomic import append_log, remove_abandoned
from facedemo.storage.locations import CONFIG
from facedemo.storage.output import protect_output
from facedemo.storage.process import lower_priority, termination_as_interrupt
from facedemo.storage.process_status import Status, process_facts
from facedemo.training import worker
from facedemo.training.speed import estimated_seconds

POLL_SECONDS = 0.5  # seconds between checks of a run that another process trains

Show = Callable[[Status], None]


def execute(race: Race, show: Show = lambda status: None) -> Status:
    """Runs a race to its end; returns its final status.

    `show` is called with the status whenever it changes.  Raises RunError if another process runs the race, or it is
    damaged.
    """
    refusal = f"The race {race.id} is running in another process."
    with race.exclusive(refusal, to_train=True), termination_as_interrupt():
        runner = RaceRunner(race, show)
        try:
            with heartbeat(runner.write_status):
                state, message = runner.run_all()
        except KeyboardInterrupt:
            state, message = "stopped", ""
        except Exception as error:
            runner.log(traceback.format_exc())
            state, message = "failed", worker.reason(error)
        runner.log(f"{state}. {message}")
        runner.report(state=state, message=message, phase="", seconds_left=None)
        return runner.status


def cost(run: Run) -> float | None:
    """The seconds that a run takes by itself; None if its speed was never measured, or its config is damaged."""
    try:
        return estimated_seconds(run.config)
    except RunError:
        return None


class RaceRunner:
    """Trains and evaluates every entrant."""

    def __init__(self, race: Race, show: Show) -> None:
        self.race, self.show, self.plan = race, show, race.plan
        remove_abandoned(race.path)
        race.set_aside_status(race.status_on_disk())
        self.runs = [race.run(entrant) for entrant in self.plan.entries]
        self.costs = [cost(run) for run in self.runs]
        before = race.status_on_disk()
        self.status = replace(race.status, **process_facts(os.getpid()), warnings=[])
        # an old stop command was meant for an earlier process
        launched = before.active and before.of_this_process
        self.commands = before.commands_read if launched else len(race.commands())
        self.stopping, self.writing_status = False, threading.RLock()
        self.report(state="running", message="Loading…")

    def log(self, message: str) -> None:
        append_log(self.race.path / LOG, message)

    def report(self, **changes: object) -> None:
        self.write_status(**changes)
        self.show(self.status)

    def write_status(self, **changes: object) -> None:
        """Thread-safe, for the heartbeat."""
        with self.writing_status:
            self.status = replace(self.status, updated=time.time(), **changes)
            self.race.write_status(self.status)

    def run_all(self) -> tuple[str, str]:
        """Returns the final state and a message."""
        for entrant, run in zip(self.plan.entries, self.runs, strict=True):
            if not (run.path / CONFIG).is_file():
                self.log(f"{entrant.label}: its run was deleted")
                continue
            finished = run.status.state == "finished" or self.train(entrant, run)
            if not finished or self.stop_requested():
                return "stopped", ""
            self.evaluate(entrant, run)
        statuses = {
            entrant.label: run.status
            for entrant, run in zip(self.plan.entries, self.runs, strict=True)
            if run.path.is_dir()
        }
        undone = {label: status for label, status in statuses.items() if status.state != "finished"}
        if undone:
            which = ", ".join(f"{label} ({status.state})" for label, status in undone.items())
            causes = dict.fromkeys(status.message for status in undone.values() if status.message)
            return "failed", " ".join([f"Not finished: {which}.", *causes])
        return "finished", ""

    def train(self, entrant: Entrant, run: Run) -> bool:
        """Trains an entrant until it finishes or fails; False if it was stopped, which also stops the race."""
        self.log(f"{entrant.label}: {run.id}")
        try:
            status = worker.execute(run, lambda status: self.progress(entrant, run, status))
        except RunError:  # it was resumed separately
            while (status := run.status).active:
                self.progress(entrant, run, status)
                time.sleep(POLL_SECONDS)
        return status.state != "stopped"

    def stop_requested(self) -> bool:
        return any(command.action == "stop" for command in self.race.commands()[self.commands :])

    def progress(self, entrant: Entrant, run: Run, status: Status) -> None:
        """Reports the race's progress, in which all entrants count equally, and passes on an early stop command."""
        if status.state == "running" and not self.stopping and self.stop_requested():
            self.stopping = True
            run.stop()
        others = [other.status for other in self.runs if other.path != run.path]
        self.report(
            state="running",
            message=f"Training {entrant.label}. {status.text}".strip(),
            phase="",
            progress=(status.progress + sum(other.progress for other in others)) / len(self.runs),
            seconds_left=self.seconds_left(run, status),
        )

    def seconds_left(self, run: Run, status: Status) -> float | None:
        """Seconds of training left, at the recent speed of the run that trains now; None while that is not known.

        The runs that follow are expected to take longer or less than this one as their measured speeds say; where a
        speed was never measured, as long as this one.
        """
        if status.seconds_left is None:
            return None
        unused, number = 1 - status.progress, [other.path for other in self.runs].index(run.path)
        whole, left = status.seconds_left / unused if unused > 0 else status.seconds, status.seconds_left
        for other, expected in zip(self.runs[number + 1 :], self.costs[number + 1 :], strict=True):
            if (other.path / CONFIG).is_file():
                usual = self.costs[number]
                relative = expected / usual if expected and usual else 1.0
                left += whole * relative * (1 - other.status.progress)
        return left

    def evaluate(self, entrant: Entrant, run: Run) -> None:
        """Evaluates a trained entrant, unless that was done before."""
        plan = self.plan
        if not plan.count or not run.has_model:
            return
        if (stored := load_evaluation(run.path)) and (stored.seed, stored.count) == (plan.seed, plan.count):
            return

        def steps(what: str) -> Progress:
            def report(done: int, total: int | None) -> None:
                if self.stop_requested():
                    raise KeyboardInterrupt
                phase = f"Evaluating {entrant.label}, {what}"
                self.report(state="running", message="", phase=phase, done=done, total=total)

            return report

        self.report(state="running", message=f"Evaluating {entrant.label}.", seconds_left=None)
        request = EvaluationRequest(plan.count, plan.seed, split=plan.split, copies=plan.copies)
        try:
            evaluation = gather.evaluate(run.path, request.with_source_of(run.config.data.source), steps)
        except ValueError as error:
            self.log(f"{entrant.label} is evaluated without real faces: {error}")
            evaluation = gather.evaluate(run.path, request.without_real_faces(), steps)
        save_evaluation(run.path, evaluation)


def main() -> None:
    protect_output()
    lower_priority()
    try:
        status = execute(Race(Path(sys.argv[1])))
    except RunError as error:
        sys.exit(str(error))
    sys.exit(1 if status.state == "failed" else 0)


if __name__ == "__main__":
    main()
