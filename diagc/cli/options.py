"""Arguments and options that several commands share."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

import click

from diagc.backends.launches import FORMS
from diagc.check.entry import Entry
from diagc.check.program import Program
from diagc.cli.suggest import suggestion
from diagc.core.learning import LearningDiagram

N = TypeVar("N", int, float)

spec_argument = click.argument("spec", type=click.Path(path_type=Path))
specs_argument = click.argument("specs", nargs=-1, required=True, type=click.Path(path_type=Path))
learning_option = click.option(
    "--learning", "name", metavar="NAME", help="Which learning diagram, where the file has several."
)
entry_option = click.option("--entry", "entry", metavar="NAME", help="Only this entry of the spec.")


def chosen_entries(program: Program, entry: str | None) -> Mapping[str, Entry]:
    """The entries of a program, or the one that was asked for."""
    if entry is None:
        refuse_design(program)
        if not program.entries:
            raise click.UsageError("the spec has no entry: a `fn` all of whose tensors have types")
        return program.entries
    if entry not in program.entries:
        raise click.UsageError(
            f"no entry is called `{entry}`{suggestion(entry, program.entries)}; "
            f"there are {', '.join(program.entries) or 'none'}"
        )
    return {entry: program.entries[entry]}


def refuse_design(program: Program) -> None:
    """A spec that is a design problem only has nothing that is compiled, run or trained."""
    if program.designs and not program.entries and not program.learnings:
        raise click.UsageError(
            f"the spec holds a design problem, `{next(iter(program.designs))}`: solve it with `diagc codesign`"
        )


def chosen_learning(found: Mapping[str, LearningDiagram], name: str | None, spec: Path) -> LearningDiagram:
    """The learning diagram that was asked for, or the only one of a file."""
    if name is None and len(found) == 1:
        return next(iter(found.values()))
    if name is not None and name in found:
        return found[name]
    if not found:
        raise click.UsageError(f"{spec} has no `learning`")
    what = "several learning diagrams" if name is None else f"no learning diagram `{name}`"
    raise click.UsageError(f"{spec} has {what}: choose one with --learning {'|'.join(found)}")


def analysed_learning(spec: Path, name: str | None) -> LearningDiagram:
    """The learning diagram of a file that an analysis of training is asked for.

    Raises `DiagnosticError` E1303 for a file without one.
    """
    from diagc.check.program import read_program
    from diagc.diagnostics import Label, failure

    program = read_program(spec)
    refuse_design(program)
    if not program.learnings:
        spans = [s for e in program.entries.values() for s in e.spans.values() if s.source.name == str(spec)]
        raise failure(
            "E1303", "this analysis cannot take the file: it has no model that trains",
            *[Label(min(spans, key=lambda s: s.start), "a function, but no `learning`")] if spans else [],
            help="declare `learning name { … }` with a model that trains and an equation",
        )  # fmt: skip
    return chosen_learning(program.learnings, name, spec)


def whole(text: str) -> int:
    """A size. Raises `ValueError` where there is none."""
    if not 0 < (found := int(text)) < 2**40:
        raise ValueError(text)
    return found


size_option = click.option(
    "--size", "size", multiple=True, metavar="q=4096,x=4096", help="Sizes of symbols; several with commas."
)


table_format_option = click.option(
    "--format", "style", type=click.Choice(["text", "json", "csv"]), default="text", help="How it is printed."
)


form_option = click.option(
    "--form",
    type=click.Choice(FORMS),
    default="pointers",
    show_default=True,
    help="How tiles come in Triton: by pointers; on Hopper by descriptors (TMA), by those to a warp of its own, or by "
    "those to programs that make several tiles.",
)


def chosen_sizes(entries: Mapping[str, Entry], written: Iterable[str]) -> dict[str, int]:
    """The sizes that `--size` gives; refuses names that no entry has."""
    sizes = pairs(written, "--size", whole)
    unknown = set(sizes) - {symbol for entry in entries.values() for symbol in entry.diagram.size_symbols}
    if unknown:
        raise click.UsageError(f"no size is called {', '.join(f'`{s}`' for s in sorted(unknown))}")
    return sizes


def pairs(written: Iterable[str], option: str, number: Callable[[str], N]) -> dict[str, N]:
    """Numbers by name, of texts such as `q=4096,x=4096`; `number` reads one or raises `ValueError`."""
    found: dict[str, N] = {}
    for text in (part for group in written for part in group.split(",")):
        name, _, value = text.partition("=")
        try:
            found[name.strip()] = number(value)
        except ValueError:
            raise click.BadParameter(
                f"`{text}` is not NAME=NUMBER, as in q=4096", param_hint=option
            ) from None
    return found


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """As `write_text`, for what is not text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
