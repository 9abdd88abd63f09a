"""Processes that start at once: forks of one that has imported what trains, which takes a new interpreter seconds.

Use them if a test needs a process, to kill it or because of what it keeps in memory, and not how Python starts.
"""

import multiprocessing
import os
import sys
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

CONTEXT = multiprocessing.get_context("forkserver" if hasattr(os, "fork") else "spawn")
CONTEXT.set_forkserver_preload(["facedemo.comparison.worker", "facedemo.cli.train"])


def start(function: Callable[..., object], *args: object, out: Path | None = None) -> BaseProcess:
    """Calls a function in a process with this one's environment, folder and `sys.argv`.

    out: the stem of the files that its output goes to, .out and .err.
    """
    begin = (dict(os.environ), Path.cwd(), sys.argv, out, function, args)
    process = CONTEXT.Process(target=_begin, args=begin, daemon=True)
    # a page's script is left as the main module by AppTest, and the new process would run it
    with patch.dict(sys.modules, __main__=ModuleType("__main__")):
        process.start()
    return process


def _begin(
    env: dict[str, str],
    folder: Path,
    argv: list[str],
    out: Path | None,
    function: Callable[..., object],
    args: tuple[Any, ...],
) -> None:
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    sys.argv = argv
    for stream, ending in ((sys.stdout, ".out"), (sys.stderr, ".err")) if out else ():
        os.dup2(os.open(out.with_suffix(ending), os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream.fileno())
    function(*args)
