"""Scalar functions, types and sizes as Triton source text.

Arithmetic is float32 (float64 where the diagram says so); 16-bit types occur in loads, stores and dot operands only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from diagc.core.axes import Size
from diagc.core.dtypes import DType

DTYPES: Final = {
    DType.F64: "tl.float64", DType.F32: "tl.float32", DType.TF32: "tl.float32", DType.BF16: "tl.bfloat16",
    DType.F16: "tl.float16", DType.F8E4M3: "tl.float8e4nv", DType.F8E5M2: "tl.float8e5", DType.I64: "tl.int64",
    DType.I32: "tl.int32", DType.I16: "tl.int16", DType.I8: "tl.int8", DType.U8: "tl.uint8", DType.BOOL: "tl.int1",
}  # fmt: skip

_INFIX: Final = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==",
    "ne": "!=", "and": "&", "or": "|", "floordiv": "//", "mod": "%",
}  # fmt: skip

_CALLS: Final = {
    "exp": "tl.exp({0})", "exp2": "tl.exp2({0})", "log": "tl.log({0})", "log2": "tl.log2({0})",
    "sqrt": "tl.sqrt({0})", "rsqrt": "tl.rsqrt({0})", "abs": "tl.abs({0})", "floor": "tl.floor({0})",
    "sin": "tl.sin({0})", "cos": "tl.cos({0})", "sigmoid": "tl.sigmoid({0})", "erf": "tl.erf({0})",
    "where": "tl.where({0}, {1}, {2})", "max": "tl.maximum({0}, {1})", "min": "tl.minimum({0}, {1})",
    "relu": "tl.maximum({0}, 0.0)", "pow": "tl.exp2({1} * tl.log2({0}))",
}  # fmt: skip

_WRAPPED: Final = {
    "neg": "-{0}", "not": "{0} == 0", "recip": "1.0 / {0}", "silu": "{0} * tl.sigmoid({0})",
}  # fmt: skip

HELPERS: Final = {
    "tanh": '''@triton.jit
def tanh(x):
    """(1 - e) / (1 + e) with e = exp(-2|x|), by its series where that would cancel."""
    e = tl.exp(-2.0 * tl.abs(x))
    large = tl.where(x < 0, -1.0, 1.0) * (1.0 - e) / (1.0 + e)
    square = x * x
    return tl.where(tl.abs(x) < 0.1, x * (1.0 - square / 3.0 * (1.0 - 0.4 * square)), large)
''',
    "expm1": '''@triton.jit
def expm1(x):
    """exp(x) - 1, by its series where that would cancel."""
    small = x * (1.0 + x * (0.5 + x * (1.0 / 6.0 + x * (1.0 / 24.0 + x / 120.0))))
    return tl.where(tl.abs(x) < 0.1, small, tl.exp(x) - 1.0)
''',
    "log1p": '''@triton.jit
def log1p(x):
    """log(1 + x) with the rounding of 1 + x divided out."""
    u = 1.0 + x
    return tl.where(u == 1.0, x, tl.log(u) * (x / (u - 1.0)))
''',
    "softplus": '''@triton.jit
def softplus(x):
    """log(1 + exp(x)) without overflow."""
    e = tl.exp(-tl.abs(x))
    u = 1.0 + e
    return tl.maximum(x, 0.0) + tl.where(u == 1.0, e, tl.log(u) * (e / (u - 1.0)))
''',
    "gelu": '''@triton.jit
def gelu(x):
    """x times the normal distribution, whose tail is taken by Chebyshev's fit to erfc (Numerical Recipes, 6.2)."""
    z = 0.7071067811865476 * tl.abs(x)
    t = 1.0 / (1.0 + 0.5 * z)
    p = 1.48851587 + t * (-0.82215223 + t * 0.17087277)
    p = -0.18628806 + t * (0.27886807 + t * (-1.13520398 + t * p))
    p = -1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418 + t * p)))
    tail = 0.5 * t * tl.exp(p - z * z)
    return x * tl.where(x < 0, tail, 1.0 - tail)
''',
    "sign": '''@triton.jit
def sign(x):
    """-1, 0 or 1."""
    return tl.where(x > 0, 1.0, tl.where(x < 0, -1.0, 0.0))
''',
    "round": '''@triton.jit
def round(x):
    """To the nearest integer, halves to even."""
    low = tl.floor(x)
    gap = x - low
    odd = low - 2.0 * tl.floor(0.5 * low)
    return tl.where((gap > 0.5) | ((gap == 0.5) & (odd == 1.0)), low + 1.0, low)
''',
    "product": """@triton.jit
def product(a, b):
    return a * b
""",
    "larger": """@triton.jit
def larger(a, b):
    return tl.maximum(a, b)
""",
    "smaller": """@triton.jit
def smaller(a, b):
    return tl.minimum(a, b)
""",
    "load_tile": '''@triton.jit
def load_tile(pointers, mask, fill, EXACT: tl.constexpr):
    """A tile whose lanes beyond the end read `fill`; with EXACT there are none."""
    if EXACT:
        return tl.load(pointers)
    return tl.load(pointers, mask=mask, other=fill)
''',
}


def function_text(name: str, operands: list[str], helpers: set[str]) -> str:
    """A scalar function applied to operands, each of which is an atom or in parentheses."""
    if name in _INFIX:
        return f"({operands[0]} {_INFIX[name]} {operands[1]})"
    if name in _CALLS:
        return _CALLS[name].format(*operands)
    if name in _WRAPPED:
        return f"({_WRAPPED[name].format(*operands)})"
    helpers.add(name)
    return f"{name}({', '.join(operands)})"


def repeats_operand(name: str) -> bool:
    """Whether the text of a function has its operand more than once, so that it should be a name."""
    return name == "silu"


def takes_atoms(name: str) -> bool:
    """Whether the text of a function needs each operand to be an atom or in parentheses."""
    return name in _INFIX or name in _WRAPPED or name == "pow"


def number_text(value: float | bool) -> str:
    """A literal that Triton reads back exactly."""
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return f'float("{value}")'
    return repr(value)


def size_text(size: Size, names: Mapping[str, str]) -> str:
    """A size polynomial in integer variables; an atom or in parentheses."""
    if size.value is not None:
        return str(size.value)
    parts: list[str] = []
    for monomial, coefficient in size.terms:
        factors = [names[symbol] for symbol, power in monomial for _ in range(power)]
        if coefficient not in (1, -1) or not factors:
            factors.insert(0, str(abs(coefficient)))
        sign = ("-" if coefficient < 0 else "") if not parts else (" - " if coefficient < 0 else " + ")
        parts.append(sign + " * ".join(factors))
    text = "".join(parts)
    return text if len(size.terms) == 1 and "*" not in text and not text.startswith("-") else f"({text})"


def is_parenthesised(text: str) -> bool:
    """Whether the first parenthesis is closed by the last."""
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return place == len(text) - 1
    return False


def running_text(monoid: str, text: str, place: int, helpers: set[str]) -> str:
    """The running fold of a monoid along dimension `place` of a tile."""
    if monoid in ("sum", "prod"):
        return f"tl.cum{monoid}({text}, {place})"
    name = "larger" if monoid == "max" else "smaller"
    helpers.add(name)
    return f"tl.associative_scan({text}, {place}, {name})"


def fold_text(monoid: str, text: str, place: int, helpers: set[str]) -> str:
    """A monoid over dimension `place` of a tile."""
    if monoid == "prod":
        helpers.add("product")
        return f"tl.reduce({text}, {place}, product)"
    if monoid in ("any", "all"):
        name = "max" if monoid == "any" else "min"
        return f"(tl.{name}({text}.to(tl.int32), {place}) != 0)"
    return f"tl.{monoid}({text}, {place})"
