"""Operations at each point and folds: how the language writes them."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from diagc.importers.traced import Operation
from diagc.importers.values import Value, number
from diagc.importers.walk import Walk

_UNARY: Final = {
    "exp": "exp", "exp2": "exp2", "log": "log", "log1p": "log1p", "expm1": "expm1", "tanh": "tanh",
    "logistic": "sigmoid", "sqrt": "sqrt", "rsqrt": "rsqrt", "abs": "abs", "sign": "sign", "floor": "floor",
    "erf": "erf", "round": "round", "sin": "sin", "cos": "cos", "stop_gradient": "stop",
}  # fmt: skip
_INFIX: Final = {
    "add": "+", "add_any": "+", "sub": "-", "mul": "*", "div": "/", "pow": "^", "eq": "==", "ne": "!=", "lt": "<",
    "le": "<=", "gt": ">", "ge": ">=", "and": "and", "or": "or",
}  # fmt: skip
_FOLDS: Final = {
    "reduce_sum": "sum", "reduce_max": "max", "reduce_min": "min", "reduce_prod": "prod", "reduce_and": "all",
    "reduce_or": "any", "argmax": "argmax", "argmin": "argmin",
}  # fmt: skip
_SAME: Final = ("copy", "copy_p", "optimization_barrier", "sharding_constraint")


def _reciprocal_root(x: float) -> float:
    return 1 / math.sqrt(x)


_CONSTANT: Final[dict[str, Any]] = {
    "sqrt": np.sqrt, "rsqrt": _reciprocal_root, "exp": np.exp, "log": np.log, "neg": np.negative, "add": np.add,
    "sub": np.subtract, "mul": np.multiply, "div": np.divide, "integer_pow": np.power, "pow": np.power,
    "max": np.maximum, "min": np.minimum, "ceil": np.ceil, "floor": np.floor,
}  # fmt: skip
"""What is known while the function is imported."""

_COMPARED: Final[dict[str, Any]] = {
    "eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge,
}  # fmt: skip
_PASSED_ON: Final = ("select_n", "broadcast_in_dim", "reshape", "convert_element_type")
"""What a number that is none may go through: a choice may leave it out."""


class Pointwise(Walk):
    """Writes them."""

    @classmethod
    def knows(cls, name: str) -> bool:
        """Whether an operation is in a table or has a method."""
        return name in {*_UNARY, *_INFIX, *_FOLDS, *_SAME} or hasattr(cls, f"on_{name}")

    def apply(self, operation: Operation) -> list[Value]:
        """The results of an operation; those of no table have a method of their name."""
        name, operands = operation.primitive, [self.value(o) for o in operation.operands]
        numbers = [v.number for v in operands]
        result = operation.results[0]
        if operands and name in _CONSTANT and all(isinstance(n, float | int) for n in numbers):
            extra = [operation.params["y"]] if name == "integer_pow" else []
            return [number(float(_CONSTANT[name](*numbers, *extra)), result.dtype, result.shape)]
        if operands and name in _COMPARED and all(isinstance(n, float | int) for n in numbers):
            return [number(bool(_COMPARED[name](*numbers)), "bool", result.shape)]
        if name not in _PASSED_ON and any(n != n for n in numbers):
            self.refuse("what is not a number has no diagram")
        if name in _SAME:
            return operands
        if name in _UNARY:
            (x,) = operands
            return [replace(x, text=f"{_UNARY[name]}({x.text})", atom=True, number=None)]
        if name in _INFIX:
            return [self.infix(name, operands)]
        if name in _FOLDS:
            return [self.folded(_FOLDS[name], operands[0], operation.params["axes"])]
        handler = getattr(self, f"on_{name}", None)
        if handler is None:
            self.refuse(f"the operation `{name}` has no diagram here yet")
        made: Value | list[Value] = handler(operation, *operands)
        return [made] if isinstance(made, Value) else made

    def infix(self, name: str, operands: list[Value]) -> Value:
        """Two operands with an operator between them."""
        (a, b), dims, shape = self.aligned(operands)
        dtype = a.dtype if a.number is None else b.dtype
        if name in ("add", "sub", "add_any") and b.number == 0:
            return replace(a, dims=dims, shape=shape)
        if name == "add" and a.number == 0:
            return replace(b, dims=dims, shape=shape)
        if name in ("mul", "div") and b.number == 1:
            return replace(a, dims=dims, shape=shape)
        if name in ("div", "rem") and dtype[0] in "iu":
            self.refuse("division of integers rounds to zero here and down in the language")
        if name == "lt" and self.is_index(a) and b.number is not None and b.number <= 0:
            return number(False, "bool", shape)
        if name in ("and", "or") and dtype != "bool":
            self.refuse(f"`{name}` of integers has no diagram")
        text = f"{a.bracketed} {_INFIX[name]} {b.bracketed}"
        return Value(text, dims, dtype, shape, False)

    def call(self, function: str, operands: Sequence[Value]) -> Value:
        """A function at each point."""
        found, dims, shape = self.aligned(operands)
        return Value(f"{function}({', '.join(v.text for v in found)})", dims, found[0].dtype, shape)

    def folded(self, fold: str, x: Value, places: Sequence[int]) -> Value:
        """A fold along some dimensions."""
        kept = tuple(d for i, d in enumerate(x.dims) if i not in places)
        shape = tuple(s for i, s in enumerate(x.shape) if i not in places)
        folded = [d for i, d in enumerate(x.dims) if i in places and d is not None]
        alike = math.prod(x.shape[i] for i in places if x.dims[i] is None)
        text = f"{fold}[{' '.join(map(self.axis_name, folded))}]({x.text})" if folded else x.bracketed
        within = folded[0] if fold.startswith("arg") and folded else None
        value = Value(text, kept, x.dtype, shape, within=within)
        if alike > 1 and fold in ("sum", "prod"):
            return replace(value, text=f"{text} {'*' if fold == 'sum' else '^'} {alike}", atom=False)
        return value

    def on_top_k(self, operation: Operation, x: Value) -> list[Value]:
        values, indices = operation.results
        x = self.materialised(x, [len(x.dims) - 1])
        chosen, slot = x.dims[-1], self.fresh(values.shape[-1])
        assert chosen is not None
        names = [f"v{next(self.counts)}" for _ in range(2)]
        taken = f"topk[{self.axis_name(chosen)}]({x.text}, k = {self.axis_name(slot)})"
        self.lines.append(f"{names[0]}, {names[1]} = {taken}")
        dims = (*x.dims[:-1], slot)
        return [
            Value(names[0], dims, values.dtype, values.shape),
            Value(names[1], dims, indices.dtype, indices.shape, within=chosen),
        ]

    def on_max(self, _: Operation, a: Value, b: Value) -> Value:
        found, dims, shape = self.aligned([a, b])
        for value, other in (found, found[::-1]):
            if value.number == -math.inf:
                return replace(other, dims=dims, shape=shape)
        return self.call("max", found)

    def on_min(self, _: Operation, a: Value, b: Value) -> Value:
        return self.call("min", [a, b])

    def on_is_finite(self, _: Operation, x: Value) -> Value:
        return replace(x, text=f"abs({x.text}) < inf", dtype="bool", atom=False)

    def on_neg(self, _: Operation, x: Value) -> Value:
        return replace(x, text=f"-{x.bracketed}", atom=False)

    def on_ceil(self, _: Operation, x: Value) -> Value:
        return replace(x, text=f"-floor(-{x.bracketed})", atom=False)

    def on_not(self, _: Operation, x: Value) -> Value:
        return replace(x, text=f"not {x.bracketed}", atom=False)

    def on_square(self, _: Operation, x: Value) -> Value:
        return replace(x, text=f"{x.bracketed} ^ 2", atom=False)

    def on_integer_pow(self, operation: Operation, x: Value) -> Value:
        power = operation.params["y"]
        return replace(x, text=f"{x.bracketed} ^ {power if power >= 0 else f'({power})'}", atom=False)

    def on_clamp(self, _: Operation, low: Value, x: Value, high: Value) -> Value:
        return self.call("max", [low, self.call("min", [x, high])])

    def on_select_n(self, _: Operation, condition: Value, *cases: Value) -> Value:
        if condition.dtype != "bool" or len(cases) != 2:
            self.refuse("a choice between more than two cases has no diagram here yet")
        otherwise, then = cases
        if isinstance(condition.number, bool):
            return then if condition.number else otherwise
        if any(case.number != case.number for case in cases):
            self.refuse("what is not a number has no diagram")
        if then.number is True and otherwise.number is False:
            return condition
        made = self.call("where", [condition, then, otherwise])
        return replace(made, dtype=then.dtype if then.number is None else otherwise.dtype)

    def on_convert_element_type(self, operation: Operation, x: Value) -> Value:
        dtype = operation.results[0].dtype
        if x.number is not None:
            return number(
                float(x.number) if dtype[0] in "fb" and dtype != "bool" else x.number, dtype, x.shape
            )
        return (
            x
            if x.dtype == dtype
            else replace(x, text=f"cast({x.text}, {dtype})", dtype=dtype, atom=True, within=None)
        )
