"""Windows of fixed sizes as slices of a padded array, one for each tap, stacked.

`X[i -> 2 * i + k - 1 else 0]` reads `i.size` elements every 2 from each of `k.size` starts on. The derivative of
slices is padding, which XLA fuses; that of the same reads by indices is a scatter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from diagc.backends.jax_text import ATOM, Text
from diagc.core.axes import Axis, Coordinate

MOST_TAPS: Final = 64
"""Slices that are written for one axis at most; windows with more taps are read by indices."""


@dataclass(frozen=True, slots=True)
class _Window:
    """Reads along one axis: `count` elements every `step`, from each of `starts` on."""

    row: Axis
    tap: Axis | None
    starts: tuple[int, ...]
    count: int
    step: int


def windowed(value: Text, coordinates: Mapping[Axis, Coordinate], fill: str | None) -> Text | None:
    """The value read in windows of known sizes; None where a coordinate is something else, or where none is one."""
    found = {axis: _window(coordinate) for axis, coordinate in coordinates.items()}
    named = {
        axis: c.axis for axis, c in coordinates.items() if c.axis is not None and c.axis.size == axis.size
    }
    windows = {axis: w for axis, w in found.items() if w is not None and axis not in named}
    if not windows or len(windows) + len(named) < len(coordinates):
        return None
    text, axes = value.text, [named.get(axis) or axis for axis in value.axes]
    for axis, window in windows.items():
        place = axes.index(axis)
        starts = window.starts if window.tap is not None else window.starts[0]
        text = f"_slide({text}, {place}, {starts}, {window.count}, {window.step}, {fill or 0})"
        axes[place : place + 1] = [window.row] if window.tap is None else [window.tap, window.row]
    return Text(text, ATOM, tuple(axes)) if len(set(axes)) == len(axes) else None


def _window(coordinate: Coordinate) -> _Window | None:
    start = coordinate.offset.value
    terms = [(axis, axis.size.value, step.value) for axis, step in coordinate.terms]
    if not coordinate.is_affine or start is None or not 1 <= len(terms) <= 2:
        return None
    known = [(axis, size, step) for axis, size, step in terms if size and step and step > 0]
    if len(known) < len(terms):
        return None
    row, count, step = max(known, key=lambda term: term[1])
    tap, taps, spread = next((term for term in known if term[0] is not row), (None, 1, 0))
    if taps > MOST_TAPS:
        return None
    return _Window(row, tap, tuple(start + spread * k for k in range(taps)), count, step)
