"""Inputs for differential tests: sizes around block ends, random and nasty values, in the dtypes of the diagram.

A case is deterministic in its name. Values are drawn in float64 and rounded to the dtype of their array, so that every
back end and the reference see the same numbers.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from diagc.backends.precision import round_to
from diagc.backends.sizes import input_name
from diagc.core import ops
from diagc.core.diagram import Diagram, Node, users, walk

Values = Literal["random", "large", "constant", "empty"]
"""`large` gives contractions of magnitude 10⁴; `empty` has leading slices of −inf in arrays of the widest rank, where
no product takes them: what 0 · −inf is worth is not defined."""

_SMALL = (1, 3, 17)
_MEDIUM = (67, 37, 131, 19)
_AROUND_BLOCK = (129, 64, 127, 128, 33)
_LONG = (37, 261, 263, 19, 259)


@dataclass(frozen=True, slots=True)
class Case:
    """Arrays by name and the sizes of the diagram's symbols."""

    name: str
    sizes: Mapping[str, int]
    arrays: dict[str, NDArray[Any]]


def cases(diagram: Diagram, thorough: bool = False) -> Iterator[Case]:
    """The cases of a diagram: ones, primes, sizes next to a block or beyond what is held; random and nasty values."""
    symbols = list(diagram.size_symbols)
    inner = _inner_symbols(diagram)
    plans: list[tuple[str, dict[str, int], Values]] = [
        ("ones", dict.fromkeys(symbols, 1), "random"),
        ("primes", _assign(symbols, inner, _SMALL, 3), "random"),
        ("ragged", _assign(symbols, inner, _MEDIUM, 2), "random"),
        ("block ± 1", _assign(symbols, inner, _AROUND_BLOCK, 1), "random"),
        ("long", _assign(symbols, inner, _LONG, 1), "random"),
        ("large values", _assign(symbols, inner, _MEDIUM, 1), "large"),
        ("constant values", _assign(symbols, inner, _SMALL, 2), "constant"),
    ]
    machines = any(isinstance(n.op, ops.Scan) for n in walk(diagram.outputs))
    if not machines and _masked(diagram):  # affine maps compose for finite numbers
        plans.append(("empty rows", _assign(symbols, inner, _SMALL, 2), "empty"))
    if thorough:
        pools = {k: _AROUND_BLOCK[k:] + _MEDIUM for k in range(1, 4)}
        more = {k: _assign(symbols, inner, pool, k) for k, pool in pools.items()}
        plans.extend((f"random {k}", sizes, "random") for k, sizes in more.items())
    for name, sizes, values in plans:
        yield make_case(diagram, name, enough(diagram, sizes), values)


def enough(diagram: Diagram, sizes: Mapping[str, int]) -> dict[str, int]:
    """Sizes that give each `topk` as many elements as it takes; those of its axis are raised."""
    found = dict(sizes)
    for current in walk(diagram.outputs):
        if isinstance(current.op, ops.TopK):
            axis, slots = current.op.axis, current.op.slots
            while axis.size.symbols and axis.size.evaluate(found) < slots.size.evaluate(found):
                found |= {symbol: found[symbol] + 1 for symbol in axis.size.symbols}
    return found


def _inner_symbols(diagram: Diagram) -> set[str]:
    """Symbols of the last axes of two-dimensional arrays: these are held on chip or streamed."""
    ranked = [n for n in diagram.inputs if len(n.axes) > 1]
    return {s for n in ranked for axis in n.axes[-2:] for s in axis.size.symbols}


def _assign(symbols: list[str], inner: set[str], pool: tuple[int, ...], batch: int) -> dict[str, int]:
    """Inner symbols take sizes from the pool in turn; the others are a small batch."""
    found: dict[str, int] = {}
    for place, symbol in enumerate(symbols):
        found[symbol] = pool[place % len(pool)] if symbol in inner else batch + place % 2
    return found


def make_case(diagram: Diagram, name: str, sizes: Mapping[str, int], values: Values) -> Case:
    """A case of given sizes."""
    random = np.random.default_rng(zlib.crc32(f"{diagram.name}/{name}".encode()))
    masked = _masked(diagram) if values == "empty" else set[Node]()
    arrays = {input_name(n): _array(n, sizes, values, random, n in masked) for n in diagram.inputs}
    return Case(name, sizes, arrays)


def _masked(diagram: Diagram) -> set[Node]:
    """The real arrays of the widest rank that no product takes."""
    widest = max((len(n.axes) for n in diagram.inputs), default=0)
    readers = users(diagram.outputs)
    found = {n for n in diagram.inputs if n.dtype.kind == "float" and 0 < len(n.axes) == widest}
    return {n for n in found if not _is_multiplied(n, readers)}


def _is_multiplied(current: Node, readers: Mapping[Node, list[Node]]) -> bool:
    """Whether a product takes a value as it is, or re-indexed, rounded or with its sign changed."""
    for reader in readers.get(current, []):
        match reader.op:
            case ops.Map(function) if function.name in ("mul", "div", "pow"):
                return True
            case ops.Map(function) if function.name not in ("neg", "where"):
                continue
            case ops.Map() | ops.Cast() | ops.View() | ops.Gather() | ops.Spread() | ops.Stop():
                if _is_multiplied(reader, readers):
                    return True
            case _:
                continue
    return False


def _array(
    node: Node, sizes: Mapping[str, int], values: Values, random: np.random.Generator, masked: bool
) -> NDArray[Any]:
    shape = tuple(axis.size.evaluate(sizes) for axis in node.axes)
    if node.dtype.kind == "bool":
        return random.random(shape) < 0.5
    if node.dtype.kind == "int":
        top = node.array.index_of.size.evaluate(sizes) if node.array.index_of else 8
        return random.integers(0, top, shape)
    drawn = random.standard_normal(shape)
    if values == "constant":
        drawn = np.full(shape, 0.5)
    if values == "large":
        drawn *= 100.0
    if masked:
        drawn[:1] = -np.inf
    return round_to(drawn, node.dtype)
