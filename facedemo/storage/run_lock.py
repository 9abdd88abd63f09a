"""The lock of a run or a race: held while a process trains it, and briefly while it is started or moved.

It does not depend on files' contents or clocks, and the system releases it if its process is killed.
"""

from pathlib import Path

from filelock import FileLock, Timeout

LOCK = ".lock"
PATIENCE = 2.0  # seconds to wait while another process starts or moves the run


def acquired(folder: Path) -> FileLock:
    """The acquired lock, which the caller releases.  Raises filelock.Timeout if another process or thread holds it."""
    lock = FileLock(folder / LOCK)
    lock.acquire(timeout=PATIENCE, poll_interval=0.02)
    return lock


def is_held(folder: Path) -> bool:
    """Whether a process holds the lock now."""
    if not (folder / LOCK).exists():
        return False
    try:
        with FileLock(folder / LOCK, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:  # the folder is not writable
        return False
