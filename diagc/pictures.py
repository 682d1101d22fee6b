"""The façade of figures: pictures of entries, of their kernels, of learning diagrams and of derivations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from diagc.check.entry import Entry
from diagc.check.program import Program
from diagc.core.diagram import walk
from diagc.diagnostics import DiagnosticError, failure

if TYPE_CHECKING:
    from diagc.core.diagram import Diagram
    from diagc.draw.picture import Cover
    from diagc.draw.scene import Scene
    from diagc.draw.slides import Slide
    from diagc.machine import Machine
    from diagc.passes.stages import Stage
    from diagc.plan.derivation import Derivation
    from diagc.plan.trace import Facts, Trace

Chosen = TypeVar("Chosen")

FORMATS: Final = (".svg", ".pdf", ".tex", ".html")
"""The endings of files of figures."""

Style = Literal["strands", "open", "kernels", "overview"]

_COVERS: Final[dict[str, Cover]] = {
    "one": "group", "tile": "group", "stream": "stream", "walk": "stream", "twin": "stream", "resident": "held",
}  # fmt: skip


def figure(
    program: Program,
    suffix: str,
    entry: str | None = None,
    learning: str | None = None,
    style: Style = "strands",
    sizes: Mapping[str, int] | None = None,
) -> bytes:
    """A picture as a file that ends in `suffix`, one of `FORMATS`; a page has every style. Names as for `scene`.

    Raises `ValueError` for another ending.
    """
    from diagc.draw import render_pdf, render_svg, render_tikz

    if suffix not in FORMATS:
        raise ValueError(f"`{suffix}` is no format of figures; name one of {', '.join(FORMATS)}")
    if suffix == ".html":
        return page(program, entry, learning, sizes).encode()
    drawn = scene(program, entry, learning, style, sizes)
    if suffix == ".pdf":
        return render_pdf(drawn)
    return (render_tikz(drawn) if suffix == ".tex" else render_svg(drawn)).encode()


def scene(
    program: Program,
    entry: str | None = None,
    learning: str | None = None,
    style: Style = "strands",
    sizes: Mapping[str, int] | None = None,
) -> Scene:
    """The geometry of a picture; by default of the last learning diagram, else of the last entry.

    `style` opens the calls of an entry, draws its kernels, or draws the equations of a learning diagram as one graph.
    `sizes` turn the amounts of hover texts into numbers. Raises `DiagnosticError` E0203 for a name that is not there.
    """
    from diagc.draw import draw_cells, draw_diagram, draw_overview
    from diagc.draw.learning import cells
    from diagc.draw.opened import views

    if style == "overview":
        return draw_overview(cells(_chosen(program.learnings, learning, "learning diagram")))
    if style == "kernels":
        return kernel_scene(chosen_entry(program, entry), sizes)
    if entry is None and (learning is not None or program.learnings):
        return draw_cells(cells(_chosen(program.learnings, learning, "learning diagram")))
    if program.designs and (entry is None or entry not in program.entries):
        from diagc.draw.designs import draw_design

        return draw_design(_chosen(program.designs, entry, "design"))
    view = views(chosen_entry(program, entry), sizes)[0]
    return draw_diagram(view.diagram, None if style == "open" else view.boxes, view.notes)


def chosen_entry(program: Program, name: str | None) -> Entry:
    """The entry of this name, or the last of the file. Raises `DiagnosticError` E0203 where there is none."""
    return _chosen(program.entries, name, "entry")


def kernel_scene(entry: Entry, sizes: Mapping[str, int] | None = None) -> Scene:
    """The kernels of an entry as panels: what streams, what programs share out, what goes through memory.

    Raises `DiagnosticError` E0702 where no kernel is made.
    """
    from diagc.backends.plans import kernels
    from diagc.draw.kernels import Panel, draw_kernels

    plan = kernels(entry, sizes, gradients=False).plans[0]
    panels = [
        Panel(
            launch.diagram,
            {axis: _COVERS[extent.kind] for axis, extent in launch.variants[-1].kernel.extents.items()},
        )
        for launch in plan.launches
    ]
    return draw_kernels(panels, sizes)


def page(
    program: Program,
    entry: str | None = None,
    learning: str | None = None,
    sizes: Mapping[str, int] | None = None,
) -> str:
    """A picture as one HTML page that pans and zooms and whose calls open; names as for `scene`."""
    from diagc.draw import draw_diagram
    from diagc.draw.opened import views
    from diagc.draw.viewer import Shown, viewer

    whole = learning is not None or program.learnings or program.designs
    if whole and entry not in program.entries:
        drawn = scene(program, entry, learning)
        shown = [Shown("view0", drawn.title, drawn)]
        is_learning = program.learnings and (learning is not None or entry is None)
        if is_learning and len(_chosen(program.learnings, learning, "learning diagram").equations) > 1:
            shown.append(Shown("overview", "overview", scene(program, None, learning, "overview")))
        return viewer(drawn.title, shown)
    chosen = chosen_entry(program, entry)
    shown = [Shown(v.key, v.title, draw_diagram(v.diagram, v.boxes, v.notes)) for v in views(chosen, sizes)]
    with suppress(DiagnosticError):  # what no kernel is made of has no picture of kernels
        shown.append(Shown("kernels", "kernels", kernel_scene(chosen, sizes)))
    return viewer(chosen.diagram.name, shown)


def derivation_page(entries: Mapping[str, Entry], derivations: Sequence[Derivation], title: str) -> str:
    """The derivations as one HTML page, with pictures of the written diagrams and of their normal forms."""
    from diagc.backends.plans import normal_form
    from diagc.draw import draw_diagram, render_svg
    from diagc.draw.opened import call_boxes
    from diagc.draw.page import html

    pictures: dict[str, list[tuple[str, str]]] = {}
    for found, entry in zip(derivations, entries.values(), strict=True):
        normal = normal_form(entry)[0]
        drawn = (
            ("as written", draw_diagram(entry.diagram, call_boxes(entry))),
            ("in normal form", draw_diagram(normal)),
        )
        pictures[found.name] = [
            (f"{found.name} {caption}", render_svg(scene, f"{found.name}-{place}"))
            for place, (caption, scene) in enumerate(drawn)
        ]
    return html(derivations, title, pictures)


def derivation_slides(
    entry: Entry, machine: Machine | None = None, sizes: Mapping[str, int] | None = None
) -> str:
    """The derivation of an entry as a page with a slider, one picture for each law that changes the diagram.

    Beside each are operations and loops of the kernel that the diagram would be; with a machine and all sizes also
    bytes by level and the predicted time of that kernel.
    """
    from diagc.backends.plans import normal_form
    from diagc.core.formula import formula
    from diagc.draw.slides import slides_page
    from diagc.plan.replay import replay

    normal, record = normal_form(entry, sizes)
    slides: list[Slide] = []
    for step, diagram in replay(entry.diagram, record.steps, normal):
        title, words = "in normal form" if slides else "as written", ""
        if step is not None:
            title = step.rule.law
            words = f"  {formula(step.before, record.names)}\n= {formula(step.after, record.names)}"
        slides.append(_slide(title, words, diagram, sizes, machine))
    return slides_page(f"Derivation of {entry.diagram.name}", slides)


def trace(entry: Entry, machine: Machine | None = None, sizes: Mapping[str, int] | None = None) -> Trace:
    """Every pass from the diagram of an entry to what its kernels are planned for, and a line for each kernel."""
    from diagc import api
    from diagc.core.rewrite import Record
    from diagc.passes.stages import stages
    from diagc.plan.derivation import definitions
    from diagc.plan.trace import Trace, passed

    record = Record(spans=dict(entry.spans), names=dict(entry.names))
    found: list[tuple[Stage, Facts, Facts]] = []
    facts = _facts(entry.diagram, sizes, machine)
    for stage in stages(entry.diagram, record, sizes):
        before, facts = facts, facts if stage.idle else _facts(stage.after, sizes, machine)
        found.append((stage, before, facts))
    signature = ", ".join(map(str, entry.diagram.layouts))
    written = tuple(definitions(entry.diagram, record.names))
    return Trace(
        entry.diagram.name, signature, written, tuple(passed(found, record)), api.kernel_lines(entry, sizes)
    )


def trace_slides(entry: Entry, machine: Machine | None = None, sizes: Mapping[str, int] | None = None) -> str:
    """The passes of an entry as a page with a slider, a picture for each that is not idle, and one of the kernels."""
    from diagc.core.rewrite import Record
    from diagc.draw.slides import slides_page
    from diagc.passes.stages import WORDS, stages
    from diagc.plan.derivation import applications
    from diagc.plan.trace import law_counts

    record = Record(spans=dict(entry.spans), names=dict(entry.names))
    slides = [_slide("as written", "", entry.diagram, sizes, machine)]
    for stage in stages(entry.diagram, record, sizes):
        if not stage.idle:
            counts = law_counts(tuple(applications(stage.steps, record)))
            words = "\n".join((WORDS[stage.name], *(f"{n} × {law}" for law, n in counts.items())))
            slides.append(_slide(stage.name, words, stage.after, sizes, machine))
    with suppress(DiagnosticError):  # what no kernel is made of has no picture of kernels
        drawn = kernel_scene(entry, sizes)
        slides.append(replace(slides[-1], law="kernels", formula="what runs", scene=drawn))
    return slides_page(f"Passes of {entry.diagram.name}", slides)


def _slide(
    title: str, words: str, diagram: Diagram, sizes: Mapping[str, int] | None, machine: Machine | None
) -> Slide:
    from diagc.draw import draw_diagram
    from diagc.draw.notes import Notes
    from diagc.draw.slides import Slide

    drawn = draw_diagram(diagram, None, Notes(sizes=sizes or {}))
    return Slide(title, words, drawn, _facts(diagram, sizes, machine))


def _facts(
    diagram: Diagram, sizes: Mapping[str, int] | None, machine: Machine | None
) -> tuple[tuple[str, str], ...]:
    """What can be said of a diagram as one kernel."""
    from diagc.cost.words import amount, seconds
    from diagc.draw.notes import Notes
    from diagc.plan.search import choose
    from diagc.plan.structure import structure

    notes = Notes(sizes=sizes or {})
    found = [("operations", notes.work(walk(diagram.outputs)))]
    try:
        made = structure(diagram)
        loops = (f"over {', '.join(a.name for a in p.axes)}" for p in made.passes)
        found.append(("loops", "; ".join(loops) or "none"))
        if machine is not None:
            best = choose(made, machine, notes.sizes)[0].estimate
            found += [(f"bytes of {level}", amount(b)) for level, b in best.level_bytes.items()]
            found.append(("predicted", f"{seconds(best.predicted_seconds)}, {best.bound}"))
    except DiagnosticError as error:
        if (
            error.diagnostics[0].code == "E0602"
        ):  # a size is missing: nobody has asked for a prediction without one
            raise
        found.append(("as one kernel", error.diagnostics[0].message))
    return tuple(found)


def _chosen(found: Mapping[str, Chosen], name: str | None, kind: str) -> Chosen:
    if not found:
        raise failure(
            "E0203", f"the spec has no {kind}", help="an entry is a `fn` all of whose tensors have types"
        )
    if name is not None and name not in found:
        near = get_close_matches(name, list(found), n=1)
        help_line = f"did you mean `{near[0]}`?" if near else f"there is {', '.join(found)}"
        raise failure("E0203", f"no {kind} is called `{name}`", help=help_line)
    return found[name or list(found)[-1]]
