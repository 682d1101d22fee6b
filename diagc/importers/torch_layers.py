"""Operators of ATen that are layers and losses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagc.importers.tensors import Call, is_float
from diagc.importers.torch_pointwise import Pointwise
from diagc.importers.torch_products import Products
from diagc.importers.traced import Operand, Refused

_EPSILON: Final = {"f64": 2.0**-52, "f32": 2.0**-23, "f16": 2.0**-10, "bf16": 2.0**-7}
"""Of the dtypes (IEEE 754; bfloat16 has 8 bits of precision)."""


class Layers(Products, Pointwise):
    """Writes them."""

    def affine(self, x: Operand, weight: Operand | None, bias: Operand | None) -> Operand:
        if weight is not None:
            x = self.binary("mul", x, weight)
        return x if bias is None else self.binary("add", x, bias)

    def normalised(self, x: Operand, places: Sequence[int], epsilon: float) -> Operand:
        """(x − mean) / √(variance + ε)."""
        centred = self.binary("sub", x, self.mean(x, places, keep=True))
        variance = self.mean(self.unary("square", centred), places, keep=True)
        return self.binary("mul", centred, self._inverse_root(variance, epsilon))

    def _inverse_root(self, x: Operand, epsilon: float) -> Operand:
        return self.unary("rsqrt", self.binary("add", x, self.number(epsilon, x.dtype)))

    def on_layer_norm(self, call: Call) -> Operand:
        x: Operand = call["input"]
        made = self.normalised(x, self._last(x, call["normalized_shape"]), call["eps"])
        return self.affine(made, call["weight"], call["bias"])

    def _last(self, x: Operand, shape: Sequence[int]) -> list[int]:
        return list(range(len(x.shape) - len(shape), len(x.shape)))

    def on_rms_norm(self, call: Call) -> Operand:
        x: Operand = call["input"]
        epsilon = call["eps"] if call["eps"] is not None else _EPSILON[x.dtype]
        mean = self.mean(self.unary("square", x), self._last(x, call["normalized_shape"]), keep=True)
        return self.affine(self.binary("mul", x, self._inverse_root(mean, epsilon)), call["weight"], None)

    def on_group_norm(self, call: Call) -> Operand:
        x: Operand = call["input"]
        groups, channels = call["num_groups"], x.shape[1]
        split = self.reshape(x, (x.shape[0], groups, channels // groups, *x.shape[2:]))
        made = self.normalised(split, list(range(2, len(split.shape))), call["eps"])
        return self.affine(
            self.reshape(made, x.shape), *(self._of_channels(call[name], x) for name in ("weight", "bias"))
        )

    def _of_channels(self, parameter: Operand | None, x: Operand) -> Operand | None:
        """A parameter of each channel beside the dimensions after them."""
        if parameter is None:
            return None
        return self.reshape(parameter, (parameter.shape[0], *[1] * (len(x.shape) - 2)))

    def on_batch_norm(self, call: Call) -> Operand:
        x: Operand = call["input"]
        if call["training"]:
            raise Refused("it changes running means; give a module for evaluation")
        mean, variance, weight, bias = (
            self._of_channels(call[name], x) for name in ("running_mean", "running_var", "weight", "bias")
        )
        assert mean is not None and variance is not None
        centred = self.binary("sub", x, mean)
        return self.affine(
            self.binary("mul", centred, self._inverse_root(variance, call["eps"])), weight, bias
        )

    # ---- losses

    def reduced(self, x: Operand, reduction: int) -> Operand:
        """Each element, the mean or the sum: 0, 1 and 2 in ATen."""
        places = list(range(len(x.shape)))
        if reduction == 1:
            return self.mean(x, places)
        return self.fold("reduce_sum", x, places) if reduction == 2 else x

    def on_mse_loss(self, call: Call) -> Operand:
        difference = self.binary("sub", call["self"], call["target"])
        return self.reduced(self.unary("square", difference), call["reduction"])

    def on_l1_loss(self, call: Call) -> Operand:
        difference = self.binary("sub", call["self"], call["target"])
        return self.reduced(self.unary("abs", difference), call["reduction"])

    def on_cross_entropy_loss(self, call: Call) -> Operand:
        """log Σ exp x − x[label], or Σ p·(log Σ exp x − x) for probabilities p."""
        x, target = call["self"], call["target"]
        smoothing = call["label_smoothing"] or 0.0
        if call["weight"] is not None or (smoothing and is_float(target.dtype)):
            raise Refused(
                "cross entropy with weights of classes, or smoothed probabilities, has no diagram here yet"
            )
        place = min(1, len(x.shape) - 1)
        if is_float(target.dtype):
            less = self.unary("neg", self.binary("mul", target, self.log_softmax(x, place)))
            rows = self.fold("reduce_sum", less, [place])
            if call["reduction"] != 1:
                return self.reduced(rows, call["reduction"])
            total = self.fold("reduce_sum", rows, list(range(len(rows.shape))))
            count = 1
            for size in rows.shape:
                count *= size
            return self.binary("div", total, self.number(count, x.dtype))
        wanted = self._chosen(x, target, place)
        if smoothing:
            every = self.scaled(self.mean(x, [place]), smoothing)
            wanted = self.binary("add", self.scaled(wanted, 1 - smoothing), every)
        rows = self.binary("sub", self.logsumexp(x, [place], keep=False), wanted)
        return self._labelled(rows, target, call)

    def on_kl_div(self, call: Call) -> Operand:
        """p·(log p − x) for probabilities p, 0 where p is 0; `batchmean` is written as a sum by torch."""
        x, target = call["self"], call["target"]
        if call["log_target"]:
            each = self.binary("mul", self.unary("exp", target), self.binary("sub", target, x))
            return self.reduced(each, call["reduction"])
        none = self.number(0, target.dtype)
        some = self.binary("gt", target, none, "bool")
        each = self.binary("mul", target, self.binary("sub", self.unary("log", target), x))
        return self.reduced(self.where(some, each, none), call["reduction"])

    def on_nll_loss_nd(self, call: Call) -> Operand:
        x, target = call["self"], call["target"]
        if call["weight"] is not None:
            raise Refused("a loss with weights of classes has no diagram here yet")
        rows = self.unary("neg", self._chosen(x, target, min(1, len(x.shape) - 1)))
        return self._labelled(rows, target, call)

    on_nll_loss = on_nll_loss_nd

    def _chosen(self, x: Operand, target: Operand, place: int) -> Operand:
        """The element at a label, 0 where the label is none of the indices."""
        labels = self.cast(self.indices(x.shape, place), target.dtype)
        here = self.binary("eq", labels, self.broadcast(self.unsqueeze(target, place), x.shape), "bool")
        return self.fold("reduce_sum", self.where(here, x, self.number(0, x.dtype)), [place])

    def _labelled(self, rows: Operand, target: Operand, call: Call) -> Operand:
        """The loss of rows whose label is not the one that is ignored."""
        valid = self.binary("ne", target, self.number(call["ignore_index"], target.dtype), "bool")
        rows = self.where(valid, rows, self.number(0, rows.dtype))
        if call["reduction"] != 1:
            return self.reduced(rows, call["reduction"])
        places = list(range(len(rows.shape)))
        count = self.fold("reduce_sum", self.cast(valid, rows.dtype), places)
        return self.binary("div", self.fold("reduce_sum", rows, places), count)
