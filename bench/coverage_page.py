"""docs/coverage.md as text, from the plans of entries and from what is known of their runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from bench.published import PUBLISHED, Published
from diagc.backends.fitting import launched
from diagc.backends.launches import EntryKernels, Variant
from diagc.backends.plans import kernels
from diagc.backends.sizes import input_name
from diagc.bench.coverage import Cover, cover, sizes_of
from diagc.check.entry import Entry
from diagc.diagnostics import DiagnosticError
from diagc.machine import machine
from diagc.verify.lint import Finding, configured, read_table

Listed = Sequence[tuple[Path, str, Entry]]
Known = Callable[[Path, str, Entry], Mapping[str, Mapping[str, Any]]]

INTRODUCTION = """# What is covered

Written by `make coverage`. One row for each entry of `specs/`; where two figures stand, the first is of the forward,
the second of the backward part.

- **kernels**: launches; `too long`: no plan holds what it has to at these sizes. **passes**: the most loops over one
  streamed axis that one of them has; 1 where rows are held.
- **read more than once**: arrays of the entry that several kernels or loops read, with the number of times. Programs
  that share an array read it through the cache; that is in the bytes, not here.
- **Predicted, not measured**: bytes across the interface of the device memory, milliseconds, and the share of the
  roofline on the {title}, from the cost model ([cost.md](cost.md)) at the tiles that are emitted, for the sizes
  below. The roofline is the longer of two times: the matrix products alone at the peak rate of their dtype (**c**), or
  each array of the entry moved once at full bandwidth (**m**). Products that are computed again count.
- **verified**: the worst error by the error that is allowed, in Triton's interpreter and in JAX, against the float64
  reference at sizes around block ends, with large and with constant values; below 1 is right. In parentheses how many
  of the cases were done in time. `-`: there is no such code, or no gradient.
- **spills**: bytes of registers spilled on sm_90, the most of all kernels at these sizes.

"""


def page(listed: Listed, known: Known) -> str:
    """The whole page."""
    rows = [_HEADER, "|".join(["", *["---"] * _COLUMNS, ""])]
    compiled = {(path, name): _compiled(path, entry) for path, name, entry in listed}
    ran = {(path, name): known(path, name, entry) for path, name, entry in listed}
    rows += [_row(path, name, entry, ran[path, name], compiled[path, name]) for path, name, entry in listed]
    intro = INTRODUCTION.replace("{title}", _MACHINE.title)
    return (
        intro + "\n".join(rows) + "\n\n" + _failures(ran, compiled) + _sizes(listed) + _side_by_side(listed)
    )


_TABLE = Path(__file__).parent / "results" / "kernels_sm_90.json"
_MACHINE = machine("h200")
_HEADER = (
    "| spec | entry | kernels | passes | read more than once | bytes | ms | roofline | forward: Triton, JAX "
    "| backward: Triton, JAX | spills |"
)
_COLUMNS = _HEADER.count("|") - 1


def _planned(entry: Entry) -> EntryKernels | None:
    try:
        return kernels(entry)
    except DiagnosticError:
        return None


def covers(path: Path, entry: Entry) -> tuple[Cover | None, Cover | None]:
    """The forward and the backward part at the sizes of the page."""
    made, sizes = _planned(entry), sizes_of(path.stem, entry)
    if made is None:
        return None, None
    arrays = {input_name(n) for n in entry.diagram.inputs} | set(entry.diagram.output_names)
    forward, both = cover(made.plans, arrays, _MACHINE, sizes), made.differentiated
    late = {input_name(n) for made in both for n in made.cotangents}
    late |= {name for made in both for name in made.gradients if name is not None}
    return forward, cover([made.backward for made in both], arrays | late, _MACHINE, sizes)


def _row(path: Path, name: str, entry: Entry, known: Mapping[str, Any], compiled: Sequence[Finding]) -> str:
    both = covers(path, entry)
    cells = [f"{path.parent.name}/{path.name}", f"`{name}`"]
    if both[0] is None:
        cells += ["plain JAX only" if _planned(entry) is None else "too long", *["-"] * 5]
    else:
        cells += [
            _two(both, lambda c: str(len(c.stages))),
            _two(both, lambda c: str(c.passes)),
            _two(both, _repeated),
            _two(both, lambda c: "no price" if c.bytes_moved is None else spoken_bytes(c.bytes_moved)),
            _two(both, lambda c: "no price" if c.seconds is None else f"{1e3 * c.seconds:.3g}"),
            _two(
                both, lambda c: "no price" if c.roofline is None else f"{100 * c.roofline:.0f} % {c.bound[0]}"
            ),
        ]
    cells += [f"{_ratio(known, 'triton')}, {_ratio(known, 'jax')}"]
    cells += [f"{_ratio(known, 'triton gradients')}, {_ratio(known, 'jax gradients')}", _spilled(compiled)]
    return f"| {' | '.join(cells)} |"


def _two(both: tuple[Cover | None, Cover | None], text: Callable[[Cover], str]) -> str:
    return " / ".join(text(c) if c is not None else "-" for c in both)


def _repeated(found: Cover) -> str:
    return ", ".join(f"{name} {count}" for name, count in found.reads.items() if count > 1) or "none"


def spoken_bytes(count: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} B"


def _ratio(known: Mapping[str, Any], part: str) -> str:
    found = known.get(part)
    if found is None:
        return "not run"
    if "missing" in found:
        return "not finished" if "not finished" in found["missing"] else "-"
    if "failed" in found:
        return "**fails**"
    ran = f" ({found['cases']} of {found['of']})" if found.get("of", found["cases"]) > found["cases"] else ""
    return (f"{found['error'] / found['allowed']:.2f}" if found["allowed"] else "exact") + ran


@cache
def _table() -> dict[str, Finding]:
    return {finding.digest: finding for finding in read_table(_TABLE)}


def _compiled(path: Path, entry: Entry) -> list[Finding]:
    """What the static check found of the configurations that the launcher takes at the sizes of the page."""
    try:
        chosen = launched(kernels(entry), sizes_of(path.stem, entry))
    except DiagnosticError:  # no kernels
        return []
    variants = [Variant(variant.kernel, (config,)) for variant, config in chosen]
    taken = [one for variant in variants for one in configured(path.stem, variant, "sm_90")]
    return [_table()[one.digest] for one in taken if one.digest in _table()]


def _spilled(found: Sequence[Finding]) -> str:
    return str(max(f.spills for f in found)) if found else "-"


def _failures(
    ran: Mapping[tuple[Path, str], Mapping[str, Any]], compiled: Mapping[tuple[Path, str], Sequence[Finding]]
) -> str:
    """What fails, with the case, and how much has not been run since its code changed."""
    lines: list[str] = []
    for (path, name), parts in ran.items():
        for part, found in parts.items():
            if "failed" in found:
                lines.append(f"- {path.stem} `{name}`, {part}: {found['failed']}")
        bad = [f for f in compiled[path, name] if f.problem is not None]
        lines += [f"- {path.stem} `{name}`, sm_90: {f.kernel}: {f.problem}" for f in bad]
    done = sum(map(len, ran.values()))
    count = f"Of {4 * len(ran)} parts (two back ends, results and gradients) {done} have been run as they are emitted"
    return f"## What fails\n\n{count} now.\n\n" + ("\n".join(lines) or "Nothing of these.") + "\n\n"


def _sizes(listed: Listed) -> str:
    lines: dict[str, dict[str, int]] = {}
    for path, _, entry in listed:
        lines.setdefault(f"{path.parent.name}/{path.name}", {}).update(sizes_of(path.stem, entry))
    texts = [
        f"- {file}: " + ", ".join(f"{k} = {v}" for k, v in sizes.items()) for file, sizes in lines.items()
    ]
    return "## Sizes\n\n" + "\n".join(texts) + "\n\n"


# ---- beside published kernels


def _side_by_side(listed: Listed) -> str:
    known = {(path.stem, name): (path, entry) for path, name, entry in listed}
    rows = ["| kernel | array | its reads | ours | its bytes | ours | |", "|---|---|---|---|---|---|---|"]
    notes: list[str] = []
    for number, one in enumerate(PUBLISHED, 1):
        path, entry = known[one.spec, one.entry]
        parts = dict(zip(("forward", "backward"), covers(path, entry), strict=True))
        ours = [parts[part] for part in one.parts]
        title = f"{one.title} [{number}]"
        if any(made is None for made in ours):
            rows.append(f"| {title} | | | | | | no plan of ours at these sizes |")
        else:
            found = [made for made in ours if made is not None]
            rows += [f"| {title} | {cells} |" for cells in _compared(one, found, sizes_of(path.stem, entry))]
        notes.append(f"{number}. {one.source}. {one.note}")
    head = (
        "## Passes beside published kernels\n\nHow often each large array is read from memory, counted in their "
        "sources and in our plans at the sizes above; and the bytes of all arrays, as often as they are read or "
        "written. What gathers one element a row does not count as a read.\n\n"
    )
    return head + "\n".join(rows) + "\n\n" + "\n".join(notes) + "\n"


def _compared(one: Published, ours: Sequence[Cover], sizes: Mapping[str, int]) -> Iterator[str]:
    """The cells of a line for each array, and of one for all bytes."""
    for array, theirs in one.reads.items():
        count = sum(made.reads.get(array, 0) for made in ours)
        yield f"{array} | {theirs} | {count} | | | {_verdict(count, theirs)}"
    arrays = {name: count for made in ours for name, count in made.arrays.items()}
    moved = Counter(one.reads) + Counter(one.writes)
    theirs = one.partial(sizes) + sum(arrays[name] * count for name, count in moved.items())
    count = sum(made.swept for made in ours)
    yield f"all | | | {spoken_bytes(theirs)} | {spoken_bytes(count)} | {_verdict(count, theirs)}"


def _verdict(ours: float, theirs: float) -> str:
    """Bytes of vectors, such as a logarithm a row, are not listed for published kernels: 2 % are equal."""
    if abs(ours - theirs) <= 0.02 * theirs:
        return "equal"
    return "more" if ours > theirs else "fewer"
