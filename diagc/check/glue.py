"""`learning both = glue left, right over backbone`: the pushout of diagrams along the names that they share.

What stands behind `over` is one object in the result, and its declarations have to agree; every other name belongs to
one diagram. Equations add up, those named behind `over` once: `L(both) = L(left) + L(right) - L(over)`.
"""

from __future__ import annotations

from dataclasses import replace

from diagc.check.context import Poisoned
from diagc.check.glue_imports import translated
from diagc.check.optimisers import nearest
from diagc.check.scope import Module
from diagc.diagnostics import Diagnostic, DiagnosticError, Label, failure
from diagc.syntax import tree


def glued(module: Module, item: tree.Glue) -> tree.Learning:
    """The glued diagram as if it had been written out. Raises E0521."""
    parts = [_part(module, name, item) for name in item.parts]
    if len(parts) < 2:
        raise failure(
            "E0521", "`glue` joins at least two diagrams", Label(item.span),
            help="write `learning both = glue left, right over shared`",
        )  # fmt: skip
    shared, known = {name.text for name in item.over}, dict[str, tree.LearningItem]()
    items, problems = list[tree.LearningItem](), list[Diagnostic]()
    for part in parts:
        for one in part.items:
            name = _name(one)
            if name is None or name.text not in known:
                items.append(one)
                if name is not None:
                    known[name.text] = one
            elif known[name.text] is not one:
                problems += _disagreement(name, known[name.text], one, shared)
    problems += [problem for name in item.over for problem in _missing(name, parts)]
    if problems:
        raise DiagnosticError(problems)
    return tree.Learning(item.name, _settled(items), span=item.span)


def _part(module: Module, name: tree.Name, item: tree.Glue) -> tree.Learning:
    alias, dot, plain = name.text.partition(".")
    if dot:
        return _imported(module, name, alias, plain, item)
    found = module.learnings.get(name.text)
    if found is None:
        hint = nearest(name.text, module.learnings) or "name learning diagrams of this file"
        raise failure("E0521", f"no learning diagram is called `{name.text}`", Label(name.span), help=hint)
    if isinstance(found, tree.Learning):
        return found
    if found.name.text in {item.name.text, *(part.text for part in found.parts)}:
        raise failure(
            "E0521", f"`{name.text}` is glued from itself", Label(name.span), help="name another diagram"
        )
    return glued(module, found)


def _imported(module: Module, name: tree.Name, alias: str, plain: str, item: tree.Glue) -> tree.Learning:
    """A diagram of a used file, written as this file would write it."""
    if alias not in module.imports:
        raise failure(
            "E0208", f"no file is used as `{alias}`", Label(name.span), help=f'write `use "{alias}.diag"`'
        )
    used = module.imports[alias]
    if used is None:
        raise Poisoned
    found = _part(used, replace(name, text=plain), item)
    return translated(module, used, alias, found, name)


def _name(item: tree.LearningItem) -> tree.Name | None:
    match item:
        case tree.SourceDecl(name) | tree.Ema(name) | tree.Model(name=name):
            return name
        case tree.Equation(label):
            return label
        case _:
            return None


def _disagreement(
    name: tree.Name, first: tree.LearningItem, second: tree.LearningItem, shared: set[str]
) -> list[Diagnostic]:
    if name.text not in shared:
        message, remedy = f"both diagrams declare `{name.text}`", f"rename one, or glue `over {name.text}`"
    elif first != second:
        message, remedy = f"the diagrams do not agree on `{name.text}`", "declare it in the same way in both"
    else:
        return []
    labels = (Label(second.span, "declared here"), Label(first.span, "and here"))
    return [Diagnostic("E0521", message, labels, remedy)]


def _missing(name: tree.Name, parts: list[tree.Learning]) -> list[Diagnostic]:
    lacking = [p for p in parts if all((n := _name(i)) is None or n.text != name.text for i in p.items)]
    message = f"`{lacking[0].name.text}` declares no `{name.text}`" if lacking else ""
    remedy = "glue over names that all diagrams declare"
    return [Diagnostic("E0521", message, (Label(name.span),), remedy)] if lacking else []


def _settled(items: list[tree.LearningItem]) -> tuple[tree.LearningItem, ...]:
    """Of several settings of one name, and of equal policies, the first; so of optimisers of one model."""
    seen, kept = set[str](), list[tree.LearningItem]()
    for item in items:
        match item:
            case tree.Setting(name):
                key = "epochs" if name.text == "steps" else name.text
            case tree.Policy(kind, limit):
                key = f"commutes {kind} {limit}"
            case tree.Optimise(optimisers):
                free = [o for o in optimisers if f"by {o.model.text if o.model else ''}" not in seen]
                seen |= {f"by {o.model.text if o.model else ''}" for o in free}
                kept += [tree.Optimise(tuple(free), span=item.span)] if free else []
                continue
            case _:
                kept.append(item)
                continue
        kept += [item] if key not in seen else []
        seen.add(key)
    return tuple(kept)
