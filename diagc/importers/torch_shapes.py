"""Operators of ATen that make arrays of numbers, or change shapes: re-indexing."""

from __future__ import annotations

import math
from collections.abc import Sequence

from diagc.importers.tensors import Call, Tensors
from diagc.importers.traced import Literal, Operand, Refused


class Shapes(Tensors):
    """Writes them."""

    def filled(self, value: float, call: Call) -> Operand:
        return Literal(self.number(value, call.dtype).value, call.dtype, call.shape)

    def on_zeros(self, call: Call) -> Operand:
        return self.filled(0, call)

    on_zeros_like = on_new_zeros = on_zeros

    def on_ones(self, call: Call) -> Operand:
        return self.filled(1, call)

    on_ones_like = on_new_ones = on_ones

    def on_full(self, call: Call) -> Operand:
        return self.filled(call["fill_value"], call)

    on_full_like = on_new_full = on_full

    def on_fill(self, call: Call) -> Operand:
        value = call["value"]
        return (
            self.filled(value, call) if isinstance(value, int | float) else self.broadcast(value, call.shape)
        )

    def on_scalar_tensor(self, call: Call) -> Operand:
        return self.filled(call["s"], call)

    def on_arange(self, call: Call) -> Operand:
        start, step = call["start"] or 0, call["step"] if call["step"] is not None else 1
        index = self.cast(self.iota(call.shape[0]), call.dtype)
        if step != 1:
            index = self.scaled(index, step)
        return self.binary("add", index, self.number(start, call.dtype)) if start else index

    def on_tril(self, call: Call) -> Operand:
        return self._triangle("ge", call)

    def on_triu(self, call: Call) -> Operand:
        return self._triangle("le", call)

    def _triangle(self, comparison: str, call: Call) -> Operand:
        shape = call.shape[-2:]
        rows, columns = (self.indices(shape, place) for place in (0, 1))
        moved = self.binary("add", rows, self.number(call["diagonal"] or 0, "i64"))
        kept = self.binary(comparison, moved, columns, "bool")
        return self.where(kept, call["self"], self.number(0, call.dtype))

    def on_one_hot(self, call: Call) -> Operand:
        size = call.shape[-1]
        index = self.unsqueeze(call["self"], -1)
        places = self.cast(self.indices(call.shape, len(call.shape) - 1), index.dtype)
        return self.cast(self.binary("eq", index, places, "bool"), call.dtype) if size else call["self"]

    # ---- views

    def on_view(self, call: Call) -> Operand:
        return self.reshape(call["self"], call.shape)

    on_reshape = on__unsafe_view = on_flatten = on_unflatten = on_view_as = on_reshape_as = on_view

    def on_expand(self, call: Call) -> Operand:
        return self.broadcast(call["self"], call.shape)

    on_expand_as = on_broadcast_to = on_expand

    def on_unsqueeze(self, call: Call) -> Operand:
        return self.unsqueeze(call["self"], call["dim"])

    def on_squeeze(self, call: Call) -> Operand:
        x: Operand = call["self"]
        given = call.numbers("dim") if call["dim"] is not None else range(len(x.shape))
        places = [d % len(x.shape) for d in given]
        return self.squeeze(x, [d for d in places if x.shape[d] == 1])

    def on_transpose(self, call: Call) -> Operand:
        x: Operand = call["self"]
        names = ("dim0", "dim1") if call["dim0"] is not None else ("axis0", "axis1")
        first, second = (call[name] % len(x.shape) for name in names)
        order = list(range(len(x.shape)))
        order[first], order[second] = order[second], order[first]
        return self.transpose(x, order)

    on_swapaxes = on_swapdims = on_transpose

    def on_t(self, call: Call) -> Operand:
        return self.transpose(call["self"], list(range(len(call.shape)))[::-1])

    def on_adjoint(self, call: Call) -> Operand:
        rank = len(call.shape)
        return self.transpose(call["self"], [*range(rank - 2), rank - 1, rank - 2])

    def on_permute(self, call: Call) -> Operand:
        return self.transpose(call["self"], [d % len(call.shape) for d in call["dims"]])

    def on_movedim(self, call: Call) -> Operand:
        rank = len(call.shape)
        source, target = ([d % rank for d in call.numbers(k)] for k in ("source", "destination"))
        rest = iter(i for i in range(rank) if i not in source)
        moved = dict(zip(target, source, strict=True))
        return self.transpose(call["self"], [moved[i] if i in moved else next(rest) for i in range(rank)])

    on_moveaxis = on_movedim

    def on_flip(self, call: Call) -> Operand:
        x: Operand = call["self"]
        places = [d % len(x.shape) for d in call["dims"]]
        return self.emit("rev", (x,), x.dtype, x.shape, dimensions=places)

    # ---- parts and joins

    def on_slice(self, call: Call) -> Operand:
        x: Operand = call["self"]
        place = call.place("dim", x)
        size, step = x.shape[place], call["step"] or 1
        start, stop, _ = slice(call["start"], call["end"]).indices(size)
        return self.slice(x, place, start, max(start, stop), step)

    def on_select(self, call: Call) -> Operand:
        x: Operand = call["self"]
        place = call.place("dim", x)
        index = call.number("index") % x.shape[place]
        return self.squeeze(self.slice(x, place, index, index + 1), [place])

    def on_narrow(self, call: Call) -> Operand:
        x: Operand = call["self"]
        place = call.place("dim", x)
        start = call.number("start") % x.shape[place]
        return self.slice(x, place, start, start + call.number("length"))

    def on_split(self, call: Call) -> list[Operand]:
        """Parts of the sizes of the results, however they were asked for."""
        x: Operand = call["self"]
        place, start, parts = call.place("dim", x), 0, list[Operand]()
        for _, shape in call.types:
            parts.append(self.slice(x, place, start, start + shape[place]))
            start += shape[place]
        return parts

    on_split_with_sizes = on_chunk = on_unsafe_split = on_unsafe_chunk = on_tensor_split = on_split

    def on_unbind(self, call: Call) -> list[Operand]:
        x: Operand = call["self"]
        place = call.place("dim", x)
        return [self.squeeze(self.slice(x, place, i, i + 1), [place]) for i in range(x.shape[place])]

    def on_cat(self, call: Call) -> Operand:
        parts = [self.cast(x, call.dtype) for x in call["tensors"] if x.shape != (0,)]
        return self.concatenate(parts, (call["dim"] or 0) % len(call.shape))

    on_concat = on_concatenate = on_cat

    def on_stack(self, call: Call) -> Operand:
        place = (call["dim"] or 0) % len(call.shape)
        return self.concatenate(
            [self.unsqueeze(self.cast(x, call.dtype), place) for x in call["tensors"]], place
        )

    def on_roll(self, call: Call) -> Operand:
        x: Operand = call["self"]
        if not call["dims"]:
            raise Refused("a roll along all dimensions at once has no diagram here yet")
        for shift, dim in zip(call.numbers("shifts"), call.numbers("dims"), strict=True):
            place = dim % len(x.shape)
            size = x.shape[place]
            first = -shift % size
            if first:
                x = self.concatenate(
                    [self.slice(x, place, first, size), self.slice(x, place, 0, first)], place
                )
        return x

    def on_constant_pad_nd(self, call: Call) -> Operand:
        x: Operand = call["self"]
        given: list[int] = call["pad"]
        pairs = [(given[i], given[i + 1]) for i in range(0, len(given), 2)][::-1]
        pairs = [(0, 0)] * (len(x.shape) - len(pairs)) + pairs
        for place, (low, high) in enumerate(pairs):  # a negative one cuts
            x = self.slice(x, place, max(-low, 0), x.shape[place] - max(-high, 0))
        config = [[max(low, 0), max(high, 0), 0] for low, high in pairs]
        filler = self.number(call["value"] or 0, x.dtype)
        return self.emit("pad", (x, filler), x.dtype, call.shape, padding_config=config)

    def on_pad(self, call: Call) -> Operand:
        if call["mode"] not in (None, "constant"):
            raise Refused(f"padding by `{call['mode']}` has no diagram here yet")
        return self.on_constant_pad_nd(call)

    # ---- repeats

    def repeated(self, x: Operand, place: int, times: int, inside: bool) -> Operand:
        """Each index `times` times: side by side, or the whole dimension again."""
        if times == 1:
            return x
        added = place + 1 if inside else place
        shape = (*x.shape[:added], times, *x.shape[added:])
        made = self.spread(x, shape, [i for i in range(len(shape)) if i != added])
        size = x.shape[place] * times
        return self.reshape(made, (*x.shape[:place], size, *x.shape[place + 1 :]))

    def on_repeat_interleave(self, call: Call) -> Operand:
        x: Operand = call["self"]
        if not isinstance(call["repeats"], int):
            raise Refused("a repeat by counts of an array has no diagram here yet")
        if call["dim"] is None:
            return self.repeated(self.reshape(x, (math.prod(x.shape),)), 0, call["repeats"], inside=True)
        return self.repeated(x, call.place("dim", x), call["repeats"], inside=True)

    def on_repeat(self, call: Call) -> Operand:
        times: Sequence[int] = call["repeats"]
        x: Operand = call["self"]
        x = self.reshape(x, (*[1] * (len(times) - len(x.shape)), *x.shape))
        for place, count in enumerate(times):
            x = self.repeated(x, place, count, inside=False)
        return x

    def on_tile(self, call: Call) -> Operand:
        given: Sequence[int] = call["dims"]
        times = [*[1] * (len(call["self"].shape) - len(given)), *given]
        return self.on_repeat(Call(call.name, {**call.given, "repeats": times}, call.types))
