"""Scalar functions as JAX expressions, in the dtype that the type rule gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from diagc.backends.infinities import Infinities
from diagc.backends.jax_text import (
    AND,
    ATOM,
    COMPARE,
    OR,
    POWER,
    SUM,
    TERM,
    UNARY,
    Text,
    cast,
    literal,
    narrow,
)
from diagc.core import ops
from diagc.core.axes import in_order
from diagc.core.dtypes import DType

_INFIX: Final = {
    "add": ("+", SUM), "sub": ("-", SUM), "mul": ("*", TERM), "div": ("/", TERM), "floordiv": ("//", TERM),
    "mod": ("%", TERM), "lt": ("<", COMPARE), "le": ("<=", COMPARE), "gt": (">", COMPARE), "ge": (">=", COMPARE),
    "eq": ("==", COMPARE), "ne": ("!=", COMPARE), "and": ("&", AND), "or": ("|", OR),
}  # fmt: skip
_CALLS: Final = {
    "sigmoid": "jax.nn.sigmoid", "relu": "jax.nn.relu", "silu": "jax.nn.silu", "softplus": "jax.nn.softplus",
    "rsqrt": "lax.rsqrt", "erf": "lax.erf", "min": "jnp.minimum", "max": "jnp.maximum", "where": "jnp.where",
}  # fmt: skip
_SCALAR_SAFE: Final = frozenset({"add", "sub", "mul", "lt", "le", "gt", "ge", "eq", "ne", "and", "or", "neg"})
"""Functions that Python computes on its own scalars without an exception."""


@dataclass(frozen=True, slots=True)
class Operand:
    """An operand aligned to the frame of its expression."""

    text: Text
    dtype: DType
    infinities: Infinities


def combine(function: ops.Pointwise, operands: list[Operand], result: DType, helpers: set[str]) -> Text:
    """The function of the operands; records in `helpers` the guarded sums that it calls."""
    name = function.name
    texts = _typed(name, [o.text for o in operands], [o.dtype for o in operands], result)
    axes = in_order(axis for text in texts for axis in text.axes)
    weak = all(text.weak for text in texts) and name in _SCALAR_SAFE
    guard = _guard(name, [o.infinities for o in operands])
    if guard:
        helpers.add(guard)
        made = _nested(guard, texts)
    elif name in _INFIX:
        made = _infix(name, texts)
    else:
        made = _called(name, texts)
    made = Text(made.text, made.level, axes, weak)
    return made.method("astype(bool)") if _logical(name, result) else made


def _guard(name: str, values: list[Infinities]) -> str | None:
    """The helper for a sum in which −inf could meet what would make a NaN of it."""
    if name == "sub" and values[0].negative and values[1].negative:
        return "_subtract"
    if name == "add":
        for place, value in enumerate(values):
            if value.negative and any(v.positive for i, v in enumerate(values) if i != place):
                return "_add"
    return None


def _logical(name: str, result: DType) -> bool:
    """Arithmetic on booleans, done in integers."""
    return result is DType.BOOL and name in (
        "add",
        "sub",
        "mul",
        "neg",
        "abs",
        "sign",
        "floordiv",
        "mod",
        "pow",
    )


def _typed(name: str, texts: list[Text], dtypes: list[DType], result: DType) -> list[Text]:
    """Operands in dtypes from which JAX promotes to the result's."""
    wide = [cast(t, DType.F32) if narrow(d) and not t.weak else t for t, d in zip(texts, dtypes, strict=True)]
    if name in ("and", "or", "not"):
        return [
            t if d is DType.BOOL else Text(f"{t.at(COMPARE + 1)} != 0", COMPARE, t.axes)
            for t, d in zip(wide, dtypes, strict=True)
        ]
    if _logical(name, result):
        return [cast(t, DType.I32) for t in wide]
    if result.kind != "float":
        return wide
    first = 1 if name == "where" else 0
    decided = any(d.kind == "float" and not t.weak for t, d in zip(wide[first:], dtypes[first:], strict=True))
    if not decided:
        place = next((i for i in range(first, len(wide)) if not wide[i].weak), first)
        wide[place] = cast(wide[place], result)
    return wide


def _infix(name: str, texts: list[Text]) -> Text:
    sign, level = _INFIX[name]
    left = texts[0].at(level + 1 if level == COMPARE else level)
    return Text(f" {sign} ".join([left, *(text.at(level + 1) for text in texts[1:])]), level)


def _called(name: str, texts: list[Text]) -> Text:
    match name:
        case "neg":
            return Text(f"-{texts[0].at(UNARY)}", UNARY)
        case "not":
            return (
                Text(f"~{texts[0].at(UNARY)}", UNARY)
                if not texts[0].weak
                else _nested("jnp.logical_not", texts)
            )
        case "recip":
            return Text(f"1 / {texts[0].at(UNARY)}", TERM)
        case "pow":
            return Text(f"{texts[0].at(ATOM)} ** {texts[1].at(UNARY)}", POWER)
        case "gelu":
            return Text(f"jax.nn.gelu({texts[0].text}, approximate=False)")
        case "where":
            return Text(f"jnp.where({', '.join(text.text for text in texts)})")
        case _:
            return _nested(_CALLS.get(name, f"jnp.{name}"), texts)


def _nested(call: str, texts: list[Text]) -> Text:
    """`call(call(a, b), c)`."""
    if len(texts) == 1:
        return Text(f"{call}({texts[0].text})")
    total = texts[0].text
    for text in texts[1:]:
        total = f"{call}({total}, {text.text})"
    return Text(total)


def fill_text(value: float | bool, dtype: DType) -> str:
    """A fill value as an argument."""
    return literal(float(value) if dtype.kind == "float" else value).text
