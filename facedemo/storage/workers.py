"""Processes that detect faces in chunks of images: `python -m facedemo.evaluation.detector_process`.

Requests and results are pickles on standard input and output. A process ends when its standard input is closed, which
the system does if its parent is killed.
"""

import os
import pickle
import queue
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import Any

import numpy as np

Found = tuple[np.ndarray, np.ndarray, np.ndarray]  # boxes, faces, embeddings of a chunk
Job = tuple[np.ndarray, str, bool]  # chunk, detector, whether to embed: the arguments of `detect_chunk`


class DetectorProcess:
    def __init__(self) -> None:
        command = [sys.executable, "-m", "facedemo.evaluation.detector_process"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def detect(self, job: Job) -> Found:
        """Raises RuntimeError if the process has died, or as `detect_chunk` does."""
        assert self.process.stdin
        assert self.process.stdout
        try:
            pickle.dump(job, self.process.stdin)
            self.process.stdin.flush()
            result = pickle.load(self.process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            raise RuntimeError("A face detection process ended unexpectedly; memory may be too small.") from error
        if isinstance(result, Exception):
            raise result
        return result

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()


def detect_in_processes(numbers: Iterable[int], job: Callable[[int], Job], count: int) -> Iterator[tuple[int, Found]]:
    """Yields the numbers of jobs with their results as they finish, in any order.

    job: makes a job, shortly before it is needed, so that only a few are in memory.  count: number of processes.
    """
    left, running = iter(numbers), dict[Future[Found], int]()
    processes = [DetectorProcess() for _ in range(count)]
    idle: queue.SimpleQueue[DetectorProcess] = queue.SimpleQueue()
    for process in processes:
        idle.put(process)

    def detect(job: Job) -> Found:
        process = idle.get()
        try:
            return process.detect(job)
        finally:
            idle.put(process)

    with ThreadPoolExecutor(count) as pool:
        try:
            for number in islice(left, count + 1):
                running[pool.submit(detect, job(number))] = number
            while running:
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    for number in islice(left, 1):
                        running[pool.submit(detect, job(number))] = number
                    yield running.pop(future), future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.end()


def main() -> None:
    from facedemo.evaluation.detector import detect_chunk  # which imports this module

    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # so that nothing that prints can damage an answer
    while True:
        try:
            job = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        result: Any
        try:
            result = detect_chunk(*job)
        except Exception as error:
            result = error
        pickle.dump(result, answers)
        answers.flush()


if __name__ == "__main__":
    main()
