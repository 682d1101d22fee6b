"""The front of a family of machines as text, JSON and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from diagc.codesign.fronts import OBJECTIVES, Outcome
from diagc.codesign.pictures import NAMES, binding
from diagc.codesign.schedules import BOUNDS
from diagc.cost.words import seconds

if TYPE_CHECKING:
    from diagc.codesign.amounts import Free
    from diagc.codesign.fronts import Front


def lines(front: Front) -> Iterator[str]:
    """The front for a reader: what binds, designs that stand for it beside machines that exist, sensitivities."""
    able, count = int(front.outcome.feasible.sum()), len(front.chosen)
    yield f"{front.family.machine.title}"
    yield (
        f"{count:,} designs of {len(front.family.free)} free parameters; {able:,} run the workload, "
        f"{len(front.places):,} are on the front of {', '.join(OBJECTIVES)}"
    )
    yield ""
    yield from table(["kernel", "weight", "binds, by share of the designs"], _bindings(front))
    if not able:
        return
    yield ""
    yield from table(["", *_heads(front)], _designs(front))
    if front.sensitivities:
        yield ""
        yield "d log time / d log parameter"
        rows = [
            [free.path, *(_signed(s.elasticities[0, place]) for s in front.sensitivities)]
            for place, free in enumerate(front.family.free)
        ]
        yield from table(["", *(s.name for s in front.sensitivities)], rows)


def _bindings(front: Front) -> list[list[str]]:
    rows: list[list[str]] = []
    for kernel, shares in zip(front.kernels, front.shares(), strict=True):
        words = sorted(shares.items(), key=lambda pair: -pair[1])
        told = ", ".join(f"{NAMES[name]} {100 * share:.0f} %" for name, share in words)
        rows.append([kernel.job.name, f"{kernel.job.weight:g}", told])
    return rows


def _heads(front: Front) -> list[str]:
    return [*(s.name for s in front.sensitivities), *(m.name for m, _ in front.references)]


def _columns(front: Front) -> list[tuple[Outcome, int]]:
    chosen = [(front.outcome, s.place) for s in front.sensitivities]
    return [*chosen, *((o, 0) for _, o in front.references)]


def _designs(front: Front) -> list[list[str]]:
    """A column for each design that stands for the front and for each machine that exists."""
    columns = _columns(front)
    money = front.family.prices.currency if front.family.prices.cost else "mm2"
    rows = [
        ["time", *(seconds(o.points[n, 0]) for o, n in columns)],
        ["energy", *(f"{o.points[n, 1]:.3g} J" for o, n in columns)],
        ["cost", *(f"{o.points[n, 2]:,.0f} {money}" for o, n in columns)],
        ["area", *(f"{o.area[n]:,.0f} mm2" for o, n in columns)],
        ["power", *(f"{o.watts[n]:,.0f} W" for o, n in columns)],
        ["beaten by", *(beaten(front, o, n) for o, n in columns)],
    ]
    for k, kernel in enumerate(front.kernels):
        rows.append([kernel.job.name, *(seconds(o.seconds[k, n]) for o, n in columns)])
        rows.append(["  bound by", *(NAMES[BOUNDS[o.bound[k, n]]] for o, n in columns)])
    for place, free in enumerate(front.family.free):
        own = [free.shown(front.chosen[s.place, place]) for s in front.sensitivities]
        rows.append([free.path, *own, *(_of_reference(front, free, r) for r in range(len(front.references)))])
    return rows


def beaten(front: Front, outcome: Outcome, place: int) -> str:
    """How many designs of the front are at least as good in everything and better in something."""
    own, others = outcome.points[place], front.outcome.points[front.places]
    worse = ((others <= own).all(axis=1) & (others < own).any(axis=1)).sum()
    return f"{int(worse):,} designs" if worse else "none"


def _of_reference(front: Front, free: Free, number: int) -> str:
    """What a machine that exists has in the place of a free parameter."""
    from diagc.codesign.family import amounts_of

    amounts = amounts_of(front.references[number][0])
    if free.path not in amounts:
        return "-"
    each = front.family.amounts[free.path].each
    return free.shown(float(amounts[free.path][0]) / (float(amounts[each][0]) if each in amounts else 1.0))


def _signed(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:+.2f}"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns as wide as their widest cell, the last one as it is."""
    widths = [max(len(row[c]) for row in (heads, *rows)) for c in range(len(heads))]
    for row in (heads, *rows):
        yield "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


# ---- JSON and CSV


def as_json(front: Front) -> dict[str, Any]:
    """Everything that is known of the front."""
    names = [f.path for f in front.family.free]
    return {
        "family": front.family.machine.name,
        "designs": len(front.chosen),
        "feasible": int(front.outcome.feasible.sum()),
        "kernels": [
            {"name": k.job.name, "weight": k.job.weight, "sizes": dict(k.job.sizes), "binds": shares}
            for k, shares in zip(front.kernels, front.shares(), strict=True)
        ],
        "front": [
            _record(front, front.outcome, n)
            | {"parameters": dict(zip(names, map(float, front.chosen[n]), strict=True))}
            for n in front.places.tolist()
        ],
        "references": [{"name": m.name} | _record(front, o, 0) for m, o in front.references],
        "sensitivities": {
            s.name: {
                objective: dict(zip(names, (None if np.isnan(v) else float(v) for v in row), strict=True))
                for objective, row in zip(OBJECTIVES, s.elasticities, strict=True)
            }
            for s in front.sensitivities
        },
    }


def _record(front: Front, outcome: Outcome, n: int) -> dict[str, Any]:
    kernels: Mapping[str, Any] = {
        k.job.name: {"seconds": float(outcome.seconds[i, n]), "bound": NAMES[BOUNDS[outcome.bound[i, n]]]}
        for i, k in enumerate(front.kernels)
    }
    return {
        **dict(zip(OBJECTIVES, map(float, outcome.points[n]), strict=True)),
        "area": float(outcome.area[n]),
        "watts": float(outcome.watts[n]),
        "bound": NAMES[BOUNDS[binding(front, outcome)[n]]],
        "kernels": kernels,
    }


def as_csv(front: Front) -> str:
    """One line for each design of the front, then for each machine that exists."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    kernels = [name for k in front.kernels for name in (f"{k.job.name} seconds", f"{k.job.name} bound")]
    writer.writerow(
        ["name", *OBJECTIVES, "area", "watts", "bound", *kernels, *(f.path for f in front.family.free)]
    )
    rows = [("", front.outcome, n, [*map(float, front.chosen[n])]) for n in front.places.tolist()]
    for name, outcome, n, chosen in [*rows, *((m.name, o, 0, []) for m, o in front.references)]:
        found = _record(front, outcome, n)
        each = [v for kernel in found["kernels"].values() for v in (kernel["seconds"], kernel["bound"])]
        head = (found[key] for key in (*OBJECTIVES, "area", "watts", "bound"))
        writer.writerow([name, *head, *each, *chosen])
    return text.getvalue().rstrip("\n")
