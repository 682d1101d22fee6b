"""The command `lint-kernels`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diagc.cli.options import form_option, write_text

if TYPE_CHECKING:
    from diagc.backends.launches import Form
    from diagc.verify.lint import Finding, Shipped


@click.command("lint-kernels")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--target", type=click.Choice(["sm_80", "sm_90", "sm_100", "gfx942"]), default="sm_90")
@form_option
@click.option(
    "--specs",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("specs"),
    help="Where the specs of emitted files are.",
)
@click.option("--table", type=click.Path(path_type=Path, dir_okay=False), help="What is known, as JSON.")
@click.option("--write", is_flag=True, help="Write what is found to the table.")
@click.option("--processes", type=click.IntRange(min=1), default=2, help="Compilations at a time.")
def lint_kernels(
    paths: tuple[Path, ...],
    target: str,
    form: Form,
    specs: Path,
    table: Path | None,
    write: bool,
    processes: int,
) -> None:
    """Compile every configuration of kernels ahead of time and check what the GPU would get. No GPU is needed.

    \b
    diagc lint-kernels specs/attention/attention.diag
    diagc lint-kernels kernels_out --table bench/results/kernels_sm_90.json
    diagc lint-kernels kernels_out --table bench/results/kernels_sm_90.json --write

    PATHS are specs, emitted files and folders of either. Spilled registers, a product without matrix instructions,
    serialised ones and too much shared memory are problems. With a table only what has changed is compiled, and only
    problems that it does not list for a configuration of that name fail.
    """
    from diagc.verify.lint import checked, read_table, regressions, table_text

    if form == "gluon" and target != "sm_90":
        raise click.UsageError("--form gluon is for the warp groups of sm_90")
    if write and table is None:
        raise click.UsageError("--write needs --table FILE")
    known = read_table(table) if table is not None else []
    found: list[Finding] = []
    by_digest = {finding.digest: finding for finding in known}
    for finding in checked(_wanted(paths, specs, target, form), by_digest, target, processes):
        found.append(finding)
        if finding.problem is not None:
            click.echo(f"{finding.spec} {finding.kernel} ({finding.configuration}): {finding.problem}")
    for line in _summary(found):
        click.echo(line)
    if write and table is not None:
        seen = {finding.spec for finding in found}
        write_text(table, table_text([*(f for f in known if f.spec not in seen), *found], target))
        click.echo(table)
    elif regressions(found, known):
        sys.exit(1)


def _wanted(paths: tuple[Path, ...], specs: Path, target: str, form: Form) -> Iterator[Shipped]:
    from diagc.api import load
    from diagc.verify.lint import require_current, shipped, spec_of

    for path in (f for given in paths for f in _files(given)):
        spec = path if path.suffix == ".diag" else spec_of(path, specs)
        entries = load(spec).entries.values()
        if path is not spec:
            require_current(path, spec, entries)
        yield from shipped(spec.stem, entries, target, form)


def _files(given: Path) -> list[Path]:
    if given.is_file():
        return [given]
    return sorted(given.rglob("*_triton.py")) or sorted(given.rglob("*.diag"))


def _summary(found: list[Finding]) -> Iterator[str]:
    """A line for each spec."""
    from diagc.verify.summary import table

    rows = [("spec", "kernels", "configurations", "registers", "spills", "shared", "problems")]
    for spec, group in groupby(sorted(found, key=lambda f: f.name), key=lambda f: f.spec):
        some = list(group)
        rows.append(
            (
                spec,
                str(len({f.kernel for f in some})),
                str(len(some)),
                str(max(f.registers for f in some)),
                str(max(f.spills for f in some)),
                str(max(f.shared for f in some)),
                str(sum(f.problem is not None for f in some)),
            )
        )
    yield table(rows)
