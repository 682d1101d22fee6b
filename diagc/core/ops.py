"""The operator catalogue: what each operator means in float64, its type rule, its work.

Operators are frozen values. An operator that consumes axes names them; every other axis of its operands is woven.
`POINTWISE` maps the name of a scalar function to its `Pointwise`; the names are those of the language.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from diagc.core.axes import Axis, Coordinate, Size
from diagc.core.dtypes import DType

Tensor = NDArray[Any]
Result = Literal["promote", "float", "bool"]


@dataclass(frozen=True, slots=True)
class Pointwise:
    """A scalar function, woven over the union of its operands' axes.

    `reference` is its meaning on NumPy arrays; `flops` counts one result; `special` marks work of the special
    function units; a commutative and associative function may take any number of operands.
    """

    name: str
    arity: int
    reference: Callable[..., Tensor]
    result: Result = "promote"
    flops: int = 1
    special: bool = False
    commutative: bool = False

    def __repr__(self) -> str:
        return self.name


def absorbing_add(a: Tensor, b: Tensor) -> Tensor:
    """Addition of the max-plus semiring: −inf + y is −inf for every y, +inf and NaN included (language §2)."""
    with np.errstate(invalid="ignore"):
        total = np.add(a, b)
    return np.where(np.isneginf(a) | np.isneginf(b), -np.inf, total) if total.dtype.kind == "f" else total


def absorbing_subtract(a: Tensor, b: Tensor) -> Tensor:
    """−inf − y is −inf for every y; x − −inf with finite x is inf."""
    with np.errstate(invalid="ignore"):
        total = np.subtract(a, b)
    return np.where(np.isneginf(a), -np.inf, total) if total.dtype.kind == "f" else total


_erf_loop = np.vectorize(math.erf, otypes=[np.float64])


def _erf(x: Tensor) -> Tensor:
    return _erf_loop(x) if np.size(x) else np.asarray(x, np.float64)


def _sigmoid(x: Tensor) -> Tensor:
    return np.exp(-np.logaddexp(0.0, -x))


def _gelu(x: Tensor) -> Tensor:
    return 0.5 * x * (1.0 + _erf(x * math.sqrt(0.5)))


def _power(x: Tensor, y: Tensor) -> Tensor:
    return np.power(x.astype(np.float64), y) if x.dtype.kind in "iu" and np.any(y < 0) else np.power(x, y)


def _nary(function: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    def folded(*operands: Tensor) -> Tensor:
        total = operands[0]
        for operand in operands[1:]:
            total = function(total, operand)
        return total

    return folded


def _unary(name: str, reference: Callable[..., Tensor], flops: int = 1, special: bool = True) -> Pointwise:
    return Pointwise(name, 1, reference, "float", flops, special)


_CATALOGUE: Final = (
    Pointwise("add", 2, _nary(absorbing_add), commutative=True),
    Pointwise("mul", 2, _nary(np.multiply), commutative=True),
    Pointwise("sub", 2, absorbing_subtract),
    Pointwise("div", 2, np.divide, "float", 4, special=True),
    Pointwise("floordiv", 2, np.floor_divide),
    Pointwise("mod", 2, np.mod),
    Pointwise("pow", 2, _power, flops=8, special=True),
    Pointwise("neg", 1, np.negative),
    Pointwise("min", 2, _nary(np.minimum), commutative=True),
    Pointwise("max", 2, _nary(np.maximum), commutative=True),
    Pointwise("lt", 2, np.less, "bool"),
    Pointwise("le", 2, np.less_equal, "bool"),
    Pointwise("gt", 2, np.greater, "bool"),
    Pointwise("ge", 2, np.greater_equal, "bool"),
    Pointwise("eq", 2, np.equal, "bool", commutative=True),
    Pointwise("ne", 2, np.not_equal, "bool", commutative=True),
    Pointwise("and", 2, _nary(np.logical_and), "bool", commutative=True),
    Pointwise("or", 2, _nary(np.logical_or), "bool", commutative=True),
    Pointwise("not", 1, np.logical_not, "bool"),
    Pointwise("where", 3, np.where),
    Pointwise("abs", 1, np.abs),
    Pointwise("sign", 1, np.sign),
    Pointwise("floor", 1, np.floor, "float"),
    Pointwise("round", 1, np.rint, "float"),
    _unary("recip", np.reciprocal, 4),
    _unary("exp", np.exp), _unary("exp2", np.exp2), _unary("expm1", np.expm1, 2),
    _unary("log", np.log), _unary("log2", np.log2), _unary("log1p", np.log1p, 2),
    _unary("sqrt", np.sqrt), _unary("rsqrt", lambda x: 1.0 / np.sqrt(x)),
    _unary("tanh", np.tanh, 4), _unary("sigmoid", _sigmoid, 4), _unary("erf", _erf, 8),
    _unary("relu", lambda x: np.maximum(x, 0.0), 1, special=False),
    _unary("gelu", _gelu, 12), _unary("silu", lambda x: x * _sigmoid(x), 5),
    _unary("softplus", lambda x: np.logaddexp(0.0, x), 6),
    _unary("sin", np.sin), _unary("cos", np.cos),
)  # fmt: skip

POINTWISE: Final = {operator.name: operator for operator in _CATALOGUE}

Monoid = Literal["sum", "max", "min", "prod", "any", "all", "argmax", "argmin"]

UNITS: Final[dict[str, float]] = {"sum": 0.0, "max": -math.inf, "min": math.inf, "prod": 1.0, "any": 0.0, "all": 1.0}
"""The neutral element of each monoid; `argmax` and `argmin` are defined on non-empty axes only."""


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


Operator = (
    Input | Constant | SizeOf | Iota | Map | Cast | Stop | Reduce | View | Gather | Spread
    | Cumulative | Scan | Concat | TopK | Random
)  # fmt: skip
