"""A learning diagram of a used file as the file that uses it would write it.

Functions of the used file become `alias.name`; its axes are those of the same name here, which have to be there with
the same size; weights lie beside the used file. What both files share, such as a backbone, is `= alias.see` here.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from diagc.check.binding import below
from diagc.check.scope import Module
from diagc.diagnostics import Diagnostic, DiagnosticError, Label
from diagc.source import Span
from diagc.syntax import tree


def translated(
    module: Module, used: Module, alias: str, learning: tree.Learning, place: tree.Name
) -> tree.Learning:
    """The declarations of a used diagram in the names of `module`. E0521 for axes that are not the same here."""
    problems = _axes(module, used, alias, learning, place)
    if problems:
        raise DiagnosticError(problems)
    own = {
        item.name.text for item in learning.items if isinstance(item, tree.Model | tree.Ema | tree.SourceDecl)
    }
    folder = PurePosixPath(used.source.name).relative_to(PurePosixPath(module.source.name).parent).parent
    return _Translation(used, alias, own, folder).of(learning)


class _Translation:
    def __init__(self, used: Module, alias: str, own: set[str], folder: PurePosixPath) -> None:
        self.used, self.alias, self.own, self.folder = used, alias, own, folder

    def of(self, value: Any) -> Any:
        """The tree with every function of the used file under its name here."""
        match value:
            case tuple():
                return tuple(map(self.of, value))  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            case tree.QName((first, *rest)) if self._foreign(first.text):
                return replace(value, parts=(tree.Name(self.alias, span=first.span), first, *rest))
            case tree.Model(weights=str() as weights):
                return replace(self._parts(value), weights=str(self.folder / weights))
            case _ if is_dataclass(value) and not isinstance(value, type | Span):
                return self._parts(value)
            case _:
                return value

    def _foreign(self, name: str) -> bool:
        return name in self.used.functions and name not in self.own

    def _parts(self, value: Any) -> Any:
        return replace(value, **{f.name: self.of(getattr(value, f.name)) for f in fields(value) if f.init})


def _axes(
    module: Module, used: Module, alias: str, learning: tree.Learning, place: tree.Name
) -> list[Diagnostic]:
    names = dict.fromkeys(part.text for part in below(learning.items) if isinstance(part, tree.Name))
    problems: list[Diagnostic] = []
    for name in (name for name in names if name in used.axes):
        wanted, found = used.axes[name].size, module.axes.get(name)
        size = f": {wanted.value}" if wanted.value is not None else ""
        if found is None:
            message = f"`{alias}.{learning.name.text}` has an axis `{name}`, which this file does not declare"
        elif wanted.value is not None and found.size.value not in (None, wanted.value):
            message = f"axis `{name}` has size {found.size} here and {wanted} in `{alias}`"
        else:
            continue
        problems.append(Diagnostic("E0521", message, (Label(place.span),), f"declare `axis {name}{size}`"))
    return problems
