"""`diagc runs transfer`: both pullbacks as a specification, trained beside what they compete with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from diagc.cli.options import chosen_learning, spec_argument, write_text

if TYPE_CHECKING:
    from diagc.runs.transfer_runs import Outcome


@click.command(short_help="pull trained features back to another source")
@spec_argument
@click.option(
    "--from", "origin", required=True, metavar="NAME", help="The learning diagram whose features are used."
)
@click.option(
    "--to", "target", required=True, metavar="NAME", help="The learning diagram that they are used for."
)
@click.option("--origin-data", required=True, metavar="FILE[a:b]", help="Samples of the first.")
@click.option("--data", required=True, metavar="FILE[a:b]", help="Samples of the second.")
@click.option("--validation", required=True, metavar="FILE[a:b]", help="Held-out samples of the second.")
@click.option("--runs", type=click.IntRange(1), default=5, show_default=True, help="Seeds of each approach.")
@click.option(
    "--rank", type=click.IntRange(1), default=8, show_default=True, help="Of the map between inputs."
)
@click.option("--shared", type=click.IntRange(1), default=16, show_default=True, help="Shared coordinates.")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="A folder."
)
def transfer(
    spec: Path, origin: str, target: str, origin_data: str, data: str, validation: str, runs: int, rank: int,
    shared: int, out: Path,
) -> None:  # fmt: skip
    """Write and train a specification that uses what one learning diagram of SPEC learned for another.

    Precomposition trains a small map of the new inputs into the old; the fibre product trains a head on coordinates
    that both features share. Beside them: from scratch, a head on the old features, and all of the old features.
    """
    from diagc.check.program import read_program
    from diagc.learn.data import parse_selection
    from diagc.runs.transfer import emitted, side
    from diagc.runs.transfer_runs import Sets, Transfer, outcomes
    from diagc.syntax.files import load_source

    found, source = read_program(spec).learnings, load_source(spec, spec.parent)
    old, new = (side(source, chosen_learning(found, name, spec)) for name in (origin, target))
    made = emitted(source, old, new, rank, shared)
    write_text(out / "transfer.diag", made.text)
    learnings = read_program(out / "transfer.diag").learnings
    sets = Sets(parse_selection(origin_data), parse_selection(data), parse_selection(validation))
    click.echo(f"{'approach':15}{'trained numbers':>16}  held-out")

    def show(one: Outcome) -> None:
        click.echo(_line(one))

    done = outcomes(Transfer(old, new, out, sets, runs), learnings, show)
    for name, reason in made.missing.items():
        click.echo(f"{name:15}{'':16}  not possible: {reason}")
    rows = [f"{o.name},{o.parameters},{o.metric},{','.join(f'{x:.9g}' for x in o.numbers)}" for o in done]
    write_text(out / "transfer.csv", "\n".join(["approach,parameters,metric,runs", *rows]) + "\n")
    click.echo(f"wrote {out / 'transfer.diag'}, transfer.csv and the weights")


def _line(one: Outcome) -> str:
    if not one.numbers:
        return f"{one.name:15}{one.parameters:16,}  no run came to its end"
    mean = sum(one.numbers) / len(one.numbers)
    spread = (sum((x - mean) ** 2 for x in one.numbers) / max(1, len(one.numbers) - 1)) ** 0.5
    return f"{one.name:15}{one.parameters:16,}  {one.metric} {mean:.4g} ± {spread:.2g} over {len(one.numbers)} runs"
