"""The operator catalogue: what each operator means in float64, its type rule, its work.

Operators are frozen values. An operator that consumes axes names them; every other axis of its operands is woven.
`POINTWISE` maps the name of a scalar function to its `Pointwise`; the names are those of the language.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from diagc.core.axes import Axis, Coordinate, Size
from diagc.core.dtypes import DType

Result = Literal["promote", "float", "bool"]


@dataclass(frozen=True, slots=True)
class Pointwise:
    """A scalar function, woven over the union of its operands' axes.

    `flops` counts one result; `special` marks work of the special
    function units; a commutative and associative function may take any number of operands.
    """

    name: str
    arity: int
    result: Result = "promote"
    flops: int = 1
    special: bool = False
    commutative: bool = False

    @property
    def reference(self) -> Callable[..., Any]:
        """The meaning on NumPy arrays. NumPy is loaded here and not with the catalogue: checking does without."""
        from diagc.core.meaning import MEANING

        return MEANING[self.name]

    def __repr__(self) -> str:
        return self.name


def _unary(name: str, flops: int = 1, special: bool = True) -> Pointwise:
    return Pointwise(name, 1, "float", flops, special)


_CATALOGUE: Final = (
    Pointwise("add", 2, commutative=True),
    Pointwise("mul", 2, commutative=True),
    Pointwise("sub", 2),
    Pointwise("div", 2, "float", 4, special=True),
    Pointwise("floordiv", 2),
    Pointwise("mod", 2),
    Pointwise("pow", 2, flops=8, special=True),
    Pointwise("neg", 1),
    Pointwise("min", 2, commutative=True),
    Pointwise("max", 2, commutative=True),
    Pointwise("lt", 2, "bool"),
    Pointwise("le", 2, "bool"),
    Pointwise("gt", 2, "bool"),
    Pointwise("ge", 2, "bool"),
    Pointwise("eq", 2, "bool", commutative=True),
    Pointwise("ne", 2, "bool", commutative=True),
    Pointwise("and", 2, "bool", commutative=True),
    Pointwise("or", 2, "bool", commutative=True),
    Pointwise("not", 1, "bool"),
    Pointwise("where", 3),
    Pointwise("abs", 1),
    Pointwise("sign", 1),
    Pointwise("floor", 1, "float"),
    Pointwise("round", 1, "float"),
    _unary("recip", 4), _unary("exp"), _unary("exp2"), _unary("expm1", 2),
    _unary("log"), _unary("log2"), _unary("log1p", 2), _unary("sqrt"), _unary("rsqrt"),
    _unary("tanh", 4), _unary("sigmoid", 4), _unary("erf", 8), _unary("relu", 1, special=False),
    _unary("gelu", 12), _unary("silu", 5), _unary("softplus", 6), _unary("sin"), _unary("cos"),
)  # fmt: skip

POINTWISE: Final = {operator.name: operator for operator in _CATALOGUE}

Monoid = Literal["sum", "max", "min", "prod", "any", "all", "argmax", "argmin"]

UNITS: Final[dict[str, float]] = {
    "sum": 0.0,
    "max": -math.inf,
    "min": math.inf,
    "prod": 1.0,
    "any": 0.0,
    "all": 1.0,
}
"""The neutral element of each monoid; `argmax` and `argmin` are defined on non-empty axes only."""


COMBINE: Final = {"sum": "add", "max": "max", "min": "min", "prod": "mul", "any": "or", "all": "and"}
"""The function of two values that each monoid folds with."""


def unit_of(monoid: Monoid, dtype: DType) -> float | int | bool:
    """The neutral element in a dtype: the extreme integer where integers have no infinity."""
    value = UNITS[monoid]
    if dtype.kind == "bool":
        return bool(value > 0)
    if dtype.kind == "float":
        return value
    if not math.isinf(value):
        return int(value)
    bits = 8 * dtype.bytes - (dtype is not DType.U8)
    high = 2**bits - 1
    return high if value > 0 else 0 if dtype is DType.U8 else -high - 1


# ---- operators of a leaf; `Node` in diagram.py holds one of these


@dataclass(frozen=True, slots=True)
class Input:
    """An array from outside. `role` says who provides it; `init` is the initialiser of a parameter."""

    name: str
    role: Literal["tensor", "parameter", "frozen"] = "tensor"
    init: tuple[str, tuple[tuple[str, float | str], ...]] | None = None


@dataclass(frozen=True, slots=True)
class Constant:
    """A number."""

    value: float | int | bool


@dataclass(frozen=True, slots=True)
class SizeOf:
    """A size polynomial as an i64 scalar."""

    size: Size


@dataclass(frozen=True, slots=True)
class Iota:
    """The index along an axis."""

    axis: Axis


@dataclass(frozen=True, slots=True)
class Map:
    """A scalar function of all operands, at each point of the union of their axes."""

    function: Pointwise


@dataclass(frozen=True, slots=True)
class Cast:
    """Rounding to a dtype."""

    dtype: DType


@dataclass(frozen=True, slots=True)
class Stop:
    """The identity whose derivative is zero."""


@dataclass(frozen=True, slots=True)
class Reduce:
    """Fold of a commutative monoid over the consumed axes. `compute` and `accumulate` override the dtype rule."""

    monoid: Monoid
    axes: tuple[Axis, ...]
    compute: DType | None = None
    accumulate: DType | None = None


@dataclass(frozen=True, slots=True)
class View:
    """Re-indexing: reads the operand at `coordinates` of its axes; all other axes are kept.

    Out of range reads give `fill` where there is one, else they have been shown or asserted not to occur.
    """

    coordinates: tuple[tuple[Axis, Coordinate], ...]
    fill: float | int | bool | None = None


@dataclass(frozen=True, slots=True)
class Gather:
    """Reads operand 0 along `axis` at the integer index that operand 1 holds."""

    axis: Axis


@dataclass(frozen=True, slots=True)
class Spread:
    """Repeats the operand along further axes."""

    axes: tuple[Axis, ...]


@dataclass(frozen=True, slots=True)
class Cumulative:
    """Inclusive running fold along an axis, which stays."""

    monoid: Monoid
    axis: Axis


@dataclass(frozen=True, slots=True)
class Scan:
    """State machine along `axis`: operands are initial states, then arrays read by the body at each step.

    `body` is a `Diagram` whose inputs are the states and then the arrays without `axis`, and whose outputs are the
    next states. This leaf is state number `output` after every step.
    """

    axis: Axis
    body: Any
    states: int
    output: int


@dataclass(frozen=True, slots=True)
class Concat:
    """Operands one after another: operand i along its axis `parts[i]`, the result along `axis`."""

    axis: Axis
    parts: tuple[Axis, ...]


@dataclass(frozen=True, slots=True)
class TopK:
    """The largest elements along `axis` in falling order, or their indices, along `slots`; ties: lowest index first."""

    axis: Axis
    slots: Axis
    indices: bool


@dataclass(frozen=True, slots=True)
class Random:
    """Numbers drawn from the key of the run, the place in the diagram and the index: see `core/random.py`."""

    distribution: Literal["uniform", "normal"]
    place: int
    axes: tuple[Axis, ...]


@dataclass(frozen=True, slots=True)
class Foreign:
    """A function from Python that no rule looks into.

    `name` says which, `operands` are the axes of each operand that are its own, `made` and `dtype` its result. Other
    axes of operands are woven; the rest of the inputs are its parameters. Only emitted JAX computes and differentiates
    it.
    """

    name: str
    operands: tuple[tuple[Axis, ...], ...]
    made: tuple[Axis, ...]
    dtype: DType


Operator = (
    Input | Constant | SizeOf | Iota | Map | Cast | Stop | Reduce | View | Gather | Spread
    | Cumulative | Scan | Concat | TopK | Random | Foreign
)  # fmt: skip
