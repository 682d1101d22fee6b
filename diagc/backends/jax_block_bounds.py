"""Trips of blockwise loops: bounds in indices become bounds in blocks."""

from __future__ import annotations

from diagc.backends.jax_block_frame import Frame, block_argument
from diagc.core.axes import Axis, Size
from diagc.kernel import ir

LARGE = 2**30
"""Above every index of an array, and twice that still fits an integer."""


class Bounds(Frame):
    """Writes the bounds of loops; equal bounds are written once."""

    __slots__ = ()

    def _trips(self, statement: ir.Loop) -> tuple[str, str]:
        """First and last trip of a loop, in blocks."""
        start, stop = (
            self._bound(statement.axis, statement.start),
            self._bound(statement.axis, statement.stop),
        )
        if self._kind(statement.axis) == "walk":
            return start, stop
        block = block_argument(statement.axis)
        first = start if start == "0" else f"{start} // {block}"
        return first, f"-(-{stop} // {block})"

    def _bound(self, axis: Axis, bound: ir.Bound) -> str:
        if (axis, bound) in self.bounds:
            return self.bounds[axis, bound]
        parts = list(dict.fromkeys(self._part(axis, part) for part in bound.parts))
        text = parts[0]
        for part in parts[1:]:
            text = f"jnp.{bound.kind}imum({text}, {part})"
        block = block_argument(axis)
        if text != "0" and bound.rounding != "none":
            inner = text if text.isidentifier() or text.endswith(")") else f"({text})"
            text = (
                f"{inner} // {block} * {block}"
                if bound.rounding == "down"
                else f"-(-{inner} // {block}) * {block}"
            )
        if text.isidentifier() or text.isdigit():
            return text
        name = self.writer.fresh(f"{'from' if bound.kind == 'max' else 'to'}_{axis.name}")
        self.writer.line(f"{name} = {text}")
        self.bounds[axis, bound] = name
        return name

    def _part(self, axis: Axis, part: ir.Edge | ir.Bound) -> str:
        if isinstance(part, ir.Bound):
            return self._bound(axis, part)
        terms: list[str] = []
        offset = part.offset
        for a, end, coefficient in part.terms:
            text, past = self._end(a, end)
            offset = offset - coefficient * past
            if text:
                terms.append(text if coefficient == 1 else f"{coefficient} * ({text})")
        for value, side, coefficient in part.values:
            text = self._value(
                value, side, alone=part.values == ((value, side, 1),) and not terms and not offset.terms
            )
            terms.append(text if coefficient == 1 else f"{coefficient} * {text}")
        if offset != Size() or not terms:
            terms.append(self._size(offset))
        return " + ".join(terms)

    def _value(self, value: ir.Value, side: str, alone: bool) -> str:
        """The least or the most of an integer over the programs held at once, small enough to be added to indices."""
        found = self.text[value]
        text = f"jnp.{'max' if side == 'most' else 'min'}({found.text})" if found.axes else found.at(7)
        if not alone:
            text = f"jnp.clip({text}, {-LARGE}, {LARGE})"
        return f"{text}.astype(int)"

    def _end(self, axis: Axis, end: str) -> tuple[str, int]:
        """The first index of an axis in this tile, or one past the last, and what is to be subtracted from it."""
        if self._kind(axis) == "walk":
            return self.indices[axis], 0
        if self._kind(axis) == "tile":
            first = self.first[axis]
            return (first, 0) if end == "first" else (f"{first} + {block_argument(axis)}", 1)
        return ("", 0) if end == "first" else (self._size(axis.size), 1)
