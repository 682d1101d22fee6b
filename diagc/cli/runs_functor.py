"""`diagc runs functor`: whether runs compose, and how wires drift while they run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from diagc.cli.options import spec_argument
from diagc.cli.population import data_options, learning_inputs

if TYPE_CHECKING:
    from diagc.runs.functor import Drift, Report


@click.command(short_help="whether runs compose, and how wires drift")
@spec_argument
@data_options
@click.option("--steps", type=click.IntRange(1), default=100, show_default=True, help="Updates of each half.")
def functor(spec: Path, steps: int, **given: Any) -> None:
    """Train 2n updates in one go and n after n, compare to the bit, and say how each wire drifts.

    The resumed run goes through a checkpoint file. It is repeated without the state of the optimiser.
    """
    from diagc.learn.session import Service, bind, prepare
    from diagc.runs.functor import functor as compared

    learning, inputs, values = learning_inputs(spec, given)
    bound = bind(learning, {}, values, inputs.data)
    found = compared(prepare(bound, inputs, spec.parent, values, Service()), bound, steps)
    for line in _lines(found, steps):
        click.echo(line)
    if found.resumed is not None:
        raise SystemExit(1)


def _lines(found: Report, steps: int) -> list[str]:
    said = "the same bits" if found.resumed is None else f"differs first in {found.resumed}"
    lines = [f"{2 * steps} updates against {steps} and {steps}: {said}"]
    if found.stateless:
        lines.append("without the optimiser's state: it has none to drop")
    else:
        said = "the same bits" if found.dropped is None else f"differs first in {found.dropped}"
        lines.append(f"without the optimiser's state: {said}")
    lines.append(f"{'wire':32}{f'updates 0 to {steps}':^32}{f'{steps} to {2 * steps}':^32}")
    lines.append(f"{'':32}" + 2 * f"{'CKA':>9}{'affine R²':>11}{'parted':>10}  ")
    later = {d.wire: d for d in found.second}
    return lines + [f"{d.wire:32}{_numbers(d)}{_numbers(later.get(d.wire))}" for d in found.first]


def _numbers(one: Drift | None) -> str:
    return "unmoved" if one is None else f"{one.cka:9.4f}{one.affine:11.4f}{one.parted:10.4f}  "
