"""Measured times over a size as curves, and dashed beside them what the cost model predicts and allows at least."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from diagc.bench.measurement import Measurement
from diagc.draw.chart import log_chart, stacked
from diagc.draw.render import render_svg
from diagc.draw.scene import Scene

PREDICTED, FLOOR = "predicted", "at least, by the machine"


def plot(measurements: Sequence[Measurement], symbol: str, axis: str) -> str:
    """SVG with a chart for each entry: seconds over the size `symbol`, which `axis` names; other sizes are fixed.

    What failed at one of the sizes has no curve.
    """
    charts = [
        _chart(name, list(rows), symbol, axis) for name, rows in groupby(measurements, key=lambda m: m.entry)
    ]
    return render_svg(stacked(charts, "measured"))


def _chart(name: str, rows: Sequence[Measurement], symbol: str, axis: str) -> Scene:
    places = sorted({m.sizes[symbol] for m in rows})
    curves: dict[str, dict[int, float]] = {}
    dashed: dict[str, dict[int, float]] = {PREDICTED: {}, FLOOR: {}}
    for m in rows:
        at = m.sizes[symbol]
        if m.cpu is not None and m.problem is None:
            library = "" if m.library == "diagc" else f"{m.library} "
            curves.setdefault(f"{library}{m.implementation}", {})[at] = m.cpu.median
        if m.predicted is not None and m.floor is not None:
            dashed[PREDICTED][at], dashed[FLOOR][at] = m.predicted, m.floor
    whole = {
        title: [curve[at] for at in places]
        for title, curve in (*curves.items(), *dashed.items())
        if len(curve) == len(places)
    }
    return log_chart(f"{name}, {rows[0].work}", axis, "seconds", places, whole, dashed=dashed)
