"""The commands `derive`, every step to a kernel with its law, and `trace`, every pass."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from diagc.cli.options import (
    chosen_entries,
    chosen_sizes,
    entry_option,
    size_option,
    spec_argument,
    write_text,
)

_out_option = click.option(
    "-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write it to a file."
)


@click.command()
@spec_argument
@entry_option
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "markdown", "html", "slides"]),
    default="text",
    help="What is made; slides is a page with one picture for each law.",
)
@_out_option
@click.option("--on", "on", metavar="MACHINE", help="Add the schedule for a machine, with its reasons.")
@size_option
@click.option(
    "--verify", "check", is_flag=True, help="Test every step in float64; exit with 1 if one is wrong."
)
def derive(
    spec: Path, entry: str | None, style: str, out: Path | None, on: str | None, size: tuple[str, ...], check: bool
) -> None:  # fmt: skip
    """Show the steps from a diagram of SPEC to its kernel, each with the law that was used.

    \b
    diagc derive specs/attention/attention.diag --entry causal
    diagc derive specs/attention/attention.diag --entry causal --verify
    diagc derive specs/attention/attention.diag --on h200 --size b=2,h=8,q=4096,x=4096,d=128 --format html -o a.html
    diagc derive specs/attention/attention.diag --entry causal --format slides -o slides.html
    """
    from diagc import api, pictures
    from diagc.draw.markdown import markdown
    from diagc.machine import machine
    from diagc.plan.report import text

    entries = chosen_entries(api.load(spec), entry)
    device = machine(on) if on is not None else None
    if style == "slides":
        chosen = list(entries.values())[-1]
        _written(out, pictures.derivation_slides(chosen, device, chosen_sizes(entries, size)))
        return
    made = [api.derive(each, device, chosen_sizes(entries, size), check) for each in entries.values()]
    derivations, title = [found for found, _ in made], f"Derivations of {spec.name}"
    if style == "html":
        page = pictures.derivation_page(entries, derivations, title)
    elif style == "markdown":
        page = markdown(derivations, title)
    else:
        page = "\n".join(map(text, derivations))
    _written(out, page)
    if not all(passed for _, passed in made):
        sys.exit(1)


@click.command()
@spec_argument
@entry_option
@click.option(
    "--format", "style", type=click.Choice(["text", "markdown", "slides"]), default="text",
    help="What is made; slides is a page with one picture for each pass.",
)  # fmt: skip
@_out_option
@click.option("--on", "on", metavar="MACHINE", help="Say the predicted time after each pass.")
@size_option
def trace(
    spec: Path, entry: str | None, style: str, out: Path | None, on: str | None, size: tuple[str, ...]
) -> None:
    """Show the passes from a diagram of SPEC to what its kernels are planned for: what each did, and what it cost.

    \b
    diagc trace specs/attention/attention.diag --entry causal
    diagc trace specs/attention/attention.diag --entry causal --on h200 --size q=4096,x=4096,d=128
    diagc trace specs/transformer/block.diag --entry block --format slides -o passes.html
    """
    from diagc import api, pictures
    from diagc.draw.markdown import trace_markdown
    from diagc.machine import machine
    from diagc.plan.trace import text

    entries = chosen_entries(api.load(spec), entry)
    sizes, device = chosen_sizes(entries, size), machine(on) if on is not None else None
    if style == "slides":
        _written(out, pictures.trace_slides(list(entries.values())[-1], device, sizes))
        return
    traces = [pictures.trace(each, device, sizes) for each in entries.values()]
    markdown = style == "markdown"
    _written(
        out, trace_markdown(traces, f"Passes of {spec.name}") if markdown else "\n".join(map(text, traces))
    )


def _written(out: Path | None, page: str) -> None:
    """Write a page to its file, or print it."""
    if out is not None:
        write_text(out, page)
        click.echo(out)
    else:
        click.echo(page, nl=False)
