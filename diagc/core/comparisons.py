"""What a comparison says about one axis: bounds that are affine in indices and in integers that a program holds.

A part of a comparison that does not run along the axis and is no affine expression itself is one such integer, as a
length for each sequence that is read from memory is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from diagc.core import ops
from diagc.core.axes import Axis, Size
from diagc.core.diagram import Node, walk


@dataclass(frozen=True, slots=True)
class Comparison:
    """`axis ≤ edge` (upper) or `axis ≥ edge` (lower) for the streamed axis, with the edge affine in other axes.

    `values` are integers in the edge that only the data tell, with their coefficients.
    """

    upper: bool
    terms: tuple[tuple[Axis, int], ...]
    offset: Size
    values: tuple[tuple[Node, int], ...] = ()


_Form = tuple[dict[Axis | Node, int], Size]
"""Integer coefficients of indices and of held integers, and an offset."""


def comparisons(condition: Node, axis: Axis, own: Collection[Node] = ()) -> tuple[Comparison, ...]:
    """The bounds on `axis` that a comparison sets, or nothing when it is not of this form.

    `own` are the reductions of the loop along the axis: what depends on them is not known before it.
    """
    if not isinstance(condition.op, ops.Map) or condition.op.function.name not in (
        "le",
        "lt",
        "ge",
        "gt",
        "eq",
    ):
        return ()
    left, right = (_Reader(axis, own).affine(operand) for operand in condition.inputs)
    if left is None or right is None:
        return ()
    difference = {a: right[0].get(a, 0) - left[0].get(a, 0) for a in {**left[0], **right[0]}}  # right − left
    slope = difference.pop(axis, 0)
    offset = right[1] - left[1]
    if slope not in (1, -1):
        return ()
    name = condition.op.function.name
    found: list[Comparison] = []
    if name in ("le", "lt", "eq"):  # right − left ≥ 0, or ≥ 1
        found.append(_bound(slope, difference, offset - (1 if name == "lt" else 0)))
    if name in ("ge", "gt", "eq"):  # left − right ≥ 0, or ≥ 1
        negated = {a: -c for a, c in difference.items()}
        found.append(_bound(-slope, negated, -offset - (1 if name == "gt" else 0)))
    return tuple(found)


def _bound(slope: int, rest: Mapping[Axis | Node, int], offset: Size) -> Comparison:
    """slope·axis + rest + offset ≥ 0, solved for the axis."""
    sign = -slope
    terms = sorted(((a, sign * c) for a, c in rest.items() if c and isinstance(a, Axis)), key=_place)
    values = ((v, sign * c) for v, c in rest.items() if c and isinstance(v, Node))
    return Comparison(slope < 0, tuple(terms), sign * offset, tuple(values))


def _place(term: tuple[Axis, int]) -> str:
    return term[0].uid


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads affine forms for a loop along an axis."""

    axis: Axis
    own: Collection[Node]

    def affine(self, current: Node) -> _Form | None:
        """The affine form of a node; that of a node that is held and has none is itself."""
        form = self._form(current)
        return ({current: 1}, Size()) if form is None and self._is_held(current) else form

    def _is_held(self, current: Node) -> bool:
        if self.axis in current.axes or current.dtype.kind != "int":
            return False
        return not any(n in self.own for n in walk((current,)))

    def _form(self, current: Node) -> _Form | None:
        match current.op:
            case ops.Iota(axis):
                return {axis: 1}, Size()
            case ops.SizeOf(size):
                return {}, size
            case ops.Constant(value) if isinstance(value, int) and not isinstance(value, bool):
                return {}, Size.constant(value)
            case ops.Map(function) if function.name in ("add", "sub", "neg", "mul"):
                parts = [self.affine(operand) for operand in current.inputs]
                known = [part for part in parts if part is not None]
                return _combine(function.name, known) if len(known) == len(parts) else None
            case _:
                return None


def _combine(name: str, parts: list[_Form]) -> _Form | None:
    if name == "mul":
        return _product(parts)
    total, offset = dict(parts[0][0]), parts[0][1]
    if name == "neg":
        return {a: -c for a, c in total.items()}, -offset
    sign = -1 if name == "sub" else 1
    for coefficients, constant in parts[1:]:
        for axis, coefficient in coefficients.items():
            total[axis] = total.get(axis, 0) + sign * coefficient
        offset = offset + sign * constant
    return total, offset


def _product(parts: list[_Form]) -> _Form | None:
    total: _Form = ({}, Size.constant(1))
    for coefficients, offset in parts:
        if coefficients and total[0]:
            return None
        scale = total[1] if coefficients else offset
        base = (coefficients, offset) if coefficients else total
        if base[0] and scale.value is None:
            return None
        total = ({a: c * (scale.value or 0) for a, c in base[0].items()}, base[1] * scale)
    return total
