"""Solutions of design problems as text, JSON, CSV and pictures."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from diagc.cli.codesign_tables import table
from diagc.codesign.problems import Answer, answer, needed, shown
from diagc.diagnostics import Label, failure

if TYPE_CHECKING:
    from diagc.check.program import Program
    from diagc.core.design import Design


def chosen_design(program: Program, name: str | None, spec: Path) -> Design:
    """The design of this name, or the only one of a file."""
    found = program.designs
    if not found:
        raise click.UsageError(
            f"{spec} has no `design`; for the kernels of a spec give a family with --machine"
        )
    if name is None and len(found) > 1:
        raise click.UsageError(f"{spec} has several designs: choose one with --design {'|'.join(found)}")
    if name is not None and name not in found:
        raise click.UsageError(f"{spec} has no design `{name}`; there are {', '.join(found)}")
    return found[name] if name is not None else next(iter(found.values()))


def answers(design: Design, written: Sequence[str]) -> list[Answer]:
    """The answers for every combination of what is needed; a name may have several values."""
    given: dict[str, list[float]] = {name: [value] for name, value in design.given.items()}
    for text in written:
        name, _, values = text.partition("=")
        try:
            given[name.strip()] = [needed(design, name.strip(), value.strip()) for value in values.split(",")]
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--need") from None
    names = [port.name for port in design.provides if port.name in given]
    return [
        answer(design, dict(zip(names, chosen, strict=True)))
        for chosen in product(*(given[n] for n in names))
    ]


def refuse_impossible(found: Sequence[Answer]) -> None:
    """E1507 where nothing that is asked has a design."""
    if all(not len(each.best.points) for each in found):
        first = found[0]
        raise failure(
            "E1507", f"no design of `{first.design.name}` provides {_need(first)}", Label(first.design.span),
            help=first.best.reason,
        )  # fmt: skip


def _need(found: Answer) -> str:
    ports = {p.name: p for p in found.design.provides}
    return (
        ", ".join(f"{name} = {shown(value, ports[name])}" for name, value in found.need.items()) or "nothing"
    )


def lines(found: Sequence[Answer]) -> Iterator[str]:
    """Each answer for a reader."""
    for place, each in enumerate(found):
        if place:
            yield ""
        yield f"{each.design.name}: {_need(each)}"
        for name, solution in each.solutions():
            yield ""
            head = f"{name}: " if name else ""
            if not len(solution.points):
                yield f"{head}infeasible: {solution.reason}"
                continue
            settled = f"; loops settled in {solution.steps} steps" if solution.steps > 1 else ""
            count = len(solution.points)
            yield f"{head}{count:,} point{'s' * (count != 1)} of least resources{settled}"
            parts = [p.name for p in each.design.components if len(p.labels) > 1]
            heads = [*(p.name for p in each.design.requires), *parts]
            order = sorted(range(len(solution.points)), key=lambda n, s=solution: tuple(s.points[n]))
            rows = [
                [
                    *(shown(v, p) for v, p in zip(solution.points[n], each.design.requires, strict=True)),
                    *each.implementations(solution, n).values(),
                ]
                for n in order
            ]
            yield from table(heads, rows)


def as_json(found: Sequence[Answer]) -> list[dict[str, Any]]:
    """Each answer under the names of ports and components."""
    return [
        {"design": each.design.name, "need": _values(each.need, each.design)}
        | {
            (name.replace(" ", "_") or "solution"): {
                "steps": solution.steps,
                "reason": solution.reason or None,
                "points": [
                    {
                        "resources": _resources(each.design, solution.points[n]),
                        "implementations": each.implementations(solution, n),
                    }
                    for n in range(len(solution.points))
                ],
            }
            for name, solution in each.solutions()
        }
        for each in found
    ]


def _values(values: Mapping[str, float], design: Design) -> dict[str, Any]:
    ports = {p.name: p.order for p in (*design.provides, *design.requires)}
    return {n: ports[n].elements[int(v)] if ports[n].is_finite else float(v) for n, v in values.items()}


def _resources(design: Design, point: Sequence[float]) -> dict[str, Any]:
    return _values({p.name: v for p, v in zip(design.requires, point, strict=True)}, design)


def as_csv(found: Sequence[Answer]) -> str:
    """One line for each least resource: which end, what was needed, resources, implementations."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    design = found[0].design
    parts = [p.name for p in design.components if len(p.labels) > 1]
    writer.writerow(["bound", *found[0].need, *(p.name for p in design.requires), *parts])
    for each in found:
        need = _values(each.need, design).values()
        for name, solution in each.solutions():
            for n, point in enumerate(solution.points):
                chosen = each.implementations(solution, n).values()
                writer.writerow([name, *need, *_resources(design, point).values(), *chosen])
    return text.getvalue().rstrip("\n")


def solve_problem(spec: Path, name: str | None, need: Sequence[str], style: str, out: Path | None) -> None:
    """Solve a design of a file, print the least resources and write their picture."""
    import json

    from diagc.api import load
    from diagc.cli.options import write_text

    found = answers(chosen_design(load(spec), name, spec), need)
    refuse_impossible(found)
    if style == "json":
        click.echo(json.dumps(as_json(found), indent=2))
    else:
        click.echo(as_csv(found) if style == "csv" else "\n".join(lines(found)))
    if out is not None:
        from diagc.codesign.problem_pictures import answer_picture
        from diagc.draw.render import render_svg

        write_text(out, render_svg(answer_picture(found)))
