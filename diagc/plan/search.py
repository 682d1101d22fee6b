"""Choosing tiles: every legal combination is priced, the fastest are kept, with the reason why they won.

The search is exhaustive over powers of two, so it is exact for the model and deterministic; what does not fit on chip
is dropped before it is priced. A choice that is fixed beforehand is taken as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import prod

from diagc.cost.estimate import Estimate, estimate
from diagc.cost.region import Region, Tiling, counts
from diagc.cost.rounding import powers, tilings
from diagc.cost.traffic import held_bytes
from diagc.diagnostics import Label, failure
from diagc.machine import Machine
from diagc.plan.regions import region
from diagc.plan.structure import Structure
from diagc.source import Span

FREE = 7 / 8
"""Share of the registers that holds tiles; the rest is addresses, indices, scratch: 28 of 156 in a compiled product."""

BEST = 3
"""Schedules that are kept."""

STAGES = (3, 2, 1)
"""Loads ahead that are tried, most first."""

_LEAST = 16
"""Shortest tile: a product of matrices takes no fewer, and shorter rows waste the width of loads."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Tiles that are given beforehand, by the name of an axis."""

    group: Mapping[str, int]
    stream: Mapping[str, int]
    stages: int | None = None
    strict: Span | None = None
    """Where the tiles were written: such tiles have to fit."""
    share: Fraction = Fraction(1)
    """How many of the tiles of a loop data leave, where a mask depends on them."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A schedule: tiles by axis, loads ahead, what it costs and why it is where it is in the ranking."""

    group: Mapping[str, int]
    stream: Mapping[str, int]
    stages: int
    estimate: Estimate
    reason: str


def choose(
    structure: Structure, machine: Machine, sizes: Mapping[str, int], fixed: Fixed | None = None
) -> tuple[Choice, ...]:
    """The best schedules of a kernel on a machine, fastest first.

    Raises `DiagnosticError`: E0602 a size is missing, E1105 a fixed tile that the kernel cannot have, E1106 nothing
    fits on chip.
    """
    fixed = fixed or Fixed({}, {})
    return choose_region(region(structure, sizes, share=fixed.share), machine, fixed)


def choose_region(found: Region, machine: Machine, fixed: Fixed) -> tuple[Choice, ...]:
    """The same for a region."""
    legal = _legal(found, fixed)
    priced: list[tuple[Tiling, int, Estimate]] = []
    for tiling in tilings(found, legal):
        allowed = (fixed.stages,) if fixed.stages is not None else STAGES
        stages = next((s for s in allowed if misfit(found, tiling, machine, s) is None), None)
        if stages is not None or (_is_fixed(found, fixed) and fixed.strict is None):
            priced.append((tiling, stages or 1, estimate(found, tiling, machine, stages or 1)))
    if not priced:
        smallest = next(tilings(found, legal))
        if fixed.strict is not None:
            lack = misfit(found, smallest, machine, fixed.stages or 1)
            raise failure(
                "E0703", f"the schedule does not fit on chip: {lack}", Label(fixed.strict),
                help="take shorter tiles or fewer stages",
            )  # fmt: skip
        raise failure(
            "E1106",
            f"no tiles of `{found.name}` fit on chip: {misfit(found, smallest, machine, 1)}",
            help="axes that are held whole are too long; give a machine with more memory on chip or smaller sizes",
        )
    priced.sort(key=lambda p: (rounded(p[2].predicted_seconds), steps(found, p[0]), p[2].shared_bytes))
    return tuple(_choice(found, machine, legal, priced, place) for place in range(min(BEST, len(priced))))


def rounded(seconds: float) -> float:
    """Times that differ by less than the model knows are one."""
    return float(f"{seconds:.4g}")


def steps(found: Region, tiling: Tiling) -> int:
    """Iterations of all programs: of equally fast schedules the one that synchronises least is taken."""
    numbers = counts(found, tiling.tiles(found))
    return prod(numbers[a] for a in (*found.group, *found.streamed))


def _is_fixed(found: Region, fixed: Fixed) -> bool:
    """Whether every tile is given: then it is priced even if it does not fit."""
    return len(fixed.group) + len(fixed.stream) > 0 and _open(found, fixed) == []


def _open(found: Region, fixed: Fixed) -> list[str]:
    given = {_axis(found, n, found.group) for n in fixed.group} | {
        _axis(found, n, found.streamed) for n in fixed.stream
    }
    return [a for a in (*found.tiled, *found.streamed) if a not in given]


def _axis(found: Region, name: str, axes: tuple[str, ...]) -> str:
    """The axis of a name; made axes carry a number after it."""
    for axis in axes:
        if name in (axis, axis.partition("#")[0]):
            return axis
    if axes == found.group:
        _refuse_shared_sum(found, name)
    kind, other = ("grouped", "--stream") if axes == found.group else ("streamed", "--group")
    listed = ", ".join(a.partition("#")[0] for a in axes) or "none"
    raise failure(
        "E1105",
        f"axis `{name}` is not {kind} in `{found.name}`",
        help=f"there are {listed}; see also {other}",
    )


def _refuse_shared_sum(found: Region, name: str) -> None:
    """An axis that each program sums over is not shared out without partial states."""
    consumed = [a for a in found.sizes if a not in found.group and name in (a, a.partition("#")[0])]
    if consumed:
        raise failure(
            "E1105",
            f"axis `{name}` is contracted in `{found.name}`: the result has no axis `{name}`, so programs that share "
            "it out would each hold a partial state of the whole result",
            help="partial states need a second kernel that merges them (a split partition), which this schedule does "
            f"not have; leave `{name}` to the programs"
            + (f", and choose its tiles with `--stream {name}=64`" if consumed[0] in found.streamed else ""),
        )


def legal_tiles(found: Region) -> dict[str, tuple[int, ...]]:
    """The tiles that axes of a region may have, by axis."""
    return {a: powers(found.sizes[a], _LEAST) for a in (*found.tiled, *found.streamed)}


def _legal(found: Region, fixed: Fixed) -> dict[str, tuple[int, ...]]:
    legal = legal_tiles(found)
    given = [(_axis(found, n, found.group), t) for n, t in fixed.group.items()]
    given += [(_axis(found, n, found.streamed), t) for n, t in fixed.stream.items()]
    for axis, tile in given:
        if not 1 <= tile <= max(2 * found.sizes[axis], _LEAST):
            raise failure(
                "E1105",
                f"a tile of {tile} indices along axis `{axis}`, which has {found.sizes[axis]}",
                help="a tile has at least 1 index and no more than the axis",
            )
        legal[axis] = (tile,)
    return legal


def misfit(found: Region, tiling: Tiling, machine: Machine, stages: int) -> str | None:
    """Why tiles do not fit, or None."""
    for name, shared in (("l2", True), ("l3", False)):
        level, needed = machine.levels[name], held_bytes(found, tiling, shared, stages)
        room = level.capacity.value * (1.0 if shared else FREE)
        if needed > room:
            return f"{needed / 1024:,.0f} KiB for {room / 1024:,.0f} KiB of {level.title}"
    return None


# ---- reasons


def _choice(
    found: Region, machine: Machine, legal: Mapping[str, tuple[int, ...]],
    priced: list[tuple[Tiling, int, Estimate]], place: int,
) -> Choice:  # fmt: skip
    tiling, stages, cost = priced[place]
    share = f"{cost.bound} is the limit"
    if place:
        slower = cost.predicted_seconds / priced[0][2].predicted_seconds - 1
        reason = f"{share}; {_slower(slower)} the first"
    else:
        reason = "; ".join([share, *_neighbours(found, machine, legal, priced)])
    return Choice(tiling.group, tiling.stream, stages, cost, reason)


def _slower(share: float) -> str:
    return "as fast as" if share < 5e-4 else f"{100 * share:.1f} % slower than"


def _neighbours(
    found: Region, machine: Machine, legal: Mapping[str, tuple[int, ...]],
    priced: list[tuple[Tiling, int, Estimate]],
) -> list[str]:  # fmt: skip
    """What doubling or halving each tile would do."""
    best, _, cost = priced[0]
    known = {_key(t): e for t, _, e in priced}
    texts: list[str] = []
    for axis, sizes in legal.items():
        tile = {**best.group, **best.stream}[axis]
        for other in (2 * tile, tile // 2):
            if other not in sizes:
                continue
            changed = _with(best, axis, other)
            name = f"{axis.partition('#')[0]} = {other}"
            if _key(changed) in known:
                slower = known[_key(changed)].predicted_seconds / cost.predicted_seconds - 1
                texts.append(f"{name} is {_slower(slower)} this")
            else:
                texts.append(f"{name} does not fit ({misfit(found, changed, machine, 1)})")
    return texts


def _key(tiling: Tiling) -> tuple[tuple[str, int], ...]:
    return tuple(sorted({**tiling.group, **tiling.stream}.items()))


def _with(tiling: Tiling, axis: str, tile: int) -> Tiling:
    if axis in tiling.group:
        return Tiling({**tiling.group, axis: tile}, tiling.stream)
    return Tiling(tiling.group, {**tiling.stream, axis: tile})


# ---- words


def named(tiles: Mapping[str, int]) -> dict[str, int]:
    """Tiles by the names of axes as they are written."""
    return {axis.partition("#")[0]: tile for axis, tile in tiles.items()}


def spoken(choice: Choice) -> str:
    """The tiles of a schedule in a line."""
    parts = [f"group {a} = {t}" for a, t in named(choice.group).items()]
    parts += [f"stream {a} = {t}" for a, t in named(choice.stream).items()]
    if choice.stream:
        parts.append(f"{choice.estimate.stages} stage{'s' * (choice.estimate.stages > 1)}")
    return ", ".join(parts) or "one program for each row, held on chip"
