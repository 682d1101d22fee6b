"""Changes of shape, parts and joins: re-indexing in the language."""

from __future__ import annotations

from dataclasses import replace

from diagc.importers.traced import Operation
from diagc.importers.values import Value, groups, refined, signed
from diagc.importers.walk import Walk


class Reshaping(Walk):
    """Writes them."""

    def on_broadcast_in_dim(self, operation: Operation, x: Value) -> Value:
        shape: list[int] = operation.params["shape"]
        places: list[int] = operation.params["broadcast_dimensions"]
        dims: list[int | None] = [None] * len(shape)
        for own, place in enumerate(places):
            axis = x.dims[own]
            if axis is not None and x.shape[own] != shape[place]:
                x, axis = self.at(x, own, 0), None
            dims[place] = axis
        return replace(x, dims=tuple(dims), shape=tuple(shape))

    def on_squeeze(self, operation: Operation, x: Value) -> Value:
        gone: list[int] = operation.params["dimensions"]
        for place in gone:
            x = self.at(x, place, 0)
        kept = [i for i in range(len(x.dims)) if i not in gone]
        return replace(x, dims=tuple(x.dims[i] for i in kept), shape=tuple(x.shape[i] for i in kept))

    def on_transpose(self, operation: Operation, x: Value) -> Value:
        order: list[int] = operation.params["permutation"]
        return replace(x, dims=tuple(x.dims[i] for i in order), shape=tuple(x.shape[i] for i in order))

    def on_reshape(self, operation: Operation, x: Value) -> Value:
        return self.reshaped(x, tuple(operation.params["new_sizes"]))

    def reshaped(self, x: Value, shape: tuple[int, ...]) -> Value:
        """Splits and merges of axes that lie side by side."""
        if x.number is not None:
            return replace(x, dims=(None,) * len(shape), shape=shape)
        dims: list[int | None] = [None] * len(shape)
        for old, new in groups(x.shape, shape):
            olds = [x.dims[i] for i in old if x.shape[i] > 1]
            news = [i for i in new if shape[i] > 1]
            if len(olds) == len(news) == 1:
                dims[news[0]] = olds[0]
                continue
            if not olds or all(d is None for d in olds):
                continue
            if None in olds:
                x = self.materialised(x, [i for i in old if x.shape[i] > 1])
                olds = [x.dims[i] for i in old if x.shape[i] > 1]
            between = refined([x.shape[i] for i in old], [shape[i] for i in new])
            if len(olds) > 1 and len(news) > 1 and between is not None:
                middle = (*x.shape[: old[0]], *between, *x.shape[old[-1] + 1 :])
                return self.reshaped(self.reshaped(x, middle), shape)
            if len(olds) > 1 and len(news) > 1:
                self.refuse(
                    f"a change of shape from {x.shape} to {shape} that neither splits nor merges axes"
                )
            fresh = self._factors(x, [d for d in olds if d is not None], [shape[i] for i in news])
            sides = [[self.axis_name(a) for a in side if a is not None] for side in (olds, fresh)]
            left, right = (side[0] if len(side) == 1 else f"({' '.join(side)})" for side in sides)
            x = replace(x, text=f"{x.bracketed}[{left} -> {right}]", atom=True)
            for place, axis in zip(news, fresh, strict=True):
                dims[place] = axis
        for place in (i for i, d in enumerate(x.dims) if d is not None and x.shape[i] == 1):
            x = self.at(x, place, 0)
        return replace(x, dims=tuple(dims), shape=shape)

    def _factors(self, x: Value, olds: list[int], sizes: list[int]) -> list[int]:
        """The axes that others are split into or merged to: those that they were before, else new ones."""
        there, given = set(map(self.axes.root, x.axes)), list(map(self.axes.root, olds))
        for first, second in self.products:
            for one, other in ((first, second), (second, first)):
                same = (
                    list(map(self.axes.root, one)) == given and [self.axes.sizes[a] for a in other] == sizes
                )
                if same and there.isdisjoint(map(self.axes.root, other)):
                    return list(other)
        made = [self.fresh(size) for size in sizes]
        self.products.append((olds, made))
        return made

    def on_iota(self, operation: Operation) -> Value:
        shape: list[int] = operation.params["shape"]
        place: int = operation.params["dimension"]
        axis = self.fresh(shape[place])
        dims = tuple(axis if i == place else None for i in range(len(shape)))
        name, dtype = self.axis_name(axis), operation.results[0].dtype
        return Value(name if dtype[0] in "iu" else f"cast({name}, {dtype})", dims, dtype, tuple(shape))

    def on_slice(self, operation: Operation, x: Value) -> Value:
        given = operation.params
        strides = given["strides"] or [1] * len(x.shape)
        for place, (start, stop, stride) in enumerate(
            zip(given["start_indices"], given["limit_indices"], strides, strict=True)
        ):
            x = self._part(x, place, start, -(-(stop - start) // stride), stride)
        return x

    def _part(self, x: Value, place: int, start: int, length: int, stride: int = 1, pad: str = "") -> Value:
        """Some indices along a dimension."""
        axis = x.dims[place]
        shape = (*x.shape[:place], length, *x.shape[place + 1 :])
        if axis is None or (length == x.shape[place] and stride == 1 and not start):
            return replace(x, shape=shape)
        if length == 1 and not pad:
            return self.at(x, place, start)
        new = self._joined_part(x, axis, start, length) if stride == 1 and not pad else None
        new = self.fresh(length) if new is None else new
        step = "" if stride == 1 else f"{stride} * "
        text = f"{x.bracketed}[{self.axis_name(axis)} -> {step}{self.axis_name(new)}{signed(start)}{pad}]"
        dims = (*x.dims[:place], new, *x.dims[place + 1 :])
        return replace(x, text=text, dims=dims, shape=shape, atom=True)

    def _joined_part(self, value: Value, axis: int, start: int, length: int) -> int | None:
        """The axis of the part of a join that is read, unless the value has it along another dimension."""
        for joined, first, part in self.parts:
            there = {self.axes.root(d) for d in value.axes}
            same = self.axes.root(joined) == self.axes.root(axis) and first == start
            if same and self.axes.sizes[part] == length and self.axes.root(part) not in there:
                return part
        return None

    def on_split(self, operation: Operation, x: Value) -> list[Value]:
        place, start, made = operation.params["axis"], 0, list[Value]()
        for length in operation.params["sizes"]:
            made.append(self._part(x, place, start, length))
            start += length
        return made

    def on_rev(self, operation: Operation, x: Value) -> Value:
        places: list[int] = operation.params["dimensions"]
        for place in places:
            axis = x.dims[place]
            if axis is not None:
                name = self.axis_name(axis)
                x = replace(x, text=f"{x.bracketed}[{name} -> {x.shape[place] - 1} - {name}]", atom=True)
        return x

    def on_pad(self, operation: Operation, x: Value, filler: Value) -> Value:
        for place, (low, high, inner) in enumerate(operation.params["padding_config"]):
            if inner or low < 0 or high < 0 or (filler.number is None and (low or high)):
                self.refuse("padding between elements, negative padding or padding by an array")
            if low or high:
                if x.dims[place] is None:
                    self.refuse("padding along a dimension in which all elements are the same")
                x = self._part(x, place, -low, x.shape[place] + low + high, 1, f" else {filler.text}")
        return x

    def on_concatenate(self, operation: Operation, *parts: Value) -> Value:
        place: int = operation.params["dimension"]
        met, own = set[int](), list[Value]()
        for given in parts:
            part = self.materialised(given, [place])
            axis = part.dims[place]
            if axis is not None and self.axes.root(axis) in met:
                part = self.renamed(part, axis, self.fresh(part.shape[place]))
            met.update(self.axes.root(d) for d in part.dims[place : place + 1] if d is not None)
            own.append(part)
        bare = [
            replace(
                p, dims=(*p.dims[:place], None, *p.dims[place + 1 :]),
                shape=(*p.shape[:place], 1, *p.shape[place + 1 :]),
            )
            for p in own
        ]  # fmt: skip
        others, dims, _ = self.aligned(self._alike(bare))
        new = self.fresh(sum(p.shape[place] for p in parts))
        start = 0
        for p in own:
            part = p.dims[place]
            assert part is not None
            self.parts.append((new, start, part))
            start += p.shape[place]
        text = f"concat[{self.axis_name(new)}]({', '.join(p.text for p in others)})"
        return Value(
            text, (*dims[:place], new, *dims[place + 1 :]), parts[0].dtype, operation.results[0].shape
        )

    def _alike(self, parts: list[Value]) -> list[Value]:
        """Parts that have an axis wherever one of them has."""
        wanted = [i for i in range(len(parts[0].dims)) if any(p.dims[i] is not None for p in parts)]
        sizes = [max(p.shape[i] for p in parts) for i in range(len(parts[0].dims))]
        return [self.materialised(replace(p, shape=tuple(sizes)), wanted) for p in parts]

    def on_cumsum(self, operation: Operation, x: Value) -> Value:
        place: int = operation.params["axis"]
        axis = x.dims[place]
        if axis is None or operation.params["reverse"]:
            self.refuse("a running sum from the end, or of elements that are all the same")
        return replace(x, text=f"cumsum[{self.axis_name(axis)}]({x.text})", atom=True)
