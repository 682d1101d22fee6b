"""Values moved and values held, exactly.

H = Σ_inputs |i|·∏_{a ∈ G∖axes(i)} ⌈a/g_a⌉ + Σ_outputs |o|·∏_{a ∈ G∖axes(o)} ⌈a/g_a⌉, where an array that is read at
affine coordinates counts the footprints of its tiles instead of |i|, a loop reads its arrays once more, and a mask
leaves only the tiles that it does not empty (derivation.md §2, §4).
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from itertools import product as combinations
from math import prod

from diagc.cost.region import Limit, Live, Loop, Region, Tiling, Transfer, counts

MAX_TILES = 4096
"""Tiles of group axes that a mask is looked at; of more, as many are taken at even distances."""


def elements_moved(region: Region, tiling: Tiling) -> int:
    """H: values moved between the programs and the memory above them."""
    return sum(moved(region, tiling, transfer) for transfer in region.transfers)


def bytes_moved(region: Region, tiling: Tiling) -> int:
    """H in bytes."""
    return sum(moved(region, tiling, transfer) * transfer.bytes for transfer in region.transfers)


def elements_as_ratio(region: Region, tiling: Tiling) -> float:
    """H with a/g for ⌈a/g⌉: what the closed form says before tiles are counted. Affine footprints count as |i|."""
    total = 0.0
    for transfer in region.transfers:
        missing = [a for a in region.group if a not in transfer.axes]
        total += transfer.values * prod(region.sizes[a] / tiling.group.get(a, 1) for a in missing)
    return total


def moved(region: Region, tiling: Tiling, transfer: Transfer) -> int:
    """Values of one array that all programs together move."""
    tiles = tiling.tiles(region)
    numbers, axes = counts(region, tiles), transfer.axes
    loop = region.loops[transfer.loop] if transfer.loop is not None else Loop(())
    depth = max((i + 1 for i, a in enumerate(loop.axes) if a in axes), default=0)
    repeated = [a for a in (*region.group, *loop.axes[:depth]) if a not in axes]
    share = visited(region, tiling, loop)[0] if depth == len(loop.axes) and depth else Fraction(1)
    return round(_covered(region, tiles, transfer, loop) * prod(numbers[a] for a in repeated) * share)


def _covered(region: Region, tiles: Mapping[str, int], transfer: Transfer, loop: Loop) -> int:
    """Values that the tiles of the array's own axes cover: |i| where no two tiles overlap."""
    seen = [a for window in transfer.windows for a, _ in window.terms]
    plain = [w for w in transfer.windows if w.axis is not None and seen.count(w.axis) == 1]
    rest = [w for w in transfer.windows if w not in plain]
    total = prod(region.sizes[w.axis] for w in plain if w.axis is not None)
    cut = [
        a for a in dict.fromkeys(a for w in rest for a, _ in w.terms) if a in region.group or a in loop.axes
    ]
    choices = [_lengths(region.sizes[a], tiles[a]) for a in cut]
    covered = 0
    for chosen in combinations(*choices):
        lengths = dict(tiles) | {a: length for a, (length, _) in zip(cut, chosen, strict=True)}
        covered += prod(w.length(lengths) for w in rest) * prod(number for _, number in chosen)
    return total * covered


def _lengths(size: int, tile: int) -> list[tuple[int, int]]:
    """The lengths of the tiles of an axis, each with its number: the last tile may be ragged."""
    whole, last = divmod(size, tile)
    return [(tile, whole)] * (whole > 0) + [(last, 1)] * (last > 0)


# ---- masks


def visited(region: Region, tiling: Tiling, loop: Loop) -> tuple[Fraction, Fraction]:
    """The shares of the tiles of a loop, over all programs, that are visited, and that are visited but not whole."""
    if not loop.limits or not loop.axes:
        return loop.share, Fraction(0)
    tiles = tiling.tiles(region)
    axis, numbers = loop.axes[-1], counts(region, tiles)
    if numbers[axis] == 0:
        return Fraction(1), Fraction(0)
    others = dict.fromkeys(a for limit in loop.limits for a, _ in limit.terms)
    extents = tuple((a, region.sizes[a], tiles[a]) for a in others)
    entered, cut = _visited(loop.limits, region.sizes[axis], tiles[axis], extents)
    return entered * loop.share, cut * loop.share


@lru_cache(maxsize=1024)
def _visited(
    limits: tuple[Limit, ...], size: int, tile: int, others: tuple[tuple[str, int, int], ...]
) -> tuple[Fraction, Fraction]:
    """`others` are the axes of the limits with their sizes and tiles."""
    places = _places([-(-extent // step) for _, extent, step in others])
    found = whole = 0
    for place in places:
        first = {a: p * step for (a, _, step), p in zip(others, place, strict=True)}
        last = {a: min(first[a] + step, extent) - 1 for a, extent, step in others}
        entered, full = _tile_range(limits, first, last, size, tile)
        found, whole = found + entered, whole + full
    total = len(places) * -(-size // tile)
    return Fraction(found, total), Fraction(found - whole, total)


def _places(numbers: list[int]) -> list[tuple[int, ...]]:
    total = prod(numbers)
    step = -(-total // MAX_TILES)
    found: list[tuple[int, ...]] = []
    for index in range(0, total, step):
        place: list[int] = []
        for number in reversed(numbers):
            index, position = divmod(index, number)
            place.append(position)
        found.append(tuple(reversed(place)))
    return found


def _tile_range(
    limits: tuple[Limit, ...], first: Mapping[str, int], last: Mapping[str, int], size: int, tile: int
) -> tuple[int, int]:
    """Tiles that meet the limits for some, and for all indices of a program."""
    lower, upper, low_all, high_all = 0, size - 1, 0, size - 1
    for limit in limits:
        least = limit.offset + sum(c * (first if c > 0 else last)[a] for a, c in limit.terms)
        most = limit.offset + sum(c * (last if c > 0 else first)[a] for a, c in limit.terms)
        if limit.upper:
            upper, high_all = min(upper, most), min(high_all, least)
        else:
            lower, low_all = max(lower, least), max(low_all, most)
    entered = upper // tile - lower // tile + 1 if upper >= lower else 0
    end = -(-size // tile) if high_all >= size - 1 else (high_all + 1) // tile
    return entered, max(min(end - -(-low_all // tile), entered), 0)


# ---- memory


def memory_values(region: Region, tiling: Tiling, chunks: bool = True) -> int:
    """M: values live at the widest moment. Without `chunks`, streamed tiles count nothing: the limit s → 0."""
    tiles = tiling.tiles(region)
    streamed = set(region.streamed)

    def kept(value: Live) -> bool:
        return not value.copy and (chunks or not streamed & set(value.axes))

    return max((sum(n * _size(v, tiles) for v, n in m if kept(v)) for m in region.held), default=0)


def _size(value: Live, tiles: Mapping[str, int]) -> int:
    return prod(tiles[a] for a in value.axes)


def held_bytes(region: Region, tiling: Tiling, shared: bool, stages: int = 1) -> int:
    """Bytes at the widest moment in l2 (`shared`) or l3, in blocks as executed; loads ahead are held `stages` times."""
    blocks = tiling.blocks(region)
    widest = 0
    for moment in region.held:
        values = ((v, n) for v, n in moment if v.shared == shared)
        widest = max(
            widest, sum(n * _size(v, blocks) * v.bytes * (stages if v.staged else 1) for v, n in values)
        )
    return widest
