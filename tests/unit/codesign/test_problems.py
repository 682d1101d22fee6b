"""Design problems against brute force, and the laws of their solutions."""

from __future__ import annotations

import csv
import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from diagc.check.program import check_source, read_program
from diagc.codesign.antichain import dominated, minimal
from diagc.codesign.problems import answer, needed
from diagc.codesign.solve import solve
from diagc.core.design import Design
from diagc.diagnostics import DiagnosticError
from diagc.source import Source

SPECS = Path(__file__).parents[3] / "specs" / "design"


def design(text: str, files: dict[str, str] | None = None) -> Design:
    """The one design of a text without its header line."""
    return next(iter(check_source(Source("a.diag", f"diag 1\n{text}"), extra=files).designs.values()))


def shipped(name: str) -> Design:
    return next(iter(read_program(SPECS / f"{name}.diag").designs.values()))


def rows(name: str) -> list[dict[str, str]]:
    with (SPECS / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def least(points: list[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """The minimal points by comparing all pairs, to six digits."""
    rounded = sorted({tuple(float(f"{v:.6g}") for v in p) for p in points})
    return [
        p
        for p in rounded
        if not any(q != p and all(a <= b for a, b in zip(q, p, strict=True)) for q in rounded)
    ]


def found(design: Design, need: dict[str, float], end: int = 0) -> list[tuple[float, ...]]:
    return least([tuple(map(float, p)) for p in solve(design, need, 1 if end else 0).points])


# ---- the shipped problems


def drone_by_hand(distance: float, payload: float, missions: float, factor: float) -> list[tuple[float, ...]]:
    """Every battery, rotor and speed; the mass of the battery by iterating its own equation to its fixed point."""
    made: list[tuple[float, ...]] = []
    for battery, rotor, speed in itertools.product(
        rows("batteries.csv"), rows("rotors.csv"), (20, 30, 45, 60)
    ):
        mass = 0.0
        for _ in range(4000):
            lift = 9.81 * (mass + float(rotor["mass"]) + payload + 0.3)
            power = factor * float(rotor["coefficient"]) * lift**1.5
            energy = distance / speed * (power + 5 + 0.0004 * speed**3)
            new = energy / float(battery["energy_density"])
            if new > 1e6 or abs(new - mass) <= 1e-13 * new:
                break
            mass = new
        if new > 1e6 or lift > float(rotor["lift"]):
            continue
        worn = math.ceil(missions / float(battery["cycles"]))
        cost = energy / float(battery["energy_price"]) * worn + float(rotor["cost"])
        made.append((cost, mass + float(rotor["mass"]) + payload + 0.3))
    return least(made)


@pytest.mark.parametrize("distance", [1.0, 10.0, 25.0, 60.0])
@pytest.mark.parametrize(("payload", "missions"), [(0.5, 600.0), (3.0, 100.0)])
def test_the_drone_equals_brute_force(distance: float, payload: float, missions: float) -> None:
    need = {"distance": distance, "payload": payload, "missions": missions}
    for end, factor in ((0, 0.95), (1, 1.05)):
        by_hand = drone_by_hand(distance, payload, missions, factor)
        solution = found(shipped("drone"), need, end)
        assert np.allclose(solution, by_hand, rtol=2e-6) if by_hand else solution == []


def test_transport_equals_brute_force() -> None:
    trips = 2000.0
    made: list[tuple[float, ...]] = []
    modes = {
        "train": [(n, 400 * n, 500 * n, 25 * n) for n in range(9)],
        "bus": [(4 * n, 240 * n, 280 * n, 36 * n) for n in range(11)],
        "scooter": [(100 * n, 200 * n, 150 * n, 2 * n) for n in range(11)],
    }

    def time(mode: str, riders: float, fleet: float, room: float) -> float:
        if riders == 0:
            return 0.0
        if mode == "scooter":
            return riders * (0.35 + 0.2 * riders / room)
        base, wait = (0.3, 0.5) if mode == "train" else (0.45, 2.0)
        return riders * (base + wait / fleet + 0.1 * (riders / room) ** 4)

    for train, bus in itertools.product(range(0, 101, 20), range(0, 101, 20)):
        riders = {
            "train": train * trips / 100,
            "bus": bus * trips / 100,
            "scooter": max(100 - train - bus, 0) * trips / 100,
        }
        options = [
            [
                (
                    cost,
                    time(mode, riders[mode], fleet, room),
                    carbon + 0.03 * riders[mode] * (mode == "scooter"),
                )
                for fleet, room, cost, carbon in found_modes
                if riders[mode] <= room
            ]
            for mode, found_modes in modes.items()
        ]
        made += [tuple(map(sum, zip(*chosen, strict=True))) for chosen in itertools.product(*options)]
    kept = np.asarray(made)[minimal(np.round(np.asarray(made), 6))]
    assert np.allclose(
        found(shipped("transport"), {"trips": trips}), least([tuple(map(float, p)) for p in kept])
    )


def test_the_best_case_of_the_microgrid_lies_below_the_worst() -> None:
    problem = shipped("microgrid")
    result = answer(problem, problem.given)
    assert result.is_uncertain
    assert dominated(result.worst.points, result.best.points * (1 - 1e-6)).all()
    always = {**problem.given, "quality": needed(problem, "quality", "always")}
    assert dominated(solve(problem, always).points, result.best.points * (1 - 1e-6)).all(), (
        "more is never less"
    )


# ---- loops


LOOP = """
design loop {
  provides load: real
  requires mass: real
  component battery {
    provides energy: real
    requires mass: real
    ensure mass >= energy / 100
  }
  ensure battery.energy >= GAIN * (load + battery.mass)
  ensure mass >= battery.mass
}
"""


@pytest.mark.parametrize("gain", [1.0, 50.0, 90.0, 99.0])
def test_a_loop_settles_where_its_equation_does(gain: float) -> None:
    """m = g/100·(load + m), so m = load·g/(100 − g)."""
    solution = solve(design(LOOP.replace("GAIN", str(gain))), {"load": 3.0})
    assert solution.points[0, 0] == pytest.approx(3 * gain / (100 - gain), rel=1e-6)


@pytest.mark.parametrize("gain", [100.0, 5000.0])
def test_a_loop_without_bound_is_infeasible(gain: float) -> None:
    solution = solve(design(LOOP.replace("GAIN", str(gain))), {"load": 3.0})
    assert len(solution.points) == 0
    assert "grows without bound" in solution.reason
    assert "battery.mass" in solution.reason


def test_each_step_of_an_ascent_is_a_lower_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    problem, need = shipped("drone"), dict(shipped("drone").given)
    full = solve(problem, need)
    monkeypatch.setattr("diagc.codesign.solve.MAX_STEPS", 3)
    assert len(solve(problem, need).points) <= len(full.points)
    assert full.steps > 3


# ---- antichains


def test_an_antichain_of_ten_thousand_points() -> None:
    """Two components of a hundred rows each, on lines of different slopes: every pair is least in three resources."""
    table = "limit,cost,mass\n" + "\n".join(f"10,{n},{99 - n}" for n in range(100))
    text = """
    design wide {
      provides load: real
      requires cost: real, mass: real, other: real, rest: real
      component first { provides limit: real requires cost: real, mass: real from "t.csv" }
      component second { provides limit: real requires cost: real, mass: real from "t.csv" }
      ensure first.limit >= load
      ensure second.limit >= load
      ensure cost >= first.cost
      ensure mass >= first.mass
      ensure other >= second.cost
      ensure rest >= second.mass
    }
    """
    solution = solve(design(text, {"t.csv": table}), {"load": 5.0})
    assert len(solution.points) == 10_000
    assert solution.chosen.shape == (10_000, 2)
    too_much = solve(design(text, {"t.csv": table}), {"load": 11.0})
    assert len(too_much.points) == 0
    assert "`first`" in too_much.reason


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=8),
    st.integers(0, 9),
)
def test_series_and_parallel_are_products_of_tables(
    first: list[tuple[int, ...]], second: list[tuple[int, ...]], load: int
) -> None:
    """The second component carries what the first weighs: a composition in series beside a sum of costs."""
    files = {
        name: "limit,cost,mass\n" + "\n".join(",".join(map(str, row)) for row in table)
        for name, table in (("a.csv", first), ("b.csv", second))
    }
    problem = design(
        """
        design chain {
          provides load: real
          requires cost: real, mass: real
          component a { provides limit: real requires cost: real, mass: real from "a.csv" }
          component b { provides limit: real requires cost: real, mass: real from "b.csv" }
          ensure a.limit >= load
          ensure b.limit >= a.mass
          ensure cost >= a.cost + b.cost
          ensure mass >= a.mass + b.mass
        }
        """,
        files,
    )
    by_hand = [
        (float(a[1] + b[1]), float(a[2] + b[2]))
        for a in first
        for b in second
        if a[0] >= load and b[0] >= a[2]
    ]
    assert found(problem, {"load": float(load)}) == least(by_hand)


def test_elements_of_a_finite_order_are_wired_and_bounded() -> None:
    problem = design(
        """
        design shop {
          poset grade: plain < good < best, plain < quick < best
          provides wanted: grade
          requires price: natural, given: grade
          component maker { provides made: grade requires price: natural, grade: grade from "m.csv" }
          ensure maker.made >= wanted
          ensure price >= 1.2 * maker.price
          ensure given >= maker.grade
        }
        """,
        {"m.csv": "name,made,grade,price\nx,plain,plain,1\ny,good,good,5\nz,quick,quick,5\nw,best,best,9"},
    )
    order = problem.provides[0].order
    assert not order.is_chain

    def asked(grade: str) -> set[tuple[float, str]]:
        points = solve(problem, {"wanted": needed(problem, "wanted", grade)}).points
        return {(float(p), order.elements[int(g)]) for p, g in points}

    assert asked("plain") == {(2.0, "plain")}, "1.2 rounded up is below all others"
    assert asked("good") == {(6.0, "good")}
    assert asked("best") == {(11.0, "best")}
    with pytest.raises(ValueError, match="none of"):
        needed(problem, "wanted", "worst")


# ---- what is refused


PART = """
design d {{
  provides f: real
  requires r: real
  component c {{
    provides f: real
    requires r: real
    {part}
  }}
  ensure c.f >= f
  ensure r >= {wire}
}}
"""


@pytest.mark.parametrize(
    ("part", "wire", "code", "words"),
    [
        ("ensure r >= 10 - f", "c.r", "E1502", "gives"),
        ("ensure r >= 1 / f", "c.r", "E1502", "monotone in `f`"),
        ("ensure r >= f * (f - 3)", "c.r", "E1502", "gives"),
        ("ensure r >= f", "max(c.r, 3) - c.r", "E1502", "monotone in `c.r`"),
        ("ensure r == f", "c.r", "E1503", "bounds one port"),
        ("ensure r <= f", "c.r", "E1503", "bounds with `>=`"),
        ("ensure f <= 3", "c.r", "E1504", "how much `r`"),
        ("ensure r >= g", "c.r", "E0201", "`g`"),
        ("ensure r >= f", "c.f", "E0201", "`c.f`"),
        ("choice n = 3 ensure r >= f", "c.r", "E1503", "lists its values"),
        ('from "t.csv"', "c.r", "E1506", "no number"),
    ],
)
def test_wrong_designs_are_refused(part: str, wire: str, code: str, words: str) -> None:
    with pytest.raises(DiagnosticError) as caught:
        design(PART.format(part=part, wire=wire), {"t.csv": "r\nmuch"})
    diagnostic = caught.value.diagnostics[0]
    assert diagnostic.code == code
    assert words in f"{diagnostic.message} {diagnostic.labels[0].text}"


def test_terms_whose_signs_decide_nothing_are_compared_at_points() -> None:
    """f·f − 2f + 1 falls below 1; f·f·f + f − f/2 does not, though a minus stands in it."""
    assert design(PART.format(part="ensure r >= f * f * f + f - f / 2", wire="c.r"))


def test_designs_without_parts_or_ports() -> None:
    nothing = solve(design("design empty { }"), {})
    assert nothing.points.shape == (1, 0)
    bare = design("design bare { requires r: real ensure r >= 3 + between(0, 1) }")
    assert [answer(bare, {}).best.points.tolist(), answer(bare, {}).worst.points.tolist()] == [
        [[3.0]],
        [[4.0]],
    ]
    own = """
    design own {
      provides f: natural
      requires r: real
      component c { provides f: natural requires g: real ensure g >= 0.5 * f + 0.25 }
      ensure c.f >= max(f, c.g)
      ensure r >= c.g
    }
    """
    assert solve(design(own), {"f": 2.0}).points.tolist() == [[1.25]]


def test_units_at_the_ends_of_a_wire_agree() -> None:
    text = PART.format(part="ensure r >= f", wire="c.r").replace(
        "requires r: real", "requires r: real @unit(kg)", 1
    )
    assert design(text)
    with pytest.raises(DiagnosticError, match="in g, `r` in kg"):
        design(text.replace("    requires r: real", "    requires r: real @unit(g)"))
