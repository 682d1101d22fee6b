"""Expressions of emitted JAX source: text with its precedence and the axes of its dimensions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from diagc.core.axes import Axis, Size
from diagc.core.dtypes import DType

COMPARE, OR, AND, SUM, TERM, UNARY, POWER, ATOM = range(8)
"""Precedence of Python operators, loosest first; a postfix or a call is an atom."""

DTYPES: Final = {
    DType.F64: "float", DType.F32: "jnp.float32", DType.TF32: "jnp.float32", DType.BF16: "jnp.bfloat16",
    DType.F16: "jnp.float16", DType.F8E4M3: "jnp.float8_e4m3fn", DType.F8E5M2: "jnp.float8_e5m2",
    DType.I64: "int", DType.I32: "jnp.int32", DType.I16: "jnp.int16", DType.I8: "jnp.int8", DType.U8: "jnp.uint8",
    DType.BOOL: "bool",
}  # fmt: skip
"""The JAX dtypes. `float` and `int` are 64 bits wide where JAX has them enabled, and 32 without a warning else."""


@dataclass(frozen=True, slots=True)
class Text:
    """An expression with one dimension per axis, in this order.

    A weak expression is a Python scalar: it takes the dtype of what it meets.
    """

    text: str
    level: int = ATOM
    axes: tuple[Axis, ...] = ()
    weak: bool = False

    def at(self, level: int) -> str:
        """The text where an operand of at least this precedence is due."""
        return self.text if self.level >= level else f"({self.text})"

    def renamed(self, axes: tuple[Axis, ...]) -> Text:
        return replace(self, axes=axes)

    def method(self, call: str) -> Text:
        """`(text).call`, of the same axes."""
        return Text(f"{self.at(ATOM)}.{call}", ATOM, self.axes)


def narrow(dtype: DType) -> bool:
    """Whether arithmetic on this dtype happens in f32."""
    return dtype.kind == "float" and dtype.bytes < 4


def literal(value: float | bool) -> Text:
    """A number."""
    if isinstance(value, float) and not math.isfinite(value):
        name = "jnp.nan" if math.isnan(value) else "jnp.inf"
        return Text(f"-{name}", UNARY, weak=True) if value < 0 else Text(name, weak=True)
    negative = not isinstance(value, bool) and (value < 0 or math.copysign(1.0, value) < 0)
    return Text(repr(value), UNARY if negative else ATOM, weak=True)


def size_text(size: Size, symbols: Mapping[str, str]) -> Text:
    """A size polynomial over the Python names of its symbols."""
    if size.value is not None:
        return literal(size.value)
    total, level = "", ATOM
    for monomial, coefficient in sorted(size.terms, key=lambda t: (t[0] == (), t[1] < 0)):
        factors = [symbols[name] if power == 1 else f"{symbols[name]} ** {power}" for name, power in monomial]
        if abs(coefficient) != 1 or not factors:
            factors.insert(0, str(abs(coefficient)))
        sign = ("-" if coefficient < 0 else "") if not total else (" - " if coefficient < 0 else " + ")
        level = UNARY if sign == "-" else POWER if "**" in factors[0] else ATOM
        level = TERM if len(factors) > 1 else level
        total += sign + " * ".join(factors)
    return Text(total, SUM if len(size.terms) > 1 else level, weak=True)


def permuted(value: Text, axes: Sequence[Axis]) -> Text:
    """The dimensions in another order."""
    order = [value.axes.index(axis) for axis in axes]
    if order == sorted(order):
        return value
    if len(order) == 2:
        return Text(f"{value.at(ATOM)}.T", ATOM, tuple(axes))
    return value.method(f"transpose({', '.join(map(str, order))})").renamed(tuple(axes))


def aligned(value: Text, frame: Sequence[Axis]) -> Text:
    """The value so that it broadcasts with arrays over the axes of the frame; its `axes` stay those it really has."""
    if not value.axes:
        return value
    ordered = permuted(value, [axis for axis in frame if axis in value.axes])
    marks = [":" if axis in value.axes else "None" for axis in frame]
    while marks and marks[0] == "None":
        marks.pop(0)
    while marks and marks[-1] == ":":
        marks.pop()
    if not marks:
        return ordered
    return Text(f"{ordered.at(ATOM)}[{', '.join(marks)}]", ATOM, ordered.axes)


def filled_text(value: Text, like: str | None, shape: str, dtype: DType) -> str:
    """An array that holds one value; inside shard_map over the mesh axes over which the array `like` varies."""
    if like is None:
        return f"jnp.full({shape}, {value.text}, {DTYPES[dtype]})"
    return f"jnp.full_like({like}, {value.text}, {DTYPES[dtype]}, {shape})"


def cast(value: Text, dtype: DType) -> Text:
    """`astype`; a Python scalar becomes an array scalar."""
    if dtype is DType.TF32:
        return Text(f"lax.reduce_precision({value.text}, 8, 10)", ATOM, value.axes)
    if not value.weak:
        return value.method(f"astype({DTYPES[dtype]})")
    if dtype in (DType.F64, DType.I64, DType.BOOL):
        return Text(f"jnp.asarray({value.text}, {DTYPES[dtype]})")
    return Text(f"{DTYPES[dtype]}({value.text})")
