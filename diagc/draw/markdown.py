"""Derivations and traces of passes as pages in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from diagc.plan.derivation import Definition, Derivation, Law, Loop
from diagc.plan.report import TILED, count
from diagc.plan.trace import Trace, is_idle


def markdown(derivations: Sequence[Derivation], title: str) -> str:
    """The derivations of the entries of a file, one section each."""
    lines = [f"# {title}", ""]
    for found in derivations:
        lines += [f"## {found.name}", "", f"`{found.signature}`", ""]
        lines += ["### As written", "", *_definitions(found.written), ""]
        lines += [f"### {count(found.laws)}", "", *_laws(found.laws), ""]
        lines += ["### Normal form", "", *_definitions(found.normal), ""]
        lines += [f"> {note}\n" for note in found.notes]
        lines += ["### Kernel", "", *_kernel(found), ""]
        if found.hardware:
            lines += ["### For the hardware", "", *_laws(found.hardware), ""]
        lines += _listed("Schedule", found.schedule)
        lines += _listed("Tested in float64 on random arrays", found.checks)
    return "\n".join(lines).rstrip() + "\n"


def trace_markdown(traces: Sequence[Trace], title: str) -> str:
    """The passes of the entries of a file, one section each; idle ones in one line."""
    lines = [f"# {title}", ""]
    for found in traces:
        lines += [f"## {found.name}", "", f"`{found.signature}`", ""]
        lines += ["### As written", "", *_definitions(found.written), ""]
        for number, each in enumerate(found.passes, 1):
            lines += [f"### Pass {number}, {each.name}", "", f"{each.words[:1].upper()}{each.words[1:]}.", ""]
            if is_idle(each):
                lines += ["Nothing to do.", ""]
                continue
            lines += [*_laws(each.laws), ""] if each.laws else []
            changed = [fact for fact in each.facts if fact[1] != fact[2]]
            if changed:
                lines += ["| | before | after |", "|---|---|---|"]
                lines += [f"| {name} | {before} | {after} |" for name, before, after in changed]
            lines += ["", *_definitions(each.changed), ""]
        lines += _listed("Kernels", found.kernels)
    return "\n".join(lines).rstrip() + "\n"


def _listed(title: str, lines: Sequence[str]) -> list[str]:
    return [f"### {title}", "", *(f"- {line}" for line in lines), ""] if lines else []


def _code(text: str) -> str:
    return f"`{text}`"


def _cell(text: str) -> str:
    return _code(text.replace("|", "\\|"))


def _definitions(found: Sequence[Definition]) -> Iterator[str]:
    return (f"- {_code(f'{one.name} = {one.formula}')}" for one in found)


def _laws(laws: Sequence[Law]) -> Iterator[str]:
    for law in laws:
        yield f"{law.number}. {law.law}" + (f" ({law.place})" if law.place else "") + "  "
        yield f"   {_code(law.before)}  "
        if law.after != law.before:
            yield f"   = {_code(law.after)}"


def _kernel(found: Derivation) -> Iterator[str]:
    if found.kernels:
        yield f"{len(found.kernels)} kernels are emitted:"
        yield ""
        yield from (f"{number}. {line}" for number, line in enumerate(found.kernels, 1))
        yield ""
        yield "As one kernel, which is not emitted:"
        yield ""
    if found.refusal is not None:
        yield f"None: {found.refusal}."
        return
    yield from (f"- `{axis}`: {TILED[kind]}" for axis, kind in found.covers)
    for number, loop in enumerate(found.loops, 1):
        yield ""
        yield from _loop(number, loop)
    yield ""
    if found.second is not None:
        yield f"Last pass: {found.second}."
        yield ""
    yield "Finish:"
    yield ""
    yield from _definitions(found.finish)


def _loop(number: int, loop: Loop) -> Iterator[str]:
    yield f"**Pass {number}** streams {', '.join(map(_code, loop.axes))}."
    if loop.reason:
        yield f"It is a pass of its own: {loop.reason}."
    yield ""
    yield "| state | starts at | lift | merge |"
    yield "|---|---|---|---|"
    for state in loop.states:
        yield f"| {_cell(state.name)} | {state.unit} | {_cell(state.lift)} | {_cell(state.merge)} |"
    yield ""
    for centre in loop.centres:
        held = f"; before the last chunk {_code(centre.held)} stands for it" if centre.held else ""
        yield f"- {_code(f'{centre.name} = {centre.formula}')}{held}"
    yield from (f"- {bound}" for bound in loop.bounds)
