"""A walk over a traced function: names of axes and values, operands brought to the same axes, the text of the file."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, count
from typing import Final, NoReturn

import numpy as np

from diagc.importers.axes import Axes, Names, name_inputs
from diagc.importers.traced import Literal, Operand, Operation, Traced, Variable
from diagc.importers.values import NoDiagram, Value, number

INLINE: Final = 40
"""A value that is read once stands in its reader up to this many characters."""


class Walk(ABC):
    """One walk over a function, which may be one of several in a file; `place` tells them apart."""

    def __init__(self, traced: Traced, axes: Axes, names: Names | None = None, place: int = 0) -> None:
        self.traced, self.axes, self.place = traced, axes, place
        taken = frozenset((traced.name, *(name for name, _, _ in traced.inputs)))
        self.names = Names(axes, taken) if names is None else names
        self.uses = Counter(
            o.number for operation in traced.operations for o in operation.operands if isinstance(o, Variable)
        )
        self.uses.update(o.number for o in traced.outputs if isinstance(o, Variable))
        self.producers = {r.number: operation for operation in traced.operations for r in operation.results}
        self.values: dict[int, Value] = {}
        self.lines: list[str] = []
        self.results: list[Value] = []
        self.operation: Operation | None = None
        for name, variable, _ in traced.inputs:
            dims = tuple(axes.of((-variable.number, i), size) for i, size in enumerate(variable.shape))
            axes.keep_apart(dims)
            self.values[variable.number] = Value(name, dims, variable.dtype, variable.shape)
        self.made = 0
        self.used: set[int] = {a for _, v, _ in traced.inputs for a in self.values[v.number].axes}
        self.parts: list[tuple[int, int, int]] = []
        """Joined axes, and where the axis of each part starts."""
        self.products: list[tuple[list[int], list[int]]] = []
        """Axes that were split or merged, and what became of them."""
        name_inputs(self.names, ((self.values[v.number].axes, given) for _, v, given in traced.inputs))
        self.counts = count(1)

    # ---- the file

    def text(self, outputs: Sequence[str] = ()) -> str:
        """The function; its results have names where they are given, or where there are several. Raises `NoDiagram`."""
        for operation in self.traced.operations:
            self.operation, self.made = operation, 0
            try:
                self._results(operation, self.apply(operation))
            except NoDiagram as found:
                found.result = operation.results[0].number if operation.results else None
                raise
        self.operation, self.made = None, 0
        self._unite_factors()
        self.results = [self.materialised(self.value(o)) for o in self.traced.outputs]
        inputs = [f"{n}: {self.type(self.values[v.number])}" for n, v, _ in self.traced.inputs]
        types = list(map(self.type, self.results))
        named = outputs or [f"out{place}" for place in range(len(types))]
        made = f"({', '.join(f'{n}: {t}' for n, t in zip(named, types, strict=True))})"
        lines = self._read_lines()
        body = "".join(f"  {line}\n" for line in lines)
        text = (
            f"fn {self.traced.name}({', '.join(inputs)}) -> {made if outputs or len(types) != 1 else types[0]} {{\n"
            f"{body}  return {', '.join(r.text for r in self.results)}\n}}\n"
        )
        if len(lines) < len(self.lines):
            self.used = {a for a in self.used if re.search(rf"\b{self.axis_name(a)}\b", text)}
        return text

    def _read_lines(self) -> list[str]:
        """The lines without those that no other reads, as columns of indices that were joined."""
        kept, read = list[str](), " ".join(r.text for r in self.results)
        for line in reversed(self.lines):
            names, _, text = line.partition(" = ")
            if any(re.search(rf"\b{name}\b", read) for name in names.split(", ")):
                kept.append(line)
                read += f" {text}"
        return kept[::-1]

    def _unite_factors(self) -> None:
        """Factors of one axis, in the same sizes, are the same axes."""
        for pair in combinations(self.products, 2):
            for (whole, parts), (other, more) in (pair, tuple(p[::-1] for p in pair)):
                sizes = [[self.axes.sizes[a] for a in side] for side in (parts, more)]
                if (
                    list(map(self.axes.root, whole)) == list(map(self.axes.root, other))
                    and sizes[0] == sizes[1]
                ):
                    for a, b in zip(parts, more, strict=True):
                        self.axes.unite(a, b)

    def type(self, value: Value) -> str:
        return f"{value.dtype}[{' '.join(map(self.axis_name, value.axes))}]"

    def axis_name(self, axis: int) -> str:
        return self.names.of(axis)

    def fresh(self, size: int) -> int:
        """A new axis of the operation that is being written."""
        self.made += 1
        operation = self.operation.results[0].number if self.operation is not None else 0
        key = (operation, self.made) if operation else (0, self.made, self.place)
        axis = self.axes.of(key, size)
        self.used.add(axis)
        return axis

    def refuse(self, message: str) -> NoReturn:
        raise NoDiagram(message, self.operation.line if self.operation is not None else None)

    @abstractmethod
    def apply(self, operation: Operation) -> list[Value]:
        """The results of an operation. Raises `NoDiagram`."""

    # ---- values

    def value(self, operand: Operand) -> Value:
        if isinstance(operand, Literal):
            return number(operand.value, operand.dtype, operand.shape)
        return self.values[operand.number]

    def _results(self, operation: Operation, made: Sequence[Value]) -> None:
        free = all(self.value(o).free for o in operation.operands)
        for variable, value in zip(operation.results, made, strict=True):
            self.axes.keep_apart(value.axes)
            plain = value.number is not None or value.text.isidentifier()
            if not plain and (self.uses[variable.number] > 1 or len(value.text) > INLINE):
                name = f"v{next(self.counts)}"
                self.lines.append(f"{name} = {value.text}")
                value = replace(value, text=name, atom=True)
            self.values[variable.number] = replace(value, dtype=variable.dtype, free=free)

    def renamed(self, value: Value, old: int, new: int) -> Value:
        """A value along another axis; if it has that one already, it gets a fresh axis there at the same time."""
        moved = {self.axes.root(old): new}
        for axis, size in zip(value.dims, value.shape, strict=True):
            if axis is not None and self.axes.root(axis) == self.axes.root(new):
                moved[self.axes.root(axis)] = self.fresh(size)
        entries = [f"{self.axis_name(a)} -> {self.axis_name(b)}" for a, b in moved.items()]
        dims = tuple(None if d is None else moved.get(self.axes.root(d), d) for d in value.dims)
        self.axes.keep_apart(d for d in dims if d is not None)
        return replace(value, text=f"{value.bracketed}[{', '.join(entries)}]", dims=dims, atom=True)

    def aligned(self, values: Sequence[Value]) -> tuple[list[Value], tuple[int | None, ...], tuple[int, ...]]:
        """Operands with the same axes, these, and the shape that they have together.

        What is made of indices alone is renamed rather than arrays.
        """
        shape: tuple[int, ...] = np.broadcast_shapes(*(v.shape for v in values))
        dims: list[int | None] = [None] * len(shape)
        found = list(values)
        for i in sorted(range(len(values)), key=lambda i: values[i].free):
            found[i] = self._along(values[i], dims, shape)
        repeated = [self.axes.root(d) for d in dims if d is not None]
        if len(set(repeated)) < len(repeated):
            self.refuse("one axis would stand along two dimensions of a result")
        return found, tuple(dims), shape

    def _along(self, value: Value, dims: list[int | None], shape: tuple[int, ...]) -> Value:
        """A value along the axes of these dimensions; those without get its own."""
        for place in range(len(value.dims)):
            axis, kept = value.dims[place], dims[place]
            if axis is None:
                continue
            if value.shape[place] != shape[place]:
                value = self.at(value, place, 0)
            elif kept is None:
                if self.axes.root(axis) in {self.axes.root(d) for d in dims if d is not None}:
                    axis, old = self.fresh(shape[place]), axis
                    value = self.renamed(value, old, axis)
                dims[place] = axis
            elif not self.axes.unite(kept, axis):
                value = self.renamed(value, axis, kept)
        return value

    def is_index(self, value: Value) -> bool:
        """Whether a value is the index along its one axis."""
        return len(value.axes) == 1 and value.text == self.axis_name(value.axes[0])

    def at(self, value: Value, place: int, index: int) -> Value:
        """A value at one index along a dimension, which stays, with one index."""
        axis = value.dims[place]
        shape = (*value.shape[:place], 1, *value.shape[place + 1 :])
        if axis is None:
            return replace(value, shape=shape)
        dims = (*value.dims[:place], None, *value.dims[place + 1 :])
        text = f"{value.bracketed}[{self.axis_name(axis)} -> {index}]"
        return replace(value, text=text, dims=dims, shape=shape, atom=True)

    def materialised(self, value: Value, places: Sequence[int] | None = None) -> Value:
        """A value with an axis along each of some dimensions, by default of all."""
        wanted = range(len(value.dims)) if places is None else places
        missing = {place: self.fresh(value.shape[place]) for place in wanted if value.dims[place] is None}
        if not missing:
            return value
        names = " ".join(self.axis_name(a) for a in missing.values())
        dims = tuple(missing.get(place, d) for place, d in enumerate(value.dims))
        self.axes.keep_apart(d for d in dims if d is not None)
        text = f"{value.bracketed} + zeros[{names}]()"
        if value.dtype == "bool":
            text = f"{value.bracketed} and zeros[{names}]() == 0"
        elif value.dtype[0] in "iu":
            text = f"{value.bracketed} + cast(zeros[{names}](), {value.dtype})"
        return replace(value, text=text, dims=dims, atom=False, number=None)
