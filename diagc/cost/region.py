"""A fused region as the cost model sees it: arrays that are moved, values that are live, work that is done.

A region has group axes, which programs share out in tiles, and loops over streamed axes, taken in tiles too; every
other axis is whole in each program. Axes are named by text. Formulas: derivation.md §4 (arXiv 2412.03317, §3).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from diagc.core.dtypes import DType


@dataclass(frozen=True, slots=True)
class Window:
    """The indices that a tile reads along one axis of an array: `((Σ cᵢ·aᵢ) // divisor) % modulus`, below `extent`."""

    terms: tuple[tuple[str, int], ...]
    extent: int
    divisor: int = 1
    modulus: int | None = None

    @property
    def axis(self) -> str | None:
        """The axis whose index this is, when it is nothing else."""
        plain = self.divisor == 1 and self.modulus is None and len(self.terms) == 1
        return self.terms[0][0] if plain and self.terms[0][1] == 1 else None

    def length(self, tiles: Mapping[str, int]) -> int:
        """Indices read by a tile: the affine footprint 1 + Σ|cᵢ|(tᵢ − 1), then divisor and modulus."""
        span = 1 + sum(abs(c) * (tiles[a] - 1) for a, c in self.terms)
        span = -(-span // self.divisor)
        return max(min(span, self.extent, self.modulus or span), 0)


@dataclass(frozen=True, slots=True)
class Transfer:
    """An array that every program reads or writes, in a loop if there is one; `bytes` are those of a value."""

    name: str
    windows: tuple[Window, ...]
    bytes: int
    loop: int | None = None
    dtype: str = ""

    @property
    def axes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(a for w in self.windows for a, _ in w.terms))

    @property
    def values(self) -> int:
        """Values of the whole array."""
        return math.prod(w.extent for w in self.windows)


@dataclass(frozen=True, slots=True)
class Limit:
    """A mask: the streamed axis is at most (`upper`) or at least Σ cᵢ·aᵢ + offset."""

    upper: bool
    terms: tuple[tuple[str, int], ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop over axes, outermost first. Only tiles of the last one that meet every limit are visited.

    Of these, data leave `share`: 1 where nothing is known of them.
    """

    axes: tuple[str, ...]
    limits: tuple[Limit, ...] = ()
    share: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True)
class Operand:
    """A side of a matrix product: its free axes, bytes a value, and whether it is read from l2."""

    free: tuple[str, ...]
    bytes: int
    shared: bool


@dataclass(frozen=True, slots=True)
class Work:
    """Operations at each point of `axes`, and for each tile of the axes in `each`.

    `part` says which tiles of the loop: all that are visited, or those that a mask cuts. A product of matrices has
    its two `sides`.
    """

    label: str
    unit: Literal["tensor", "vector", "special"]
    dtype: DType
    axes: tuple[str, ...]
    per_point: float
    loop: int | None = None
    each: tuple[str, ...] = ()
    part: Literal["visited", "cut"] = "visited"
    sides: tuple[Operand, Operand] | None = None


@dataclass(frozen=True, slots=True)
class Live:
    """A tile that is held: in l2 if `shared`, `staged` if loads run ahead, a `copy` if it repeats another."""

    name: str
    axes: tuple[str, ...]
    bytes: int
    shared: bool = False
    staged: bool = False
    copy: bool = False
    dtype: str = ""

    @property
    def kind(self) -> tuple[object, ...]:
        """What tiles of equal needs have in common."""
        return (self.axes, self.bytes, self.shared, self.staged, self.copy)


@dataclass(frozen=True, slots=True)
class Region:
    """A kernel for the cost model. `tiled` are the group axes of which a program may take more than one index."""

    name: str
    sizes: Mapping[str, int]
    group: tuple[str, ...]
    tiled: tuple[str, ...]
    loops: tuple[Loop, ...]
    reads: tuple[Transfer, ...]
    writes: tuple[Transfer, ...]
    work: tuple[Work, ...] = ()
    moments: tuple[tuple[Live, ...], ...] = ()
    held: tuple[tuple[tuple[Live, int], ...], ...] = field(init=False)
    """The moments by what they need: tiles of one kind once, with their number; equal moments once."""

    def __post_init__(self) -> None:
        kinds: dict[tuple[object, ...], Live] = {}
        for live in (live for moment in self.moments for live in moment):
            kinds.setdefault(live.kind, live)
        counted = (Counter(live.kind for live in moment) for moment in self.moments)
        held = dict.fromkeys(tuple(found.items()) for found in counted)
        object.__setattr__(self, "held", tuple(tuple((kinds[k], n) for k, n in found) for found in held))

    @property
    def streamed(self) -> tuple[str, ...]:
        """The axes that loops cut into tiles; axes around them are walked index by index."""
        return tuple(dict.fromkeys(loop.axes[-1] for loop in self.loops))

    @property
    def walked(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(a for loop in self.loops for a in loop.axes[:-1]))

    @property
    def transfers(self) -> tuple[Transfer, ...]:
        return (*self.reads, *self.writes)


@dataclass(frozen=True, slots=True)
class Tiling:
    """Tile sizes of group axes (1 where none is given) and of streamed axes (all where none is given)."""

    group: Mapping[str, int]
    stream: Mapping[str, int]

    def tiles(self, region: Region) -> dict[str, int]:
        """The tile of every axis, at most its size."""
        found = dict(region.sizes)
        found |= dict.fromkeys((*region.group, *region.walked), 1)
        found |= {a: t for a, t in (*self.group.items(), *self.stream.items()) if a in found}
        return {a: max(min(t, region.sizes[a]), 1) for a, t in found.items()}

    def blocks(self, region: Region) -> dict[str, int]:
        """The tile of every axis as it is executed: as chosen, and the next power of two for whole axes."""
        chosen = {**dict.fromkeys((*region.group, *region.walked), 1), **self.group, **self.stream}
        return {a: chosen.get(a, next_power(size)) for a, size in region.sizes.items()}


def next_power(value: int) -> int:
    """The least power of two that is not below a value.

    >>> [next_power(n) for n in (1, 3, 128)]
    [1, 4, 128]
    """
    return 1 << max(value - 1, 0).bit_length()


def counts(region: Region, tiles: Mapping[str, int]) -> dict[str, int]:
    """How many tiles cover each axis: ⌈a/g_a⌉."""
    return {a: -(-size // tiles[a]) for a, size in region.sizes.items()}
