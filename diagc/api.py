"""The façade: everything that the command line does, as functions on values.

>>> from diagc.source import Source
>>> check(Source("a.diag", "diag 1 axis n fn f(X: f32[n]) -> f32 { return sum[n](X) }"))
()
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from diagc.check.entry import Entry
from diagc.check.program import Program, collect, read_program
from diagc.diagnostics import Diagnostic, DiagnosticError
from diagc.source import Source

if TYPE_CHECKING:
    from diagc.backends.emit import Carried
    from diagc.backends.launches import Form
    from diagc.bench.coverage import Cover
    from diagc.cost.columns import Columns
    from diagc.machine import Machine
    from diagc.plan.derivation import Derivation
    from diagc.plan.search import Choice


def check(source: Source, files: dict[str, str] | None = None) -> tuple[Diagnostic, ...]:
    """Every error of a text; `files` holds texts by the path under which `use` names them."""
    try:
        _, sink = collect(source, Path(source.name).parent, files)
    except DiagnosticError as error:
        return error.diagnostics
    return tuple(sink.diagnostics)


def load(path: Path) -> Program:
    """The checked program of a file. Raises `DiagnosticError` with every error of the file."""
    return read_program(path)


def reveal(source: Source, line: int, name: str) -> str:
    """The type of the value called `name` that is defined on a line, as `f32[q x]`."""
    program, _ = collect(source, Path(source.name).parent)
    for entry in program.entries.values():
        for written, node in entry.defined:
            if written.text == name and written.span.source == source and written.span.line == line:
                return str(node.array)
    raise KeyError(name)


def triton_source(
    entries: Mapping[str, Entry], file: str, sizes: Mapping[str, int] | None = None, form: Form = "pointers"
) -> str:
    """The Triton file of entries, in the order of contractions that is fastest at `sizes`.

    Raises `DiagnosticError` E0702 for an entry that no kernel is made for.
    """
    from diagc.backends import emit

    return emit.triton_source(entries.values(), file, sizes, form)


def jax_source(
    entries: Mapping[str, Entry],
    file: str,
    sizes: Mapping[str, int] | None = None,
    carried: Carried | None = None,
) -> str:
    """The JAX file of entries: in blocks where that pays, and plain; with `carried` by these kernels on CUDA."""
    from diagc.backends import emit

    return emit.jax_source(entries, file, sizes, carried)


def derive(
    entry: Entry, machine: Machine | None = None, sizes: Mapping[str, int] | None = None, check: bool = False
) -> tuple[Derivation, bool]:
    """The steps of an entry from the written diagram to its kernel, and whether all of those that were tested hold.

    Contractions are done in the order that is best at `sizes`; with a machine the schedule for these is part of it.
    With `check` every step is evaluated in float64.
    """
    from diagc.backends.plans import normal_form
    from diagc.passes.base_two import BaseTwo
    from diagc.passes.choices import Choices
    from diagc.plan.derivation import derivation
    from diagc.plan.structure import structure
    from diagc.verify.derivation import check_all, line

    normal, record = normal_form(entry, sizes)
    chosen = Choices().run(normal, record)
    found, refusal = None, None
    try:
        found = structure(chosen)
    except DiagnosticError as error:
        refusal = error.diagnostics[0].message
    used = len(record.steps)
    final = BaseTwo().run(chosen, record) if found is not None else chosen
    made = derivation(entry.diagram, normal, record, found, record.steps[used:], refusal)
    lines = kernel_lines(entry, sizes)
    made = replace(made, kernels=lines if len(lines) > 1 else ())
    if machine is not None and refusal is None:
        made = replace(made, schedule=_schedule_lines(entry, machine, sizes or {}))
    if not check:
        return made, True
    checks = check_all(entry.diagram, final, record.steps, found)
    return replace(made, checks=tuple(map(line, checks))), all(c.passed for c in checks)


def kernel_lines(entry: Entry, sizes: Mapping[str, int] | None) -> tuple[str, ...]:
    """What each kernel of an entry reads and writes; none where no kernel is made."""
    from diagc.backends.plans import kernels
    from diagc.backends.sizes import input_name

    try:
        (plan, *_) = kernels(entry, sizes, gradients=False).plans
    except DiagnosticError:
        return ()
    lines: list[str] = []
    for launch in plan.launches:
        made, covers = launch.diagram, launch.variants[-1].kernel.extents.values()
        written = (f"{name}: {array}" for name, array in zip(made.output_names, made.layouts, strict=True))
        axes = ", ".join(f"{extent.axis.name} {extent.kind}" for extent in covers)
        lines.append(f"{', '.join(map(input_name, made.inputs))} -> {', '.join(written)}; axes {axes}")
    return tuple(lines)


def emitted(
    entry: Entry, machines: Iterable[Machine], sizes: Mapping[str, int], without: Container[str] = ()
) -> list[Cover]:
    """What the kernels that are launched at these sizes cost on each machine, with the tiles of the emitted code.

    Empty where no kernel is made. Laws whose rules are in `without` are not used. Raises `DiagnosticError` E0602 where
    a size is missing.
    """
    from diagc.backends.plans import kernels
    from diagc.backends.sizes import input_name
    from diagc.bench.coverage import cover

    arrays = [*map(input_name, entry.diagram.inputs), *entry.diagram.output_names]
    plans = kernels(entry, sizes, gradients=False, without=without).plans
    found = [cover(plans, arrays, machine, sizes) for machine in machines]
    return [made for made in found if made is not None]


def _schedule_lines(entry: Entry, machine: Machine, sizes: Mapping[str, int]) -> tuple[str, ...]:
    """The best schedules and why each is where it is."""
    from diagc.cost.words import seconds
    from diagc.plan.search import spoken

    written = ", ".join(f"{name} = {value}" for name, value in sizes.items())
    lines = [f"{machine.title}: {written}"]
    for number, choice in enumerate(cost(entry, machine, sizes, {}, {}), 1):
        time = seconds(choice.estimate.predicted_seconds)
        lines.append(f"{number}. {time}: {spoken(choice)}; {choice.reason}")
    return tuple(lines)


def derivation_text(entries: Mapping[str, Entry], sizes: Mapping[str, int] | None = None) -> str:
    """For each entry the steps from the written diagram to its kernel, with their laws."""
    from diagc.plan.report import text

    return "\n".join(text(derive(entry, None, sizes)[0]) for entry in entries.values())


def cost(
    entry: Entry,
    machine: Machine,
    sizes: Mapping[str, int],
    group: Mapping[str, int],
    stream: Mapping[str, int],
    share: Fraction = Fraction(1),
) -> tuple[Choice, ...]:
    """The best schedules of an entry on a machine, fastest first; `group` and `stream` fix tiles by axis name.

    `share` is how many of the tiles of a loop data leave, where a mask depends on them: see `decided_by_data`.
    A schedule of the file for this machine fixes what they leave open. Raises `DiagnosticError`: E0602 a size is
    missing, E0702 no kernel, E0703 the schedule is not possible, E1105 a tile is not possible, E1106 none fits.
    """
    from diagc.backends.plans import chosen_form
    from diagc.passes.base_two import BaseTwo
    from diagc.plan.choices import fixed_tiles, schedule_for
    from diagc.plan.config import has_dot
    from diagc.plan.search import Fixed, choose, rounded
    from diagc.plan.structure import structure

    diagram = BaseTwo().run(chosen_form(entry, sizes)[0])
    streamed = structure(diagram)
    fixed = replace(fixed_tiles(streamed, schedule_for(entry.schedules, machine), group, stream), share=share)
    found = list(choose(streamed, machine, sizes, fixed))
    if streamed.streamed and not has_dot(streamed) and not fixed.stream:
        try:
            held = structure(diagram, resident_rows=True)
            found = [*choose(held, machine, sizes, Fixed(group, {})), *found]  # first among equals
        except DiagnosticError as error:  # rows that are too long to be held are streamed
            if error.diagnostics[0].code != "E1106":
                raise
    return tuple(sorted(found, key=lambda choice: rounded(choice.estimate.predicted_seconds)))


def decided_by_data(entry: Entry) -> tuple[str, ...]:
    """The conditions of masks, as formulas, that leave as many tiles of the loops of an entry as the data say."""
    from diagc.backends.plans import chosen_form
    from diagc.core.formula import formula
    from diagc.plan.structure import structure
    from diagc.plan.visits import decided_by_data as decided

    diagram, record = chosen_form(entry)
    made = structure(diagram)
    found = [
        part
        for step in made.passes
        for part in decided(tuple(c.reduction for c in step.algebra.components), step.axes[-1], made.extents)
    ]
    return tuple(formula(part, record.names) for part in dict.fromkeys(found))


def clusters(entry: Entry, machine: Machine, sizes: Mapping[str, int], choice: Choice) -> dict[int, float]:
    """Seconds in which chunks reach the shared memory of a schedule, by the number of programs in a cluster."""
    from diagc.backends.plans import chosen_form
    from diagc.cost.clusters import cluster_seconds
    from diagc.plan.regions import region
    from diagc.plan.structure import structure

    cost = choice.estimate
    width = cost.bytes_moved / max(cost.elements_moved, 1)
    return cluster_seconds(
        region(structure(chosen_form(entry)[0]), sizes), cost.memory_values, width, machine
    )


def columns(
    entry: Entry,
    machine: Machine,
    sizes: Mapping[str, int],
    group: Mapping[str, int],
    stream: Mapping[str, int],
) -> Columns | None:
    """The variables and operations of the best schedule of an entry with their places and clocks.

    None where nothing is shared out among programs. Raises as `cost` does.
    """
    from diagc.backends.plans import chosen_form
    from diagc.cost.columns import columns
    from diagc.cost.region import Tiling
    from diagc.plan.choices import fixed_tiles, schedule_for
    from diagc.plan.folds import state_names
    from diagc.plan.regions import region
    from diagc.plan.search import choose
    from diagc.plan.structure import structure

    diagram, record = chosen_form(entry)
    found = structure(diagram)
    names = {**state_names(found), **record.names}
    fixed = fixed_tiles(found, schedule_for(entry.schedules, machine), group, stream)
    choice = choose(found, machine, sizes, fixed)[0]
    return columns(region(found, sizes, names), Tiling(choice.group, choice.stream), machine)


def diagram_text(entries: Mapping[str, Entry]) -> str:
    """The diagrams of entries in the textual IR."""
    from diagc.core.text import print_diagram

    return "\n".join(print_diagram(entry.diagram) for entry in entries.values())


def tree_text(file: str) -> str:
    """The surface tree of a file."""
    from pprint import pformat

    from diagc.syntax.files import load_source
    from diagc.syntax.parse import parse

    return pformat(parse(load_source(Path(file), Path(file).parent)), width=120) + "\n"


def kernel_text(entries: Mapping[str, Entry], sizes: Mapping[str, int] | None = None) -> str:
    """The kernels of entries in kernel IR, every variant."""
    from diagc.backends.plans import kernels
    from diagc.kernel.text import print_kernel

    return "\n".join(
        print_kernel(v.kernel) for entry in entries.values() for v in kernels(entry, sizes).variants
    )
