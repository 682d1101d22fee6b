"""Classes of runs as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from diagc.runs.classes import lifetimes, split
from diagc.runs.paths import Levels
from diagc.runs.regression import LEAST, Fit, regression
from diagc.runs.runs import Population


def class_lines(
    found: Population,
    made: Levels,
    chosen: Sequence[float],
    name: str | None,
    values: Sequence[float] | None,
) -> Iterator[str]:
    """K(λ) for each family of paths, with differences of a metric within and between classes."""
    yield f"{len(found.names)} runs, loss {made.losses.min():.4g} to {made.losses.max():.4g}"
    axes = ", ".join(f"{group.size} along {len(group.places)} arrays" for group in found.hidden)
    yield f"hidden axes: {axes or 'none'}"
    scaled = ", ".join(
        f"{s.group.size} by {'/'.join(f'{e:+d}' for e in s.exponents)}" for s in found.rescalings
    )
    yield f"rescalings: {scaled or 'none'}"
    if values is not None:
        yield f"{name} {np.mean(values):.4g} ± {np.std(values):.2g} over runs{_noise(found, str(name), values)}"
    yield f"{'paths':9}{'λ':>10}{'runs':>6}{'classes':>9}{'largest':>9}{'within':>10}{'between':>10}{'p':>8}"
    for family, heights in made.heights.items():
        for level in chosen or np.unique(np.quantile(heights, [0.02, 0.1, 0.25, 0.5, 0.75, 1.0])):
            one = split(heights, float(level), values)
            alive = sum(label >= 0 for label in one.labels)
            numbers = [_number(one.within), _number(one.between), _number(one.probability)]
            yield (
                f"{family:9}{level:10.4g}{alive:6}{one.count:9}{one.largest:9}"
                f"{numbers[0]:>10}{numbers[1]:>10}{numbers[2]:>8}"
            )
    yield "runs of different classes are not connected by the paths tried; that is no proof that none connects them"


def lifetime_lines(made: Levels, name: str | None, values: Sequence[float] | None) -> Iterator[str]:
    """Total persistence of each merge tree, and what lifetimes of runs say of a metric."""
    yield f"{len(made.losses)} runs, loss {made.losses.min():.4g} to {made.losses.max():.4g}"
    for family, heights in made.heights.items():
        found = lifetimes(heights)
        finite = found[np.isfinite(found)]
        yield (
            f"{family:9} total persistence {finite.sum():.6g}, median lifetime {np.median(finite):.4g}"
            if len(finite)
            else f"{family:9} one run has no lifetime"
        )
        if values is None or name is None:
            continue
        line = regression(values, list(found), list(made.losses))
        if line.runs < LEAST:
            yield f"{'':9} {line.runs} lifetimes are too few for a line through {name}"
            continue
        yield f"{'':9} {name} on lifetimes: {_line(line.plain)}; given the training loss: {_line(line.partial)}"


def _line(found: Fit | None) -> str:
    if found is None:
        return "nothing varies"
    sign = "falling" if found.slope < 0 else "rising"
    return f"R² {found.share:.3f} ({found.low:.3f} to {found.high:.3f}), {sign}"


def _noise(found: Population, name: str, values: Sequence[float]) -> str:
    """The standard error of one accuracy on the held-out rows, which no difference below it means anything beside."""
    if not name.endswith(".accuracy") or not found.rows:
        return ""
    mean = float(np.mean(values))
    return f"; one accuracy on {found.rows} rows is known to ± {np.sqrt(mean * (1 - mean) / found.rows):.2g}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"
