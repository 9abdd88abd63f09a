"""Processes that call one function for others: `python -m facedemo.storage.workers MODULE:FUNCTION`.

For work that threads cannot share, such as dlib's. They have the priority of trainings, so that both go on beside each
other, and the app before both. Arguments and results are pickles on standard input and output. A
process ends when its standard input is closed, which the system does if its parent is killed.
"""

import importlib
import os
import pickle
import queue
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from facedemo.storage.process import lower_priority


class WorkerProcess:
    def __init__(self, function: str) -> None:
        """function: "module:name"."""
        command = [sys.executable, "-m", "facedemo.storage.workers", function]
        # a session of its own: see `lower_priority`
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)

    def call(self, *args: Any) -> Any:
        """The function's result.  Raises RuntimeError if the process has died, or as the function does."""
        assert self.process.stdin
        assert self.process.stdout
        try:
            pickle.dump(args, self.process.stdin)
            self.process.stdin.flush()
            result = pickle.load(self.process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            raise RuntimeError("A worker process ended unexpectedly; memory may be too small.") from error
        if isinstance(result, Exception):
            raise result
        return result

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()


class WorkerPool:
    """Worker processes for one function, with a queue."""

    def __init__(self, function: str, count: int) -> None:
        self.threads = ThreadPoolExecutor(count)
        self.processes = [WorkerProcess(function) for _ in range(count)]
        self.idle: queue.SimpleQueue[WorkerProcess] = queue.SimpleQueue()
        for process in self.processes:
            self.idle.put(process)

    def submit(self, *args: Any) -> Future[Any]:
        return self.threads.submit(self.call, *args)

    def call(self, *args: Any) -> Any:
        process = self.idle.get()
        try:
            return process.call(*args)
        finally:
            self.idle.put(process)

    def end(self) -> None:
        """Ends the processes; what is not done is dropped."""
        self.threads.shutdown(wait=False, cancel_futures=True)
        for process in self.processes:
            process.end()


@contextmanager
def worker_pool(function: str, count: int) -> Iterator[WorkerPool]:
    pool = WorkerPool(function, count)
    try:
        yield pool
    finally:
        pool.end()


def main() -> None:
    lower_priority()
    module, _, name = sys.argv[1].partition(":")
    function = getattr(importlib.import_module(module), name)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # so that nothing that prints can damage an answer
    while True:
        try:
            args = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        result: Any
        try:
            result = function(*args)
        except Exception as error:
            result = error
        pickle.dump(result, answers)
        answers.flush()


if __name__ == "__main__":
    main()
