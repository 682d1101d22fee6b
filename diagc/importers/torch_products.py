"""Operators of ATen that multiply arrays, read them at indices, or slide windows over them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from diagc.importers.tensors import Call
from diagc.importers.torch_folds import Folds
from diagc.importers.torch_shapes import Shapes
from diagc.importers.traced import Operand, Refused


class Products(Folds, Shapes):
    """Writes them."""

    def product(self, a: Operand, b: Operand) -> Operand:
        """A product of matrices, as `a @ b`."""
        if len(a.shape) == 1:
            return self.squeeze(self.product(self.unsqueeze(a, 0), b), [max(len(b.shape) - 2, 0)])
        if len(b.shape) == 1:
            return self.dot(a, b, (len(a.shape) - 1, 0))
        if len(b.shape) == 2:
            return self.dot(a, b, (len(a.shape) - 1, 0))
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        a, b = (self.broadcast(x, (*batch, *x.shape[-2:])) for x in (a, b))
        return self.dot(a, b, (len(batch) + 1, len(batch)), len(batch))

    def on_matmul(self, call: Call) -> Operand:
        names = {"bmm": "mat2", "mm": "mat2", "mv": "vec", "dot": "tensor", "vdot": "other"}
        return self.product(call["self"], call[names.get(call.name, "other")])

    on_bmm = on_mm = on_mv = on_dot = on_vdot = on_matmul

    def on_inner(self, call: Call) -> Operand:
        a, b = call["self"], call["other"]
        return self.dot(a, b, (len(a.shape) - 1, len(b.shape) - 1))

    def on_outer(self, call: Call) -> Operand:
        a, b = call["self"], call[{"ger": "vec2"}.get(call.name, "vec2")]
        return self.binary("mul", self.unsqueeze(a, 1), self.broadcast(b, call.shape))

    on_ger = on_outer

    def on_linear(self, call: Call) -> Operand:
        x, weight = call["input"], call["weight"]
        made = self.dot(x, weight, (len(x.shape) - 1, len(weight.shape) - 1))
        return made if call["bias"] is None else self.binary("add", made, call["bias"])

    def on_addmm(self, call: Call) -> Operand:
        """β·self + α·(a @ b)."""
        names = ("batch1", "batch2") if call.name == "baddbmm" else ("mat1", "mat2")
        if call.name == "addmv":
            names = ("mat", "vec")
        made = self.product(call[names[0]], call[names[1]])
        return self.binary("add", self.scaled(made, call["alpha"]), self.scaled(call["self"], call["beta"]))

    on_baddbmm = on_addmv = on_addmm

    def on_einsum(self, call: Call) -> Operand:
        """Operands from left to right, each label summed when no later operand and no result has it."""
        terms, result = _labels(call["equation"], [len(x.shape) for x in call["tensors"]])
        arrays: list[Operand] = list(call["tensors"])
        left, labels = arrays[0], terms[0]
        for place in range(1, len(arrays)):
            later = set(result).union(*terms[place + 1 :])
            left, labels = self._pair(left, labels, arrays[place], terms[place], later)
        left, labels = self._summed(left, labels, set(result))
        return self.transpose(left, [labels.index(label) for label in result])

    def _summed(self, x: Operand, labels: str, kept: set[str]) -> tuple[Operand, str]:
        gone = [i for i, label in enumerate(labels) if label not in kept]
        return self.fold("reduce_sum", x, gone), "".join(c for c in labels if c in kept)

    def _pair(self, a: Operand, left: str, b: Operand, right: str, kept: set[str]) -> tuple[Operand, str]:
        a, left = self._summed(a, left, kept | set(right))
        b, right = self._summed(b, right, kept | set(left))
        both = [c for c in left if c in right]
        batch = [c for c in both if c in kept]
        inner = [c for c in both if c not in kept]
        order = "".join([*batch, *(c for c in left if c not in both), *(c for c in right if c not in both)])
        sizes = {**dict(zip(right, b.shape, strict=True)), **dict(zip(left, a.shape, strict=True))}
        numbers = [[[side.index(c) for c in chosen] for side in (left, right)] for chosen in (inner, batch)]
        shape = [sizes[c] for c in order]
        return self.emit("dot_general", (a, b), a.dtype, shape, dimension_numbers=numbers), order

    # ---- attention

    def on_scaled_dot_product_attention(self, call: Call) -> Operand:
        """softmax(s·q kᵀ) v; a row that a mask leaves empty is 0."""
        q, k, v, mask = call["query"], call["key"], call["value"], call["attn_mask"]
        if call["dropout_p"]:
            raise Refused("it draws random numbers; give `dropout_p = 0`")
        if call["enable_gqa"]:
            k, v = (self.repeated(x, len(x.shape) - 3, q.shape[-3] // x.shape[-3], True) for x in (k, v))
        scale = call["scale"] if call["scale"] is not None else 1 / math.sqrt(q.shape[-1])
        turned = self.transpose(k, [*range(len(k.shape) - 2), len(k.shape) - 1, len(k.shape) - 2])
        scores = self.scaled(self.product(q, turned), scale)
        if call["is_causal"]:
            rows, columns = (self.indices(scores.shape[-2:], place) for place in (0, 1))
            seen = self.binary("ge", rows, columns, "bool")
            scores = self.where(seen, scores, self.number(-math.inf, scores.dtype))
        weights = self._weights(scores, mask)
        factor: Operand | None = call["factor"]  # of dropout, where that is drawn apart
        return self.product(weights if factor is None else self.binary("mul", weights, factor), v)

    def _weights(self, scores: Operand, mask: Operand | None) -> Operand:
        if mask is None:
            return self.softmax(scores, len(scores.shape) - 1)
        if mask.dtype == "bool":
            scores = self.where(mask, scores, self.number(-math.inf, scores.dtype))
        else:
            scores = self.binary("add", scores, self.cast(mask, scores.dtype))
        _, powers, total = self.exponentials(scores, len(scores.shape) - 1)
        some = self.binary("gt", total, self.number(0, total.dtype), "bool")
        return self.where(some, self.binary("div", powers, total), self.number(0, total.dtype))

    # ---- reads at indices

    def on_embedding(self, call: Call) -> Operand:
        return self.take(call["weight"], 0, call["indices"])

    def on_index_select(self, call: Call) -> Operand:
        x: Operand = call["self"]
        return self.take(x, call.place("dim", x), call["index"])

    def on_gather(self, call: Call) -> Operand:
        x: Operand = call["self"]
        return self.take_along(x, call.place("dim", x), call["index"])

    def on_take_along_dim(self, call: Call) -> Operand:
        if call["dim"] is None:
            raise Refused("reads along all dimensions at once have no diagram here yet")
        return self.on_gather(Call("gather", {**call.given, "index": call["indices"]}, call.types))

    def on_index(self, call: Call) -> Operand:
        x: Operand = call["self"]
        places = [i for i, index in enumerate(call["indices"]) if index is not None]
        found: list[Operand] = [call["indices"][i] for i in places]
        if any(index.dtype == "bool" for index in found):
            raise Refused("a read where a mask is true has a size that the values decide")
        if len(places) == 1:
            return self.take(x, places[0], found[0])
        met, _ = self.met(*found)
        return self.emit("read", (x, *met), x.dtype, call.shape, dimensions=places)

    # ---- sums at indices

    def on_index_add(self, call: Call) -> Operand:
        x: Operand = call["self"]
        rows = self.scaled(call["source"], call["alpha"] if call["alpha"] is not None else 1)
        return self.add_at(x, call.place("dim", x), call["index"], rows)

    def on_scatter_add(self, call: Call) -> Operand:
        x, index, rows = call["self"], call["index"], call["src"]
        place = call.place("dim", x)
        for i, size in enumerate(index.shape):
            if i != place and size != x.shape[i]:
                raise Refused("sums at indices of a part of an array have no diagram here yet")
            rows = self.slice(rows, i, 0, size)
        return self.add_along(x, place, index, rows)

    def on_scatter_reduce(self, call: Call) -> Operand:
        if call["reduce"] != "sum" or call["include_self"] is False:
            raise Refused("only sums at indices have a diagram here yet")
        return self.on_scatter_add(call)

    def on_index_put(self, call: Call) -> Operand:
        indices: list[Operand | None] = call["indices"]
        found = [i for i in indices if i is not None]
        if not call["accumulate"]:
            raise Refused("writes at indices, of which the last one stays, have no diagram")
        if len(found) < len(indices) or any(i.dtype == "bool" for i in found):
            raise Refused("sums at a mask, or along later dimensions, have no diagram here yet")
        return self.add_points(call["self"], found, call["values"])

    # ---- windows

    def on_convolution(self, call: Call) -> Operand:
        x, weight, rank = call["input"], call["weight"], len(call["weight"].shape) - 2
        if call["transposed"]:
            raise Refused("a transposed convolution has no diagram here yet")
        alone = len(x.shape) == rank + 1
        x = self.unsqueeze(x, 0) if alone else x
        strides, dilations = (_each(call[name], rank) for name in ("stride", "dilation"))
        pads = self._padding(call["padding"], weight, dilations)
        shape = (*((1,) if alone else ()), *call.shape)
        spec = list(range(rank + 2))
        made: Operand = self.emit(
            "conv_general_dilated", (x, weight), x.dtype, shape, window_strides=strides, padding=pads,
            lhs_dilation=[1] * rank, rhs_dilation=dilations, feature_group_count=call["groups"], batch_group_count=1,
            dimension_numbers={"lhs_spec": spec, "rhs_spec": spec, "out_spec": spec},
        )  # fmt: skip
        if call["bias"] is not None:
            made = self.binary("add", made, self.reshape(call["bias"], (weight.shape[0], *[1] * rank)))
        return self.squeeze(made, [0]) if alone else made

    on_conv1d = on_conv2d = on_conv3d = on_convolution

    def _padding(self, given: Sequence[int] | str, weight: Operand, dilations: list[int]) -> list[list[int]]:
        if given == "same":
            totals = [d * (n - 1) for d, n in zip(dilations, weight.shape[2:], strict=True)]
            return [[total // 2, total - total // 2] for total in totals]
        return [[p, p] for p in _each(0 if isinstance(given, str) else given, len(dilations))]

    def on_max_pool2d(self, call: Call) -> Operand:
        return self._pooled(call, "reduce_window_max")

    on_max_pool1d = on_max_pool2d

    def on_avg_pool2d(self, call: Call) -> Operand:
        if call["count_include_pad"] is False and any(_each(call["padding"], 1)):
            raise Refused("means that leave padding out have no diagram here yet")
        total = self._pooled(call, "reduce_window_sum")
        rank = 1 if call.name.endswith("1d") else 2
        count = call["divisor_override"] or math.prod(_each(call["kernel_size"], rank))
        return self.binary("div", total, self.number(count, total.dtype))

    on_avg_pool1d = on_avg_pool2d

    def _pooled(self, call: Call, primitive: str) -> Operand:
        x: Operand = call["self"]
        rank = 1 if call.name.endswith("1d") else 2
        if call["ceil_mode"]:
            raise Refused("windows that reach beyond the end have no diagram here yet")
        front = len(x.shape) - rank
        sizes = _each(call["kernel_size"], rank)
        strides = _each(call["stride"], rank) if call["stride"] else sizes
        dilations = _each(call["dilation"] if call["dilation"] is not None else 1, rank)
        pads = [[p, p] for p in _each(call["padding"], rank)]
        ones, none = [1] * front, [[0, 0]] * front
        return self.emit(
            primitive, (x,), x.dtype, call.shape, window_dimensions=ones + sizes, window_strides=ones + strides,
            padding=none + pads, base_dilation=[1] * len(x.shape), window_dilation=ones + dilations,
        )  # fmt: skip


def _each(given: int | Sequence[int], rank: int) -> list[int]:
    numbers = [given] if isinstance(given, int) else list(given)
    return numbers * rank if len(numbers) == 1 else numbers


def _labels(equation: str, ranks: list[int]) -> tuple[list[str], str]:
    """The labels of operands and of the result; an ellipsis becomes capital letters that no one uses."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    spare = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in equation]
    most = max((rank - len(t) + 3 for t, rank in zip(terms, ranks, strict=True) if "..." in t), default=0)
    every = "".join(spare[:most])
    whole = [t.replace("...", every[len(every) - (rank - len(t) + 3) :] if "..." in t else "")
             for t, rank in zip(terms, ranks, strict=True)]  # fmt: skip
    if any(len(set(t)) < len(t) for t in whole):
        raise Refused("a label that stands twice in one operand of `einsum` has no diagram here yet")
    if arrow:
        return whole, right.replace("...", every)
    counts = Counter("".join(whole))
    once = sorted(c for c, n in counts.items() if n == 1 and c not in every)
    return whole, every + "".join(once)
