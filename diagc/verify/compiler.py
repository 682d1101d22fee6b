"""Processes that compile, each one request at a time; one that crashes or takes too long is replaced.

They stay for the next request, as loading the compiler takes as long as a small kernel, and end with this process.
"""

from __future__ import annotations

import atexit
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
    found = process.answer(request)
    if found is not None:
        _idle.append(process)
        return found
    return {"error": process.ended()}


@atexit.register
def _close() -> None:
    for process in _idle:
        process.ended()


class _Process:
    """A worker, its pipes, and a file of what it says besides."""

    def __init__(self) -> None:
        self.log = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self.running = subprocess.Popen(
            [sys.executable, "-m", "diagc.verify.aot_worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True,
        )  # fmt: skip

    def answer(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """The answer, or None where there is none in time."""
        assert self.running.stdin is not None and self.running.stdout is not None
        try:
            self.running.stdin.write(json.dumps(request) + "\n")
            self.running.stdin.flush()
        except BrokenPipeError:
            return None
        if not select.select([self.running.stdout], [], [], limits.COMPILE_SECONDS)[0]:
            return None
        line = self.running.stdout.readline()
        found: dict[str, Any] | None = json.loads(line) if line else None
        return found

    def ended(self) -> str:
        """End the process; why it gave no answer."""
        code = self.running.poll()
        self.running.kill()
        self.running.communicate()
        self.log.seek(0)
        said = self.log.read().strip()[-300:]
        self.log.close()
        return (
            f"no result after {limits.COMPILE_SECONDS:.0f} s"
            if code is None
            else f"the compiler crashed: {said}"
        )
