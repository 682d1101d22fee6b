"""The derivative of an entry as diagrams to run: what the forward part keeps, and what comes back.

The joint diagram has the results and the gradients of the inputs. States of folds that the forward kernels finish are
kept; what carries two long axes is computed again, tile by tile, because no fold finishes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from diagc.backends.sizes import input_name
from diagc.check.entry import Entry
from diagc.core import ops
from diagc.core.derivative.reverse import gradient
from diagc.core.diagram import Array, Diagram, Node, node, walk
from diagc.core.rewrite import Record
from diagc.passes.base_two import BaseTwo
from diagc.passes.exchange import exchange
from diagc.passes.masked_factors import MaskedFactors
from diagc.passes.normalise import Normalise
from diagc.plan.partition import Stage, partition


@dataclass(frozen=True, slots=True)
class Derivative:
    """Stages of the forward and of the backward part.

    `saved` are the names of inputs, results and buffers that `backward` reads; `cotangents` are its further inputs.
    `gradients` holds for each input of the entry the name of its gradient, or None where it is no real array.
    """

    forward: tuple[Stage, ...]
    backward: tuple[Stage, ...]
    saved: tuple[str, ...]
    cotangents: tuple[Node, ...]
    gradients: tuple[str | None, ...]


def is_differentiable(diagram: Diagram) -> bool:
    """Whether there is a real result and a real input."""
    return any(a.dtype.kind == "float" for a in diagram.layouts) and any(map(_is_real, diagram.inputs))


def joint_diagram(entry: Entry, normal: Diagram, record: Record) -> tuple[Diagram, tuple[Node, ...]]:
    """Results and gradients in one diagram in normal form, and the cotangents that it reads."""
    taken = {input_name(n) for n in normal.inputs} | set(normal.output_names)
    reals = [p for p, array in enumerate(normal.layouts) if array.dtype.kind == "float"]
    cotangents = tuple(_input(f"d_{normal.output_names[p]}", normal.layouts[p], taken) for p in reals)
    wrt = tuple(n for n in normal.inputs if _is_real(n))
    gradients = gradient(tuple(normal.outputs[p] for p in reals), cotangents, wrt)
    names = [_fresh(f"d_{input_name(n)}", taken) for n in wrt]
    joint = Diagram(
        f"{entry.diagram.name}_derivative",
        (*normal.inputs, *cotangents),
        (*normal.outputs, *gradients),
        (*normal.output_names, *names),
        (*normal.layouts, *(n.array for n in wrt)),
    )
    joint = Normalise().run(joint, record)
    results = joint.outputs[: len(normal.outputs)]
    return joint.with_outputs(exchange(joint.outputs, walk(results), record)), cotangents


def derivative(entry: Entry, normal: Diagram, record: Record, assume_short: bool = True) -> Derivative:
    """The stages of an entry in normal form with its derivative.

    Raises `DiagnosticError` E0702 where a leaf fits into no kernel.
    """
    joint, cotangents = joint_diagram(entry, normal, record)
    joint = MaskedFactors().run(BaseTwo().run(joint, record), record)
    count = len(normal.outputs)
    kept = _finished(joint, count, record, assume_short)
    stages = partition(joint, record, assume_short, kept, cotangents)
    return _divided(joint, stages, cotangents, count)


def _finished(joint: Diagram, count: int, record: Record, assume_short: bool) -> list[Node]:
    """The folds that forward kernels finish and the gradients read."""
    results = Diagram(joint.name, joint.inputs, joint.outputs[:count], joint.output_names[:count], joint.layouts[:count])
    read = set(walk(joint.outputs[count:]))
    folds = [
        component.reduction
        for stage in partition(results, record, assume_short)
        for step in stage.structure.passes
        for component in step.algebra.components
    ]
    return [n for n in folds if n in read and n not in joint.outputs]


def _divided(
    joint: Diagram, stages: tuple[Stage, ...], cotangents: tuple[Node, ...], count: int
) -> Derivative:
    late = {input_name(n) for n in cotangents}
    forward, backward = list[Stage](), list[Stage]()
    for stage in stages:
        if late & {input_name(n) for n in stage.diagram.inputs}:
            late |= set(stage.diagram.output_names)
            backward.append(stage)
        else:
            forward.append(stage)
    needed = [input_name(n) for stage in backward for n in stage.diagram.inputs]
    saved = tuple(name for name in dict.fromkeys(needed) if name not in late)
    return Derivative(tuple(forward), tuple(backward), saved, cotangents, _gradients(joint, cotangents, count))


def _gradients(joint: Diagram, cotangents: tuple[Node, ...], count: int) -> tuple[str | None, ...]:
    names = iter(joint.output_names[count:])
    inputs = joint.inputs[: len(joint.inputs) - len(cotangents)]
    return tuple(next(names) if _is_real(n) else None for n in inputs)


def _is_real(current: Node) -> bool:
    return current.dtype.kind == "float"


def _input(name: str, array: Array, taken: set[str]) -> Node:
    return node(ops.Input(_fresh(name, taken)), array=array)


def _fresh(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    taken.add(name)
    return name
