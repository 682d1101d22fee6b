"""Families of machines: files, samples, schedules on many machines at once, the front and its elasticities."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diagc.codesign.amounts import Free
from diagc.codesign.family import Family, Job, amounts_of, read_family
from diagc.codesign.fronts import Front, front
from diagc.codesign.pictures import NAMES, front_picture
from diagc.codesign.samples import designs
from diagc.codesign.schedules import BOUNDS, Machines, best_schedules, chunks, merged, rounded, tiling_at
from diagc.codesign.workload import kernel_of
from diagc.cost.demand import Pools
from diagc.diagnostics import DiagnosticError
from diagc.machine import machine
from diagc.plan.search import Fixed, choose_region

ROOT = Path(__file__).parents[3]
HOPPER = ROOT / "specs" / "families" / "hopper.yaml"
MHA = ROOT / "specs" / "attention" / "attention.diag"
SIZES = {"b": 2, "h": 16, "q": 4096, "x": 4096, "d": 64}


def family_of(tmp_path: Path, old: str, new: str) -> Family:
    """The Hopper family with a part of its file replaced."""
    text = HOPPER.read_text("utf-8")
    assert old in text
    path = tmp_path / "family.yaml"
    path.write_text(text.replace(old, new), "utf-8")
    return read_family(path)


def test_amounts_multiply_along_the_file() -> None:
    family = read_family(HOPPER)
    chosen = np.asarray([[f.values[0] for f in family.free]])
    amounts = family.values(chosen)
    assert amounts["levels.l3.count"] == amounts["levels.l2.count"] == 64
    assert amounts["pipelines.tensor.bf16"] == pytest.approx(2e12 * 64)
    assert amounts["pipelines.tensor.f8e4m3"] == pytest.approx(2 * 2e12 * 64)
    made = family.design(chosen[0])
    assert made.units == 64
    assert made.special.value == pytest.approx(15e9 * 64)


def test_a_grid_is_taken_whole_and_samples_are_even() -> None:
    family = read_family(HOPPER)
    found = designs(family, 1024)
    assert len(found) == 1024
    assert np.array_equal(found, designs(family, 1024))
    for column, free in zip(found.T, family.free, strict=True):
        if free.continuous and free.geometric:
            middle = np.sqrt(free.values[0] * free.values[1])
            assert abs((column < middle).sum() - 512) <= 1, "a Sobol sequence halves every range"
    lists = [Free("clock", "Hz", 1.0, (1.0, 2.0)), Free("launch", "s", 1.0, (1.0, 2.0, 3.0))]
    assert sorted({float(v) for v in lists[1].at(np.linspace(0, 0.999, 30))}) == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(("entry", "part"), [("mha", "forward"), ("mha", "backward")])
def test_schedules_on_many_machines_are_those_of_the_search(entry: str, part: str) -> None:
    """The search over one machine is another program: scalars, Python's sort, its own rounding."""
    family = read_family(HOPPER)
    chosen = designs(family, 4)
    machines = Machines(family.machine, family.values(chosen), family.prices)
    kernel = kernel_of(Job(MHA, entry, SIZES, "backward" if part == "backward" else "forward"))
    for region in (region for stage in kernel.ways[0] for region in stage[-1:]):
        found = merged([best_schedules(Pools(region), machines, c) for c in range(chunks(region))])
        for place in range(len(chosen)):
            if not np.isfinite(found.seconds[place]):
                with pytest.raises(DiagnosticError, match="fit on chip"):
                    choose_region(region, family.design(chosen[place]), Fixed({}, {}))
                continue
            best = choose_region(region, family.design(chosen[place]), Fixed({}, {}))[0]
            tiling = tiling_at(region, int(found.tiling[place]))
            assert found.seconds[place] == pytest.approx(best.estimate.predicted_seconds)
            assert {**tiling.group, **tiling.stream} == {**best.group, **best.stream}
            assert best.estimate.bound.startswith(
                {"tensor": "matrix"}.get(BOUNDS[found.bound[place]], BOUNDS[found.bound[place]])
            )


def test_times_are_rounded_as_the_search_does() -> None:
    values = np.asarray([1.23456e-5, 9.99951e-4, 7.0, np.inf])
    assert rounded(values) == pytest.approx([1.235e-5, 1e-3, 7.0, np.inf])


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Front:
    family = read_family(HOPPER)
    kernels = [kernel_of(Job(MHA, "mha", SIZES, weight=3.0)), kernel_of(family.workload[3])]
    return front(family, kernels, 64, [machine("h100"), machine("h200"), machine("mi300x")], 1)


def test_exponentials_bind_short_heads_on_hopper(small: Front) -> None:
    """FlashAttention-4 and *on a Napkin*: with d = 64 each score costs an exponential and only 256 FLOP."""
    bound = {m.name: BOUNDS[o.bound[0, 0]] for m, o in small.references}
    assert bound["h100"] == bound["h200"] == "special"
    assert NAMES["special"] == "special functions"
    longer = front(small.family, [kernel_of(Job(MHA, "mha", {**SIZES, "d": 128}))], 1, [machine("h100")], 1)
    assert BOUNDS[longer.references[0][1].bound[0, 0]] != "special"


def test_the_front_is_what_no_design_beats(small: Front) -> None:
    points = small.outcome.points
    beaten = [
        any((other <= own).all() and (other < own).any() for other in points) or not np.isfinite(own).all()
        for own in points
    ]
    assert small.places.tolist() == [n for n, lost in enumerate(beaten) if not lost]
    assert np.allclose(points[:, 0], 3 * small.outcome.seconds[0] + small.outcome.seconds[1])


def test_time_is_homogeneous_in_the_rates(small: Front) -> None:
    """Euler: twice every rate is half the time, so that the elasticities by rates sum to −1 while tiles stay."""
    rates = [
        n for n, f in enumerate(small.family.free) if f.path.endswith("bandwidth") or "pipelines" in f.path
    ]
    for found in small.sensitivities:
        assert found.elasticities[0, rates].sum() == pytest.approx(-1, abs=0.08)
        assert (found.elasticities[0] <= 1e-9).all(), "more of anything is never slower"


def test_energy_and_area_are_sums_of_prices(small: Front) -> None:
    family, amounts = small.family, amounts_of(machine("h100"))
    area = family.prices.areas(amounts)[0]
    assert area == pytest.approx(814, abs=1), "the split of the file is that of the die of an H100"
    watts = small.references[0][1].watts[0]
    assert 100 < watts < 1000
    assert float(family.prices.costs(amounts)[0]) == pytest.approx(0.24 * area + 12 * 80 + 40 * 3.35)


@pytest.mark.slow
def test_processes_do_not_change_what_is_found(small: Front) -> None:
    again = front(small.family, small.kernels, 64, [machine("h100")], 2)
    assert np.array_equal(again.outcome.points, small.outcome.points)


def test_machines_that_exist_are_named_in_the_picture(small: Front) -> None:
    scene = front_picture(small)
    words = [item.text for item in scene.items if hasattr(item, "text")]
    assert {"h100", "h200", "mi300x"} <= set(words)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("levels.l2.count, source: h100}", "levels.l2.counts, source: h100}", "E1103"),
        ("from: 1.6 TB/s", "from: 16 TB/s", "E1104"),
        ("value: 44 pJ/B", "value: 44 pJ/FLOP", "E1104"),
        ("{value: 80 GB, source: h100}", "{value: 80 GB, source: nobody}", "E1104"),
        ("schema: diagc/family-1", "schema: diagc/family-9", "E1103"),
        ("part: backward", "part: sideways", "E1103"),
        ("f16: {times: 1, of: pipelines.tensor.bf16", "f16: {times: 1, of: pipelines.tensor.f16", "E1103"),
    ],
)
def test_wrong_files_are_refused_with_their_place(tmp_path: Path, old: str, new: str, code: str) -> None:
    with pytest.raises(DiagnosticError) as caught:
        family_of(tmp_path, old, new)
    assert caught.value.diagnostics[0].code == code
    assert caught.value.diagnostics[0].labels


def test_work_without_an_energy_is_refused(tmp_path: Path) -> None:
    line = "  pipelines.special: {value: 8 pJ/op, source: assumed}\n"
    with pytest.raises(DiagnosticError, match=r"states nothing for `pipelines.special`, which hopper does"):
        front(family_of(tmp_path, line, ""), [kernel_of(Job(MHA, "mha", SIZES))], 2, [], 1)


def test_an_entry_that_is_not_there_is_named() -> None:
    with pytest.raises(DiagnosticError) as caught:
        kernel_of(Job(MHA, "nothing", SIZES))
    assert caught.value.diagnostics[0].code == "E1501"
