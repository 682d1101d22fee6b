"""Laws of the model: monotone traffic, visited tiles, footprints, the geometric programme against brute force."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings, strategies as st

from diagc.cost.estimate import estimate, flops, l0_bytes
from diagc.cost.laws import power_law
from diagc.cost.posynomial import evaluate, minimise
from diagc.cost.region import Loop, Region, Tiling, Transfer, Window
from diagc.cost.rounding import least_moved
from diagc.cost.traffic import elements_as_ratio, elements_moved, memory_values, moved, visited
from diagc.machine import machine
from tests.unit.cost.textbook import HEADS, MASKED, MATMUL, SCORES, made

SIZES = st.integers(1, 700)
TILES = st.integers(1, 256)


@settings(deadline=None)
@given(SIZES, SIZES, SIZES, TILES, TILES, TILES)
def test_larger_tiles_move_no_more(a: int, b: int, c: int, tile_a: int, tile_c: int, more: int) -> None:
    region = made(MATMUL, a=a, b=b, c=c)
    small = elements_moved(region, Tiling({"a": tile_a, "c": tile_c}, {}))
    large = elements_moved(region, Tiling({"a": tile_a + more, "c": tile_c}, {}))
    assert a * b + b * c + a * c <= large <= small
    ratio = elements_as_ratio(region, Tiling({"a": min(tile_a, a), "c": min(tile_c, c)}, {}))
    assert small >= ratio - 1e-6 * ratio


@settings(deadline=None)
@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 80), st.integers(1, 80))
def test_visited_tiles_are_those_that_some_point_meets(q: int, x: int, tile_q: int, tile_x: int) -> None:
    region = made(MASKED, q=q, x=x, d=16)
    found, cut = visited(region, Tiling({"q": tile_q}, {"x": tile_x}), region.loops[0])
    entered = whole = total = 0
    for first in range(0, q, tile_q):
        last = min(first + tile_q, q) - 1
        for start in range(0, x, tile_x):
            total += 1
            entered += start <= last
            whole += min(start + tile_x, x) - 1 <= first
    assert found == pytest.approx(entered / total)
    assert cut == pytest.approx((entered - whole) / total)


def test_a_mask_halves_work_and_traffic() -> None:
    full, masked = (made(t, q=4096, x=4096, d=128) for t in (SCORES, MASKED))
    tiling = Tiling({"q": 128}, {"x": 128})
    share = (32 + 1) / 2 / 32
    products = 4 * 4096 * 4096 * 128
    assert flops(masked, tiling) == pytest.approx(products * share, rel=0.03)
    assert flops(full, tiling) == pytest.approx(products, rel=0.03)
    fixed = 2 * 4096 * 128
    assert elements_moved(masked, tiling) - fixed == share * (elements_moved(full, tiling) - fixed)


@settings(deadline=None)
@given(st.integers(1, 200), st.integers(1, 9), st.integers(1, 3), st.integers(1, 64), st.integers(1, 9))
def test_footprints_count_what_tiles_read(o: int, w: int, step: int, tile: int, part: int) -> None:
    """X[step·o + w], with the window walked in parts, against a count of indices."""
    window = Window((("o", step), ("w", 1)), step * (o - 1) + w)
    read = Transfer("X", (window,), 4, 0)
    region = Region("f", {"o": o, "w": w}, ("o",), ("o",), (Loop(("w",)),), (read,), ())
    found = moved(region, Tiling({"o": tile}, {"w": part}), read)
    expected = 0
    for first in range(0, o, tile):
        rows = min(tile, o - first)
        for start in range(0, w, part):
            columns = min(part, w - start)
            expected += min(1 + step * (rows - 1) + columns - 1, window.extent)
    assert found == expected


@settings(deadline=None, max_examples=40)
@given(st.floats(0.1, 50), st.floats(0.1, 50), st.floats(10, 1000))
def test_geometric_programme_against_a_grid(left: float, right: float, room: float) -> None:
    """min left/u + right/v with u·v + u ≤ room."""
    goal = ((left, {"u": -1.0}), (right, {"v": -1.0}))
    bound = ((1 / room, {"u": 1.0, "v": 1.0}), (1 / room, {"u": 1.0}))
    found = minimise(goal, [bound])
    assert evaluate(bound, found.values) <= 1 + 1e-9
    grid = [room * 10 ** (-k / 400) for k in range(1, 1600)]
    best = min(left / u + right / (room / u - 1) for u in grid if room / u > 1)
    assert found.cost <= best * (1 + 1e-9)
    assert found.cost == pytest.approx(best, rel=1e-3)


@settings(deadline=None, max_examples=25)
@given(st.integers(64, 2048), st.integers(64, 2048), st.integers(64, 2048), st.integers(300, 60_000))
def test_the_bound_is_below_every_tiling_and_met_by_real_ones(a: int, b: int, c: int, memory: int) -> None:
    region = made(MATMUL, a=a, b=b, c=c)
    bound = power_law(region, memory)
    assert bound is not None
    for tile_a in range(1, a + 1, max(a // 24, 1)):
        tile_c = min(memory // tile_a, c)
        if tile_c:
            tiling = Tiling({"a": tile_a, "c": tile_c}, {"b": 1})
            assert elements_moved(region, tiling) >= bound.elements * (1 - 1e-6)
    every = {"a": tuple(range(1, a + 1, 7)), "c": tuple(range(1, c + 1, 7)), "b": (1,)}
    if memory < 4000:
        best = least_moved(region, memory, {k: v[:40] for k, v in every.items()})
        assert best is None or memory_values(region, best) <= memory


def test_power_laws_hold_along_memory() -> None:
    for text, sizes, beta in (
        (SCORES, {"q": 65_536, "x": 4096, "d": 64}, 1.0),
        (MATMUL, {"a": 65_536, "b": 4096, "c": 65_536}, 0.5),
        (HEADS, {"h": 2, "q": 65_536, "x": 4096, "d": 64}, 1.0),
    ):
        region = made(text, **sizes)
        small, large = power_law(region, 10_000), power_law(region, 40_000)
        assert small is not None
        assert large is not None
        constant = small.law.terms[0][0]
        assert (small.elements - constant) / (large.elements - constant) == pytest.approx(4**beta, rel=1e-6)
        assert large.law.at(10_000) == pytest.approx(small.elements, rel=1e-6)


def test_the_cache_pools_the_tiles_of_its_children() -> None:
    region, device = made(MATMUL, a=16_384, b=16_384, c=16_384), machine("h200")
    tiling = Tiling({"a": 128, "c": 128}, {"b": 64})
    found = estimate(region, tiling, device)
    assert found.level_bytes["l0"] == l0_bytes(region, tiling, device) < found.level_bytes["l1"]
    wave = Tiling({"a": 1024, "c": 2048}, {"b": 64})  # 8 × 16 programs of 132
    assert found.level_bytes["l0"] == 2 * elements_moved(region, wave)


def test_ragged_tiles_and_waves_cost_time() -> None:
    device, tiling = machine("h200"), Tiling({"q": 128}, {"x": 64})
    whole, ragged = (estimate(made(HEADS, h=16, q=q, x=4096, d=128), tiling, device) for q in (1024, 1025))
    assert ragged.seconds["matrix units"] > whole.seconds["matrix units"]
    assert ragged.flops < whole.flops * 1.01
    few = estimate(made(HEADS, h=1, q=1024, x=4096, d=128), tiling, device)
    assert few.programs == 8
    share = few.seconds["matrix units"] / whole.seconds["matrix units"]
    assert share == pytest.approx(1.0)  # 8 programs take as long as 128: one wave


def test_one_stage_does_not_overlap() -> None:
    region, tiling = made(SCORES, q=4096, x=4096, d=128), Tiling({"q": 128}, {"x": 64})
    alone, ahead = (estimate(region, tiling, machine("h200"), stages) for stages in (1, 2))
    assert alone.predicted_seconds > ahead.predicted_seconds
    assert math.isclose(ahead.predicted_seconds, max(ahead.seconds.values()))
