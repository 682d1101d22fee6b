"""Schedules: tiles, warps and stages that a file chooses for an entry. They never change what is computed.

What a text can be wrong about by itself is reported here; what only a kernel can refuse, in `plan/choices.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from diagc.check.scope import Module
from diagc.core.axes import Axis
from diagc.core.diagram import Diagram, Node
from diagc.core.ops import Input
from diagc.diagnostics import Diagnostic, DiagnosticError, Label, Sink, failure
from diagc.source import Span
from diagc.syntax import tree

WARPS = (1, 2, 4, 8, 16)
"""Warps that a program can have: Triton takes powers of two."""

MAX_STAGES = 8
"""Loads that can be under way at once: what 227 KiB of shared memory hold of the smallest useful chunks."""


@dataclass(frozen=True, slots=True)
class Tiles:
    """A tile of an axis as written: shared out (`group`) or streamed."""

    kind: str
    axis: Axis
    size: int
    span: Span


@dataclass(frozen=True, slots=True)
class Schedule:
    """What a file chooses for an entry on a machine."""

    machine: str
    tiles: tuple[Tiles, ...]
    warps: int | None
    stages: int | None
    span: Span


def check_schedules(module: Module, diagrams: Mapping[str, Diagram], sink: Sink) -> dict[str, list[Schedule]]:
    """The schedules by the name of an entry; what is wrong goes to the sink."""
    found: dict[str, list[Schedule]] = {}
    for written in module.schedules:
        name = written.entry.text
        if name not in module.functions:
            sink.add(Diagnostic(
                "E0203", f"no function is called `{name}`", (Label(written.entry.span),),
                "a schedule names an entry of this file",
            ))  # fmt: skip
        elif name in diagrams:
            try:
                found.setdefault(name, []).append(_schedule(written, diagrams[name]))
            except DiagnosticError as error:
                sink.extend(error.diagnostics)
    return found


def _schedule(written: tree.Schedule, diagram: Diagram) -> Schedule:
    _check_machine(written)
    tiles: list[Tiles] = []
    warps: int | None = None
    stages: set[int] = set()
    for setting in written.settings:
        match setting:
            case tree.Tile():
                tiles += _tiles(setting, diagram)
            case tree.Option():
                warps = _warps(setting)
            case tree.Stages():
                stages.add(_stages(setting, diagram.inputs))
    if len(stages) > 1:
        raise _refusal(
            written.span, f"stages of {' and '.join(map(str, sorted(stages)))} in one schedule",
            "a loop has one number of stages: give all arrays the same",
        )  # fmt: skip
    return Schedule(written.machine, tuple(tiles), warps, max(stages, default=None), written.span)


def _refusal(span: Span, message: str, help: str) -> DiagnosticError:
    return failure("E0703", message, Label(span), help=help)


def _check_machine(written: tree.Schedule) -> None:
    from diagc.machine import machine_names  # reads YAML, which no other check needs

    names = machine_names()
    if written.machine not in names and not written.machine.endswith((".yaml", ".yml")):
        raise _refusal(
            written.span, f"no machine is called `{written.machine}`", f"there are {', '.join(names)}"
        )


def _tiles(setting: tree.Tile, diagram: Diagram) -> Iterator[Tiles]:
    if setting.kind.text not in ("group", "stream"):
        raise _refusal(
            setting.kind.span, f"a schedule has no `{setting.kind.text}[…]`",
            "write `group[q] = 128` for an axis that programs share out, `stream[x] = 64` for one that they stream",
        )  # fmt: skip
    size = setting.size
    if size < 1 or size & (size - 1):
        near = 1 << max(size.bit_length() - 1, 4)
        raise _refusal(
            setting.span, f"a tile of {size} indices: a tile is a power of two", f"write {near} or {2 * near}"
        )
    axes = {axis.name: axis for axis in reversed(diagram.axes)}
    for name in setting.axes:
        if name.text not in axes:
            listed = ", ".join(reversed(axes))
            raise _refusal(name.span, f"`{diagram.name}` has no axis `{name.text}`", f"it has {listed}")
        yield Tiles(setting.kind.text, axes[name.text], size, setting.span)


def _warps(setting: tree.Option) -> int:
    if setting.name.text != "warps":
        raise _refusal(
            setting.name.span, f"a schedule has no `{setting.name.text}`",
            "there are `group[…]`, `stream[…]`, `stages …` and `warps`",
        )  # fmt: skip
    if setting.value not in WARPS:
        raise _refusal(
            setting.span, f"{setting.value} warps", f"a program has {', '.join(map(str, WARPS))} warps"
        )
    return setting.value


def _stages(setting: tree.Stages, inputs: tuple[Node, ...]) -> int:
    if setting.kind.text != "stages":
        raise _refusal(
            setting.kind.span, f"a schedule has no `{setting.kind.text}` of arrays", "write `stages K, V = 2`"
        )
    known = [n.op.name for n in inputs if isinstance(n.op, Input)]
    for name in setting.arrays:
        if name.text not in known:
            raise _refusal(name.span, f"no array is called `{name.text}`", f"there are {', '.join(known)}")
    if not 1 <= setting.count <= MAX_STAGES:
        raise _refusal(setting.span, f"{setting.count} stages", f"a loop has 1 to {MAX_STAGES} stages")
    return setting.count
