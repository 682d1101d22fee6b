"""A compiler that crashes, hangs or refuses is reported, and the next request is answered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from diagc import limits
from diagc.verify import compiler


def asked(path: Path, text: str) -> dict[str, Any]:
    path.write_text(text)
    return {"file": str(path), "function": "f"}


def test_what_the_compiler_raises_is_the_answer(tmp_path: Path) -> None:
    found = compiler.answer(asked(tmp_path / "a.py", "raise ValueError('no kernel')"))
    assert found == {"error": "ValueError: no kernel"}


def test_a_crash_is_reported_and_the_next_request_is_answered(tmp_path: Path) -> None:
    crash = "import os, sys\nprint('out of stack', file=sys.stderr, flush=True)\nos._exit(3)"
    found = compiler.answer(asked(tmp_path / "a.py", crash))
    assert found["error"].startswith("the compiler crashed: ")
    assert found["error"].endswith("out of stack")
    assert "no kernel" in compiler.answer(asked(tmp_path / "b.py", "raise ValueError('no kernel')"))["error"]


def test_what_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "COMPILE_SECONDS", 0.5)
    found = compiler.answer(asked(tmp_path / "a.py", "import time\ntime.sleep(600)"))
    assert found == {"error": "no result after 0 s"}
