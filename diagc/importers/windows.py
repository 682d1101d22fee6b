"""Convolutions and folds of windows: affine reads of an axis at two others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from diagc.importers.scatters import Scatters
from diagc.importers.traced import Operation
from diagc.importers.values import Value, signed

_FILLS: Final = {"max": "-inf", "min": "inf", "sum": "0"}


class Windows(Scatters):
    """Writes them, and with its bases every operation."""

    def on_conv_general_dilated(self, operation: Operation, x: Value, weight: Value) -> Value:
        given = operation.params
        if any(n != 1 for n in given["lhs_dilation"]) or given["batch_group_count"] != 1:
            self.refuse("a transposed convolution has no diagram here yet")
        numbers, groups = given["dimension_numbers"], given["feature_group_count"]
        x, weight = self._ordered(x, numbers["lhs_spec"]), self._ordered(weight, numbers["rhs_spec"])
        rank = len(x.shape) - 2
        weight = self.materialised(weight, range(2, rank + 2))
        out: list[int] = [operation.results[0].shape[i] for i in numbers["out_spec"]]
        for i in range(rank):
            low, high = given["padding"][i]
            steps = given["window_strides"][i], given["rhs_dilation"][i]
            sizes = out[i + 2], weight.shape[i + 2]
            x = self.windowed(x, i + 2, sizes, steps, (low, high), "0")
        taps = [(rank + 2 + i, i + 2) for i in range(rank)]
        shape = (out[0], *out[2:], out[1])
        dtype = operation.results[0].dtype
        if groups == 1:
            made = self.contracted(x, weight, [(1, 1), *taps], [], dtype, shape)
        else:
            made = self._grouped(x, weight, groups, taps, dtype, shape)
        order = [0, rank + 1, *range(1, rank + 1)]  # channels come last from a product
        turned = replace(
            made, dims=tuple(made.dims[i] for i in order), shape=tuple(made.shape[i] for i in order)
        )
        back = [list(numbers["out_spec"]).index(i) for i in range(rank + 2)]
        return self._ordered(turned, back)

    def _ordered(self, x: Value, order: Sequence[int]) -> Value:
        return replace(x, dims=tuple(x.dims[i] for i in order), shape=tuple(x.shape[i] for i in order))

    def _grouped(
        self,
        x: Value,
        weight: Value,
        groups: int,
        taps: Sequence[tuple[int, int]],
        dtype: str,
        shape: Sequence[int],
    ) -> Value:
        """The channels of each group with those of its own."""
        x, weight = self.parted(x, 1, groups), self.parted(weight, 0, groups)
        shifted = [(a + 1, b + 1) for a, b in taps]
        made = self.contracted(
            x, weight, [(2, 2), *shifted], [(1, 0)], dtype,
            (groups, shape[0], *shape[1:-1], shape[-1] // groups),
        )  # fmt: skip
        order = [*range(1, len(made.dims) - 1), 0, len(made.dims) - 1]
        return self.reshaped(self._ordered(made, order), tuple(shape))

    def parted(self, x: Value, place: int, count: int) -> Value:
        """A dimension as `count` parts, one after the other."""
        shape = (*x.shape[:place], count, x.shape[place] // count, *x.shape[place + 1 :])
        return self.reshaped(x, shape)

    def windowed(
        self,
        x: Value,
        place: int,
        sizes: tuple[int, int],
        steps: tuple[int, int],
        pad: tuple[int, int],
        fill: str,
    ) -> Value:
        """Windows along a dimension: their places there, and the places in them as a further dimension at the end."""
        x = self.materialised(x, [place])
        axis = x.dims[place]
        assert axis is not None
        (count, size), (stride, dilation) = sizes, steps
        new, tap = self.fresh(count), self.fresh(size)
        terms = [
            name if step == 1 else f"{step} * {name}"
            for name, step in ((self.axis_name(new), stride), (self.axis_name(tap), dilation))
        ]
        last = (count - 1) * stride + (size - 1) * dilation - pad[0]
        otherwise = f" else {fill}" if pad[0] or last >= x.shape[place] else ""
        text = f"{x.bracketed}[{self.axis_name(axis)} -> {' + '.join(terms)}{signed(-pad[0])}{otherwise}]"
        dims = (*x.dims[:place], new, *x.dims[place + 1 :], tap)
        shape = (*x.shape[:place], count, *x.shape[place + 1 :], size)
        return replace(x, text=text, dims=dims, shape=shape, atom=True, number=None)

    def on_reduce_window_max(self, operation: Operation, x: Value) -> Value:
        return self._folded_windows("max", operation, x)

    def on_reduce_window_min(self, operation: Operation, x: Value) -> Value:
        return self._folded_windows("min", operation, x)

    def on_reduce_window_sum(self, operation: Operation, x: Value) -> Value:
        return self._folded_windows("sum", operation, x)

    def _folded_windows(self, fold: str, operation: Operation, x: Value) -> Value:
        given, rank = operation.params, len(x.shape)
        if any(n != 1 for n in given["base_dilation"]):
            self.refuse("windows over an array with gaps have no diagram here yet")
        result = operation.results[0]
        for place, size in enumerate(given["window_dimensions"]):
            low, high = given["padding"][place]
            stride, dilation = given["window_strides"][place], given["window_dilation"][place]
            if (size, stride, low, high) != (1, 1, 0, 0):
                sizes = result.shape[place], size
                x = self.windowed(x, place, sizes, (stride, dilation), (low, high), _FILLS[fold])
        return self.folded(fold, x, range(rank, len(x.shape)))
