"""Block sizes, warps and stages of a kernel, chosen by its structure.

The rules are those of the register file: an accumulator of rows × columns in float32 and the operands of one step must
stay in registers and shared memory of an sm_90 multiprocessor. They were read off ahead-of-time compilations (no
spills, wgmma in use); `verify` compiles every choice again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.contraction import contracted_factors, contraction_dtype, tile_sides
from diagc.core.diagram import Node, walk
from diagc.core.dtypes import DType, narrowest_float
from diagc.cost.region import Region
from diagc.plan.extent import blocked_axes, held_axes
from diagc.plan.regions import region
from diagc.plan.structure import Structure

MAX_RESIDENT_DOT = 256
"""Longest axis that is held on chip beside a contraction: 256 columns of a 64-row accumulator fill 128 registers."""

MAX_TILE_REGISTERS = 112
"""Registers of a thread that tiles may take: of 255, the rest holds addresses, row states and operands on their way."""

MAX_LIVE_REGISTERS = 180
"""Registers of a thread for everything that is held at one moment, by the cost model. Of 84 compiled kernels those up
to 176 spill nothing or a few bytes, those at 192 up to 224 bytes, those above 200 thousands."""

MAX_MULTIPLIED = 800
"""Registers of a thread for the operands of float32 products in a loop: they do without matrix instructions, so that
the compiler keeps what a thread multiplies along all of the contracted axes. Of 19 compiled configurations those up to
768 spill nothing, those from 896 on up to 6 KB."""

WALK_REGISTERS = 16
"""Registers that the indices and addresses of a loop around the loop over tiles take from them."""

_WIDE = (
    (64, 64, 64, 4, 2), (64, 64, 32, 4, 2), (64, 64, 16, 8, 1), (64, 32, 16, 8, 1),
    (128, 128, 64, 8, 2), (128, 64, 64, 8, 2), (128, 64, 32, 8, 1), (128, 64, 16, 8, 1), (128, 32, 16, 8, 1),
    (256, 64, 16, 8, 2), (256, 64, 16, 8, 1), (256, 32, 16, 8, 1), (256, 16, 16, 8, 1),
)  # fmt: skip
"""Held indices, rows, step, warps, stages for factors of 16 bits; of those for one length the first that fits."""

_TILED = ((128, 128, 64, 8, 3), (128, 64, 64, 8, 3), (64, 64, 64, 4, 3))
"""Rows, columns, step, warps, stages of products of 16-bit factors where nothing is held; the first that fits."""

_NARROW = (
    (64, 64, 16, 8, 1),
    (64, 32, 16, 8, 1),
    (128, 32, 32, 8, 1),
    (128, 16, 16, 8, 1),
    (256, 16, 16, 8, 1),
)
"""The same for factors of 32 bits."""

MAX_RESIDENT_ROW = 16_384
"""Longest row that one program holds: 16,384 float32 over 16 warps are 32 registers a thread."""

LINE = 8
"""Elements of float32 in the least that is read from device memory: 32 bytes."""

_ROW_TILE = 16_384
"""Elements of a tile that is folded without a contraction: 64 registers a thread over 8 warps."""


@dataclass(frozen=True, slots=True)
class Config:
    """Blocks of tiled and streamed axes, with the launch options. It holds up to `max_resident` resident indices."""

    max_resident: int
    blocks: tuple[tuple[Axis, int], ...]
    warps: int
    stages: int


def has_dot(structure: Structure) -> bool:
    """Whether the kernel multiplies matrices."""
    return bool(_contractions(structure))


def _contractions(structure: Structure) -> list[tuple[Node, ...]]:
    """The factors of each product of matrices on tiles."""
    blocked = blocked_axes(structure.extents)
    return [contracted_factors(current) for current in walk(structure.roots) if tile_sides(current, blocked)]


def configurations(structure: Structure) -> tuple[Config, ...]:
    """The configurations of a kernel, by rising number of resident indices that they are made for."""
    kinds = {axis: extent.kind for axis, extent in structure.extents.items()}
    tiled = [axis for axis in structure.group_axes if kinds[axis] == "tile"]
    streamed = [axis for axis, kind in kinds.items() if kind == "stream"]
    resident = held_axes(structure.extents)
    if has_dot(structure):
        return _with_dot(structure, tiled, streamed, bool(resident))
    if streamed and resident:  # a tile has the streamed, the held and the shared-out indices
        return tuple(_three_sides(n, tiled, streamed) for n in (64, 256, 1024, 4096, MAX_RESIDENT_ROW))
    if streamed:
        return (_folded(tiled, streamed),)
    if resident:
        if tiled:
            return _two_sides(structure, tiled)
        return tuple(Config(n, (), w, 1) for n, w in ((1024, 4), (4096, 8), (MAX_RESIDENT_ROW, 16)))
    return (Config(0, tuple((axis, 1024) for axis in tiled), 4, 1),)


def row_configurations(structure: Structure) -> tuple[Config, ...]:
    """The configurations of a kernel that holds what another one would stream: those that read whole lines, if any.

    Where one axis is held, the cost model says for how many of its indices registers hold what is live.
    """
    offered = tuple(c for c in configurations(structure) if all(block >= LINE for _, block in c.blocks))
    if len(held_axes(structure.extents)) != 1:
        return offered
    seen = _sized(structure)
    fitting = tuple(c for c in offered if _live(structure, seen, c) <= MAX_LIVE_REGISTERS)
    return fitting or offered[:1]


def _folded(tiled: list[Axis], streamed: list[Axis]) -> Config:
    """The configuration for folds along streamed axes: up to 16 indices of each tiled axis, 128 registers a thread."""
    blocks, room = dict[Axis, int](), 2 * _ROW_TILE
    for axis in reversed(tiled):
        blocks[axis] = min(16, room)
        room //= blocks[axis]
    step = min(room, 128) if tiled else 4096
    return Config(0, tuple((a, step) for a in streamed) + tuple((a, blocks[a]) for a in tiled), 8, 2)


def _two_sides(structure: Structure, tiled: list[Axis]) -> tuple[Config, ...]:
    """The configurations for rows of which a program takes several: 32 registers a thread for each array, or fewer."""
    seen = _sized(structure)
    found: list[Config] = []
    shortest = min(16 ** len(held_axes(structure.extents)), MAX_RESIDENT_ROW)  # a block has 16 indices
    for held in (n for n in (16, 64, 256, 1024, 4096, MAX_RESIDENT_ROW) if n >= shortest):
        least = min(MAX_RESIDENT_ROW // held, LINE)
        rows = max(4096 // held, least)
        offered = [_two_sided(held, tiled, r) for r in (rows, rows // 2, rows // 4, rows // 8) if r >= least]
        found.append(_lighter(structure, seen, offered))
    return tuple(found)


def _two_sided(held: int, tiled: list[Axis], rows: int) -> Config:
    *others, axis = tiled
    blocks = (*((other, 1) for other in others), (axis, _block(axis, rows)))
    return Config(held, blocks, max(4, rows * held // 1024), 1)


def _three_sides(held: int, tiled: list[Axis], streamed: list[Axis]) -> Config:
    """The configuration for rows of `held` elements: up to 16 of each tiled axis, the rest of the tile is streamed."""
    room, blocks = _ROW_TILE // held, dict[Axis, int]()
    for axis in tiled:
        blocks[axis] = min(room, 16)
        room //= blocks[axis]
    chosen = tuple((axis, room) for axis in streamed) + tuple(blocks.items())
    return Config(held, chosen, 8, 2)


def _with_dot(
    structure: Structure, tiled: list[Axis], streamed: list[Axis], resident: bool
) -> tuple[Config, ...]:
    widest = max(narrowest_float(f.dtype for f in factors).bytes for factors in _contractions(structure))
    if not resident:
        serial = _computes_sides(structure)
        offered: list[Config] = []
        for rows, columns, step, warps, stages in _TILED if widest <= 2 else ((64, 64, 32, 4, 2),):
            sides = tuple((a, _block(a, (rows, columns)[min(i, 1)])) for i, a in enumerate(tiled))
            blocks = sides + tuple((a, _block(a, step)) for a in streamed)
            offered.append(Config(0, blocks, warps, 1 if serial else stages))
        return (_lightest(structure, offered),)
    sizes = [axis.size.value for axis in held_axes(structure.extents)]
    held = min(max(size or 0 for size in sizes), MAX_RESIDENT_DOT)
    found = [
        Config(
            n,
            tuple((a, _block(a, rows)) for a in tiled) + tuple((a, _block(a, step)) for a in streamed),
            warps,
            stages,
        )
        for n, rows, step, warps, stages in (_WIDE if widest <= 2 else _NARROW)
        if n >= held
    ]
    chosen = [_largest(structure, group) for _, group in groupby(found, key=lambda c: c.max_resident)]
    fitting = tuple(config for config in chosen if config is not None) or (found[0],)
    return fitting if None in sizes else fitting[:1]


def _computes_sides(structure: Structure) -> bool:
    """Whether a side of a product is computed on the tile.

    Such a side is in registers; where loads run ahead, Hopper's compiler then waits for every single product.
    """
    return any(
        not isinstance(factor.op, ops.Input | ops.View | ops.Gather)
        or factor.dtype is not contraction_dtype(current)
        for current in walk(structure.roots)
        for factor in contracted_factors(current)
    )


def _block(axis: Axis, rows: int) -> int:
    """No more rows than the axis has, where that is known, but as many as a product of matrices takes."""
    size = axis.size.value
    return rows if size is None else min(rows, max(16, 1 << (size - 1).bit_length()))


def _largest(structure: Structure, group: Iterable[Config]) -> Config | None:
    """The first configuration whose tiles fit the register file; None where this length does not fit at all."""
    walked = sum(extent.kind == "walk" for extent in structure.extents.values())
    limit = MAX_TILE_REGISTERS - WALK_REGISTERS * walked
    fitting = [
        c for c in group if _registers(structure, c) <= limit and _multiplied(structure, c) <= MAX_MULTIPLIED
    ]
    return _lightest(structure, fitting) if fitting else None


def _lightest(structure: Structure, offered: Sequence[Config]) -> Config:
    """The first configuration that holds no more at any moment than registers do, or the last."""
    if structure.ordered is not None or len(offered) == 1:
        return offered[0]
    return _lighter(structure, _sized(structure), offered)


def _sized(structure: Structure) -> Region:
    """What the cost model sees; what is live on a tile does not depend on the sizes."""
    return region(structure, dict.fromkeys(structure.diagram.size_symbols, 64))


def _lighter(structure: Structure, seen: Region, offered: Sequence[Config]) -> Config:
    return next((c for c in offered if _live(structure, seen, c) <= MAX_LIVE_REGISTERS), offered[-1])


def _live(structure: Structure, seen: Region, config: Config) -> float:
    """Registers of a thread for the tiles that are held at the widest moment."""
    chosen = {axis.uid: block for axis, block in config.blocks}
    blocks = {
        axis.uid: chosen.get(axis.uid, axis.size.value or config.max_resident) if extent.blocked else 1
        for axis, extent in structure.extents.items()
    }
    widest = max(
        (
            sum(
                number * max(live.bytes, 2) * math.prod(blocks.get(a, 1) for a in live.axes)
                for live, number in moment
                if not live.shared
            )
            for moment in seen.held
        ),
        default=0,
    )
    return widest / 4 / (32 * config.warps)


def _multiplied(structure: Structure, config: Config) -> int:
    """Registers of a thread for the operands of the products of 32-bit factors: rows and columns of its results."""
    held = 0
    for current in walk(structure.roots):
        factors = contracted_factors(current)
        if (
            not tile_sides(current, blocked_axes(structure.extents))
            or contraction_dtype(current) is not DType.F32
        ):
            continue
        results = max(_elements(structure, config, current.axes) // (32 * config.warps), 1).bit_length() - 1
        contracted = {a for factor in factors for a in factor.axes if a not in current.axes}
        held += (2 ** (results // 2) + 2 ** (results - results // 2)) * _elements(
            structure, config, contracted
        )
    return held


def _elements(structure: Structure, config: Config, axes: Iterable[Axis]) -> int:
    """Elements of a tile along some axes."""
    blocks = dict(config.blocks)
    tiles = (a for a in axes if structure.extents[a].blocked)
    return math.prod(blocks.get(a, a.size.value or config.max_resident) for a in tiles)


def _registers(structure: Structure, config: Config) -> float:
    """Registers of a thread for accumulators and, with a copy in the dtype of the next product, for tiles."""
    running = {c.reduction for p in structure.passes for c in p.algebra.components}
    held = 0.0
    for current in walk(structure.roots):
        if len(contracted_factors(current)) > 1:
            elements = _elements(structure, config, current.axes)
            held += elements if current in running else 1.5 * elements
    return held / (32 * config.warps)
