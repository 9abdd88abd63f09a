"""The lock of a run or a race: held as long as a process trains it, and for the moment in which it is started or moved.

No damaged file and no clock changes it, and the system frees it if its process is killed.
"""

from pathlib import Path

from filelock import FileLock, Timeout

LOCK = ".lock"
PATIENCE = 2.0  # seconds to wait for somebody who starts or moves the run


def acquired(folder: Path) -> FileLock:
    """The lock, for its holder to release.  Raises filelock.Timeout if another process or thread keeps it."""
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
    except OSError:  # a folder that cannot be written to
        return False
