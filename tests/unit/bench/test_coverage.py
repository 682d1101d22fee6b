"""The figures of docs/coverage.md against hand computation, and that the page has a row for every entry."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagc.backends.plans import kernels
from diagc.bench.coverage import Cover, cover
from diagc.machine import machine
from tests.unit.specs import ROOT, SPECS, entry, spec_entries

ROWS = """
axis row, n
fn centred(X: bf16[row n]) -> bf16[row n] {
  return X - mean[n](X)
}
"""
ATTENTION = """
axis q, x, d
fn f(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> bf16[q d] {
  return sum[x](softmax[x](sum[d](Q * K)) * V)
}
"""


def covered(text: str, name: str, sizes: dict[str, int]) -> Cover:
    found = entry(text, name)
    made = cover(kernels(found, gradients=False).plans, ["X", "Q", "K", "V", "out"], machine("h200"), sizes)
    assert made is not None
    return made


def test_a_short_row_is_held_and_a_long_one_read_twice() -> None:
    short = covered(ROWS, "centred", {"row": 4096, "n": 8192})
    assert (len(short.stages), short.passes, short.reads["X"]) == (1, 1, 1)
    assert short.least_bytes == 2 * 2 * 4096 * 8192  # read once and written once, two bytes each
    assert short.bytes_moved == short.least_bytes
    assert short.bound == "memory"
    assert short.seconds >= short.least_bytes / 4.8e12
    long = covered(ROWS, "centred", {"row": 4096, "n": 100_000})
    assert (long.passes, long.reads["X"]) == (2, 2)


def test_one_pass_reads_keys_and_values_once() -> None:
    made = covered(ATTENTION, "f", {"q": 8192, "x": 8192, "d": 128})
    assert (len(made.stages), made.passes) == (1, 1)
    assert dict(made.reads) == {"Q": 1, "K": 1, "V": 1}
    assert made.bound == "compute"
    assert made.seconds >= 4 * 8192 * 8192 * 128 / 989.4e12  # two products, peak of the data sheet
    assert made.roofline == pytest.approx(
        64 / 132, rel=1e-2
    )  # tiles of 128 rows: 64 programs on 132 multiprocessors


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_the_page_has_a_row_for_every_entry(spec: Path) -> None:
    page = (ROOT / "docs" / "coverage.md").read_text("utf-8")
    missing = [n for n in spec_entries(spec) if f"| {spec.parent.name}/{spec.name} | `{n}` |" not in page]
    assert missing == []
