"""What stands behind the comparator of an equation: `weight`, `updates`, `against`, `mask`.

Who moves is part of the terms themselves. Where an equation `updates` some models only, the parameters of the others
stand under a stop. A model that an equation is `against` reads `2 · stop(p) - p`, which has the value of `p` exactly
and the derivative -1: minimising the loss raises this term in `p`. Hence the loss stays one function with one gradient.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from diagc.check.expressions import Body
from diagc.check.optimisers import SHAPES, nearest, schedule
from diagc.core import ops
from diagc.core.diagram import Node, apply, constant, node
from diagc.core.learning import Model, Schedule, Weight, parameter_path, reached
from diagc.diagnostics import Diagnostic, DiagnosticError, Label, Sink, failure
from diagc.source import Span
from diagc.syntax import tree


@dataclass(frozen=True, slots=True)
class Options:
    """The options of an equation; None for those that it has not."""

    weight: Weight = 1.0
    updates: tuple[str, ...] | None = None
    against: str | None = None
    mask: Node | None = None


def check_options(scope: Body, item: tree.Equation, models: Mapping[str, Model], sink: Sink) -> Options:
    """The options as written. Errors go to the sink: E0507 for a weight, E0519 for the others."""
    found: dict[str, tree.EquationOption] = {}
    for option in item.options:
        word = type(option).__name__.lower()
        if word in found:
            code, what = ("E0507", "weight") if word == "weight" else ("E0519", f"`{word}`")
            message = f"an equation has one {what}"
            sink.add(Diagnostic(code, message, (Label(option.span),), "keep one of them"))
        found.setdefault(word, option)
    values: dict[str, object] = {}
    for word, option in found.items():
        try:
            match option:
                case tree.Weight(value):
                    values[word] = _weight(value)
                case tree.Updates(names):
                    values[word] = tuple(sorted({_trained(n, models, scope) for n in names}))
                case tree.Against(name):
                    values[word] = _trained(name, models, scope)
                case tree.Mask(column):
                    values[word] = _mask(scope, column)
        except DiagnosticError as error:
            sink.extend(error.diagnostics)
    return Options(**values)  # pyright: ignore[reportArgumentType]


def players(options: Options, models: Mapping[str, Model]) -> dict[Node, Node]:
    """What the parameters of the models stand for in this equation, where it is not themselves."""
    found: dict[Node, Node] = {}
    if options.against is None and options.updates is None:
        return found
    for model in models.values():
        if model.mode != "train":
            continue
        for parameter in model.parameters:
            stopped = node(ops.Stop(), parameter)
            if model.name == options.against:
                found[parameter] = apply("sub", apply("mul", constant(2.0), stopped), parameter)
            elif options.updates is not None and model.name not in options.updates:
                found[parameter] = stopped
    return found


def check_players(
    item: tree.Equation, options: Options, models: Mapping[str, Model], discrepancy: Node
) -> None:
    """E0519 for a model that an option names and the equation does not reach."""
    paths = reached((discrepancy,), through_stop=False)
    written = {n.text: n for o in item.options if isinstance(o, tree.Updates) for n in o.models}
    written |= {o.model.text: o.model for o in item.options if isinstance(o, tree.Against)}
    for name in (*(options.updates or ()), *((options.against,) if options.against else ())):
        if not paths & {parameter_path(p) for p in models[name].parameters}:
            raise failure(
                "E0519", f"`{name}` does not occur in this equation", Label(written[name].span),
                help="name a model through which its sides run, outside of `stop(…)`",
            )  # fmt: skip


# ---- weights


def _weight(value: tree.Number | tree.Comparator) -> Weight:
    if isinstance(value, tree.Comparator):
        return _schedule(value)
    if not (value.value >= 0 and math.isfinite(value.value)):
        raise _wrong_weight("a weight is a number that is not negative", value.span, "write `weight 0.3`")
    return float(value.value)


def _wrong_weight(message: str, span: Span, remedy: str) -> DiagnosticError:
    return failure("E0507", message, Label(span), help=remedy)


def _schedule(value: tree.Comparator) -> Schedule:
    if value.name.text not in SHAPES:
        hint = nearest(value.name.text, SHAPES) or f"the schedules are {', '.join(SHAPES)}"
        raise _wrong_weight(f"no schedule is called `{value.name.text}`", value.name.span, hint)
    return schedule(value.name, value.args or (), value.span, "E0507")


# ---- models and columns


def _trained(name: tree.Name, models: Mapping[str, Model], scope: Body) -> str:
    model = models.get(name.text)
    if model is None:
        hint = nearest(name.text, models) or "name a model of this learning diagram"
        raise failure("E0519", f"no model is called `{name.text}`", Label(name.span), help=hint)
    if model.mode != "train":
        raise failure(
            "E0519",
            f"`{name.text}` does not train",
            Label(name.span),
            help="name a model that is declared `train`",
        )
    return name.text


def _mask(scope: Body, column: tree.QName) -> Node:
    value = scope.locals.get(column.text)
    if not isinstance(value, Node) or not isinstance(value.op, ops.Input):
        raise failure(
            "E0519", f"no column is called `{column.text}`", Label(column.span),
            help="a mask is a column of the source, such as `mask lab.valid`",
        )  # fmt: skip
    if value.array.index_of is not None:
        raise failure(
            "E0519", f"`{column.text}` is {value.array}, which weighs nothing", Label(column.span),
            help="declare it as `bool`, or as a number",
        )  # fmt: skip
    return value
