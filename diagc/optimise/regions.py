"""Regions of a traced function that are worth a diagram of their own: what lies between products with weights.

A product with a weight is left to the library, and so is what has no diagram. All else that is connected and on one
level is a region.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from diagc.importers.cuts import VIEWS, Region, Unit, groups, levels, makers, region_of
from diagc.importers.traced import Operation, Traced, Variable

FOLDS: Final = ("reduce_", "arg", "cumsum", "top_k", "dot_general")
"""How the names of operations begin that a region must have one of: what is pointwise, compilers fuse as well."""

PRODUCTS: Final = ("dot_general", "conv_general_dilated")
"""Operations that a library does well where one side is a weight."""

TURNS: Final = frozenset(("reshape", "transpose", "squeeze", "slice", "split", "copy"))
"""Operations that re-index without making more of an array."""


def regions(units: Sequence[Unit], results: Iterable[Variable], name: str) -> list[Region]:
    """The regions of a function, each with a fold, in an order in which each can run."""
    level, made = levels(units), makers(units)
    kept = {v.number for v in results}
    found = [
        region_of(units, places, level, made, kept, f"{name}_{n}")
        for n, group in enumerate(groups(units, level, made))
        if (places := _core(units, group))
    ]
    return [each for each in found if _has_fold(each.traced)]


def _core(units: Sequence[Unit], group: Sequence[int]) -> list[int]:
    """A group without what only turns around or cuts its inputs and results: axes stay those that its folds have."""
    inside = dict.fromkeys(group)
    again = True
    while again:
        read = {v.number for place in inside for v in units[place].reads}
        written = {v.number for place in inside for v in units[place].writes}
        ends = [
            place
            for place in inside
            if all(o.primitive in TURNS for o in units[place].operations)
            and (
                not any(v.number in written for v in units[place].reads)
                or not any(v.number in read for v in units[place].writes)
            )
        ]
        for place in ends:
            del inside[place]
        again = bool(ends)
    return list(inside)


def _has_fold(traced: Traced) -> bool:
    return any(operation.primitive.startswith(FOLDS) for operation in traced.operations)


def is_wall(
    operations: Sequence[Operation], weights: Callable[[Variable], bool], known: Callable[[str], bool]
) -> bool:
    """Whether an operator is in no region: one without a diagram, or a product with a weight."""
    for operation in operations:
        if not known(operation.primitive):
            return True
        if operation.primitive in PRODUCTS:
            arrays = [o for o in operation.operands if isinstance(o, Variable)]
            if any(map(weights, arrays)):
                return True
    return False


def matrices(traced: Traced) -> Callable[[Variable], bool]:
    """Which arrays are weights of a function of JAX: matrices that it is given, where others have more dimensions."""
    source, inputs = origins(traced.operations), {v.number: v for _, v, _ in traced.inputs}
    most = max((len(r.shape) for o in traced.operations for r in o.results), default=0)

    def weight(array: Variable) -> bool:
        own = inputs.get(source.get(array.number, array.number))
        return own is not None and len(own.shape) == 2 and most > 2

    return weight


def among(traced: Traced, held: Container[int]) -> Callable[[Variable], bool]:
    """Which arrays are those of some numbers, re-indexed or not."""
    source = origins(traced.operations)
    return lambda array: source.get(array.number, array.number) in held


def origins(operations: Iterable[Operation]) -> dict[int, int]:
    """The number of the array that each re-indexed array is, or is a copy in another dtype of."""
    found: dict[int, int] = {}
    for operation in operations:
        if operation.primitive in VIEWS or operation.primitive == "convert_element_type":
            for operand in operation.operands[:1]:
                if isinstance(operand, Variable):
                    source = found.get(operand.number, operand.number)
                    found |= {r.number: source for r in operation.results}
    return found


# ---- running


@dataclass(frozen=True, slots=True)
class Step:
    """Something that runs: the numbers of the arrays that it reads and writes in what is known."""

    reads: frozenset[int]
    writes: frozenset[int]
    run: Callable[[dict[int, Any]], None]


def region_step(region: Region, code: Callable[..., Any]) -> Step:
    """A region by its code."""
    inputs, outputs = ([v.number for v in side] for side in (region.inputs, region.outputs))

    def run(known: dict[int, Any]) -> None:
        made = code(*(known[n] for n in inputs))
        known.update(zip(outputs, made, strict=True) if len(outputs) > 1 else ((outputs[0], made),))

    return Step(frozenset(inputs), frozenset(outputs), run)


def ordered(steps: Sequence[Step]) -> list[Step]:
    """Steps so that each comes after what it reads."""
    maker = {n: place for place, step in enumerate(steps) for n in step.writes}
    order: list[Step] = []
    done: set[int] = set()
    stack = [(place, False) for place in reversed(range(len(steps)))]
    while stack:
        place, ready = stack.pop()
        if place in done:
            continue
        if ready:
            done.add(place)
            order.append(steps[place])
            continue
        stack.append((place, True))
        stack += [(maker[n], False) for n in steps[place].reads if n in maker and maker[n] not in done]
    return order
