"""What a function computes, as a list of operations on arrays of known shapes, as the child process traced it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Variable:
    """An array: its number, dtype as the language writes it, and shape."""

    number: int
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Literal:
    """A number that stands in the function, in every element of a shape."""

    value: float | int | bool
    dtype: str
    shape: tuple[int, ...] = ()


Operand = Variable | Literal


@dataclass(frozen=True, slots=True)
class Operation:
    """One application of a primitive; `line` of the user's file where it is known."""

    primitive: str
    params: Mapping[str, Any]
    operands: tuple[Operand, ...]
    results: tuple[Variable, ...]
    line: int | None


@dataclass(frozen=True, slots=True)
class Traced:
    """A function: its named inputs, operations in order, and results."""

    name: str
    inputs: tuple[tuple[str, Variable, tuple[str, ...]], ...]
    operations: tuple[Operation, ...]
    outputs: tuple[Operand, ...]


def read(graph: Mapping[str, Any]) -> Traced:
    """The function that the child wrote as JSON."""
    return Traced(
        graph["name"],
        tuple((i["name"], _variable(i["variable"]), tuple(i["axes"])) for i in graph["inputs"]),
        tuple(
            Operation(
                o["primitive"], o["params"], tuple(map(_operand, o["operands"])),
                tuple(map(_variable, o["results"])), o["line"],
            )
            for o in graph["operations"]
        ),
        tuple(map(_operand, graph["outputs"])),
    )  # fmt: skip


def _variable(found: Mapping[str, Any]) -> Variable:
    return Variable(found["number"], found["dtype"], tuple(found["shape"]))


def _operand(found: Mapping[str, Any]) -> Operand:
    if "number" in found:
        return _variable(found)
    return Literal(found["value"], found["dtype"], tuple(found["shape"]))
