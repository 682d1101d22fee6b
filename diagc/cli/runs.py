"""`diagc runs`: invariants of training runs and of landscapes.

Exit codes: 0 fine, 1 the specification is wrong, 2 usage or environment, 70 a bug.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from diagc.cli.options import (
    chosen_entries,
    chosen_learning,
    entry_option,
    learning_option,
    pairs,
    spec_argument,
    write_text,
)

if TYPE_CHECKING:
    from diagc.runs.paths import Levels


@click.group(short_help="invariants of landscapes and runs")
def runs() -> None:
    """What stays the same under symmetries and along paths of low loss."""


@runs.command(short_help="births and deaths in sublevel sets")
@spec_argument
@entry_option
@click.option("--landscape", is_flag=True, required=True, help="SPEC has a function of few coordinates.")
@click.option(
    "--range",
    "limits",
    default="-5:5",
    show_default=True,
    metavar="LOW:HIGH,…",
    help="Of each coordinate, or of all.",
)
@click.option(
    "--grid", type=click.IntRange(3), default=401, show_default=True, help="Points along each coordinate."
)
@click.option("--samples", type=click.IntRange(10), help="Random points instead of a grid; components only.")
@click.option(
    "--neighbours", type=click.IntRange(1), default=12, show_default=True, help="Of each random point."
)
@click.option(
    "--least", type=click.FloatRange(0), default=1e-3, show_default=True, help="The shortest pair shown."
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder for pairs.csv and two pictures.",
)
def persistence(
    spec: Path, entry: str | None, landscape: bool, limits: str, grid: int, samples: int | None, neighbours: int,
    least: float, out: Path | None,
) -> None:  # fmt: skip
    """Print when components and loops of {height ≤ λ} appear and vanish as λ grows."""
    from diagc.api import load
    from diagc.runs.landscape import landscape as heights
    from diagc.runs.persistence import on_grid, on_sample, total

    entries = chosen_entries(load(spec), entry)
    name = next(iter(entries))
    diagram = entries[name].diagram
    ranges = _ranges(limits, len(diagram.inputs))
    if samples is None and grid ** len(ranges) > 20_000_000:
        raise click.UsageError(f"a grid of {grid}^{len(ranges)} points is too large; use --samples")
    surface = heights(diagram)
    found = (
        on_grid(surface, ranges, grid) if samples is None else on_sample(surface, ranges, samples, neighbours)
    )
    shown = [pair for pair in found if pair.length > least]
    for pair in shown:
        click.echo(f"H{pair.dimension}  {pair.birth:12.6g}  {pair.death:12.6g}")
    click.echo(f"total persistence of components {total(shown):.6g}")
    if out is not None:
        from diagc.draw import render_svg
        from diagc.runs.barcode import barcode, csv, diagram as points

        write_text(out / "pairs.csv", csv(shown))
        write_text(out / "barcode.svg", render_svg(barcode(shown, name)))
        write_text(out / "diagram.svg", render_svg(points(shown, name)))
        click.echo(out)


@runs.command(short_help="which runs are connected below a loss")
@spec_argument
@click.argument(
    "folders", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, file_okay=False)
)
@learning_option
@click.option("--data", multiple=True, metavar="[SOURCE=]FILE[a:b]", help="Samples that define the loss.")
@click.option(
    "--validation", multiple=True, metavar="[SOURCE=]FILE[a:b]", help="Held-out samples, for metrics."
)
@click.option("--weights", multiple=True, metavar="MODEL=FILE", help="Weights of a frozen model.")
@click.option("--value", multiple=True, metavar="NAME=X", help="A free name of an initialiser.")
@click.option(
    "--family",
    multiple=True,
    type=click.Choice(["straight", "aligned", "curved"]),
    help="Paths that are tried.",
)
@click.option("--level", multiple=True, type=float, help="Losses λ; else quantiles of what was found.")
@click.option("--metric", help="The held-out number that classes are compared by; else the first accuracy.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder for levels and merge trees.",
)
def classes(
    spec: Path, folders: tuple[Path, ...], name: str | None, data: tuple[str, ...], validation: tuple[str, ...],
    weights: tuple[str, ...], value: tuple[str, ...], family: tuple[str, ...], level: tuple[float, ...],
    metric: str | None, out: Path | None,
) -> None:  # fmt: skip
    """Print how many classes runs of SPEC fall into, by loss and by the paths that were tried between them.

    FOLDERS are those that `diagc train --out FOLDER` wrote.
    """
    from diagc.api import load
    from diagc.cli.runs_tables import class_lines
    from diagc.learn.data import parse_sources
    from diagc.learn.session import Inputs
    from diagc.learn.weights import parse_weights
    from diagc.runs.paths import FAMILIES, levels
    from diagc.runs.runs import population

    learning = chosen_learning(load(spec).learnings, name, spec)
    inputs = Inputs(
        parse_sources(data, learning, "--data"), parse_sources(validation, learning, "--validation", shared=True),
        None, parse_weights(weights, learning),
    )  # fmt: skip
    found = population(learning, folders, inputs, spec.parent, pairs(value, "--value", float))
    if metric is not None and metric not in found.metrics:
        raise click.BadParameter(f"there is {', '.join(found.metrics) or 'none'}", param_hint="--metric")
    made = levels(found.weights, found.loss, found.hidden, family or FAMILIES)
    for line in class_lines(found, made, level, metric):
        click.echo(line)
    if out is not None:
        _write_levels(found.names, made, out)


def _write_levels(names: tuple[str, ...], made: Levels, out: Path) -> None:
    from diagc.draw import render_svg
    from diagc.runs.barcode import barcode
    from diagc.runs.classes import barcode as merges

    for family, heights in made.heights.items():
        rows = [
            f"{name},{','.join(f'{x:.9g}' for x in row)}" for name, row in zip(names, heights, strict=True)
        ]
        write_text(out / f"{family}.csv", "\n".join([f"run,{','.join(names)}", *rows]) + "\n")
        write_text(out / f"{family}.svg", render_svg(barcode(merges(heights), f"merge tree, {family} paths")))
    click.echo(out)


def _ranges(text: str, count: int) -> list[tuple[float, float]]:
    try:
        made = [
            (float(low), float(high)) for low, _, high in (part.partition(":") for part in text.split(","))
        ]
    except ValueError:
        raise click.BadParameter(f"`{text}` is not LOW:HIGH, as in -5:5", param_hint="--range") from None
    made = made * count if len(made) == 1 else made
    if len(made) != count or any(low >= high for low, high in made):
        raise click.BadParameter(
            f"there are {count} coordinates, each from low to high", param_hint="--range"
        )
    return made
