"""What is run on a GPU is there to be run: the headlines name entries and all their sizes."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from bench.device import HEADLINES, ROOT, tasks
from diagc.api import load


@pytest.mark.parametrize(("spec", "entry", "sizes", "work"), HEADLINES)
def test_headlines_name_entries_and_all_their_sizes(
    spec: str, entry: str, sizes: dict[str, int], work: str
) -> None:
    assert set(load(ROOT / "specs" / spec).entries[entry].diagram.size_symbols) == set(sizes)
    assert work in ("forward", "backward", "both")


def test_every_entry_is_run() -> None:
    assert ("specs/attention/attention.diag", "mha") in tasks()
    assert not any("learning" in spec for spec, _ in tasks())


def test_without_a_gpu_it_says_so() -> None:
    torch: Any = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    done = subprocess.run(
        [sys.executable, "-m", "bench.device"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 1
    assert "torch finds no GPU" in done.stderr
