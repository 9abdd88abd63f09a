"""What follows if a training diverges: it goes back to its last checkpoint and continues at half the learning rates."""

from facedemo.config.schedule import LEARNING_RATE_FIELD, SettingChange, SettingsSchedule
from facedemo.runs.run import Run

COMMAND = "recovery"  # stands for the command of a change of settings that nobody requested
MOST_RECOVERIES = 3


def recoveries(run: Run) -> int:
    return sum(change.command == COMMAND for change in run.setting_changes())


def is_possible(run: Run) -> bool:
    return recoveries(run) < MOST_RECOVERIES and bool(run.checkpoints())


def halved_rates(schedule: SettingsSchedule, step: int) -> SettingChange:
    rates = {name: schedule.rate(network, step) / 2 for network, name in LEARNING_RATE_FIELD.items()}
    return SettingChange(step, rates, COMMAND)


def warning(run: Run, diverged_at: int, step: int) -> str:
    """run: with the recovery among its changes.  diverged_at, step: iterations before and after going back."""
    return (
        f"The training diverged at iteration {diverged_at:,} and went back to iteration {step:,}, with half "
        f"the learning rates ({recoveries(run)} of at most {MOST_RECOVERIES} times)."
    )
