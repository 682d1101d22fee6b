"""Sums that exist already: exchange of sums, and scaled sums read from arrays that were saved.

∑ₐ f·(∑_b g·h) = ∑_b g·(∑ₐ f·h), for g free of a and f free of b. Where the inner sum on the right is there, the loop
over a is not needed: the derivative of a weighted sum finds `∑ₓ P·dP` in its result this way. Valid for finite
operands; roots are expected in normal form.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.contraction import contraction_dtype, factors_read, is_sum
from diagc.core.diagram import Node, apply, reduction, substitute, users, walk
from diagc.core.guards import conjuncts
from diagc.core.rewrite import Record, Rule, rewrite
from diagc.passes.forms import function, literal, product
from diagc.passes.logarithm import from_logarithm

_Key = tuple[frozenset[Axis], frozenset[tuple[Node, int]]]


def exchange(
    roots: tuple[Node, ...], available: Iterable[Node], record: Record | None = None
) -> tuple[Node, ...]:
    """The roots, with sums exchanged wherever the inner sum that results is among the available nodes."""
    sums = {key: n for n in available if (key := _key(n)) is not None}
    rule = Rule("exchange", "∑ₐ f·∑_b g·h = ∑_b g·∑ₐ f·h", lambda n: _exchanged(n, sums))
    return rewrite(roots, (rule,), record or Record())


def _key(current: Node) -> _Key | None:
    """Axes and factors of a sum; its dtypes are left aside, as rounding is no part of the law."""
    if not _adds(current):
        return None
    assert isinstance(current.op, ops.Reduce)
    return frozenset(current.op.axes), frozenset(Counter(factors_read(current)).items())


def _adds(current: Node) -> bool:
    return is_sum(current) and current.dtype.kind == "float"


def _exchanged(current: Node, sums: Mapping[_Key, Node]) -> Node | None:
    if not _adds(current):
        return None
    assert isinstance(current.op, ops.Reduce)
    consumed, factors = set(current.op.axes), factors_read(current)
    for place, inner in enumerate(factors):
        if not _adds(inner) or _key(inner) in sums:  # of two that are there, each gives the other without end
            continue
        assert isinstance(inner.op, ops.Reduce)
        others = [*factors[:place], *factors[place + 1 :]]
        if any(set(inner.op.axes) & set(other.axes) for other in others):
            continue
        every = [*others, *factors_read(inner)]
        bound = [f for f in every if consumed & set(f.axes)]
        free = [f for f in every if not consumed & set(f.axes)]
        found = sums.get((frozenset(consumed), frozenset(Counter(bound).items())))
        if found is None:
            continue
        made = _sum_like(current, inner.op.axes, product([*free, found]))
        if made is not None:
            return made
    return None


def _sum_like(current: Node, axes: tuple[Axis, ...], element: Node) -> Node | None:
    """The sum over other axes in the place of a sum, multiplied in its dtype."""
    if not set(axes) <= set(element.axes):
        return None
    made = reduction("sum", axes, element)
    wanted = contraction_dtype(current)
    if contraction_dtype(made) is not wanted:
        made = reduction("sum", axes, element, ops.Reduce("sum", axes, wanted))
    return made if made.dtype is current.dtype and set(made.axes) == set(current.axes) else None


# ---- saved arrays


def read_saved(roots: tuple[Node, ...], saved: Mapping[Node, Node]) -> tuple[Node, ...]:
    """The roots with saved nodes replaced by what stands for them, such as the input of a later kernel.

    f·∑ₐ e·s = ∑ₐ e·(f·s) for f free of a: the sum reads what is saved as f·s, also rounded, or as `where(c, f·s, 0)` if
    every use is under the mask c. A saved logarithm of a sum of exponentials stands for the sum and its maximum.
    """
    readers = users(roots)
    replaced: dict[Node, Node] = {}
    for current in walk(roots):
        if current in saved:
            replaced[current] = saved[current]
        elif function(current) == "mul":
            made = next((m for n in saved if (m := _scaled_sum(current, n, saved[n], readers, roots))), None)
            if made is not None:
                replaced[current] = made
    found = substitute(roots, replaced) if replaced else roots
    for current, stand_in in saved.items():
        found = from_logarithm(found, _core(current)[1], stand_in)
    return found


def _core(current: Node) -> tuple[tuple[Node, ...], Node]:
    """A saved node without roundings and masks: the conditions, and what is there where they hold."""
    conditions: list[Node] = []
    while True:
        if isinstance(current.op, ops.Cast) and current.inputs[0].dtype.kind == "float":
            current = current.inputs[0]
        elif function(current) == "where" and literal(current.inputs[2]) == 0:
            conditions += conjuncts(current.inputs[0])
            current = current.inputs[1]
        else:
            return tuple(conditions), current


def _scaled_sum(
    current: Node, saved: Node, stand_in: Node, readers: dict[Node, list[Node]], roots: tuple[Node, ...]
) -> Node | None:
    """A product with a sum that has a factor of the saved product, as the sum over what stands for that product."""
    conditions, core = _core(saved)
    if function(core) != "mul":
        return None
    parts = Counter(core.inputs)
    for total in current.inputs:
        if not _adds(total):
            continue
        assert isinstance(total.op, ops.Reduce)
        inside = Counter(factors_read(total)) & parts
        outside = Counter(n for n in current.inputs if n is not total)
        wanted = parts - inside
        if not inside or not wanted or wanted - outside:
            continue
        if any(set(n.axes) & set(total.op.axes) for n in wanted):
            continue
        if not all(_only_under(current, c, readers, roots) for c in conditions):
            continue
        element = apply("mul", *(Counter(factors_read(total)) - inside).elements(), stand_in)
        made = reduction("sum", total.op.axes, element, total.op)
        return product([*(outside - wanted).elements(), made])
    return None


_TRANSPARENT: Final = (ops.Map, ops.Cast, ops.Spread)


def _only_under(
    current: Node, condition: Node, readers: dict[Node, list[Node]], roots: tuple[Node, ...]
) -> bool:
    """Whether every way from a node to the roots goes through the chosen branch of a `where` with this conjunct."""
    seen: set[Node] = set()
    waiting = [current]
    while waiting:
        lower = waiting.pop()
        if lower in roots:
            return False
        for reader in readers[lower]:
            if _masks(reader, lower, condition) or reader in seen:
                continue
            consumed = set(reader.op.axes) if isinstance(reader.op, ops.Reduce) else set[Axis]()
            is_sum = isinstance(reader.op, ops.Reduce) and not consumed & set(condition.axes)
            if not (is_sum or isinstance(reader.op, _TRANSPARENT)):
                return False
            seen.add(reader)
            waiting.append(reader)
    return True


def _masks(reader: Node, lower: Node, condition: Node) -> bool:
    if function(reader) != "where":
        return False
    chosen, value, other = reader.inputs
    return condition in conjuncts(chosen) and lower is value and lower not in (chosen, other)
