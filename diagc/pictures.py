"""The façade of figures: pictures of entries, of their kernels, of learning diagrams and of derivations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, TypeVar

from diagc.check.entry import Entry
from diagc.check.program import Program
from diagc.core.diagram import walk
from diagc.diagnostics import DiagnosticError, failure

if TYPE_CHECKING:
    from diagc.core.diagram import Diagram
    from diagc.draw.notes import Notes
    from diagc.draw.picture import Cover
    from diagc.draw.scene import Scene
    from diagc.machine import Machine
    from diagc.plan.derivation import Derivation

Chosen = TypeVar("Chosen")

_COVERS: Final[dict[str, Cover]] = {
    "one": "group", "tile": "group", "stream": "stream", "walk": "stream", "twin": "stream", "resident": "held",
}  # fmt: skip


def picture(program: Program, entry: str | None, learning: str | None, open_calls: bool) -> str:
    """The SVG of an entry or a learning diagram; by default of the last learning diagram, else of the last entry."""
    from diagc.draw import render_svg

    return render_svg(scene(program, entry, learning, open_calls))


def scene(
    program: Program,
    entry: str | None = None,
    learning: str | None = None,
    open_calls: bool = False,
    sizes: Mapping[str, int] | None = None,
) -> Scene:
    """The geometry of a picture, for `diagc.draw.render_svg`, `render_pdf` and `render_tikz`.

    `sizes` turn the amounts of hover texts into numbers. Raises `DiagnosticError` E0203 for a name that is not there.
    """
    from diagc.draw import draw_cells, draw_diagram
    from diagc.draw.learning import cells
    from diagc.draw.opened import views

    if entry is None and (learning is not None or program.learnings):
        return draw_cells(cells(_chosen(program.learnings, learning, "learning diagram")))
    if program.designs and (entry is None or entry not in program.entries):
        from diagc.draw.designs import draw_design

        return draw_design(_chosen(program.designs, entry, "design"))
    view = views(chosen_entry(program, entry), sizes)[0]
    return draw_diagram(view.diagram, None if open_calls else view.boxes, view.notes)


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
        return viewer(drawn.title, [Shown("view0", drawn.title, drawn)])
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
    """The derivation of an entry as a page with a slider, one picture for each law that is applied.

    Beside each are operations and passes of the kernel that the diagram would be; with a machine and all sizes also
    bytes by level and the predicted time of that kernel.
    """
    from diagc.backends.plans import normal_form
    from diagc.core.formula import formula
    from diagc.draw import draw_diagram
    from diagc.draw.notes import Notes
    from diagc.draw.slides import Slide, frames, slides_page

    normal, record = normal_form(entry, sizes)
    notes = Notes(sizes=sizes or {})
    slides: list[Slide] = []
    for step, diagram in frames(entry.diagram, record.steps, normal):
        law, sides = "in normal form" if slides else "as written", ""
        if step is not None:
            law = step.rule.law
            sides = f"  {formula(step.before, record.names)}\n= {formula(step.after, record.names)}"
        slides.append(Slide(law, sides, draw_diagram(diagram, None, notes), _facts(diagram, notes, machine)))
    return slides_page(f"Derivation of {entry.diagram.name}", slides)


def _facts(diagram: Diagram, notes: Notes, machine: Machine | None) -> tuple[tuple[str, str], ...]:
    """What can be said of a diagram as one kernel."""
    from diagc.cost.words import amount, seconds
    from diagc.plan.search import choose
    from diagc.plan.structure import structure

    found = [("operations", notes.work(walk(diagram.outputs)))]
    try:
        made = structure(diagram)
        passes = (f"over {', '.join(a.name for a in p.axes)}" for p in made.passes)
        found.append(("passes", "; ".join(passes) or "none"))
        if machine is not None:
            best = choose(made, machine, notes.sizes)[0].estimate
            found += [(f"bytes of {level}", amount(b)) for level, b in best.level_bytes.items()]
            found.append(("predicted", f"{seconds(best.predicted_seconds)}, {best.bound}"))
    except DiagnosticError as error:
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
