"""A derivation as plain text: the laws that were used, then each pass with the state of its fold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from diagc.plan.derivation import Definition, Derivation, Law, Loop

TILED = {
    "one": "one index a program", "tile": "tiles of programs", "resident": "whole on chip",
    "stream": "streamed in tiles", "walk": "streamed index by index",
}  # fmt: skip
"""How a kernel covers an axis, in words."""


def text(found: Derivation) -> str:
    """The steps of an entry as lines for a terminal."""
    lines = [f"{found.name}: {found.signature}", ""]
    lines += ["as written", *definition_lines(found.written), ""]
    lines += [count(found.laws), *law_lines(found.laws), ""]
    lines += ["normal form", *definition_lines(found.normal), ""]
    lines += [f"note: {note}" for note in found.notes]
    if found.kernels:
        listed = (f"  {number}. {line}" for number, line in enumerate(found.kernels, 1))
        lines += [f"{len(found.kernels)} kernels", *listed, ""]
    one = "no single kernel" if found.kernels else "no kernel"
    lines += _kernel(found) if found.refusal is None else [f"{one}: {found.refusal}"]
    if found.hardware:
        lines += ["", f"for the hardware: {count(found.hardware)}", *law_lines(found.hardware)]
    if found.schedule:
        lines += ["", "schedule", *(f"  {line}" for line in found.schedule)]
    if found.checks:
        lines += ["", "tested in float64 on random arrays", *(f"  {line}" for line in found.checks)]
    return "\n".join(lines) + "\n"


def count(laws: Sequence[Law]) -> str:
    """How many laws were applied, in words."""
    return f"{len(laws)} application{'s' * (len(laws) != 1)} of laws"


def definition_lines(found: Sequence[Definition]) -> Iterator[str]:
    """A line for each name and its formula."""
    return (f"  {one.name} = {one.formula}" for one in found)


def law_lines(laws: Sequence[Law]) -> Iterator[str]:
    """Each application with its two sides."""
    for law in laws:
        yield f"  {law.number}. {law.law}" + (f"  [{law.place}]" if law.place else "")
        yield f"       {law.before}"
        if law.after != law.before:  # what only regroups looks the same
            yield f"     = {law.after}"


def _kernel(found: Derivation) -> Iterator[str]:
    title = "as one kernel, which is not emitted" if found.kernels else "kernel"
    yield f"{title}: axes {', '.join(f'{axis} {kind}' for axis, kind in found.covers)}"
    for number, loop in enumerate(found.loops, 1):
        yield from _loop(number, loop)
    if found.second is not None:
        yield f"last pass: {found.second}"
    yield from (f"finish: {one.name} = {one.formula}" for one in found.finish)


def _loop(number: int, loop: Loop) -> Iterator[str]:
    yield f"pass {number} streams {' '.join(loop.axes)}, state ({', '.join(s.name for s in loop.states)})"
    if loop.reason:
        yield f"  a pass of its own: {loop.reason}"
    for state in loop.states:
        yield f"  {state.name} starts at {state.unit}; a chunk gives {state.lift}"
        if state.rescale is not None:
            yield f"     when the earlier states change, {state.name} becomes {state.rescale}"
        yield f"     chunks a and b give {state.merge}"
    for centre in loop.centres:
        yield f"  {centre.name} = {centre.formula}"
        if centre.held is not None:
            yield f"     before the last chunk {centre.held} stands for it"
    yield from (f"  {bound}" for bound in loop.bounds)
