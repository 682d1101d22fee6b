"""Even powers of a difference: (a − b)² = (b − a)², written one way round.

What has more axes stands first, then what the hash puts first; where another node reads one of the two differences,
that one is taken for the even powers too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from diagc.core.canonical import Colouring
from diagc.core.diagram import Diagram, Node, apply, constant, rebuild, users, with_inputs
from diagc.core.rewrite import Record, Rule, Step
from diagc.passes.forms import function, product

RULE = Rule("even-power", "(a − b)² = (b − a)²; (a − b)·(b − a) = −(a − b)²", lambda _: None)


def turned(diagram: Diagram, record: Record) -> Diagram:
    """The diagram with the differences of its even powers the same way round; itself where they are."""
    found = {
        f: g
        for current in users(diagram.outputs)
        if function(current) == "mul" and current.dtype.kind == "float"
        for f, g in _pairs(current)
    }
    if not found:
        return diagram
    chosen = _chosen(diagram, found)

    def change(current: Node, inputs: tuple[Node, ...]) -> Node:
        made = record.follow(current, with_inputs(current, inputs))
        news = {f: chosen[f] for f, _ in _pairs(made) if f in chosen} if function(made) == "mul" else {}
        if all(f is g for f, g in news.items()):
            return made
        odd = sum(f in news and f is not news[f] for f in made.inputs) % 2
        sign = [constant(-1.0)] if odd else []
        after = record.follow(made, product([*sign, *(news.get(f, f) for f in made.inputs)]))
        record.steps.append(Step(RULE, made, after))
        return after

    return diagram.with_outputs(rebuild(diagram.outputs, change))


def _pairs(current: Node) -> list[tuple[Node, Node]]:
    """The differences that occur, either way round, an even number of times in a product, with the other way round."""
    counts = Counter(f for f in current.inputs if function(f) == "sub")
    both = {f: apply("sub", *reversed(f.inputs)) for f in counts}
    return [pair for f, g in both.items() if (counts[f] + counts[g]) % 2 == 0 for pair in ((f, g), (g, f))]


def _chosen(diagram: Diagram, found: dict[Node, Node]) -> dict[Node, Node]:
    """For every difference the way round that is taken."""
    rank = _ranks(diagram, found)
    read: set[Node] = {f for f in diagram.outputs if f in found}
    for operand, readers in users(diagram.outputs).items():
        if operand in found and any(operand not in dict(_pairs(r)) for r in readers):
            read.add(operand)
    chosen: dict[Node, Node] = {}
    for f, g in found.items():
        first = f if rank[f.inputs[0]] <= rank[f.inputs[1]] else g
        chosen[f] = f if f in read and g not in read else g if g in read and f not in read else first
    return chosen


def _ranks(diagram: Diagram, found: Collection[Node]) -> dict[Node, tuple[int, str, str]]:
    """What has more axes comes first, then what a colouring says that does not see which way round differences are."""
    made: dict[Node, Node] = {}

    def change(current: Node, inputs: tuple[Node, ...]) -> Node:
        made[current] = apply("add", *inputs) if current in found else with_inputs(current, inputs)
        return made[current]

    colouring = Colouring(rebuild(diagram.outputs, change), diagram.layouts)
    return {n: (-len(n.axes), colouring.hashes[m], colouring.contexts[m]) for n, m in made.items()}
