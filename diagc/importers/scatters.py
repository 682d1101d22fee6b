"""Sums of rows at indices: what lands at an index is a sum over all rows, of those whose index it is.

Law: out[i] = x[i] + sum[n](where(index[n] == i, row[n], 0)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from diagc.importers.pointwise import Pointwise
from diagc.importers.products import Products
from diagc.importers.traced import Operation
from diagc.importers.values import Value, number


class Scatters(Products, Pointwise):
    """Writes them."""

    def on_scatter_add(self, operation: Operation, x: Value, index: Value, rows: Value) -> Value:
        numbers = operation.params["dimension_numbers"]
        places: list[int] = numbers["scatter_dims_to_operand_dims"]
        beside: list[int] = numbers["operand_batching_dims"]
        along: list[int] = numbers["update_window_dims"]
        others = [i for i in range(len(x.shape)) if i not in (*places, *beside)]
        whole = [rows.shape[u] for u in along] == [x.shape[i] for i in others]
        if sorted(numbers["inserted_window_dims"]) != sorted(places) or not whole:
            self.refuse("sums of blocks at indices have no diagram here yet")
        if "CLIP" in str(operation.params["mode"]):
            self.refuse("sums at indices that are cut to those that there are have no diagram here yet")
        columns = self.columns(operation, index, len(places))
        front = len(index.shape) - 1
        order = [*(i for i in range(len(rows.shape)) if i not in along), *along]
        rows = replace(
            rows, dims=tuple(rows.dims[i] for i in order), shape=tuple(rows.shape[i] for i in order)
        )
        chosen = self._chosen(x, places, columns, rows)
        matched: list[int] = numbers["scatter_indices_batching_dims"]
        total = self.folded("sum", chosen, [i for i in range(front) if i not in matched])
        made = [*(beside[matched.index(i)] for i in sorted(matched)), *places, *others]
        back = [made.index(i) for i in range(len(x.shape))]
        total = replace(
            total, dims=tuple(total.dims[i] for i in back), shape=tuple(total.shape[i] for i in back)
        )
        return self.infix("add", [x, total])

    def _chosen(self, x: Value, places: Sequence[int], columns: Sequence[Value], rows: Value) -> Value:
        """The rows where their indices are those of x, else 0: along the rows, these indices, and all else of a row."""
        front, count = len(columns[0].shape), len(places)
        back = len(rows.shape) - front
        held = {self.axes.root(a) for value in (*columns, rows) for a in value.axes}
        own = list[int]()
        for place in places:
            axis = x.dims[place]
            taken = axis is None or self.axes.root(axis) in held | set(map(self.axes.root, own))
            own.append(self.fresh(x.shape[place]) if axis is None or taken else axis)
        for axis in own:
            for other in {*own, *held} - {axis}:
                self.axes.keep_apart((axis, other))
        condition: Value | None = None
        for n, (axis, column) in enumerate(zip(own, columns, strict=True)):
            rest = count + back
            index = replace(column, dims=(*column.dims, *[None] * rest), shape=(*column.shape, *[1] * rest))
            dims = tuple(axis if i == front + n else None for i in range(front + count + back))
            shape = tuple(x.shape[places[n]] if d is not None else 1 for d in dims)
            here = Value(self.axis_name(axis), dims, column.dtype, shape, free=True)
            same = replace(self.infix("eq", [index, here]), dtype="bool")
            condition = same if condition is None else self.infix("and", [condition, same])
        assert condition is not None
        spread = replace(
            rows,
            dims=(*rows.dims[:front], *[None] * count, *rows.dims[front:]),
            shape=(*rows.shape[:front], *[1] * count, *rows.shape[front:]),
        )
        zero = number(0, rows.dtype, (1,) * len(spread.shape))
        return self.call("where", [condition, spread, zero])
