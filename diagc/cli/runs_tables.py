"""Classes of runs as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from diagc.runs.classes import split
from diagc.runs.paths import Levels
from diagc.runs.runs import Population


def class_lines(
    found: Population, made: Levels, chosen: Sequence[float], metric: str | None
) -> Iterator[str]:
    """K(λ) for each family of paths, with differences of a metric within and between classes."""
    name = metric or next((m for m in found.metrics if m.endswith(".accuracy")), None)
    values = found.metrics[name] if name is not None else None
    yield f"{len(found.names)} runs, loss {made.losses.min():.4g} to {made.losses.max():.4g}"
    axes = ", ".join(f"{group.size} along {len(group.places)} arrays" for group in found.hidden)
    yield f"hidden axes: {axes or 'none'}"
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


def _noise(found: Population, name: str, values: Sequence[float]) -> str:
    """The standard error of one accuracy on the held-out rows, which no difference below it means anything beside."""
    if not name.endswith(".accuracy") or not found.rows:
        return ""
    mean = float(np.mean(values))
    return f"; one accuracy on {found.rows} rows is known to ± {np.sqrt(mean * (1 - mean) / found.rows):.2g}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"
