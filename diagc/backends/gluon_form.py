"""Which kernels have a Gluon form, and how it is scheduled.

The form is for a loop in which products that read nothing but stored tiles come before a product of what is made of
them (contractions chained through a fold). Those of the next turn then run on the matrix units while the vector units
work on this turn's, and a producer warp copies tiles ahead (arXiv 2407.08608, §3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import Final

from diagc.backends.triton_descriptors import Copy, copies
from diagc.core.axes import Axis
from diagc.core.dtypes import DType
from diagc.kernel.ir import (
    Apply,
    Dot,
    Fold,
    Index,
    Inside,
    Kernel,
    Load,
    Loop,
    Number,
    Statement,
    Store,
    Value,
    bound_values,
    count_uses,
)  # fmt: skip
from diagc.plan.config import Config

ROWS: Final = 128
"""Rows of the tiles that consumers make: 64 for each of two warp groups."""

STEPS: Final = (128, 64, 32, 16)
"""Tiles of the loop, the preferred one first."""

STAGES: Final = 2
"""Tiles of an array that shared memory has at once: one is read while the other one comes."""

SHARED: Final = 224 * 1024
"""Bytes of shared memory for tiles: those of a program of sm_90 (227 KiB) without what barriers take."""

LIVE: Final = 200
"""Registers of a consumer thread for tiles at one moment: of 240, which `setmaxnreg` gives."""

_MISSING: Final = ("sigmoid", "silu")
"""Functions that Gluon's language does not have (triton 3.6.0)."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A loop whose products `ahead` are made one turn early.

    `held` are the copied tiles that stay, `ring` those of the loop: `early` where a product ahead reads them, `late`
    where another one does. `pairs` are the dimensions of the tiles that have two.
    """

    loop: Loop
    held: dict[Load, Copy]
    ring: dict[Load, Copy]
    ahead: tuple[Dot, ...]
    early: frozenset[Load]
    late: frozenset[Load]
    pairs: tuple[tuple[Axis, ...], ...]


def schedule(kernel: Kernel) -> Schedule | None:
    """How the one loop of a kernel is scheduled, or None where this form is not for it."""
    loops = [s for s in kernel.body if isinstance(s, Loop)]
    every = list(kernel.statements())
    allowed = Load | Store | Apply | Number | Index | Inside | Fold | Dot | Loop
    if len(loops) != 1 or not all(isinstance(s, allowed) for s in every):
        return None
    (loop,) = loops
    copied, dots = copies(kernel), [s for s in loop.body if isinstance(s, Dot)]
    stored = {load.target: load for load in copied if load in kernel.body or load in loop.body}
    ahead = tuple(d for d in dots if d.start is None and d.left in stored and d.right in stored)
    pairs = tuple(dict.fromkeys(kernel.dims(dot.target.axes) for dot in (*ahead, *dots)))
    if not _is_sound(kernel, loop, dots, stored, pairs) or not 0 < len(ahead) < len(dots):
        return None
    early = {stored[v] for dot in ahead for v in (dot.left, dot.right)}
    late = {stored[v] for dot in dots if dot not in ahead for v in (dot.left, dot.right) if v in stored}
    held, ring = (
        {load: c for load, c in copied.items() if load in body} for body in (kernel.body, loop.body)
    )
    return Schedule(
        loop, held, ring, ahead, frozenset(early & ring.keys()), frozenset(late & ring.keys()), pairs
    )


def _is_sound(
    kernel: Kernel, loop: Loop, dots: list[Dot], stored: dict[Value, Load], pairs: tuple[tuple[Axis, ...], ...]
) -> bool:  # fmt: skip
    every = list(kernel.statements())
    uses = count_uses(every)
    multiplied = count_uses(replace(dot, start=None) for dot in dots)
    return (
        sum(isinstance(s, Dot) for s in every) == len(dots)
        and not any(True for bound in (loop.start, loop.stop) for _ in bound_values(bound))
        and all(uses[value] == multiplied[value] for value in stored)
        and all(_multiplies(kernel, dot, stored) for dot in dots)
        and len({pair[0] for pair in pairs}) == 1
        and kernel.extents[pairs[0][0]].kind == "tile"
        and all(
            len(dims) < 2 or dims in pairs
            for s in every
            for dims in _shapes(kernel, s)
            if s not in stored.values()
        )
        and not any(isinstance(s, Apply) and s.function in _MISSING for s in every)
    )


def _multiplies(kernel: Kernel, dot: Dot, stored: dict[Value, Load]) -> bool:
    """Whether matrix units take a product: its right side from shared memory, its left from there or registers."""
    dims = kernel.dims(dot.target.axes)
    left, right = sides(dot, dims)
    return (
        dot.compute in (DType.BF16, DType.F16)
        and len(dims) == len(kernel.dims(left.axes)) == len(kernel.dims(right.axes)) == 2
        and right in stored
        and (left in stored or kernel.dims(left.axes)[0] == dims[0])
    )


def sides(dot: Dot, dims: tuple[Axis, ...]) -> tuple[Value, Value]:
    """The side with the rows of the result, and the other one."""
    return (dot.left, dot.right) if dims[0] in dot.left.axes else (dot.right, dot.left)


def _shapes(kernel: Kernel, statement: Statement) -> Iterator[tuple[Axis, ...]]:
    if isinstance(statement, Loop):
        yield from (kernel.dims(carried.state.axes) for carried in statement.carried)
    elif not isinstance(statement, Store):
        target = getattr(statement, "target", None)
        if isinstance(target, Value):
            yield kernel.dims(target.axes)


def configured(kernel: Kernel, found: Schedule, config: Config) -> Config | None:
    """The configuration of this form for as many held elements as another one has, or None where nothing fits."""
    rows, warps = found.pairs[0][0], ROWS // 16
    for step in STEPS:
        blocks = {**dict(config.blocks), rows: ROWS, found.loop.axis: step}

        def elements(value: Value, blocks: dict[Axis, int] = blocks) -> int:
            known = (blocks.get(kernel.extents[a].of or a) or a.size.value for a in kernel.dims(value.axes))
            return prod(max(16, block or config.max_resident) for block in known)

        kept, turned = (sum(elements(load.target) for load in tiles) for tiles in (found.held, found.ring))
        shared = 2 * (kept + STAGES * turned)
        if shared <= SHARED and _live_bytes(kernel, found, elements) <= 4 * LIVE * 32 * warps:
            return replace(config, blocks=tuple(blocks.items()), warps=warps, stages=STAGES)
    return None


def _live_bytes(kernel: Kernel, found: Schedule, elements: Callable[[Value], int]) -> int:
    """Bytes of tiles in registers at the fullest moment of a turn, the products of the next turn among them."""

    def held(value: Value) -> int:
        wide = len(kernel.dims(value.axes)) > 1 and value not in stored
        return elements(value) * (value.dtype.bytes if value.dtype is not DType.BOOL else 0) if wide else 0

    body, stored = found.loop.body, {load.target for load in (*found.held, *found.ring)}
    kept = {carried.next for carried in found.loop.carried}
    last = {value: place for place, s in enumerate(body) for value in count_uses((s,))}
    coming = sum(held(dot.target) for dot in found.ahead)
    live = {dot.target for dot in found.ahead} | {c.state for c in found.loop.carried if c.state in last}
    most = 0
    for place, statement in enumerate(body):
        target = getattr(statement, "target", None)
        if isinstance(target, Value):
            live.add(target)
        live = {value for value in live if value in kept or last.get(value, -1) > place}
        most = max(most, sum(map(held, live)))
    return most + coming
