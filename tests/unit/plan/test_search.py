"""The search: legal, deterministic, no better choice by brute force; what is refused says why."""

from __future__ import annotations

import pytest

from diagc.cost.estimate import estimate
from diagc.cost.rounding import powers, tilings
from diagc.cost.traffic import held_bytes
from diagc.diagnostics import DiagnosticError
from diagc.machine import machine, machine_names
from diagc.plan.config import configurations
from diagc.plan.search import Fixed, choose, choose_region
from tests.unit.cost.textbook import MATMUL, SCORES, made, plan

SIZES = {"q": 16_384, "x": 16_384, "d": 128}


@pytest.mark.parametrize("name", machine_names())
def test_choices_fit_and_are_ranked(name: str) -> None:
    device = machine(name)
    region = made(SCORES, **SIZES)
    found = choose(plan(SCORES), device, SIZES)
    assert found == choose(plan(SCORES), device, SIZES)
    times = [c.estimate.predicted_seconds for c in found]
    assert times == pytest.approx(sorted(times), rel=1e-3)
    for choice in found:
        assert choice.estimate.shared_bytes <= device.levels["l2"].capacity.value
        assert choice.estimate.register_bytes <= device.levels["l3"].capacity.value
        assert choice.reason
    for tiling in tilings(region, {"q": powers(16_384), "x": powers(16_384)}):
        fits = all(
            held_bytes(region, tiling, shared, 2) <= device.levels[level].capacity.value * 7 / 8
            for level, shared in (("l2", True), ("l3", False))
        )
        if fits:
            assert times[0] <= estimate(region, tiling, device).predicted_seconds * (1 + 1e-3)


def test_the_configurations_of_the_emitted_kernel_are_close_to_the_best() -> None:
    """What `plan/config.py` ships for 128 columns is within 2 % of the model's best on the machine it was made for."""
    structure, device = plan(SCORES), machine("h200")
    best = choose(structure, device, SIZES)[0].estimate.predicted_seconds
    shipped = next(c for c in configurations(structure) if c.max_resident == 128)
    blocks = {axis.name: block for axis, block in shipped.blocks}
    fixed = Fixed({"q": blocks["q"]}, {"x": blocks["x"]})
    (only,) = choose(structure, device, SIZES, fixed)
    assert only.estimate.predicted_seconds <= 1.02 * best


def test_fixed_tiles_are_taken() -> None:
    (choice,) = choose(plan(SCORES), machine("h200"), SIZES, Fixed({"q": 128}, {"x": 32}))
    assert (dict(choice.group), dict(choice.stream)) == ({"q": 128}, {"x": 32})
    assert all(c.group["q"] == 64 for c in choose(plan(SCORES), machine("h200"), SIZES, Fixed({"q": 64}, {})))


@pytest.mark.parametrize(
    ("fixed", "code"),
    [
        (Fixed({"x": 64}, {}), "E1105"),
        (Fixed({}, {"q": 64}), "E1105"),
        (Fixed({"z": 64}, {}), "E1105"),
        (Fixed({"q": 1 << 20}, {}), "E1105"),
    ],
)
def test_impossible_tiles_are_refused(fixed: Fixed, code: str) -> None:
    with pytest.raises(DiagnosticError, match=code):
        choose(plan(SCORES), machine("h200"), SIZES, fixed)


def test_missing_sizes_and_lack_of_room_are_refused() -> None:
    with pytest.raises(DiagnosticError, match="E0602"):
        choose(plan(SCORES), machine("h200"), {"q": 16})
    with pytest.raises(DiagnosticError, match="E1106"):
        choose(plan(SCORES), machine("h200"), {"q": 4096, "x": 4096, "d": 65_536})


def test_products_take_square_tiles() -> None:
    """On every machine the best product has sides within a factor of two of each other."""
    region = made(MATMUL, a=8192, b=8192, c=8192)
    for name in ("a100", "h100", "h200"):
        best = choose_region(region, machine(name), Fixed({}, {}))[0]
        assert 0.5 <= best.group["a"] / best.group["c"] <= 2
