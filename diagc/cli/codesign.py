"""The command `codesign`: which machines are best for a workload, and which parts a system needs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diagc.cli.options import pairs, size_option, table_format_option, whole, write_text

if TYPE_CHECKING:
    from diagc.codesign.family import Family, Job

_REFERENCES = "h100,h200,b200,mi300x"


@click.command()
@click.argument("specs", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--machine",
    "family",
    metavar="FAMILY.yaml",
    type=click.Path(path_type=Path),
    help="A machine file with free parameters, prices and a workload.",
)
@click.option(
    "--entry",
    "entries",
    multiple=True,
    metavar="NAME[.backward][=WEIGHT]",
    help="A kernel of SPECS and how often it runs, in place of the workload of the family.",
)
@size_option
@click.option(
    "--designs", type=click.IntRange(1, 1_000_000), default=10_000, show_default=True, metavar="N",
    help="How many designs of a family are looked at; the whole grid where it is no larger.",
)  # fmt: skip
@click.option(
    "--reference", default=_REFERENCES, show_default=True, metavar="M,…",
    help="Machines that exist, placed beside the front.",
)  # fmt: skip
@click.option(
    "--need", "need", multiple=True, metavar="NAME=VALUE[,VALUE…]",
    help="How much functionality the design of SPECS has to provide; several values give a table.",
)  # fmt: skip
@click.option("--design", "design", metavar="NAME", help="Which design, where the file has several.")
@click.option(
    "--jobs", type=click.IntRange(1), metavar="N", help="Processes; as many as processors without it."
)
@click.option(
    "--plot",
    "-o",
    "--out",
    "out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the front as a picture (.svg).",
)
@table_format_option
def codesign(
    specs: tuple[Path, ...], family: Path | None, entries: tuple[str, ...], size: tuple[str, ...], designs: int,
    reference: str, need: tuple[str, ...], design: str | None, jobs: int | None, out: Path | None, style: str,
) -> None:  # fmt: skip
    """Find the machines of a family that are best for the kernels of SPECS, or solve the design problem of SPECS.

    With --machine: least time, energy and cost over the designs of a family, what binds where, and how time follows
    each parameter. Without SPECS and --entry the workload of the family is taken.

    \b
    diagc codesign --machine specs/families/hopper.yaml --plot front.svg
    diagc codesign specs/attention/attention.diag --machine specs/families/hopper.yaml \\
        --entry mha=3 --entry mha.backward --size b=2,h=16,q=4096,x=4096,d=64
    diagc codesign specs/design/drone.diag --need distance=5,10,20 --plot drone.svg
    """
    if out is not None and out.suffix != ".svg":
        raise click.UsageError("--plot writes a picture to a file that ends in .svg")
    if family is None:
        _design_problem(specs, design, need, style, out)
        return
    if need or design is not None:
        raise click.UsageError("--need and --design are about a design problem, --machine is about kernels")
    from diagc.cli.codesign_tables import as_csv, as_json, lines
    from diagc.codesign.family import read_family
    from diagc.codesign.fronts import front
    from diagc.codesign.pictures import front_picture
    from diagc.codesign.workload import kernel_of
    from diagc.draw.render import render_svg
    from diagc.machine import machine

    read = read_family(family)
    jobs = jobs if jobs is not None else os.cpu_count() or 1
    kernels = [kernel_of(job) for job in _workload(read, specs, entries, pairs(size, "--size", whole))]
    found = front(read, kernels, designs, [machine(m) for m in reference.split(",") if m], jobs)
    if style == "json":
        click.echo(json.dumps(as_json(found), indent=2))
    else:
        click.echo(as_csv(found) if style == "csv" else "\n".join(lines(found)))
    if out is not None:
        write_text(out, render_svg(front_picture(found)))


def _design_problem(
    specs: tuple[Path, ...], design: str | None, need: tuple[str, ...], style: str, out: Path | None
) -> None:
    from diagc.cli.codesign_problems import solve_problem

    if len(specs) != 1:
        raise click.UsageError("give one spec with a `design`, or a family of machines with --machine")
    solve_problem(specs[0], design, need, style, out)


def _workload(
    family: Family, specs: tuple[Path, ...], entries: tuple[str, ...], sizes: dict[str, int]
) -> list[Job]:  # fmt: skip
    """The kernels that are asked for; sizes that are given win over those of the family."""
    from dataclasses import replace

    if entries:
        return [_asked(specs, text, sizes) for text in entries]
    chosen = {path.resolve() for path in specs}
    jobs = [job for job in family.workload if not specs or job.spec.resolve() in chosen]
    if not jobs:
        raise click.UsageError("the family has no workload of these specs: choose kernels with --entry NAME")
    return [replace(job, sizes={**job.sizes, **sizes}) for job in jobs]


def _asked(specs: tuple[Path, ...], text: str, sizes: dict[str, int]) -> Job:
    """The kernel of a text such as `mha.backward=2`."""
    from diagc.check.program import read_program
    from diagc.codesign.family import Job

    name, _, weight = text.partition("=")
    entry, _, part = name.partition(".")
    if part not in ("", "backward"):
        raise click.BadParameter(
            f"`{text}` is not NAME, NAME.backward, or one of them =WEIGHT", param_hint="--entry"
        )
    spec = next((path for path in specs if entry in read_program(path).entries), None)
    if spec is None:
        raise click.UsageError(f"no entry of SPECS is called `{entry}`")
    runs = pairs([f"{entry}={weight or 1}"], "--entry", _weight)[entry]
    return Job(spec, entry, sizes, "backward" if part else "forward", runs)


def _weight(text: str) -> float:
    if not 0 < (found := float(text)) < float("inf"):
        raise ValueError(text)
    return found
