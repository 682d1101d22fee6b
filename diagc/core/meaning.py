"""What the scalar functions of `ops.POINTWISE` mean on NumPy arrays. Loaded on first use: checking a file needs none.

Infinities follow the max-plus semiring (language §2):

>>> float(MEANING["add"](np.float64("-inf"), np.float64("inf")))
-inf
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Tensor = NDArray[Any]


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


def _reciprocal(x: Tensor) -> Tensor:
    return np.divide(1.0, x)  # np.reciprocal of an integer would be an integer


def _sigmoid(x: Tensor) -> Tensor:
    return np.exp(-np.logaddexp(0.0, -x))


def _gelu(x: Tensor) -> Tensor:
    return 0.5 * x * (1.0 + _erf(x * math.sqrt(0.5)))


def _rsqrt(x: Tensor) -> Tensor:
    return 1.0 / np.sqrt(x)


def _relu(x: Tensor) -> Tensor:
    return np.maximum(x, 0.0)


def _silu(x: Tensor) -> Tensor:
    return x * _sigmoid(x)


def _softplus(x: Tensor) -> Tensor:
    return np.logaddexp(0.0, x)


def _power(x: Tensor, y: Tensor) -> Tensor:
    return np.power(x.astype(np.float64), y) if x.dtype.kind in "iu" and np.any(y < 0) else np.power(x, y)


def _nary(function: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    def folded(*operands: Tensor) -> Tensor:
        total = operands[0]
        for operand in operands[1:]:
            total = function(total, operand)
        return total

    return folded


MEANING: Final[dict[str, Callable[..., Tensor]]] = {
    "add": _nary(absorbing_add), "mul": _nary(np.multiply), "sub": absorbing_subtract, "div": np.divide,
    "floordiv": np.floor_divide, "mod": np.mod, "pow": _power, "neg": np.negative,
    "min": _nary(np.minimum), "max": _nary(np.maximum),
    "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal,
    "and": _nary(np.logical_and), "or": _nary(np.logical_or), "not": np.logical_not, "where": np.where,
    "abs": np.abs, "sign": np.sign, "floor": np.floor, "round": np.rint, "recip": _reciprocal,
    "exp": np.exp, "exp2": np.exp2, "expm1": np.expm1, "log": np.log, "log2": np.log2, "log1p": np.log1p,
    "sqrt": np.sqrt, "rsqrt": _rsqrt, "tanh": np.tanh, "sigmoid": _sigmoid, "erf": _erf, "relu": _relu,
    "gelu": _gelu, "silu": _silu, "softplus": _softplus, "sin": np.sin, "cos": np.cos,
}  # fmt: skip


def of_constants(name: str, values: list[float | int | bool]) -> float | int | bool:
    """The value of a function of numbers in float64 or int64; NaN and infinities are as IEEE 754 has them."""
    with np.errstate(all="ignore"):
        return MEANING[name](*(np.asarray(value) for value in values)).item()
