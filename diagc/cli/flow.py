"""`diagc flow`: gradient flow as a series of diagrams.

Exit codes: 0 fine, 1 the specification cannot be expanded, 2 usage, 70 a bug.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from diagc.cli.options import (
    analysed_learning,
    learning_option,
    pairs,
    size_option,
    spec_argument,
    whole,
    write_text,
)

if TYPE_CHECKING:
    from diagc.flow.problem import Problem
    from diagc.flow.regimes import Map
    from diagc.flow.series import Order, Series


@click.group(short_help="expand gradient flow in diagrams")
def flow() -> None:
    """Gradient flow from random initial parameters: its exact series, its limits, its curves."""


@flow.command(short_help="exact terms of the expected loss")
@spec_argument
@learning_option
@click.option(
    "--order", type=click.IntRange(0), default=4, show_default=True, help="The last term of the series."
)
@click.option("--limit", metavar="A,B", help="Only terms that can lead when these sizes grow.")
@click.option("--format", "style", type=click.Choice(["text", "latex", "json"]), default="text")
@click.option(
    "--diagrams",
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder for order_S.svg, the diagrams.",
)
def series(
    spec: Path, name: str | None, order: int, limit: str | None, style: str, diagrams: Path | None
) -> None:
    """Print E[L(t)] = Σ Y_s (-t)^s / s! of a learning diagram of SPEC, every Y_s an exact polynomial."""
    from diagc.flow.pareto import front
    from diagc.flow.series import Series
    from diagc.flow.text import data, latex, plain

    problem = load(spec, name)
    growing = _growing(problem, limit)
    made: list[Order] = []
    running = Series(problem)
    for found in running.orders(order):
        if diagrams is not None:
            _draw_diagrams(running, found.number, diagrams)
        kept = found.polynomial if limit is None else front(found.polynomial, growing)
        made.append(found)
        if style == "latex":
            click.echo(f"Y_{{{found.number}}} &= {latex(kept, problem.symbols, len(problem.sizes))} \\\\")
        if style == "text":
            click.echo(f"Y_{found.number} = {plain(kept, problem.symbols, len(problem.sizes))}")
            click.echo(
                f"      {found.diagrams} diagrams, {found.contractions} contracted, {found.seconds:.2f} s"
            )
    if style == "json":
        import json

        click.echo(json.dumps({"symbols": problem.symbols, "orders": data(made, problem.symbols)}, indent=1))
    divisors = problem.constraints.divisors
    if divisors and style == "text":
        click.echo(f"for sizes prime to {', '.join(map(str, sorted(divisors)))}")


@flow.command(short_help="what leads at large sizes")
@spec_argument
@learning_option
@click.option(
    "--order", type=click.IntRange(3), default=4, show_default=True, help="The last order that is looked at."
)
@click.option("--limit", metavar="A,B", help="The sizes that grow; all of them without it.")
@size_option
@click.option("--value", multiple=True, metavar="NAME=X", help="Scales of a point that is to be placed.")
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder for polygon.svg and map.svg.",
)
def regimes(
    spec: Path, name: str | None, order: int, limit: str | None, size: tuple[str, ...], value: tuple[str, ...],
    style: str, out: Path | None,
) -> None:  # fmt: skip
    """Print the regimes of gradient flow as sizes grow: conditions, natural times, what part the target has.

    Everything is read off the exponents of the series. With --size and --value a point is placed among them.
    """
    from diagc.cli.flow_tables import regime_data, regime_lines
    from diagc.flow.regimes import regimes as read
    from diagc.flow.series import Series

    problem = load(spec, name)
    series = [found.polynomial for found in Series(problem).orders(order)]
    found = read(series, problem, _growing(problem, limit))
    numbers: dict[str, float] = {**pairs(size, "--size", whole), **pairs(value, "--value", float)}
    if numbers and (missing := [symbol for symbol in found.symbols if symbol not in numbers]):
        raise click.UsageError(f"a point needs every symbol: {', '.join(missing)} is missing")
    if style == "json":
        import json

        click.echo(json.dumps(regime_data(found, numbers), indent=1))
    else:
        for line in regime_lines(found, numbers):
            click.echo(line)
    if out is not None:
        _draw(found, out)


@flow.command(short_help="the expected loss over time, in every way")
@spec_argument
@learning_option
@click.option(
    "--order", type=click.IntRange(3), default=4, show_default=True, help="The last term of the series."
)
@size_option
@click.option("--value", multiple=True, metavar="NAME=X", help="Scales.")
@click.option(
    "--runs", type=click.IntRange(2), default=20, show_default=True, help="Runs that are simulated."
)
@click.option(
    "--until", type=float, help="The last time; else five times that in which L would fall at first."
)
@click.option("--points", type=click.IntRange(2), default=13, show_default=True, help="How many times.")
@click.option("--seed", type=click.IntRange(0), default=0, help="Of the initial parameters.")
@click.option("-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="The figure (.svg).")
def solve(
    spec: Path, name: str | None, order: int, size: tuple[str, ...], value: tuple[str, ...], runs: int,
    until: float | None, points: int, seed: int, out: Path | None,
) -> None:  # fmt: skip
    """Simulate E[L(t)] at given sizes, beside the series, its Padé band and every closed form that it has."""
    import numpy as np

    from diagc.cli.flow_tables import solution_lines
    from diagc.flow.polynomial import value as evaluated
    from diagc.flow.series import Series
    from diagc.flow.solve import solve as solved

    problem = load(spec, name)
    numbers: dict[str, float] = {**pairs(size, "--size", whole), **pairs(value, "--value", float)}
    if missing := [symbol for symbol in problem.symbols if symbol not in numbers]:
        raise click.UsageError(f"a simulation needs every symbol: {', '.join(missing)} is missing")
    series = [found.polynomial for found in Series(problem).orders(order)]
    first = [evaluated(polynomial, numbers, problem.symbols) for polynomial in series[:2]]
    last = until if until is not None else 5 * first[0] / first[1]
    solution = solved(problem, series, numbers, np.linspace(0, last, points), runs, seed)
    for line in solution_lines(solution):
        click.echo(line)
    if out is not None:
        from diagc.draw import render_svg
        from diagc.flow.pictures import curves

        at = ", ".join(f"{symbol} = {numbers[symbol]:g}" for symbol in problem.symbols)
        write_text(out, render_svg(curves(solution, f"{problem.name}, {at}")))
        click.echo(out)


def _draw_diagrams(running: Series, order: int, folder: Path) -> None:
    from diagc.draw import render_svg
    from diagc.flow.drawing import Sheet

    scene = Sheet(running.problem, running.expectation).scene(running.diagrams, order)
    write_text(folder / f"order_{order}.svg", render_svg(scene))


def _draw(found: Map, out: Path) -> None:
    from diagc.draw import render_svg
    from diagc.flow.pictures import polygon, regime_map

    for file, scene in (("polygon.svg", polygon(found)), ("map.svg", regime_map(found))):
        if scene is not None:
            write_text(out / file, render_svg(scene))
            click.echo(out / file)


def load(spec: Path, name: str | None) -> Problem:
    """The loss of a learning diagram of a file."""
    from diagc.flow.lower import problem_of

    return problem_of(analysed_learning(spec, name))


def _growing(problem: Problem, limit: str | None) -> tuple[int, ...]:
    if limit is None:
        return tuple(range(len(problem.sizes)))
    names = [part.strip() for part in limit.split(",")]
    for name in names:
        if name not in problem.sizes:
            raise click.BadParameter(f"`{name}` is no size of the loss; it has {', '.join(problem.sizes)}")
    return tuple(problem.sizes.index(name) for name in names)
