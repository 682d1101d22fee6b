"""The command `cost`: what a kernel moves, computes and takes on a machine, before it is run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from diagc.cli.options import chosen_entries, entry_option, pairs, spec_argument, write_text
from diagc.cost.words import amount, rate, seconds
from diagc.plan.search import named, spoken

if TYPE_CHECKING:
    from diagc.check.entry import Entry
    from diagc.machine import Machine
    from diagc.plan.search import Choice


@click.command()
@spec_argument
@entry_option
@click.option(
    "--on", "on", metavar="MACHINE", required=True, help="A machine by name, or the path of a .yaml file."
)
@click.option("--size", "size", multiple=True, metavar="A=N,…", help="Sizes of axes.")
@click.option(
    "--group", "group", multiple=True, metavar="A=N,…", help="Fix tiles of axes that programs share out."
)
@click.option("--stream", "stream", multiple=True, metavar="A=N,…", help="Fix tiles of streamed axes.")
@click.option(
    "--sweep", "sweep", metavar="A=LOW:HIGH", help="Double a size (or several, A,B=…) from LOW to HIGH."
)
@click.option(
    "-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the sweep as a plot (.svg)."
)
@click.option(
    "--format", "style", type=click.Choice(["text", "json"]), default="text", help="How it is printed."
)
def cost(
    spec: Path, entry: str | None, on: str, size: tuple[str, ...], group: tuple[str, ...], stream: tuple[str, ...],
    sweep: str | None, out: Path | None, style: str,
) -> None:  # fmt: skip
    """Predict bytes, operations and time of the kernels of SPEC on a machine, and choose their tiles.

    \b
    diagc cost specs/attention/attention.diag --entry attention --on h200 --size q=4096,x=4096,d=128
    diagc cost specs/dense/matmul.diag --entry matmul --on h100 --size m=4096,n=4096,k=64 --sweep k=64:8192 -o k.svg
    """
    from diagc.api import load
    from diagc.machine import machine

    if out is not None and (sweep is None or out.suffix != ".svg"):
        raise click.UsageError("-o writes the plot of a --sweep to a file that ends in .svg")
    found, device = chosen_entries(load(spec), entry), machine(on)
    request = _Request(device, pairs(size, "--size"), pairs(group, "--group"), pairs(stream, "--stream"))
    if sweep is not None:
        _sweep(found, request, sweep, out, style)
        return
    reports = [request.report(each) for each in found.values()]
    if style == "json":
        made = [r.json() for r in reports]
        click.echo(json.dumps(made[0] if len(made) == 1 else made, indent=2))
    else:
        click.echo("\n\n".join("\n".join(r.lines()) for r in reports))


class _Request:
    """What is asked about each entry."""

    def __init__(
        self, machine: Machine, sizes: dict[str, int], group: dict[str, int], stream: dict[str, int]
    ) -> None:
        self.machine, self.sizes, self.group, self.stream = machine, sizes, group, stream

    def report(self, entry: Entry, more: Mapping[str, int] | None = None) -> _Report:
        from diagc.api import cost as predict

        sizes = {**self.sizes, **(more or {})}
        choices = predict(entry, self.machine, sizes, self.group, self.stream)
        return _Report(entry.diagram.name, self.machine, sizes, choices)


class _Report:
    """The best schedules of one entry at one size."""

    def __init__(
        self, name: str, machine: Machine, sizes: Mapping[str, int], choices: tuple[Choice, ...]
    ) -> None:
        self.name, self.machine, self.sizes, self.choices = name, machine, sizes, choices

    def json(self) -> dict[str, Any]:
        best = self.choices[0].estimate
        return {
            "entry": self.name,
            "machine": self.machine.name,
            "sizes": dict(self.sizes),
            "elements_moved": best.elements_moved,
            "bytes_moved": best.bytes_moved,
            "flops": best.flops,
            "intensity": best.intensity,
            "predicted_seconds": best.predicted_seconds,
            "bound": best.bound,
            "level_bytes": dict(best.level_bytes),
            "pipeline_seconds": dict(best.seconds),
            "memory": {
                "values": best.memory_values,
                "shared_bytes": best.shared_bytes,
                "register_bytes": best.register_bytes,
            },
            "programs": best.programs,
            "schedule": _schedule(self.choices[0]),
            "alternatives": [
                _schedule(c) | {"predicted_seconds": c.estimate.predicted_seconds} for c in self.choices[1:]
            ],
        }

    def lines(self) -> Iterator[str]:
        best, cost = self.choices[0], self.choices[0].estimate
        written = ", ".join(f"{name} = {value}" for name, value in self.sizes.items())
        yield f"{self.name} on {self.machine.title}: {written}"
        yield ""
        yield f"schedule   {spoken(best)}; {cost.programs:,} programs"
        yield f"time       {seconds(cost.predicted_seconds)}, limited by {cost.bound}"
        yield f"moved      {cost.elements_moved:,} values, {cost.bytes_moved:,} bytes by programs"
        speed = rate(cost.flops, cost.predicted_seconds)
        yield f"work       {cost.flops:,} FLOP, {cost.intensity:.1f} a byte of l0, {speed}"
        chip = f"{amount(cost.shared_bytes)} shared, {amount(cost.register_bytes)} registers"
        yield f"on chip    {cost.memory_values:,} values: {chip}"
        yield ""
        width = max(map(len, cost.seconds))
        for name, time in cost.seconds.items():
            held = cost.level_bytes.get(name.split(" ")[0])
            moved = amount(held) if held is not None else ""
            share = 100 * time / max(cost.seconds.values())
            yield f"  {name:{width}}  {moved:>10}  {seconds(time):>10}  {share:5.1f} %"
        yield ""
        for number, choice in enumerate(self.choices, 1):
            yield f"{number}. {seconds(choice.estimate.predicted_seconds)}  {spoken(choice)}"
            yield f"   {choice.reason}"


def _sweep(found: Mapping[str, Entry], request: _Request, sweep: str, out: Path | None, style: str) -> None:
    names, low, high = _range(sweep)
    if len(found) != 1:
        raise click.UsageError("--sweep looks at one entry: choose it with --entry")
    (entry,) = found.values()
    places: list[int] = []
    while low <= high:
        places.append(low)
        low *= 2
    reports = [request.report(entry, dict.fromkeys(names, place)) for place in places]
    if out is not None:
        from diagc.draw.chart import log_chart
        from diagc.draw.render import render_svg

        pipelines = list(dict.fromkeys(n for r in reports for n in r.choices[0].estimate.seconds))
        curves = {"predicted": [r.choices[0].estimate.predicted_seconds for r in reports]}
        curves |= {n: [r.choices[0].estimate.seconds.get(n, 0.0) for r in reports] for n in pipelines}
        title = f"{entry.diagram.name} on {request.machine.title}"
        write_text(out, render_svg(log_chart(title, " = ".join(names), "seconds", places, curves)))
        click.echo(out)
    elif style == "json":
        click.echo(json.dumps([r.json() for r in reports], indent=2))
    else:
        for place, report in zip(places, reports, strict=True):
            best = report.choices[0]
            time = seconds(best.estimate.predicted_seconds)
            click.echo(
                f"{' = '.join(names)} = {place:<8} {time:>10}  {best.estimate.bound:20}  {spoken(best)}"
            )


def _range(text: str) -> tuple[list[str], int, int]:
    names, _, bounds = text.partition("=")
    low, _, high = bounds.partition(":")
    if not (names and low.isdecimal() and high.isdecimal() and 0 < int(low) <= int(high) < 2**40):
        raise click.BadParameter(f"`{text}` is not A=LOW:HIGH, as in q=512:65536", param_hint="--sweep")
    return names.split(","), int(low), int(high)


# ---- words


def _schedule(choice: Choice) -> dict[str, Any]:
    return {
        "group": named(choice.group),
        "stream": named(choice.stream),
        "stages": choice.estimate.stages,
        "reason": choice.reason,
    }
