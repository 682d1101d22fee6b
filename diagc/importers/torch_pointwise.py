"""Operators of ATen at each point."""

from __future__ import annotations

import math
from typing import Any, Final

from diagc.importers.tensors import Call, Tensors, is_float
from diagc.importers.traced import Literal, Operand, Refused, Variable

UNARY: Final = {
    "exp": "exp", "exp2": "exp2", "log": "log", "log1p": "log1p", "expm1": "expm1", "tanh": "tanh",
    "sigmoid": "logistic", "sqrt": "sqrt", "rsqrt": "rsqrt", "abs": "abs", "sign": "sign", "sgn": "sign",
    "floor": "floor", "erf": "erf", "sin": "sin", "cos": "cos", "neg": "neg", "square": "square",
    "logical_not": "not", "bitwise_not": "not", "isfinite": "is_finite", "detach": "stop_gradient",
    "round": "round",
}  # fmt: skip
BINARY: Final = {
    "mul": "mul", "pow": "pow", "maximum": "max", "minimum": "min", "logical_and": "and", "logical_or": "or",
    "bitwise_and": "and", "bitwise_or": "or", "__and__": "and", "__or__": "or",
}  # fmt: skip
COMPARISONS: Final = ("eq", "ne", "lt", "le", "gt", "ge")
SAME: Final = (
    "clone", "contiguous", "alias", "lift_fresh_copy", "lift_fresh", "detach_", "_unsafe_view_copy",
    "positive", "resolve_conj", "resolve_neg",
)  # fmt: skip
DROPOUTS: Final = ("dropout", "native_dropout", "feature_dropout", "alpha_dropout")
_WIDTH: Final = ("bool", "u8", "i8", "i16", "i32", "i64", "f16", "bf16", "f32", "f64")


class Pointwise(Tensors):
    """Writes them."""

    def on_unary(self, call: Call) -> Operand:
        name = UNARY[call.name]
        made = self.cast(call["self"], call.dtype) if name not in ("is_finite", "not") else call["self"]
        return self.unary(name, made, call.dtype)

    def on_binary(self, call: Call) -> Operand:
        other = call["exponent"] if call.name == "pow" else call["other"]
        a, b = (self.cast(self.operand(x, call.dtype), call.dtype) for x in (call["self"], other))
        return self.binary(BINARY[call.name], a, b)

    def on_comparison(self, call: Call) -> Operand:
        a, b = self._promoted(call["self"], call["other"])
        return self.binary(call.name, a, b, "bool")

    def _promoted(self, *given: Any) -> list[Operand]:
        """Operands in the dtype in which torch compares them; numbers take that of the arrays."""
        arrays = [x.dtype for x in given if isinstance(x, Variable | Literal)]
        widest = max(arrays, key=_WIDTH.index)
        if not is_float(widest) and any(isinstance(x, float) and not x.is_integer() for x in given):
            widest = "f32"
        if any(isinstance(x, float) and math.isinf(x) for x in given) and not is_float(widest):
            widest = "f32"
        return [self.cast(self.operand(x, widest), widest) for x in given]

    def on_same(self, call: Call) -> Operand:
        return call["self"]

    def on_dropout(self, call: Call) -> Operand:
        if call["train"] and call["p"]:
            raise Refused("it draws random numbers; give dropout for evaluation, or `p = 0`")
        return call["input"]

    def on_add(self, call: Call) -> Operand:
        return self._sum("add", call)

    def on_sub(self, call: Call) -> Operand:
        return self._sum("sub", call)

    def on_rsub(self, call: Call) -> Operand:
        return self._sum(
            "sub", Call("sub", {**call.given, "self": call["other"], "other": call["self"]}, call.types)
        )

    def _sum(self, name: str, call: Call) -> Operand:
        a, b = (self.cast(self.operand(call[key], call.dtype), call.dtype) for key in ("self", "other"))
        return self.binary(name, a, self.scaled(b, call["alpha"] if call["alpha"] is not None else 1))

    def on_div(self, call: Call) -> Operand:
        a, b = (self.cast(self.operand(call[key], call.dtype), call.dtype) for key in ("self", "other"))
        made = self.binary("div", a, b)
        match call["rounding_mode"]:
            case None:
                return made
            case "floor" if is_float(call.dtype):
                return self.unary("floor", made)
            case mode:
                raise Refused(f"division of integers that rounds by `{mode}` has no diagram here yet")

    def on_reciprocal(self, call: Call) -> Operand:
        return self.binary("div", self.number(1, call.dtype), self.cast(call["self"], call.dtype))

    def on_ceil(self, call: Call) -> Operand:
        return self.unary("neg", self.unary("floor", self.unary("neg", call["self"])))

    def on_log2(self, call: Call) -> Operand:
        return self.scaled(self.unary("log", self.cast(call["self"], call.dtype)), 1 / math.log(2))

    def on_log10(self, call: Call) -> Operand:
        return self.scaled(self.unary("log", self.cast(call["self"], call.dtype)), 1 / math.log(10))

    def on_addcmul(self, call: Call) -> Operand:
        product = self.binary("mul", call["tensor1"], call["tensor2"])
        return self.binary("add", call["self"], self.scaled(product, call["value"]))

    def on_lerp(self, call: Call) -> Operand:
        difference = self.binary("sub", call["end"], call["self"])
        weight = self.operand(call["weight"], call.dtype)
        return self.binary("add", call["self"], self.binary("mul", weight, difference))

    def on_clamp(self, call: Call) -> Operand:
        made: Operand = self.cast(call["self"], call.dtype)
        for name, bound in (("max", call["min"]), ("min", call["max"])):
            if bound is not None:
                made = self.binary(name, made, self.operand(bound, call.dtype))
        return made

    on_clip = on_clamp_min = on_clamp_max = on_clamp

    # ---- activations

    def on_relu(self, call: Call) -> Operand:
        return self.binary("max", call["self"], self.number(0, call.dtype))

    def on_relu6(self, call: Call) -> Operand:
        return self.binary("min", self.on_relu(call), self.number(6, call.dtype))

    def on_silu(self, call: Call) -> Operand:
        return self.binary("mul", call["self"], self.unary("logistic", call["self"]))

    def on_gelu(self, call: Call) -> Operand:
        x: Operand = call["self"]
        if call["approximate"] == "tanh":
            cube = self.scaled(self.unary("integer_pow", x, y=3), 0.044715)
            inner = self.scaled(self.binary("add", x, cube), math.sqrt(2 / math.pi))
            gate = self.unary("tanh", inner)
        else:
            gate = self.unary("erf", self.scaled(x, math.sqrt(0.5)))
        half = self.scaled(x, 0.5)
        return self.binary("mul", half, self.binary("add", gate, self.number(1, x.dtype)))

    def on_leaky_relu(self, call: Call) -> Operand:
        x: Operand = call["self"]
        positive = self.binary("ge", x, self.number(0, x.dtype), "bool")
        return self.where(positive, x, self.scaled(x, call["negative_slope"]))

    def on_elu(self, call: Call) -> Operand:
        x: Operand = call["self"]
        positive = self.binary("gt", x, self.number(0, x.dtype), "bool")
        below = self.scaled(self.unary("expm1", self.scaled(x, call["input_scale"])), call["alpha"])
        return self.scaled(self.where(positive, x, below), call["scale"])

    def on_softplus(self, call: Call) -> Operand:
        x = self.scaled(call["self"], call["beta"])
        return self.scaled(self._softplus(x), 1 / call["beta"])

    def _softplus(self, x: Operand) -> Operand:
        """log(1 + exp x) without overflow."""
        small = self.unary("log1p", self.unary("exp", self.unary("neg", self.unary("abs", x))))
        return self.binary("add", self.binary("max", x, self.number(0, x.dtype)), small)

    def on_mish(self, call: Call) -> Operand:
        return self.binary("mul", call["self"], self.unary("tanh", self._softplus(call["self"])))

    def on_log_sigmoid(self, call: Call) -> Operand:
        return self.unary("neg", self._softplus(self.unary("neg", call["self"])))

    # ---- choices

    def on_where(self, call: Call) -> Operand:
        then, otherwise = (self.operand(call[k], call.dtype) for k in ("self", "other"))
        return self.where(call["condition"], self.cast(then, call.dtype), self.cast(otherwise, call.dtype))

    def on_masked_fill(self, call: Call) -> Operand:
        filler = self.cast(self.operand(call["value"], call.dtype), call.dtype)
        return self.where(call["mask"], filler, self.broadcast(call["self"], call.shape))

    # ---- dtypes

    def on_to(self, call: Call) -> Operand:
        return self.cast(call["self"], call.dtype)

    on__to_copy = on_to
    on_type_as = on_to
    on_float = on_to
    on__cast_float = on_to
