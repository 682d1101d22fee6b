"""Heights for pictures that are too large for Graphviz: sweeps over the columns, each put in order and then in place.

In a column every place wants to be where the strands to its neighbours are level. Under the given order, and with
room between places, the nearest heights in the sense of least squares are an isotonic regression:

>>> nearest([3.0, 1.0, 9.0], [1.0, 1.0, 1.0], [2.0, 2.0, 2.0])
[1.0, 3.0, 9.0]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

_ORDERINGS: Final = 12
_SETTLINGS: Final = 12


@dataclass(frozen=True, slots=True)
class Block:
    """What stands in a column, with the height it takes."""

    name: str
    rank: int
    height: float


@dataclass(frozen=True, slots=True)
class Pull:
    """A bundle from one block to one in the next column: it is level where `target` is `drop` below `source`."""

    source: str
    target: str
    drop: float
    weight: float


_Pulls = dict[str, list[tuple[str, float, float]]]
"""For a block its neighbours, how far below them it is level, and how strong they pull."""


@dataclass(slots=True)
class _Sweep:
    columns: list[list[Block]]
    before: _Pulls = field(default_factory=_Pulls)
    after: _Pulls = field(default_factory=_Pulls)
    tops: dict[str, float] = field(default_factory=dict[str, float])

    def wanted(self, block: Block, sides: Sequence[_Pulls]) -> tuple[float, float]:
        """The weighted mean of where neighbours pull a block, and their weight."""
        pulls = [pull for side in sides for pull in side.get(block.name, ())]
        total = sum(weight for _, _, weight in pulls)
        if not total:
            return self.tops[block.name], 0.01
        return sum((self.tops[name] + drop) * weight for name, drop, weight in pulls) / total, total

    def stack(self, column: list[Block], room: float) -> None:
        top = -sum(block.height + room for block in column) / 2
        for block in column:
            self.tops[block.name] = top
            top += block.height + room


def heights(blocks: Sequence[Block], pulls: Sequence[Pull], room: float) -> dict[str, float]:
    """The top of every block; blocks of a column are at least `room` apart."""
    last = max((block.rank for block in blocks), default=-1)
    sweep = _Sweep([[b for b in blocks if b.rank == rank] for rank in range(last + 1)])
    for pull in pulls:
        sweep.before.setdefault(pull.target, []).append((pull.source, pull.drop, pull.weight))
        sweep.after.setdefault(pull.source, []).append((pull.target, -pull.drop, pull.weight))
    for column in sweep.columns:
        sweep.stack(column, room)
    for turn in range(_ORDERINGS):
        forward = turn % 2 == 0
        sides = (sweep.before,) if forward else (sweep.after,)
        for column in sweep.columns if forward else reversed(sweep.columns):
            column.sort(key=lambda block: sweep.wanted(block, sides)[0])
            sweep.stack(column, room)
    for turn in range(_SETTLINGS):
        for column in sweep.columns if turn % 2 == 0 else reversed(sweep.columns):
            aims = [sweep.wanted(block, (sweep.before, sweep.after)) for block in column]
            found = nearest([a for a, _ in aims], [w for _, w in aims], [b.height + room for b in column])
            sweep.tops |= {block.name: top for block, top in zip(column, found, strict=True)}
    return sweep.tops


def nearest(aims: Sequence[float], weights: Sequence[float], steps: Sequence[float]) -> list[float]:
    """The positions nearest to `aims`, in weighted least squares, each at least a step beyond the one before."""
    offsets = [0.0]
    for step in steps[:-1]:
        offsets.append(offsets[-1] + step)
    pooled: list[tuple[float, float, int]] = []  # mean, weight, count
    for aim, weight, offset in zip(aims, weights, offsets, strict=False):
        mean, total, count = aim - offset, weight, 1
        while pooled and pooled[-1][0] > mean:
            other, more, others = pooled.pop()
            mean = (mean * total + other * more) / (total + more)
            total, count = total + more, count + others
        pooled.append((mean, total, count))
    levels = (mean for mean, _, count in pooled for _ in range(count))
    return [level + offset for level, offset in zip(levels, offsets, strict=False)]
