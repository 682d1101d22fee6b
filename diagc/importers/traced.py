"""What a function computes, as a list of operations on arrays of known shapes, as the child process traced it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from inspect import Parameter
from typing import Any, Final

from diagc.core.dtypes import BY_ARRAY_NAME

DTYPES: Final = {name: dtype.value for name, dtype in BY_ARRAY_NAME.items()}
"""The dtypes of arrays by the names that NumPy, JAX and torch share, as the language writes them."""

NAMES: Final = {short: name for name, short in DTYPES.items()}
"""The other way."""


class Refused(Exception):
    """What a function does is not allowed, or cannot be traced."""


def dtype_of(name: str) -> str:
    """A dtype as the language writes it. Raises `Refused`."""
    if name not in DTYPES:
        raise Refused(f"it has arrays of {name}, which the language does not have")
    return DTYPES[name]


def argument_names(parameters: Iterable[Parameter], count: int) -> list[str]:
    """Names of the arrays that a function is given, where it has fewer parameters numbered ones."""
    names = [p.name for p in parameters][:count]
    return [*names, *(f"argument{place}" for place in range(len(names), count))]


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


@dataclass(frozen=True, slots=True)
class Parts:
    """A function some operators of which have no diagram: how many operations each is, and whether it has none."""

    traced: Traced
    units: tuple[tuple[int, bool], ...]


@dataclass(slots=True)
class Graph:
    """Operations as they are traced; `line` is that of what is traced now."""

    operations: list[Operation] = field(default_factory=list[Operation])
    line: int | None = None
    count: int = 0

    def variable(self, dtype: str, shape: Sequence[int]) -> Variable:
        self.count += 1
        return Variable(self.count, dtype, tuple(shape))

    def emit(
        self, primitive: str, operands: Sequence[Operand], dtype: str, shape: Sequence[int], /, **params: Any
    ) -> Variable:
        """An operation with one result."""
        result = self.variable(dtype, shape)
        self.record(primitive, params, operands, (result,))
        return result

    def record(
        self,
        primitive: str,
        params: Mapping[str, Any],
        operands: Sequence[Operand],
        results: Sequence[Variable],
    ) -> None:
        self.operations.append(Operation(primitive, params, tuple(operands), tuple(results), self.line))


def arrays_read(operation: Operation) -> Iterator[Variable]:
    """The arrays that an operation reads, those among them that the body of a loop reads from around it."""
    yield from (o for o in operation.operands if isinstance(o, Variable))
    if "body" in operation.params:
        body = read(operation.params["body"])
        own = {v.number for _, v, _ in body.inputs}
        own |= {r.number for inner in body.operations for r in inner.results}
        within = [v for inner in body.operations for v in arrays_read(inner)]
        within += [o for o in body.outputs if isinstance(o, Variable)]
        yield from (v for v in within if v.number not in own)


def written(traced: Traced) -> dict[str, Any]:
    """The function as JSON, for `read`."""
    inputs = [{"name": n, "variable": asdict(v), "axes": axes} for n, v, axes in traced.inputs]
    return asdict(traced) | {"inputs": inputs}


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
