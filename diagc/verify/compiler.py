"""Processes that compile, each one request at a time; one that crashes or takes too long is replaced.

They stay for the next request, as loading the compiler takes as long as a small kernel, and end with this process.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import select
import subprocess
import sys
import tempfile
from collections import deque
from typing import Any

from diagc import limits

_idle: deque[_Process] = deque()


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """What a worker answers to a request; its `error` where the compiler failed, crashed or did not end in time."""
    try:
        process = _idle.pop()
    except IndexError:
        process = _Process()
    try:
        found = process.answer(request)
    except TimeoutError:
        process.end()
        return {"error": f"no result after {limits.COMPILE_SECONDS:.0f} s"}
    except EOFError:
        return {"error": f"the compiler crashed: {process.end()[-300:]}"}
    _idle.append(process)
    return found


@atexit.register
def _close() -> None:
    for process in _idle:
        process.end()


class _Process:
    """A worker, its pipes, and a file of what it says besides."""

    def __init__(self) -> None:
        self.log = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self.running = subprocess.Popen(
            [sys.executable, "-m", "diagc.verify.aot_worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True,
        )  # fmt: skip

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer. Raises `TimeoutError` where it takes too long, `EOFError` where the worker is gone."""
        assert self.running.stdin is not None and self.running.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # it is gone: nothing is to be read
            self.running.stdin.write(json.dumps(request) + "\n")
            self.running.stdin.flush()
        if not select.select([self.running.stdout], [], [], limits.COMPILE_SECONDS)[0]:
            raise TimeoutError
        line = self.running.stdout.readline()
        if not line:
            raise EOFError
        found: dict[str, Any] = json.loads(line)
        return found

    def end(self) -> str:
        """End the process; what it said besides its answers."""
        self.running.kill()
        with contextlib.suppress(BrokenPipeError):
            self.running.communicate()
        self.log.seek(0)
        said = self.log.read().strip()
        self.log.close()
        return said
