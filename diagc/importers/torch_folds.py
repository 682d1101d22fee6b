"""Operators of ATen that fold, and softmax with its kin."""

from __future__ import annotations

import math
from typing import Final

from diagc.importers.tensors import Call, Tensors
from diagc.importers.traced import Operand, Refused

FOLDS: Final = {
    "sum": "reduce_sum", "amax": "reduce_max", "amin": "reduce_min", "prod": "reduce_prod",
    "any": "reduce_or", "all": "reduce_and",
}  # fmt: skip


class Folds(Tensors):
    """Writes them."""

    def places(self, call: Call, x: Operand) -> list[int]:
        """The dimensions that a call folds; without any, all."""
        if call["dim"] is None or not call.numbers("dim"):
            return list(range(len(x.shape)))
        return sorted(d % max(len(x.shape), 1) for d in call.numbers("dim"))

    def on_fold(self, call: Call) -> Operand:
        x: Operand = call["self"]
        if call.name in ("any", "all") and x.dtype != "bool":
            x = self.binary("ne", x, self.number(0, x.dtype), "bool")
        return self.fold(
            FOLDS[call.name], self.cast(x, call.dtype), self.places(call, x), bool(call["keepdim"])
        )

    def on_mean(self, call: Call) -> Operand:
        x = self.cast(call["self"], call.dtype)
        return self.mean(x, self.places(call, x), bool(call["keepdim"]))

    def on_max(self, call: Call) -> Operand | list[Operand]:
        return self._extremum("max", call)

    def on_min(self, call: Call) -> Operand | list[Operand]:
        return self._extremum("min", call)

    def _extremum(self, name: str, call: Call) -> Operand | list[Operand]:
        x: Operand = call["self"]
        if call["other"] is not None:
            return self.binary(name, self.cast(x, call.dtype), self.cast(call["other"], call.dtype))
        made = self.fold(f"reduce_{name}", x, self.places(call, x), bool(call["keepdim"]))
        if call["dim"] is None:
            return made
        return [made, self._place_of(f"arg{name}", x, call["dim"], bool(call["keepdim"]))]

    def on_argmax(self, call: Call) -> Operand:
        return self._argument("argmax", call)

    def on_argmin(self, call: Call) -> Operand:
        return self._argument("argmin", call)

    def _argument(self, name: str, call: Call) -> Operand:
        x: Operand = call["self"]
        if call["dim"] is None:
            x = self.reshape(x, (math.prod(x.shape),))
        return self._place_of(name, x, call["dim"] or 0, bool(call["keepdim"]))

    def _place_of(self, name: str, x: Operand, dim: int, keep: bool) -> Operand:
        place = dim % len(x.shape)
        shape = [n for i, n in enumerate(x.shape) if i != place]
        made: Operand = self.emit(name, (x,), "i64", shape, axes=[place])
        return self.unsqueeze(made, place) if keep else made

    def on_var(self, call: Call) -> Operand:
        x = self.cast(call["self"], call.dtype)
        places = self.places(call, x)
        centred = self.binary("sub", x, self.mean(x, places, keep=True))
        total = self.fold("reduce_sum", self.unary("square", centred), places, bool(call["keepdim"]))
        return self.binary("div", total, self.number(self._count(call, x, places), x.dtype))

    def _count(self, call: Call, x: Operand, places: list[int]) -> float:
        """Elements without the correction of Bessel where it is asked for."""
        one = call["correction"] if call["correction"] is not None else int(call["unbiased"] is not False)
        return max(math.prod(x.shape[i] for i in places) - one, 0)

    def on_std(self, call: Call) -> Operand:
        return self.unary("sqrt", self.on_var(call))

    def on_linalg_vector_norm(self, call: Call) -> Operand:
        x = self.cast(call["self"], call.dtype)
        order, places, keep = call["ord"], self.places(call, x), bool(call["keepdim"])
        if order == 2:
            return self.unary("sqrt", self.fold("reduce_sum", self.unary("square", x), places, keep))
        if order not in (1, math.inf):
            raise Refused(f"a norm of order {order} has no diagram here yet")
        return self.fold("reduce_sum" if order == 1 else "reduce_max", self.unary("abs", x), places, keep)

    def on_cumsum(self, call: Call) -> Operand:
        x = self.cast(call["self"], call.dtype)
        return self.unary("cumsum", x, axis=call.place("dim", x), reverse=False)

    def on_topk(self, call: Call) -> list[Operand]:
        x: Operand = call["self"]
        place = call.place("dim", x)
        if not call["largest"]:
            values, index = self._top(self.unary("neg", x), place, call["k"])
            return [self.unary("neg", values), index]
        return self._top(x, place, call["k"])

    def _top(self, x: Operand, place: int, count: int) -> list[Operand]:
        last = [*(i for i in range(len(x.shape)) if i != place), place]
        back = [last.index(i) for i in range(len(last))]
        turned = self.transpose(x, last)
        shape = (*turned.shape[:-1], count)
        results = (self.variable(x.dtype, shape), self.variable("i64", shape))
        self.record("top_k", {"k": count}, (turned,), results)
        return [self.transpose(r, back) for r in results]

    # ---- softmax and its kin

    def exponentials(self, x: Operand, place: int) -> tuple[Operand, Operand, Operand]:
        """x − max x, its exponentials, and their sum."""
        shifted = self.binary("sub", x, self.fold("reduce_max", x, [place], keep=True))
        powers = self.unary("exp", shifted)
        return shifted, powers, self.fold("reduce_sum", powers, [place], keep=True)

    def softmax(self, x: Operand, place: int) -> Operand:
        _, powers, total = self.exponentials(x, place)
        return self.binary("div", powers, total)

    def on_softmax(self, call: Call) -> Operand:
        x = self.cast(call["self"], call.dtype)
        return self.softmax(x, call.place("dim", x))

    on__softmax = on_softmax

    def log_softmax(self, x: Operand, place: int) -> Operand:
        shifted, _, total = self.exponentials(x, place)
        return self.binary("sub", shifted, self.unary("log", total))

    def on_log_softmax(self, call: Call) -> Operand:
        x = self.cast(call["self"], call.dtype)
        return self.log_softmax(x, call.place("dim", x))

    on__log_softmax = on_log_softmax

    def logsumexp(self, x: Operand, places: list[int], keep: bool) -> Operand:
        largest = self.fold("reduce_max", x, places, keep=True)
        powers = self.unary("exp", self.binary("sub", x, largest))
        total = self.unary("log", self.fold("reduce_sum", powers, places, keep=True))
        made = self.binary("add", largest, total)
        return made if keep else self.squeeze(made, places)

    def on_logsumexp(self, call: Call) -> Operand:
        x = self.cast(call["self"], call.dtype)
        return self.logsumexp(x, self.places(call, x), bool(call["keepdim"]))
