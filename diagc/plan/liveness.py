"""Which tiles a kernel holds at each moment.

Arrays that loops read again and again stay for the whole loop, chunks of streamed arrays are loaded ahead and stay for
the iteration, states stay until their last reader. A scalar function may write over an operand that dies with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from diagc.core import ops
from diagc.core.contraction import contraction_dtype
from diagc.core.diagram import Node, walk
from diagc.cost.region import Live


class Kernel(Protocol):
    """What is asked of the walk over a structure."""

    states: list[Node]
    dots: set[Node]

    def operands(self, current: Node) -> tuple[Node, ...]: ...

    def is_load(self, current: Node) -> bool: ...

    def name(self, current: Node) -> str: ...


class Step(Protocol):
    """A loop, or what is outside of loops."""

    @property
    def loop(self) -> int | None: ...

    @property
    def nodes(self) -> list[Node]: ...

    @property
    def states(self) -> tuple[Node, ...]: ...

    @property
    def rest(self) -> list[Node]: ...

    @property
    def order(self) -> list[Node]: ...


def moments(kernel: Kernel, stages: Sequence[Step], place: int) -> list[tuple[Live, ...]]:
    """What is live after each node of a stage, the widest moments among others."""
    stage = stages[place]
    later = _later(kernel, stages, place)
    states = [s for s in kernel.states if s in stage.states or (s in later and _earlier(stages, place, s))]
    if stage.loop is None:
        return _finish(kernel, stage, states)
    read = {o for n in (*stage.nodes, *stage.states) for o in kernel.operands(n)}
    held = [n for n in dict.fromkeys(stage.rest) if n in read and n not in states]
    held += [n for n in stage.nodes if kernel.is_load(n)]
    multiplied = _multiplied(kernel, stage)
    fixed = [_live(kernel, stage, n, multiplied) for n in (*held, *states) if _counts(kernel, n)]
    passing = _flow(kernel, stage, [n for n in stage.order if not kernel.is_load(n)], set())
    return [(*fixed, *found) for found in passing] or [tuple(fixed)]


def _later(kernel: Kernel, stages: Sequence[Step], place: int) -> set[Node]:
    """States that this stage or a later one reads."""
    return {o for s in stages[place:] for n in (*s.nodes, *s.rest, *s.states) for o in kernel.operands(n)}


def _earlier(stages: Sequence[Step], place: int, state: Node) -> bool:
    return any(state in stage.states for stage in stages[:place])


def _finish(kernel: Kernel, stage: Step, states: list[Node]) -> list[tuple[Live, ...]]:
    used = {o for n in stage.nodes for o in kernel.operands(n)}
    start = {s for s in states if s in used}
    multiplied = _multiplied(kernel, stage)
    found = _flow(kernel, stage, stage.nodes, start)
    return found or [tuple(_live(kernel, stage, s, multiplied) for s in states)]


def _multiplied(kernel: Kernel, stage: Step) -> set[Node]:
    """The operands of the matrix products of a stage."""
    return {o for n in (*stage.nodes, *stage.states) if n in kernel.dots for o in kernel.operands(n)}


def _flow(kernel: Kernel, stage: Step, order: list[Node], start: set[Node]) -> list[tuple[Live, ...]]:
    """Liveness over straight-line code: the moments that no later one contains."""
    dying, copies = _deaths(kernel, order, start), _copies(kernel, order, stage)
    multiplied = _multiplied(kernel, stage)
    alive, found, grown = dict.fromkeys(start), list[tuple[Live, ...]](), False
    for place, current in enumerate(order):
        if _counts(kernel, current) and current not in stage.states:
            reused = next((n for n in dying[place] if n in alive and _in_place(current, n)), None)
            if reused is not None or current in copies:
                if grown:
                    found.append(tuple(_live(kernel, stage, n, multiplied) for n in alive))
                    grown = False
                moment = [n for n in alive if n is not reused] + [current]
                found.append(
                    (*(_live(kernel, stage, n, multiplied) for n in moment), *copies.get(current, ()))
                )
            else:
                grown = True
            alive[current] = None
        ending = [n for n in dying[place] if n in alive]
        if ending and grown:
            found.append(tuple(_live(kernel, stage, n, multiplied) for n in alive))
            grown = False
        for node in ending:
            del alive[node]
    return [*found, tuple(_live(kernel, stage, n, multiplied) for n in alive)] if grown else found


def _deaths(kernel: Kernel, order: list[Node], start: set[Node]) -> list[list[Node]]:
    """For each place of the order the nodes that are read there for the last time."""
    last: dict[Node, int] = dict.fromkeys(start, 0)
    for place, current in enumerate(order):
        last[current] = place
        for operand in kernel.operands(current):
            if operand in last:
                last[operand] = place
    dying: list[list[Node]] = [[] for _ in order]
    for node, place in last.items():
        if dying:
            dying[place].append(node)
    return dying


def _in_place(current: Node, operand: Node) -> bool:
    same = set(current.axes) == set(operand.axes) and current.dtype.bytes <= max(operand.dtype.bytes, 4)
    return same and isinstance(current.op, ops.Map | ops.Cast | ops.Stop)


def _copies(kernel: Kernel, order: list[Node], stage: Step) -> dict[Node, tuple[Live, ...]]:
    """The rounded copies of computed operands that contractions multiply."""
    found: dict[Node, tuple[Live, ...]] = {}
    for user in (*order, *stage.states):
        dtype = contraction_dtype(user) if user in kernel.dots else None
        for operand in kernel.operands(user) if dtype is not None else ():
            if dtype is not None and dtype.bytes < operand.dtype.bytes and operand not in found:
                name, axes = f"{kernel.name(operand)} in {dtype.value}", tuple(a.uid for a in operand.axes)
                found[operand] = (Live(name, axes, dtype.bytes, copy=True, dtype=dtype.value),)
    return found


def _counts(kernel: Kernel, current: Node) -> bool:
    """Whether a node occupies anything: conditions, indices and numbers are recomputed or sit in predicates."""
    if current.dtype.kind == "bool" and not kernel.is_load(current):
        return False
    if current.dtype.kind == "int" and not any(kernel.is_load(n) for n in walk((current,))):
        return False
    return bool(current.axes)


def _live(kernel: Kernel, stage: Step, current: Node, multiplied: set[Node]) -> Live:
    load = kernel.is_load(current)
    staged = load and stage.loop is not None and current in stage.nodes
    size = current.dtype.bytes if load else max(current.dtype.bytes, 4)
    dtype = current.dtype.value if load or current.dtype.bytes >= 4 else "f32"
    axes = tuple(a.uid for a in current.axes)
    return Live(kernel.name(current), axes, size, load and current in multiplied, staged, dtype=dtype)
