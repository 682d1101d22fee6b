"""Pictures that open: the picture of an entry, and one of the inside of every call that it folds into a box."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from diagc.check.context import CallRecord
from diagc.check.entry import Entry
from diagc.core import ops
from diagc.core.diagram import Diagram, Node, node, rebuild, walk, with_inputs
from diagc.draw.notes import Notes

MOST: Final = 64
"""Pictures of one page; calls beyond stay closed."""


@dataclass(frozen=True, slots=True)
class View:
    """A diagram to be drawn: `boxes` folds calls, and `notes.opens` says which other views these open."""

    key: str
    title: str
    diagram: Diagram
    boxes: Mapping[Node, str]
    notes: Notes


@dataclass(frozen=True, slots=True)
class _Folded:
    call: CallRecord
    made: frozenset[Node]


def call_boxes(entry: Entry) -> dict[Node, str]:
    """For each node that an outermost call of a `fn` made, the label of the call.

    A call that is the whole entry is open: nothing would be left to see of it.
    """
    return _boxes(_outermost([_folded(c) for c in entry.calls], entry.diagram.outputs))


def views(entry: Entry, sizes: Mapping[str, int] | None = None) -> tuple[View, ...]:
    """The entry first; each call that is a box in one view has its inside in another."""
    places = {n: f"{s.source.name}:{s.line}" for n, s in entry.spans.items() if s.source.name != "<built-in>"}
    notes = Notes(places, sizes=sizes or {})
    calls = [_folded(call) for call in entry.calls]
    found: list[View] = []
    waiting = [View("view0", entry.diagram.name, entry.diagram, {}, notes)]
    inner = [calls]
    while waiting:
        view, below = waiting.pop(0), inner.pop(0)
        folded = _outermost(below, view.diagram.outputs)
        opens: dict[Node, str] = {}
        for each in folded:
            known = len(found) + len(waiting) + 1
            if known < MOST:
                opened, its_calls = _inside(each, below, f"view{known}", view.notes)
                waiting.append(opened)
                inner.append(its_calls)
                opens |= {n: opened.key for result in each.call.results for n in _casts(result)}
        found.append(replace(view, boxes=_boxes(folded), notes=replace(view.notes, opens=opens)))
    return tuple(found)


def _folded(call: CallRecord) -> _Folded:
    return _Folded(call, frozenset(walk(call.results)) - frozenset(walk(call.arguments)))


def _boxes(folded: Iterable[_Folded]) -> dict[Node, str]:
    return {node: each.call.label for each in folded for node in each.made}


def _outermost(calls: Sequence[_Folded], outputs: tuple[Node, ...]) -> list[_Folded]:
    """The calls of the least depth, none of which is everything there is."""
    written = {n for n in walk(outputs) if n.inputs}
    for depth in sorted({each.call.depth for each in calls}):
        found = [each for each in calls if each.call.depth == depth]
        if all(not written <= each.made for each in found):
            return found
    return []


def _inside(opened: _Folded, calls: Sequence[_Folded], key: str, notes: Notes) -> tuple[View, list[_Folded]]:
    """The body of a call with its arguments as inputs, and the calls in it."""
    now: dict[Node, Node] = {}
    named = zip(opened.call.formals, opened.call.arguments, strict=True)
    formal = {n: node(ops.Input(name), array=n.array) for name, n in named if _is_read(n)}

    def change(old: Node, operands: tuple[Node, ...]) -> Node:
        now[old] = formal[old] if old in formal else with_inputs(old, operands)
        return now[old]

    results = rebuild(opened.call.results, change)
    inputs = [n for n in walk(results) if isinstance(n.op, ops.Input)]
    tensors = [now.get(n, n) for n in opened.call.arguments if isinstance(now.get(n, n).op, ops.Input)]
    ordered = (*dict.fromkeys(tensors), *(n for n in inputs if n not in tensors))
    names = tuple("out" if len(results) == 1 else f"out{k}" for k in range(len(results)))
    diagram = Diagram(opened.call.label, ordered, results, names, tuple(r.array for r in results))
    places = {now[n]: place for n, place in notes.places.items() if n in now}
    below = [
        _Folded(
            replace(c.call, arguments=_moved(c.call.arguments, now), results=_moved(c.call.results, now)),
            frozenset(now[n] for n in c.made),
        )
        for c in calls
        if c.call.depth > opened.call.depth and c.made <= opened.made
    ]
    return View(key, opened.call.label, diagram, {}, replace(notes, places=places)), below


def _moved(nodes: tuple[Node, ...], now: Mapping[Node, Node]) -> tuple[Node, ...]:
    return tuple(now.get(n, n) for n in nodes)


def _casts(result: Node) -> Iterator[Node]:
    """A node and those that it is a cast of: in a picture casts vanish."""
    yield result
    while isinstance(result.op, ops.Cast):
        result = result.inputs[0]
        yield result


def _is_read(argument: Node) -> bool:
    """Whether an argument is an array from outside of the call, and not a number."""
    return bool(argument.inputs) or isinstance(argument.op, ops.Input)
