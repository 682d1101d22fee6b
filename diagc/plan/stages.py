"""The kernels of a partition, and the order in which they run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from diagc.core import ops
from diagc.core.diagram import Diagram, Node
from diagc.plan.structure import Structure


@dataclass(frozen=True, slots=True)
class Stage:
    """One kernel of a partition: a diagram whose inputs are those of the whole and buffers, and its structure."""

    diagram: Diagram
    structure: Structure


def writers_first(stages: Iterable[Stage], inputs: Iterable[Node]) -> tuple[Stage, ...]:
    """The kernels, each after those whose buffers it reads."""
    done = {_input_name(n) for n in inputs}
    pending, ordered = list(stages), list[Stage]()
    while pending:
        ready = [s for s in pending if all(_input_name(n) in done for n in s.diagram.inputs)]
        if not ready:
            raise AssertionError("kernels wait for each other")
        ordered += ready
        pending = [s for s in pending if s not in ready]
        done |= {name for s in ready for name in s.diagram.output_names}
    return tuple(ordered)


def _input_name(current: Node) -> str:
    assert isinstance(current.op, ops.Input)
    return current.op.name
