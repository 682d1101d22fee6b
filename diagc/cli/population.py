"""The arguments by which commands find trained runs, and the runs as they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from diagc.cli.options import analysed_learning, learning_option, pairs, whole

if TYPE_CHECKING:
    from diagc.core.learning import LearningDiagram
    from diagc.learn.session import Inputs
    from diagc.runs.runs import Population

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    learning_option,
    click.option("--data", multiple=True, metavar="[SOURCE=]FILE[a:b]", help="Samples that define the loss."),
    click.option(
        "--validation", multiple=True, metavar="[SOURCE=]FILE[a:b]", help="Held-out samples, for metrics."
    ),
    click.option("--weights", multiple=True, metavar="MODEL=FILE", help="Weights of a frozen model."),
    click.option("--value", multiple=True, metavar="NAME=X", help="A free name of an initialiser."),
    click.option("--set", "sizes", multiple=True, metavar="NAME=N", help="A size that is free."),
)

family_option = click.option(
    "--family",
    multiple=True,
    type=click.Choice(["straight", "aligned", "curved"]),
    help="Paths that are tried.",
)


def folders_argument(required: bool) -> Callable[[F], F]:
    """Folders that `diagc train --out` wrote."""
    return click.argument(
        "folders", nargs=-1, required=required, type=click.Path(path_type=Path, exists=True, file_okay=False)
    )


def data_options(function: F) -> F:
    """Which learning diagram, and what it reads."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def learning_inputs(spec: Path, given: dict[str, Any]) -> tuple[LearningDiagram, Inputs, dict[str, float]]:
    """The learning diagram, what it reads, and values of free names, from what `data_options` took."""
    from diagc.core.axes import Size
    from diagc.learn.data import parse_sources
    from diagc.learn.session import Inputs
    from diagc.learn.weights import parse_weights
    from diagc.passes.resize import Resize

    learning = analysed_learning(spec, given["name"])
    sizes = {n: Size.constant(size) for n, size in pairs(given["sizes"], "--set", whole).items()}
    learning = Resize(sizes).learning(learning)
    inputs = Inputs(
        parse_sources(given["data"], learning, "--data"),
        parse_sources(given["validation"], learning, "--validation", shared=True),
        None, parse_weights(given["weights"], learning),
    )  # fmt: skip
    return learning, inputs, pairs(given["value"], "--value", float)


def chosen_population(spec: Path, folders: tuple[Path, ...], given: dict[str, Any]) -> Population:
    """The runs in folders."""
    from diagc.runs.runs import population

    learning, inputs, values = learning_inputs(spec, given)
    return population(learning, folders, inputs, spec.parent, values)


def metric_values(found: Population, metric: str | None) -> tuple[str | None, tuple[float, ...] | None]:
    """The metric that was asked for, else the first accuracy; None where there is none."""
    if metric is not None and metric not in found.metrics:
        raise click.BadParameter(f"there is {', '.join(found.metrics) or 'none'}", param_hint="--metric")
    name = metric or next((m for m in found.metrics if m.endswith(".accuracy")), None)
    return name, found.metrics[name] if name is not None else None
