"""Functions of the gradient flows have kernels, too: products of three factors, powers of sums."""

from __future__ import annotations

import pytest

from diagc.api import load
from diagc.backends.emit import triton_source
from diagc.backends.plans import kernels
from tests.unit.specs import ROOT


@pytest.mark.parametrize("name", ["cp3", "quadratic"])
def test_every_function_has_kernels(name: str) -> None:
    entries = load(ROOT / "specs" / "flow" / f"{name}.diag").entries
    text = triton_source(entries.values(), name)
    assert [entry for entry in entries if f"def {entry}(" not in text] == []


def test_a_tile_of_three_axes_fits_registers() -> None:
    """32,768 elements by 256 threads are 128 registers."""
    entry = load(ROOT / "specs" / "flow" / "cp3.diag").entries["cp"]
    for variant in kernels(entry, gradients=False).variants:
        for config in variant.configs:
            elements = 1
            for _, block in config.blocks:
                elements *= block
            assert elements <= 128 * 32 * config.warps
