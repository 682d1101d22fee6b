"""Operations in the words of a jaxpr, for a framework that broadcasts: operands are brought to one shape and dtype."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from diagc.importers.traced import Graph, Literal, Operand, Variable

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """An operator on arguments by name; arrays are operands. `types` are the dtypes and shapes of its results."""

    name: str
    given: Mapping[str, Any]
    types: tuple[tuple[str, Shape], ...]

    def __getitem__(self, name: str) -> Any:
        return self.given.get(name)

    def number(self, name: str) -> int:
        return int(self.given[name])

    def numbers(self, name: str) -> list[int]:
        """A number or a list of them as a list."""
        found: int | Sequence[int] = self.given[name]
        return [found] if isinstance(found, int) else list(found)

    def place(self, name: str, x: Operand) -> int:
        """A dimension of an array, which may be counted from the end."""
        return self.number(name) % max(len(x.shape), 1)

    @property
    def arrays(self) -> list[Operand]:
        """The arrays among the arguments, also in lists."""
        found = list[Any]()
        for value in self.given.values():
            found += value if isinstance(value, list) else [value]
        return [x for x in found if isinstance(x, Variable | Literal)]

    @property
    def dtype(self) -> str:
        return self.types[0][0]

    @property
    def shape(self) -> Shape:
        return self.types[0][1]


def is_float(dtype: str) -> bool:
    return dtype[0] in "fb" and dtype != "bool"


class Tensors(Graph):
    """Records operations on operands of any shapes."""

    # ---- dtypes and shapes

    def number(self, value: float, dtype: str) -> Literal:
        kind = bool if dtype == "bool" else float if is_float(dtype) else int
        return Literal(kind(value), dtype)

    def operand(self, value: Any, dtype: str) -> Operand:
        return value if isinstance(value, Variable | Literal) else self.number(value, dtype)

    def cast(self, x: Operand, dtype: str) -> Operand:
        if x.dtype == dtype:
            return x
        if isinstance(x, Literal):
            return replace(self.number(x.value, dtype), shape=x.shape)
        return self.emit("convert_element_type", (x,), dtype, x.shape)

    def broadcast(self, x: Operand, shape: Sequence[int]) -> Operand:
        """An array along a shape whose last dimensions are its own, or 1."""
        if x.shape == tuple(shape):
            return x
        if isinstance(x, Literal):
            return replace(x, shape=tuple(shape))
        places = list(range(len(shape) - len(x.shape), len(shape)))
        return self.spread(x, shape, places)

    def spread(self, x: Operand, shape: Sequence[int], places: Sequence[int]) -> Operand:
        """An array whose dimensions are those at these places of a shape."""
        return self.emit(
            "broadcast_in_dim", (x,), x.dtype, shape, shape=list(shape), broadcast_dimensions=list(places)
        )

    def reshape(self, x: Operand, shape: Sequence[int]) -> Operand:
        if x.shape == tuple(shape):
            return x
        return self.emit("reshape", (x,), x.dtype, shape, new_sizes=list(shape))

    def transpose(self, x: Operand, order: Sequence[int]) -> Operand:
        if list(order) == list(range(len(x.shape))):
            return x
        shape = [x.shape[i] for i in order]
        return self.emit("transpose", (x,), x.dtype, shape, permutation=list(order))

    def unsqueeze(self, x: Operand, place: int) -> Operand:
        place %= len(x.shape) + 1
        shape = (*x.shape[:place], 1, *x.shape[place:])
        return self.spread(x, shape, [i for i in range(len(shape)) if i != place])

    def squeeze(self, x: Operand, places: Sequence[int]) -> Operand:
        shape = [n for i, n in enumerate(x.shape) if i not in places]
        return self.emit("squeeze", (x,), x.dtype, shape, dimensions=list(places)) if places else x

    def slice(self, x: Operand, place: int, start: int, stop: int, step: int = 1) -> Operand:
        if (start, stop, step) == (0, x.shape[place], 1):
            return x
        rank = range(len(x.shape))
        starts = [start if i == place else 0 for i in rank]
        stops = [stop if i == place else x.shape[i] for i in rank]
        steps = [step if i == place else 1 for i in rank]
        shape = [-(-(b - a) // c) for a, b, c in zip(starts, stops, steps, strict=True)]
        return self.emit(
            "slice", (x,), x.dtype, shape, start_indices=starts, limit_indices=stops, strides=steps
        )

    def concatenate(self, parts: Sequence[Operand], place: int) -> Operand:
        if len(parts) == 1:
            return parts[0]
        shape = list(parts[0].shape)
        shape[place] = sum(p.shape[place] for p in parts)
        return self.emit("concatenate", parts, parts[0].dtype, shape, dimension=place)

    def iota(self, size: int, dtype: str = "i64") -> Operand:
        return self.emit("iota", (), dtype, (size,), shape=[size], dimension=0, dtype=dtype)

    def indices(self, shape: Sequence[int], place: int) -> Operand:
        """The index along one dimension of a shape."""
        return self.emit("iota", (), "i64", shape, shape=list(shape), dimension=place, dtype="i64")

    # ---- at each point

    def met(self, *operands: Operand) -> tuple[list[Operand], Shape]:
        shape: Shape = np.broadcast_shapes(*(x.shape for x in operands))
        return [self.broadcast(x, shape) for x in operands], shape

    def unary(self, primitive: str, x: Operand, dtype: str | None = None, /, **params: Any) -> Operand:
        return self.emit(primitive, (x,), dtype or x.dtype, x.shape, **params)

    def binary(self, primitive: str, a: Operand, b: Operand, dtype: str | None = None) -> Operand:
        """A function of two arrays; `dtype` is that of the result, by default that of the first."""
        found, shape = self.met(a, b)
        return self.emit(primitive, found, dtype or a.dtype, shape)

    def scaled(self, x: Operand, factor: float) -> Operand:
        return x if factor == 1 else self.binary("mul", x, self.number(factor, x.dtype))

    def where(self, condition: Operand, then: Operand, otherwise: Operand) -> Operand:
        (condition, then, otherwise), shape = self.met(condition, then, otherwise)
        return self.emit("select_n", (condition, otherwise, then), then.dtype, shape)

    # ---- folds and products

    def fold(self, primitive: str, x: Operand, places: Sequence[int], keep: bool = False) -> Operand:
        """A fold along dimensions, which stay with one index where they are kept."""
        axes = sorted(place % max(len(x.shape), 1) for place in places) if x.shape else []
        if not axes:
            return x
        shape = [n for i, n in enumerate(x.shape) if i not in axes]
        made = self.emit(primitive, (x,), x.dtype, shape, axes=axes)
        if not keep:
            return made
        kept = [1 if i in axes else n for i, n in enumerate(x.shape)]
        return self.spread(made, kept, [i for i in range(len(kept)) if i not in axes])

    def mean(self, x: Operand, places: Sequence[int], keep: bool = False) -> Operand:
        count = math.prod(x.shape[i] for i in places)
        total = self.fold("reduce_sum", x, places, keep)
        return self.binary("div", total, self.number(count, x.dtype))

    def dot(
        self, a: Operand, b: Operand, inner: tuple[int, int], batch: int = 0, dtype: str | None = None
    ) -> Operand:
        """A product of arrays along one dimension of each; the first `batch` dimensions of both are one."""
        (left, right), outer = inner, list(range(batch))
        shape = [
            *a.shape[:batch],
            *(n for i, n in enumerate(a.shape) if i >= batch and i != left),
            *(n for i, n in enumerate(b.shape) if i >= batch and i != right),
        ]
        numbers = [[[left], [right]], [outer, outer]]
        return self.emit("dot_general", (a, b), dtype or a.dtype, shape, dimension_numbers=numbers)

    def take(self, x: Operand, place: int, index: Operand) -> Operand:
        """Reads along a dimension, at whose place those of the indices come."""
        rank, others = len(index.shape), [i for i in range(len(x.shape)) if i != place]
        shape = (*x.shape[:place], *index.shape, *x.shape[place + 1 :])
        numbers = {
            "collapsed_slice_dims": [place], "operand_batching_dims": [], "start_indices_batching_dims": [],
            "start_index_map": [place], "offset_dims": [i if i < place else i + rank - 1 for i in others],
        }  # fmt: skip
        sizes = [1 if i == place else n for i, n in enumerate(x.shape)]
        column = self.spread(index, (*index.shape, 1), range(rank))
        return self.emit("gather", (x, column), x.dtype, shape, dimension_numbers=numbers, slice_sizes=sizes)

    def take_along(self, x: Operand, place: int, index: Operand) -> Operand:
        """Reads along a dimension at indices that have all the others as well."""
        others = [i for i in range(len(x.shape)) if i != place]
        for i in others:
            x = self.slice(x, i, 0, index.shape[i])
        numbers = {
            "collapsed_slice_dims": [place], "operand_batching_dims": others,
            "start_indices_batching_dims": others, "start_index_map": [place], "offset_dims": [],
        }  # fmt: skip
        column = self.spread(index, (*index.shape, 1), range(len(index.shape)))
        sizes = [1] * len(x.shape)
        return self.emit(
            "gather", (x, column), x.dtype, index.shape, dimension_numbers=numbers, slice_sizes=sizes
        )

    def add_at(self, x: Operand, place: int, index: Operand, rows: Operand) -> Operand:
        """Adds rows at indices along a dimension; `rows` have all the others of x as well."""
        others = [i for i in range(len(x.shape)) if i != place]
        numbers = {
            "update_window_dims": others, "inserted_window_dims": [place], "scatter_dims_to_operand_dims": [place],
            "operand_batching_dims": [], "scatter_indices_batching_dims": [],
        }  # fmt: skip
        return self._added(x, self.unsqueeze(index, -1), rows, numbers)

    def add_along(self, x: Operand, place: int, index: Operand, rows: Operand) -> Operand:
        """Adds elements at indices along a dimension that have all the others of x as well."""
        others = [i for i in range(len(x.shape)) if i != place]
        numbers = {
            "update_window_dims": list[int](), "inserted_window_dims": [place],
            "scatter_dims_to_operand_dims": [place], "operand_batching_dims": others,
            "scatter_indices_batching_dims": others,
        }  # fmt: skip
        return self._added(x, self.unsqueeze(index, -1), rows, numbers)

    def add_points(self, x: Operand, indices: Sequence[Operand], rows: Operand) -> Operand:
        """Adds rows at arrays of indices along the first dimensions, as `x[i, j] += rows` would if it added each."""
        found, shape = self.met(*indices)
        count = len(found)
        rows = self.broadcast(rows, (*shape, *x.shape[count:]))
        numbers = {
            "update_window_dims": list(range(len(shape), len(rows.shape))), "inserted_window_dims": list(range(count)),
            "scatter_dims_to_operand_dims": list(range(count)), "operand_batching_dims": [],
            "scatter_indices_batching_dims": [],
        }  # fmt: skip
        columns = self.concatenate([self.unsqueeze(i, -1) for i in found], len(shape))
        return self._added(x, columns, rows, numbers)

    def _added(self, x: Operand, index: Operand, rows: Operand, numbers: Mapping[str, Any]) -> Operand:
        given = (x, index, self.cast(rows, x.dtype))
        return self.emit(
            "scatter_add", given, x.dtype, x.shape, dimension_numbers=numbers, mode="FILL_OR_DROP"
        )
