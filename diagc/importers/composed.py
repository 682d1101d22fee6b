"""A function as a file of several entries: its regions by their names, its boxes as comments between them.

Law: an array has one name in the whole file; what a piece reads is an input of the function or made by a piece before.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from diagc.importers.axes import Axes, Names, name_inputs
from diagc.importers.boxes import Piece, pieces
from diagc.importers.cuts import Whole
from diagc.importers.machines import Machines
from diagc.importers.spoken import spoken
from diagc.importers.traced import Literal, Operand, Traced, Variable
from diagc.importers.values import NoDiagram, number
from diagc.importers.written import legal


@dataclass(frozen=True, slots=True)
class Composed:
    """A text, its pieces, what its arrays are called by number, and what is returned: names or numbers, with dtypes."""

    text: str
    pieces: tuple[Piece, ...]
    names: Mapping[int, str]
    returned: tuple[tuple[str | float, str], ...]

    @property
    def steps(self) -> list[dict[str, Any]]:
        """What the comparison needs of the pieces: the entry of a region, or what a box is called."""
        return [
            {
                "entry": piece.region.traced.name, "box": piece.called,
                "reads": [self.names[v.number] for v in piece.inputs],
                "writes": [[self.names[v.number], v.dtype] for v in piece.outputs],
            }
            for piece in self.pieces
        ]  # fmt: skip


def composed(whole: Whole, source: str, file: str) -> Composed | None:
    """The file of a function some operators of which have no diagram; None where no region is worth an entry.

    `source` is the text of the function's file, which names its arrays. Raises `NoDiagram`.
    """
    made: list[Composed] = []

    def refused(found: Sequence[Piece]) -> int | None:
        try:
            made.append(_written(whole.traced, found, source, file))
        except NoDiagram as error:
            if error.result is None:
                raise
            return error.result
        return None

    found = pieces(whole, refused)
    return None if all(piece.called for piece in found) else made[-1]


def _written(traced: Traced, found: Sequence[Piece], source: str, file: str) -> Composed:
    regions = [piece for piece in found if not piece.called]
    entries = {id(piece): f"{traced.name}_{n}" for n, piece in enumerate(regions, 1)}
    names = _array_names(traced, found, source, {traced.name, *entries.values()})
    own = [_renamed(piece, entries.get(id(piece), ""), names) for piece in found]
    taken = frozenset((traced.name, *entries.values(), *names.values()))
    axes, lines = Axes(), list[str]()
    before: list[int] | None = None
    while before != axes.parent:  # a walk may find more of them to be the same
        before = list(axes.parent)
        lines = _File(traced, own, axes, Names(axes, taken), names, file).lines()
    returned = tuple(
        (names[o.number] if isinstance(o, Variable) else o.value, o.dtype) for o in traced.outputs
    )
    return Composed("\n\n".join(lines) + "\n", tuple(own), names, returned)


def _shown(operand: Operand, names: Mapping[int, str]) -> str:
    """An array by its name, or a number."""
    if isinstance(operand, Literal):
        return number(operand.value, operand.dtype, operand.shape).text
    return names[operand.number]


def _renamed(piece: Piece, entry: str, names: Mapping[int, str]) -> Piece:
    """A piece whose inputs have their names."""
    traced = piece.region.traced
    given = sorted(traced.inputs, key=lambda own: own[1].number)  # those of the function first
    inputs = tuple((names[v.number], v, axes) for _, v, axes in given)
    return replace(piece, region=replace(piece.region, traced=replace(traced, name=entry, inputs=inputs)))


def _array_names(traced: Traced, found: Sequence[Piece], source: str, taken: Iterable[str]) -> dict[int, str]:
    """Names of inputs, and of all arrays that pieces write: those of the text, else by what makes them."""
    names = {v.number: name for name, v, _ in traced.inputs}
    written = {v.number: (v, piece) for piece in found for v in piece.outputs}
    makers = {r.number: o.primitive for o in traced.operations for r in o.results}
    said = spoken(source, traced.operations, list(written))
    results = [o.number for o in traced.outputs if isinstance(o, Variable)]
    used, counts = (
        {*names.values(), *taken, *(a for _, _, axes in traced.inputs for a in axes)},
        Counter[str](),
    )
    for own in written:
        piece = written[own][1]
        plain = "out" if own in results and not piece.called else piece.called or makers[own]
        wish = legal(said.get(own) or re.sub(r"\W+", "_", plain.split(", ")[-1]))
        name = wish if own in said or plain == "out" else f"{wish}1"
        while name in used:
            counts[wish] += 1
            name = f"{wish}{counts[wish] + 1}"
        names[own] = name
        used.add(name)
    return names


class _File:
    """One walk over all pieces, with the same axes."""

    def __init__(
        self,
        traced: Traced,
        found: Sequence[Piece],
        axes: Axes,
        names: Names,
        arrays: Mapping[int, str],
        file: str,
    ) -> None:
        self.traced, self.pieces, self.axes, self.names, self.arrays = traced, found, axes, names, arrays
        self.file, self.used = file, set[int]()

    def lines(self) -> list[str]:
        """The parts of the file, between which a line is empty. Raises `NoDiagram`."""
        name_inputs(self.names, ((self._dims(v), given) for _, v, given in self.traced.inputs))
        body = [
            self._box(piece) if piece.called else self._region(piece, place)
            for place, piece in enumerate(self.pieces, 1)
        ]
        name = self.traced.name
        inputs = ", ".join(f"{n}: {self._type(v)}" for n, v, _ in self.traced.inputs)
        results = [self._type(o) if isinstance(o, Variable) else f"{o.dtype}[]" for o in self.traced.outputs]
        shown = ", ".join(_shown(o, self.arrays) for o in self.traced.outputs)
        made = results[0] if len(results) == 1 else f"({', '.join(results)})"
        head = f"diag 1\n# {name}, imported from {self.file}:{name}: what has no diagram is a box."
        head += f"\n# {name}({inputs}) -> {made}"
        return [head, self.names.declared(self.used), *body, f"# {name} returns {shown}"]

    def _dims(self, variable: Variable) -> tuple[int, ...]:
        """The axes of an array that stands between pieces."""
        dims = tuple(self.axes.of((-variable.number, i), size) for i, size in enumerate(variable.shape))
        self.axes.keep_apart(dims)
        self.used.update(dims)
        return dims

    def _type(self, variable: Variable) -> str:
        return f"{variable.dtype}[{' '.join(map(self.names.of, self._dims(variable)))}]"

    def _region(self, piece: Piece, place: int) -> str:
        walk = Machines(piece.region.traced, self.axes, self.names, place)
        text = walk.text([self.arrays[v.number] for v in piece.outputs])
        for variable, value in zip(piece.outputs, walk.results, strict=True):
            self._unite(self._dims(variable), value.axes)
        self.used |= walk.used
        return text.rstrip()

    def _box(self, piece: Piece) -> str:
        """`# box: order = argsort(s: f32[a b]) -> i32[a b]   (model.py:12)`; a result has axes of its shape."""
        for result in piece.outputs:
            alike = next((v for v in piece.inputs if v.shape == result.shape), result)
            self._unite(self._dims(alike), self._dims(result))
        given = ", ".join(f"{self.arrays[v.number]}: {self._type(v)}" for v in piece.inputs)
        types = list(map(self._type, piece.outputs))
        made = types[0] if len(types) == 1 else f"({', '.join(types)})"
        names = ", ".join(self.arrays[v.number] for v in piece.outputs)
        where = f"   ({self.file}:{piece.line})" if piece.line is not None else ""
        return f"# box: {names} = {piece.called}({given}) -> {made}{where}"

    def _unite(self, ones: Collection[int], others: Collection[int]) -> None:
        for one, other in zip(ones, others, strict=True):
            self.axes.unite(one, other)
