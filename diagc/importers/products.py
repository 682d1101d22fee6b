"""Contractions, and reads at indices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from diagc.importers.reshaping import Reshaping
from diagc.importers.traced import Operation, Variable
from diagc.importers.values import Value


class Products(Reshaping):
    """Writes them."""

    def on_dot_general(self, operation: Operation, left: Value, right: Value) -> Value:
        contracted, batched = operation.params["dimension_numbers"]
        inner: list[tuple[int, int]] = list(zip(*contracted, strict=True))
        outer: list[tuple[int, int]] = list(zip(*batched, strict=True))
        result = operation.results[0]
        return self.contracted(left, right, inner, outer, result.dtype, result.shape)

    def contracted(
        self,
        left: Value,
        right: Value,
        inner: Sequence[tuple[int, int]],
        outer: Sequence[tuple[int, int]],
        dtype: str,
        shape: Sequence[int],
    ) -> Value:
        """A sum of products over pairs of dimensions; dimensions of pairs side by side come first in the result."""
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
        if dtype not in ("f32", "f64", "i32", "i64"):
            text = f"cast({text}, {dtype})"
        return Value(text, (*batch, *free), dtype, tuple(shape), bool(names) and alike == 1)

    def _free_of(self, x: Value, held: set[int], met: set[int]) -> Value:
        """A value whose axes, but for the dimensions that are met, are none of those that are held."""
        for place, axis in enumerate(x.dims):
            if place not in met and axis is not None and self.axes.root(axis) in held:
                x = self.renamed(x, axis, self.fresh(x.shape[place]))
        return x

    def on_gather(self, operation: Operation, x: Value, index: Value) -> Value:
        """Reads along one axis; axes that both sides have are read side by side."""
        numbers, sizes = operation.params["dimension_numbers"], operation.params["slice_sizes"]
        if len(numbers["start_index_map"]) > 1:
            return self._read_at_several(operation, x)
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
            elif two is None:
                index = replace(index, dims=(*index.dims[:other], one, *index.dims[other + 1 :]))
        axis, held = x.dims[taken[0]], set(map(self.axes.root, index.axes))
        if axis is None or any(
            d is not None and self.axes.root(d) in held for d in (x.dims[i] for i in others)
        ):
            self.refuse("a read of an array that has an axis of its indices")
        index = self._pointing(index, axis)
        places, rank = iter(index.dims[:-1]), len(operation.results[0].shape)
        put: list[int] = numbers["offset_dims"]
        offsets = dict(zip(put, (x.dims[i] for i in others), strict=True))
        dims = tuple(offsets[i] if i in offsets else next(places) for i in range(rank))
        text = f"{x.bracketed}[{self.axis_name(axis)} -> {index.text}]"
        return Value(text, dims, x.dtype, operation.results[0].shape)

    def _pointing(self, index: Value, axis: int) -> Value:
        """Indices along an axis: those that a fold found along another one are that one's, or numbers."""
        if index.within is None:
            return index
        if self.axes.sizes[axis] == self.axes.sizes[index.within] and self.axes.unite(axis, index.within):
            return index
        return replace(index, text=f"{index.bracketed} + 0", atom=False, within=None)

    def _read_at_several(self, operation: Operation, x: Value) -> Value:
        """Reads along several axes: the indices are columns that the function joined."""
        numbers = operation.params["dimension_numbers"]
        places: list[int] = numbers["start_index_map"]
        if numbers["operand_batching_dims"] or numbers["collapsed_slice_dims"] != sorted(places):
            self.refuse("a read of several axes at once, of blocks")
        index = self.value(operation.operands[1])
        return self._read(operation, x, places, self.columns(operation, index, len(places)))

    def columns(self, operation: Operation, index: Value, count: int) -> list[Value]:
        """The indices along each of some axes: one array, or columns that the function joined."""
        if count == 1:
            return [replace(index, dims=index.dims[:-1], shape=index.shape[:-1])]
        array = operation.operands[1]
        joined = self.producers.get(array.number) if isinstance(array, Variable) else None
        if joined is None or joined.primitive != "concatenate" or len(joined.operands) != count:
            self.refuse("several axes at once, at indices in one array")
        columns = [self.value(o) for o in joined.operands]
        return [replace(c, dims=c.dims[:-1], shape=c.shape[:-1]) for c in columns]

    def on_read(self, operation: Operation, x: Value, *indices: Value) -> Value:
        """Reads along several axes at arrays of indices, as `x[i, j]` of NumPy."""
        return self._read(operation, x, operation.params["dimensions"], list(indices))

    def _read(self, operation: Operation, x: Value, places: Sequence[int], indices: list[Value]) -> Value:
        for place, index in zip(places, indices, strict=True):
            axis = x.dims[place]
            if axis is not None and self.is_index(index) and x.shape[place] == max(index.shape):
                self.axes.unite(axis, index.axes[0])
        found, met, _ = self.aligned(indices)
        others = [i for i in range(len(x.shape)) if i not in places]
        entries: list[str] = []
        for place, index in zip(places, found, strict=True):
            axis = x.dims[place]
            index = index if axis is None else self._pointing(index, axis)
            if axis is not None and index.text != self.axis_name(axis):
                entries.append(f"{self.axis_name(axis)} -> {index.text}")
        adjacent = list(places) == list(range(places[0], places[0] + len(places)))
        first = len([i for i in others if i < places[0]]) if adjacent else 0
        kept = [x.dims[i] for i in others]
        held = {self.axes.root(d) for d in met if d is not None}
        if any(d is not None and self.axes.root(d) in held for d in kept):
            self.refuse("a read of an array that has an axis of its indices")
        result = operation.results[0]
        text = f"{x.bracketed}[{', '.join(entries)}]" if entries else x.text
        return Value(text, (*kept[:first], *met, *kept[first:]), x.dtype, result.shape)
