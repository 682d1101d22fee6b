"""A function some parts of which stay as they are: the regions that derived code stands for, and why the rest stays.

Law: the regions are those that `diagc.jax.fuse` and the backend of `torch.compile` replace when the module that is
written runs, which compares values and gradients first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from diagc import api
from diagc.check.entry import Entry
from diagc.importers.cuts import VIEWS
from diagc.importers.function import ImportedParts
from diagc.importers.traced import Variable
from diagc.importers.written import knows
from diagc.optimise.derived import judged
from diagc.optimise.explain import explained_lines
from diagc.optimise.function import Optimised
from diagc.optimise.module import regions_text
from diagc.optimise.predicted import Predicted
from diagc.optimise.regions import PRODUCTS, Region, Unit, among, is_wall, matrices, regions
from diagc.optimise.report import cost_lines, count, found_lines, law_lines


@dataclass(frozen=True, slots=True)
class Replaced:
    """A region that derived code stands for."""

    region: Region
    text: str
    entry: Entry
    predicted: Sequence[Predicted]


@dataclass(frozen=True, slots=True)
class Stays:
    """Operators that stay as they are, and why."""

    units: tuple[int, ...]
    reason: str


def optimised_parts(
    imported: ImportedParts,
    file: Path,
    name: str,
    least_bytes: int,
    out: Path,
    why: str,
    explain: bool = False,
) -> Optimised:
    """The files that stand for a function by regions of it; without a region the report alone.

    `why` says why the whole function is no diagram; with `explain` the report says why what was found won.
    """
    units = _units(imported)
    traced = imported.parts.traced
    results = [o for o in traced.outputs if isinstance(o, Variable)]
    replaced, stays = list[Replaced](), list[Stays]()
    for region in regions(units, results, name):
        found = judged(region.traced, least_bytes)
        if found.entry is None:
            stays.append(Stays(region.units, found.stays))
        else:
            replaced.append(Replaced(region, found.text, found.entry, found.predicted))
    known = {place for part in replaced for place in part.region.units} | {p for s in stays for p in s.units}
    read = {id(o) for part in replaced for o in part.region.traced.operations}  # masks by indices among them
    stays += [
        Stays((place,), _reason(unit))
        for place, unit in enumerate(units)
        if place not in known and not any(id(o) in read for o in unit.operations)
    ]
    files = {f"{name}.md": _report(name, file.name, units, replaced, stays, why, explain)}
    files |= {f"{name}_region{n}.diag": part.text for n, part in enumerate(replaced, 1)}
    if replaced:
        number = count(len(replaced), "region")
        files[f"{name}_optimised.py"] = regions_text(imported, file, name, number, least_bytes, out)
    return Optimised(bool(replaced), files, files[f"{name}.md"])


def _units(imported: ImportedParts) -> list[Unit]:
    """The operators of a function; those without a diagram and products with weights are walls."""
    traced, operations = imported.parts.traced, iter(imported.parts.traced.operations)
    own = len(traced.inputs) - len(imported.parameters)
    held = {v.number for _, v, _ in traced.inputs[own:]}
    weight = matrices(traced) if imported.framework == "jax" else among(traced, held)
    units = list[Unit]()
    for number, opaque in imported.parts.units:
        these = tuple(next(operations) for _ in range(number))
        units.append(Unit(these, opaque or is_wall(these, weight, knows)))
    return units


def _reason(unit: Unit) -> str:
    if not unit.wall:
        return "at a point, without a fold"
    if all(knows(o.primitive) for o in unit.operations) and any(
        o.primitive in PRODUCTS for o in unit.operations
    ):
        return "a product with a weight, by the library"
    unknown = [o.primitive for o in unit.operations if not knows(o.primitive)]
    return f"`{(unknown or [o.primitive for o in unit.operations])[0]}` has no diagram"


def _report(
    name: str,
    file: str,
    units: Sequence[Unit],
    replaced: Sequence[Replaced],
    stays: Sequence[Stays],
    why: str,
    explain: bool,
) -> str:
    total = sum(map(_works, units))
    own = sum(_works(units[place]) for part in replaced for place in part.region.units)
    said = (
        f"Found: {count(len(replaced), 'region')} with {own} of {total} operations; all else stays as it is."
    )
    lines = [f"# {name}", "", said if replaced else "Nothing found: no region gains by derived code.", ""]
    lines += [f"As a whole: {why}.", ""]
    for number, part in enumerate(replaced, 1):
        derivation, _ = api.derive(part.entry)
        place = _lines(units[p] for p in part.region.units)
        lines += [
            f"## Region {number}{f', {place} of {file}' if place else ''}",
            "",
            f"`{derivation.signature}`",
            "",
        ]
        lines += [
            *found_lines(derivation, part.predicted[0]),
            *law_lines(derivation),
            *cost_lines(part.predicted),
        ]
        lines += explained_lines(part.entry, derivation) if explain else []
    return "\n".join([*lines, *_stays(file, units, stays), *_checked(replaced)]) + "\n"


def _stays(file: str, units: Sequence[Unit], stays: Sequence[Stays]) -> list[str]:
    """A table of what stays, by lines and reasons in the order of the function."""
    found: Counter[tuple[str, str]] = Counter()
    for part in sorted(stays, key=lambda part: part.units):
        works = sum(_works(units[place]) for place in part.units)
        if works:
            found[_lines(units[place] for place in part.units), part.reason] += works
    rows = [f"| {place} | {works} | {reason} |" for (place, reason), works in found.items()]
    return (
        ["Stays as it is:", "", f"| {file} | operations | why |", "|---|--:|---|", *rows, ""] if rows else []
    )


def _works(unit: Unit) -> int:
    """Operations that are more than another look at an array."""
    return sum(o.primitive not in VIEWS for o in unit.operations)


def _lines(units: Iterable[Unit]) -> str:
    """`line 4`, `lines 4 to 7`."""
    lines = sorted({o.line for unit in units for o in unit.operations if o.line is not None})
    if not lines:
        return ""
    return f"line {lines[0]}" if len(lines) == 1 else f"lines {lines[0]} to {lines[-1]}"


def _checked(replaced: Sequence[Replaced]) -> list[str]:
    if not replaced:
        return []
    return [
        "Values and gradients of the whole are compared with the function on random arrays before regions are used."
    ]
