"""Arguments and options that several commands share."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import click

from diagc.check.entry import Entry
from diagc.check.program import Program

spec_argument = click.argument("spec", type=click.Path(path_type=Path))
specs_argument = click.argument("specs", nargs=-1, required=True, type=click.Path(path_type=Path))
entry_option = click.option("--entry", "entry", metavar="NAME", help="Only this entry of the spec.")


def chosen_entries(program: Program, entry: str | None) -> Mapping[str, Entry]:
    """The entries of a program, or the one that was asked for."""
    if entry is None:
        if not program.entries:
            raise click.UsageError("the spec has no entry: a `fn` all of whose tensors have types")
        return program.entries
    if entry not in program.entries:
        raise click.UsageError(
            f"no entry is called `{entry}`; there are {', '.join(program.entries) or 'none'}"
        )
    return {entry: program.entries[entry]}


def pairs(written: tuple[str, ...], option: str) -> dict[str, int]:
    """Numbers by name, of texts such as `q=4096,x=4096`."""
    found: dict[str, int] = {}
    for text in (part for group in written for part in group.split(",")):
        name, _, number = text.partition("=")
        if not name or not number.isdecimal() or not 0 < int(number) < 2**40:
            raise click.BadParameter(f"`{text}` is not NAME=NUMBER, as in q=4096", param_hint=option)
        found[name.strip()] = int(number)
    return found


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
