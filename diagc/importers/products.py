"""Contractions, and reads at indices."""

from __future__ import annotations

import math

from diagc.importers.traced import Operation
from diagc.importers.values import Value
from diagc.importers.walk import Walk


class Products(Walk):
    """Writes them."""

    def on_dot_general(self, operation: Operation, left: Value, right: Value) -> Value:
        contracted, batched = operation.params["dimension_numbers"]
        inner: list[tuple[int, int]] = list(zip(*contracted, strict=True))
        outer: list[tuple[int, int]] = list(zip(*batched, strict=True))
        met = [{pair[side] for pair in (*outer, *inner)} for side in (0, 1)]
        for _ in range(2):  # what the two sides share may have grown
            right = self._free_of(right, {self.axes.root(d) for d in left.axes}, met[1])
            for a, b in (*outer, *inner):
                one, other = left.dims[a], right.dims[b]
                if one is not None and other is not None and not self.axes.unite(one, other):
                    right = self.renamed(right, other, one)
        folded, batch = (
            [left.dims[a] if left.dims[a] is not None else right.dims[b] for a, b in pairs]
            for pairs in (inner, outer)
        )
        free = [left.dims[i] for i in range(len(left.dims)) if i not in met[0]]
        free += [right.dims[i] for i in range(len(right.dims)) if i not in met[1]]
        alike = math.prod(left.shape[a] for (a, _), d in zip(inner, folded, strict=True) if d is None)
        self.axes.keep_apart({*left.axes, *right.axes})
        product = f"{left.bracketed} * {right.bracketed}"
        names = " ".join(self.axis_name(d) for d in folded if d is not None)
        text = f"sum[{names}]({product})" if names else product
        text = text if alike == 1 else f"{alike} * ({text})"
        result = operation.results[0]
        if result.dtype not in ("f32", "f64", "i32"):
            text = f"cast({text}, {result.dtype})"
        return Value(text, (*batch, *free), result.dtype, result.shape, bool(names) and alike == 1)

    def _free_of(self, x: Value, held: set[int], met: set[int]) -> Value:
        """A value whose axes, but for the dimensions that are met, are none of those that are held."""
        for place, axis in enumerate(x.dims):
            if place not in met and axis is not None and self.axes.root(axis) in held:
                x = self.renamed(x, axis, self.fresh(x.shape[place]))
        return x

    def on_gather(self, operation: Operation, x: Value, index: Value) -> Value:
        """Reads along one axis; axes that both sides have are read side by side."""
        numbers, sizes = operation.params["dimension_numbers"], operation.params["slice_sizes"]
        taken: list[int] = numbers["collapsed_slice_dims"]
        beside: list[int] = numbers["operand_batching_dims"]
        own_first: list[int] = numbers["start_indices_batching_dims"]
        others = [i for i in range(len(x.shape)) if i not in (*taken, *beside)]
        whole = all(sizes[i] == x.shape[i] for i in others)
        if len(taken) != 1 or taken != numbers["start_index_map"] or not whole:
            self.refuse("a read of several axes at once, or of blocks at indices")
        for own, other in zip(beside, own_first, strict=True):
            one, two = x.dims[own], index.dims[other]
            if one is not None and two is not None and not self.axes.unite(one, two):
                index = self.renamed(index, two, one)
        axis, held = x.dims[taken[0]], set(map(self.axes.root, index.axes))
        if axis is None or any(
            d is not None and self.axes.root(d) in held for d in (x.dims[i] for i in others)
        ):
            self.refuse("a read of an array that has an axis of its indices")
        places, rank = iter(index.dims[:-1]), len(operation.results[0].shape)
        put: list[int] = numbers["offset_dims"]
        offsets = dict(zip(put, (x.dims[i] for i in others), strict=True))
        dims = tuple(offsets[i] if i in offsets else next(places) for i in range(rank))
        text = f"{x.bracketed}[{self.axis_name(axis)} -> {index.text}]"
        return Value(text, dims, x.dtype, operation.results[0].shape)
