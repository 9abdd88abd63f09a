"""Worker processes: their priority."""

import os

import pytest

from facedemo.storage.process import LOW_PRIORITY
from facedemo.storage.workers import worker_pool


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="Windows has no niceness")
def test_workers_have_the_priority_of_trainings_not_of_the_app() -> None:
    with worker_pool("os:getpriority", 1) as pool:
        niceness = pool.submit(os.PRIO_PROCESS, 0).result()
        session = pool.processes[0].process.pid
        assert os.getsid(session) == session != os.getsid(0)
    assert niceness == min(19, os.getpriority(os.PRIO_PROCESS, 0) + LOW_PRIORITY)
