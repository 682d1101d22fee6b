"""The derivative of an entry as diagrams to run: what the forward part keeps, and what comes back.

Kept are results, and states of folds that the forward kernels finish, as far as the derivative reads them. What carries
two long axes is computed again, tile by tile, because no fold finishes it (the choice of arXiv 2307.08691, section 3.2,
which keeps the result and one logarithm a row).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from diagc.backends.sizes import input_name
from diagc.core import ops
from diagc.core.derivative.reverse import gradient
from diagc.core.diagram import Array, Diagram, Node, apply, node, walk
from diagc.core.naming import unused
from diagc.core.rewrite import Record
from diagc.passes.choices import Choices
from diagc.passes.exchange import exchange, read_saved
from diagc.passes.forms import function
from diagc.passes.masked_factors import MaskedFactors
from diagc.passes.normalise import Normalise
from diagc.passes.reassociate import Reassociate
from diagc.passes.stages import PLANNED
from diagc.plan.partition import Held, Stage, finished_folds, partition

Prepare = Callable[[Diagram, Record], Diagram]


@dataclass(frozen=True, slots=True)
class Derivative:
    """Stages of the forward and of the backward part.

    `saved` are the names of inputs, results and buffers that `backward` reads; `cotangents` are its further inputs.
    `gradients` holds for each input of the diagram the name of its gradient, or None where it is no real array.
    """

    forward: tuple[Stage, ...]
    backward: tuple[Stage, ...]
    saved: tuple[str, ...]
    cotangents: tuple[Node, ...]
    gradients: tuple[str | None, ...]

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Every kernel, in order."""
        return (*self.forward, *self.backward)


def is_differentiable(diagram: Diagram) -> bool:
    """Whether there is a real result and a real input."""
    return any(a.dtype.kind == "float" for a in diagram.layouts) and any(map(_is_real, diagram.inputs))


def planned(normal: Diagram, record: Record) -> Diagram:
    """The form that kernels are planned for: choices by index, exponentials in base two, masks inside contractions."""
    for _, step in PLANNED:
        normal = step.run(normal, record)
    return normal


def with_gradients(diagram: Diagram) -> tuple[Diagram, tuple[Node, ...]]:
    """Results and gradients by the real inputs in one diagram, and the cotangents that are its further inputs."""
    names = _Names({input_name(n) for n in diagram.inputs} | set(diagram.output_names))
    reals = [p for p, array in enumerate(diagram.layouts) if array.dtype.kind == "float"]
    cotangents = tuple(names.input(f"d_{diagram.output_names[p]}", diagram.layouts[p]) for p in reals)
    wrt = tuple(n for n in diagram.inputs if _is_real(n))
    gradients = gradient(tuple(diagram.outputs[p] for p in reals), cotangents, wrt)
    joint = Diagram(
        diagram.name, (*diagram.inputs, *cotangents), (*diagram.outputs, *gradients),
        (*diagram.output_names, *(names.fresh(f"d_{input_name(n)}") for n in wrt)),
        (*diagram.layouts, *(n.array for n in wrt)),
    )  # fmt: skip
    return joint, cotangents


def derivative(
    normal: Diagram, record: Record, held: Held = "short", prepare: Prepare = planned
) -> Derivative:
    """The stages of a diagram in normal form with its derivative.

    `prepare` makes the form that kernels are planned for. Raises `DiagnosticError` E0702 where a leaf fits into none.
    """
    joint, cotangents = with_gradients(
        MaskedFactors().run(normal)
    )  # a masked product is a contraction as well
    names = _Names({input_name(n) for n in joint.inputs} | set(joint.output_names))
    written = Choices().run(replace(joint, name=f"{normal.name}_backward"), record)
    backward = Normalise().run(written, record)
    same = Choices().run(normal) is normal
    results = normal.outputs if same else backward.outputs[: len(normal.outputs)]
    backward, kept = _reading_saved(backward, cotangents, len(results), names, record, held, prepare)
    backward = Reassociate({}).run(backward, record)
    forward = replace(
        normal,
        name=f"{normal.name}_forward",
        outputs=(*results, *kept),
        output_names=(*normal.output_names, *map(input_name, kept.values())),
        layouts=(*normal.layouts, *(stand_in.array for stand_in in kept.values())),
    )
    read = {input_name(n) for n in walk(backward.outputs) if isinstance(n.op, ops.Input)}
    late = {input_name(n) for n in cotangents}
    saved = [*map(input_name, normal.inputs), *forward.output_names]
    gradients = iter(backward.output_names)
    return Derivative(
        partition(prepare(forward, record), record, held),
        partition(prepare(backward, record), record, held),
        tuple(name for name in saved if name in read - late),
        cotangents,
        tuple(next(gradients) if _is_real(n) else None for n in normal.inputs),
    )


def _reading_saved(
    joint: Diagram, cotangents: tuple[Node, ...], count: int, names: _Names, record: Record, held: Held,
    prepare: Prepare,
) -> tuple[Diagram, dict[Node, Node]]:  # fmt: skip
    """The gradients, reading results and finished folds instead of computing them, and the folds that they read.

    A fold counts as finished if kernels finish it in the form that they are planned for, too.

    Integers that are folded, such as the place of a maximum, are kept in any case: computed again of numbers that are
    rounded otherwise, they could differ.
    """
    results = joint.outputs[:count]
    chosen = [n for n in _chosen(joint.outputs[count:], cotangents) if n not in results]
    places = {n: names.state(record.names.get(n, "place"), n, joint) for n in chosen}
    first = Diagram(
        joint.name, joint.inputs, (*results, *chosen),
        (*joint.output_names[:count], *map(input_name, places.values())),
        (*joint.layouts[:count], *(n.array for n in chosen)),
    )  # fmt: skip
    planned_folds = {_folded(fold) for fold in finished_folds(prepare(first, Record()), Record(), held)}
    folds = [fold for fold in finished_folds(first, record, held) if _folded(fold) in planned_folds]
    logarithms = {made: names.state("logsum", made, joint) for fold in folds for made in _logarithm(fold)}
    written = {
        result: node(ops.Input(name), array=layout)
        for result, name, layout in zip(results, joint.output_names, joint.layouts, strict=False)
        if result.dtype.kind in ("float", layout.dtype.kind) and not isinstance(result.op, ops.Input)
    }
    rest = [fold for fold in folds if fold not in places]
    others = {fold: names.state(record.names.get(fold, "state"), fold, joint) for fold in rest}
    made = exchange(joint.outputs, walk(results), record)[count:]
    made = read_saved(made, {**logarithms, **written, **places})
    made = read_saved(made, others)
    used = set(walk(made))
    kept = {
        n: stand_in
        for n, stand_in in {**logarithms, **others, **places}.items()
        if stand_in in used and n not in written
    }
    inputs = (*joint.inputs, *(n for n in (*written.values(), *kept.values()) if n in used))
    backward = Diagram(joint.name, inputs, made, joint.output_names[count:], joint.layouts[count:])
    return Normalise().run(backward, record), kept


def _folded(fold: Node) -> tuple[object, ...]:
    """By what a fold is known in another form of its diagram."""
    assert isinstance(fold.op, ops.Reduce)
    return fold.op.monoid, frozenset(fold.op.axes), frozenset(fold.axes)


def _chosen(roots: tuple[Node, ...], cotangents: Iterable[Node]) -> list[Node]:
    """The integers below the roots that are folded of real numbers, if no cotangent decides them."""
    late, found = set(cotangents), list[Node]()
    real = set[Node]()
    for current in walk(roots):
        if any(operand in late for operand in current.inputs):
            late.add(current)
        elif _is_real(current) or any(operand in real for operand in current.inputs):
            real.add(current)
            if isinstance(current.op, ops.Reduce) and current.dtype.kind == "int":
                found.append(current)
    return found


def _logarithm(fold: Node) -> Iterable[Node]:
    """m + log z for z = ∑ exp(s − m) with m = max s: one number in the place of two."""
    element = fold.inputs[0]
    inner = element.inputs[0] if function(element) == "exp" else element
    if not (isinstance(fold.op, ops.Reduce) and fold.op.monoid == "sum" and function(inner) == "sub"):
        return
    maximum = inner.inputs[1]
    if maximum is node(ops.Reduce("max", fold.op.axes), inner.inputs[0]):
        yield apply("add", maximum, apply("log", fold))


@dataclass(slots=True)
class _Names:
    """Names of arrays that are not taken."""

    taken: set[str]

    def fresh(self, name: str) -> str:
        self.taken.add(found := unused(name, self.taken))
        return found

    def state(self, name: str, current: Node, whole: Diagram) -> Node:
        """What stands for a node that was saved, its axes in the order of the whole diagram."""
        axes = tuple(axis for axis in whole.axes if axis in current.axes)
        return self.input(name, Array(current.dtype, axes, current.array.index_of))

    def input(self, name: str, array: Array) -> Node:
        return node(ops.Input(self.fresh(name)), array=array)


def _is_real(current: Node) -> bool:
    return current.dtype.kind == "float"
