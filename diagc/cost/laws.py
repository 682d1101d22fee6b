"""Laws of scale: H*(M) = Σ_t α_t·M^(−β_t), and what follows from it (derivation.md §4; arXiv 2412.03317, §3).

`power_law` solves the geometric programme of a region: H is a posynomial in the inverses of the tiles, M one in the
tiles, so that the best tiles, the constant part and the power come out of one solution.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product as combinations
from math import prod

from diagc.cost.posynomial import Optimum, Posynomial, Term, minimise
from diagc.cost.region import Region, Transfer


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """Σ_t α_t·M^(−β_t): values moved with M values on chip. Terms are (α, β)."""

    terms: tuple[tuple[float, float], ...]

    def at(self, memory: float) -> float:
        """Values moved with this many values on chip."""
        return sum(a * memory**-b for a, b in self.terms)

    def bytes(self, capacity: float, width: float) -> float:
        """Bytes moved with a capacity in bytes, at `width` bytes a value: α·width^(1+β)·capacity^(−β)."""
        return sum(a * width ** (1 + b) * capacity**-b for a, b in self.terms)

    @property
    def variable(self) -> PowerLaw:
        """The part that memory changes."""
        return PowerLaw(tuple(term for term in self.terms if term[1] > 0))


@dataclass(frozen=True, slots=True)
class Bound:
    """The optimum over real tiles: least values moved, tiles, and the law that it obeys near this memory."""

    elements: float
    tiles: Mapping[str, float]
    law: PowerLaw


def power_law(region: Region, memory: float, chunks: Mapping[str, int] | None = None) -> Bound | None:
    """The least H with M ≤ memory over real tiles of the tiled axes; None where there is nothing to choose.

    `chunks` fixes the tiles of streamed axes; without, memory counts to leading order: neither chunks nor values
    of fewer axes than the largest.
    """
    objective = _moved_terms(region)
    fixed = [c for c, powers in objective if not powers]
    variable = tuple(term for term in objective if term[1])
    limits = _memory_bounds(region, memory, chunks)
    if not variable or not limits:
        return None
    names = {name for _, powers in variable for name in powers}
    sizes = [((1.0 / region.sizes[name], {name: 1.0}),) for name in names]
    try:
        found: Optimum = minimise(variable, [*limits, *sizes])
    except ValueError:
        return None
    beta = sum(found.powers[: len(limits)])
    constant = sum(fixed)
    law = PowerLaw(((constant, 0.0), (found.cost * memory**beta, beta)))
    return Bound(constant + found.cost, found.values, law)


def _moved_terms(region: Region) -> Posynomial:
    """H as a posynomial in the tiles of the tiled axes, with a/g for ⌈a/g⌉."""
    total: list[Term] = []
    for transfer in region.transfers:
        total += _transfer_terms(region, transfer)
    return _collected(total)


def _transfer_terms(region: Region, transfer: Transfer) -> list[Term]:
    sizes = region.sizes
    coefficient, powers = 1.0, dict[str, float]()
    for axis in region.group:
        simple = any(w.axis == axis for w in transfer.windows)
        if not simple:
            coefficient *= sizes[axis]
            if axis in region.tiled:
                powers[axis] = powers.get(axis, 0.0) - 1
    options: list[list[Term]] = []
    for window in transfer.windows:
        if window.axis is not None or not set(dict(window.terms)) & set(region.group):
            options.append([(float(window.extent), {})])
        else:  # 1 + Σ|c|(g − 1) ≤ Σ|c|·g for Σ|c| ≥ 1
            options.append(
                [
                    (float(abs(c)), {a: 1.0})
                    if a in region.tiled
                    else (float(abs(c) * _whole(region, a)), {})
                    for a, c in window.terms
                ]
            )
    return [
        (coefficient * prod(c for c, _ in chosen), _summed([powers, *(p for _, p in chosen)]))
        for chosen in combinations(*options)
    ]


def _whole(region: Region, axis: str) -> int:
    return 1 if axis in region.group else region.sizes[axis]


def _summed(parts: list[Mapping[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for powers in parts:
        for name, power in powers.items():
            total[name] = total.get(name, 0.0) + power
    return {name: power for name, power in total.items() if power}


def _collected(terms: list[Term]) -> Posynomial:
    found: dict[tuple[tuple[str, float], ...], float] = {}
    for coefficient, powers in terms:
        key = tuple(sorted(powers.items()))
        found[key] = found.get(key, 0.0) + coefficient
    return tuple((coefficient, dict(key)) for key, coefficient in found.items())


def _memory_bounds(region: Region, memory: float, chunks: Mapping[str, int] | None) -> list[Posynomial]:
    streamed = set(region.streamed)
    found: list[Posynomial] = []
    for moment in region.moments:
        terms: list[Term] = []
        kept = [v for v in moment if not v.copy and (chunks is not None or not streamed & set(v.axes))]
        rank = max((len(v.axes) for v in kept), default=0) if chunks is None else 0
        for value in kept:
            if len(value.axes) < rank:
                continue
            lengths = {
                a: (chunks or {}).get(a, _whole(region, a)) for a in value.axes if a not in region.tiled
            }
            tiled = {a: 1.0 for a in value.axes if a in region.tiled}
            terms.append((prod(lengths.values()) / memory, tiled))
        collected = _collected(terms)
        if any(powers for _, powers in collected) and collected not in found:
            found.append(collected)
    return found


# ---- consequences


def cross_transfer(law: PowerLaw, memory: float, children: int, down: float, across: float) -> float:
    """Seconds per byte-wide value when N children pool their memory and pass values across.

    (1/B_down − 1/B_across)·H*(N·M) + 1/B_across·H*(M), with bandwidths in values a second.
    """
    return (1 / down - 1 / across) * law.at(children * memory) + law.at(memory) / across


def product_ratio(memory: float, inner: float) -> float:
    """Values moved for each FLOP of a matrix product with square tiles: M^(−1/2) + 1/(2b)."""
    return memory**-0.5 + 1 / (2 * inner)


def least_memory(flop_per_value: float, inner: float = float("inf")) -> float:
    """Values on chip from which such a product is bound by computing: `product_ratio` = 1/(FLOP per value)."""
    return (1 / flop_per_value - 1 / (2 * inner)) ** -2


def least_inner(flop_per_value: float, memory: float = float("inf")) -> float:
    """Inner length from which such a product is bound by computing."""
    return 0.5 / (1 / flop_per_value - memory**-0.5)


def exposed(clocks: float, share: float) -> float:
    """Clocks beside the matrix units when they are busy a share of the time: share = clocks / (clocks + exposed)."""
    return clocks / share - clocks
