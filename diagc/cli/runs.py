"""`diagc runs`: invariants of training runs and of landscapes.

Exit codes: 0 fine, 1 the specification is wrong, 2 usage or environment, 70 a bug.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from diagc.cli.options import chosen_entries, entry_option, spec_argument, write_text
from diagc.cli.population import (
    chosen_population,
    data_options,
    family_option,
    folders_argument,
    learning_inputs,
    metric_values,
)
from diagc.cli.runs_functor import functor
from diagc.cli.runs_transfer import transfer

if TYPE_CHECKING:
    from diagc.check.entry import Entry
    from diagc.runs.paths import Levels
    from diagc.runs.persistence import Pair
    from diagc.runs.runs import Population

_OUT = click.Path(path_type=Path, file_okay=False)


@click.group(short_help="invariants of landscapes and runs")
def runs() -> None:
    """What stays the same under symmetries and along paths of low loss."""


@runs.command(short_help="births and deaths in sublevel sets")
@spec_argument
@folders_argument(required=False)
@entry_option
@data_options
@click.option("--landscape", is_flag=True, help="SPEC has a function of few coordinates; there are no runs.")
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
@family_option
@click.option("--metric", help="The held-out number that is regressed on lifetimes; else the first accuracy.")
@click.option("-o", "--out", type=_OUT, help="A folder for pairs and pictures.")
def persistence(
    spec: Path, folders: tuple[Path, ...], entry: str | None, landscape: bool, limits: str, grid: int,
    samples: int | None, neighbours: int, least: float, family: tuple[str, ...], metric: str | None, out: Path | None,
    **given: Any,
) -> None:  # fmt: skip
    """Print when components and loops of {loss ≤ λ} appear and vanish as λ grows.

    Of trained runs in FOLDERS: their merge tree, by the paths tried between them. With --landscape, of a function of
    few coordinates: on a grid or on random points.
    """
    if landscape == bool(folders):
        raise click.UsageError("give the folders of runs, or --landscape for a function of few coordinates")
    if landscape:
        name, surface = _landscape(spec, entry)
        shown = {name: [p for p in _pairs(surface, limits, grid, samples, neighbours) if p.length > least]}
    else:
        found = chosen_population(spec, folders, given)
        shown = _merge_trees(found, family, metric, least)
    for title, pairs in shown.items():
        if len(shown) > 1:
            click.echo(f"{title} paths")
        for pair in pairs:
            click.echo(f"H{pair.dimension}  {pair.birth:12.6g}  {pair.death:12.6g}")
    if out is not None:
        _write_pairs(shown, out)


def _landscape(spec: Path, entry: str | None) -> tuple[str, Entry]:
    from diagc.api import load

    entries = chosen_entries(load(spec), entry)
    name = next(iter(entries))
    return name, entries[name]


def _pairs(entry: Entry, limits: str, grid: int, samples: int | None, neighbours: int) -> list[Pair]:
    from diagc.runs.landscape import landscape as heights
    from diagc.runs.persistence import on_grid, on_sample, total

    ranges = _ranges(limits, len(entry.diagram.inputs))
    if samples is None and grid ** len(ranges) > 20_000_000:
        raise click.UsageError(f"a grid of {grid}^{len(ranges)} points is too large; use --samples")
    surface = heights(entry.diagram)
    if samples is None:
        found = on_grid(surface, ranges, grid)
    else:
        found = on_sample(surface, ranges, samples, neighbours)
    click.echo(f"total persistence of components {total(found):.6g}")
    return found


def _merge_trees(
    found: Population, family: tuple[str, ...], metric: str | None, least: float
) -> dict[str, list[Pair]]:
    """The merge tree of each family, after lines that say what its lifetimes explain."""
    from diagc.cli.runs_tables import lifetime_lines
    from diagc.runs.classes import barcode
    from diagc.runs.paths import FAMILIES

    name, values = metric_values(found, metric)
    made = _levels(found, family or FAMILIES)
    for line in lifetime_lines(made, name, values):
        click.echo(line)
    return {f: [p for p in barcode(h) if p.length > least] for f, h in made.heights.items()}


def _levels(found: Population, families: tuple[str, ...]) -> Levels:
    from diagc.runs.paths import levels

    return levels(found.weights, found.loss, found.hidden, families, rescalings=found.rescalings)


def _write_pairs(shown: dict[str, list[Pair]], out: Path) -> None:
    from diagc.draw import render_svg
    from diagc.runs.barcode import barcode, csv, diagram as points

    for title, pairs in shown.items():
        start = f"{title}-" if len(shown) > 1 else ""
        write_text(out / f"{start}pairs.csv", csv(pairs))
        write_text(out / f"{start}barcode.svg", render_svg(barcode(pairs, title)))
        write_text(out / f"{start}diagram.svg", render_svg(points(pairs, title)))
    click.echo(out)


@runs.command(short_help="which runs are connected below a loss")
@spec_argument
@folders_argument(required=True)
@data_options
@family_option
@click.option("--level", multiple=True, type=float, help="Losses λ; else quantiles of what was found.")
@click.option("--metric", help="The held-out number that classes are compared by; else the first accuracy.")
@click.option(
    "--path", "ends", nargs=2, metavar="RUN RUN", help="Write the paths between two runs as safetensors."
)
@click.option("-o", "--out", type=_OUT, help="A folder for levels, merge trees and paths.")
def classes(
    spec: Path, folders: tuple[Path, ...], family: tuple[str, ...], level: tuple[float, ...], metric: str | None,
    ends: tuple[str, str] | None, out: Path | None, **given: Any,
) -> None:  # fmt: skip
    """Print how many classes runs of SPEC fall into, by loss and by the paths that were tried between them.

    FOLDERS are those that `diagc train --out FOLDER` wrote. With --path only the paths between two of them are found.
    """
    from diagc.cli.runs_tables import class_lines
    from diagc.runs.paths import FAMILIES

    names = [folder.name for folder in folders]
    if ends is not None and (out is None or not set(ends) <= set(names) or ends[0] == ends[1]):
        raise click.UsageError(f"--path needs --out and two of the runs: {', '.join(names[:8])}, …")
    found = chosen_population(spec, folders, given)
    name, values = metric_values(found, metric)
    if ends is not None and out is not None:
        _write_paths(found, (names.index(ends[0]), names.index(ends[1])), family or FAMILIES, out)
        return
    made = _levels(found, family or FAMILIES)
    for line in class_lines(found, made, level, name, values):
        click.echo(line)
    if out is not None:
        _write_levels(found.names, made, out)


def _write_paths(found: Population, ends: tuple[int, int], families: tuple[str, ...], out: Path) -> None:
    from diagc.learn.edits import write_model
    from diagc.runs.paths import routes

    first, second = (found.names[n] for n in ends)
    for one in routes(found.weights, ends, found.loss, found.hidden, families, rescalings=found.rescalings):
        path = out / f"{first}-{second}-{one.family}.safetensors"
        write_model(path, {name: value.astype("float32") for name, value in one.points.items()})
        click.echo(f"{one.family:9} highest loss {one.losses.max():.6g}, ends {one.losses[0]:.6g} and "
                   f"{one.losses[-1]:.6g}  {path}")  # fmt: skip


def _write_levels(names: tuple[str, ...], made: Levels, out: Path) -> None:
    from diagc.draw import render_svg
    from diagc.runs.pictures import count_chart, dendrogram

    for family, heights in made.heights.items():
        rows = [
            f"{name},{','.join(f'{x:.9g}' for x in row)}" for name, row in zip(names, heights, strict=True)
        ]
        write_text(out / f"{family}.csv", "\n".join([f"run,{','.join(names)}", *rows]) + "\n")
        tree = dendrogram(heights, names, f"classes of runs, {family} paths")
        write_text(out / f"{family}.svg", render_svg(tree))
    write_text(
        out / "classes.svg", render_svg(count_chart(made.heights, "classes of runs by the paths tried"))
    )
    click.echo(out)


@runs.command(short_help="whether a path can be moved into another below a loss")
@spec_argument
@click.argument("first", type=click.Path(path_type=Path, exists=True))
@click.argument("second", type=click.Path(path_type=Path, exists=True))
@click.option("--level", type=float, required=True, help="The loss λ that the sheet stays below.")
@click.option("--landscape", is_flag=True, help="SPEC has a function of few coordinates; paths hold these.")
@entry_option
@data_options
def homotopy(
    spec: Path, first: Path, second: Path, level: float, landscape: bool, entry: str | None, **given: Any
) -> None:
    """Look for a sheet in {loss ≤ λ} between two paths with the same ends.

    FIRST and SECOND are files with points as rows: paths that `runs classes --path` wrote, or coordinates.
    """
    from diagc.learn.data import read_file
    from diagc.runs.homotopy import sheet
    from diagc.runs.landscape import smooth
    from diagc.runs.runs import data_loss

    if landscape:
        loss = smooth(_landscape(spec, entry)[1])
    else:
        learning, inputs, values = learning_inputs(spec, given)
        loss = data_loss(learning, inputs, spec.parent, values)
    found = sheet(read_file(first), read_file(second), loss, level)
    click.echo(f"paths rise to {found.paths[0]:.6g} and {found.paths[1]:.6g}")
    click.echo(f"straight sheet {found.straight:.6g}, pulled down {found.relaxed:.6g}")
    if max(found.paths) > level:
        click.echo(f"a path itself leaves {{loss ≤ {level:g}}}")
    elif found.height <= level:
        click.echo(f"homotopic in {{loss ≤ {level:g}}}: the sheet is the certificate")
    else:
        click.echo(
            f"not homotopic in {{loss ≤ {level:g}}} by the sheets tried; that is no proof that none is"
        )


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


runs.add_command(transfer)
runs.add_command(functor)
