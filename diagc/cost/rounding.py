"""From real tiles to legal ones: exact search over the few sizes that a kernel can have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from diagc.cost.region import Region, Tiling, next_power
from diagc.cost.traffic import elements_moved, memory_values


def powers(size: int, least: int = 16, most: int = 4096) -> tuple[int, ...]:
    """The powers of two from `least` that a tile of an axis may have; none is twice as long as the axis needs.

    >>> powers(100)
    (16, 32, 64, 128)
    """
    top = min(max(next_power(size), least), most)
    return tuple(1 << k for k in range(least.bit_length() - 1, top.bit_length()))


def divisors(size: int, step: int = 16) -> tuple[int, ...]:
    """The multiples of `step` that divide a size, and the size.

    >>> divisors(96)
    (16, 32, 48, 96)
    """
    return tuple(sorted({g for g in range(step, size + 1, step) if size % g == 0} | {size}))


def tilings(region: Region, legal: Mapping[str, tuple[int, ...]]) -> Iterator[Tiling]:
    """Every combination of the legal tiles, small ones first."""
    for chosen in product(*legal.values()):
        tiles = dict(zip(legal, chosen, strict=True))
        group = {a: t for a, t in tiles.items() if a in region.group}
        yield Tiling(group, {a: t for a, t in tiles.items() if a not in group})


def least_moved(region: Region, memory: int, legal: Mapping[str, tuple[int, ...]]) -> Tiling | None:
    """The tiling that moves least with M ≤ memory, the first of equals; None where none fits."""
    fitting = (t for t in tilings(region, legal) if memory_values(region, t) <= memory)
    return min(fitting, key=lambda t: elements_moved(region, t), default=None)
