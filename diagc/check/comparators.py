"""Comparators: `fn`s of the file or the library that take a prediction and a target of one sample.

How a generic comparator gets its axes: an axis parameter that the type of an operand mentions is one axis, the one
that an index target points into, else the last one, as in every call; an axis parameter that no type mentions stands
for all axes of the sides, merged into one. Axes that the result still has are averaged. For a target that is an index
`NAME_index` is taken where there is one. A scalar parameter that is not given is 1.

A comparator with an axis parameter `batch` sees the samples of a batch along it, together, and gives one number for
them; `other` is a second copy of that axis, for pairs of samples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

from diagc.check import body as bodies
from diagc.check.calls import call_function
from diagc.check.context import FunctionValue
from diagc.check.expressions import Body, single
from diagc.check.functions import resolve
from diagc.check.optimisers import nearest
from diagc.core.axes import ONE, Axis, Coordinate, Size
from diagc.core.batch import batch_axis, woven
from diagc.core.diagram import Node, apply, cast, constant, reduction, size_node, spread, view
from diagc.core.dtypes import DType
from diagc.diagnostics import DiagnosticError, Label, failure
from diagc.syntax import tree

_LOSSES: Final = "std/losses.diag"
_BATCH: Final = ("batch", "other")


@dataclass(frozen=True, slots=True)
class Place:
    """Where two sides are compared: the source of the samples, and the mask that weighs them."""

    source: str | None
    mask: Node | None


@dataclass(frozen=True, slots=True)
class Compared:
    """The value of a comparator in f32, over the axes of the mask; of a whole batch where it is `batchwise`."""

    value: Node
    batchwise: bool


def compare(
    scope: Body, item: tree.Equation, prediction: Node, target: Node, index: bool, place: Place
) -> Compared:
    """The discrepancy. Raises E0504, E0505, E0506 and E0519."""
    function = _function(scope, item, index)
    batchwise = "batch" in function.formals and function.axes is None
    if batchwise:
        prediction, target = _batch(item, prediction, target, place)
    function = replace(function, arguments=_scalars(item, function))
    function, sides = _bind_axes(scope, function, prediction, target, index, place.source)
    comparator = item.comparator
    call = tree.Call(tree.QName((comparator.name,)), None, (), span=comparator.span)
    value = single(call_function(scope, call, function, sides), call)
    if value.dtype.kind == "bool":
        raise failure(
            "E0506", f"`{comparator.name.text}` gives a truth value, not a distance", Label(comparator.span),
            help="use `where(condition, 1, 0)`",
        )  # fmt: skip
    kept = place.mask.axes if place.mask is not None else ()
    if missing := [axis for axis in kept if axis not in value.axes]:
        raise failure(
            "E0519", f"the mask carries axis `{missing[0]}`, which `{comparator.name.text}` of these sides has not",
            Label(comparator.span), help="a mask has axes over which the comparator gives a number of its own",
        )  # fmt: skip
    return Compared(_mean(cast(value, DType.F32), kept), batchwise)


def _batch(item: tree.Equation, prediction: Node, target: Node, place: Place) -> tuple[Node, Node]:
    """The sides of a whole batch."""
    name = item.comparator.name
    if place.source is None or place.mask is not None:
        what = (
            "no column, so there is no batch"
            if place.source is None
            else "a mask, which weighs single samples"
        )
        raise failure(
            "E0506", f"`{name.text}` compares across a batch, but this equation has {what}", Label(name.span),
            help="compare single samples, for instance by `mse`",
        )  # fmt: skip
    batch = batch_axis(place.source)
    first, second = (spread(side, (batch,)) for side in woven((prediction, target), batch))
    return first, second


def _function(scope: Body, item: tree.Equation, index: bool) -> FunctionValue:
    name = item.comparator.name
    if index and scope.module.find_function(f"{name.text}_index") is not None:
        name = replace(name, text=f"{name.text}_index")
    try:
        found = resolve(scope, tree.QName((name,), span=name.span), None, ())
    except DiagnosticError:
        raise _unknown(scope, item.comparator) from None
    if len(found.fn.params) < 2 or bodies.has_parameters(found) or found.repeat > 1:
        raise failure(
            "E0506", f"`{name.text}` is no comparator", Label(name.span),
            help="a comparator is a `fn` of a prediction and a target, without parameters",
        )  # fmt: skip
    written = found.fn.params[1].type
    if index and (written is None or written.index_of is None):
        raise failure(
            "E0504", f"`{name.text}` compares two arrays, but the target is an index into the axis of the prediction",
            Label(item.target.span), Label(name.span),
            help="use `cross_entropy`, or `one_hot[axis](…)` of the target",
        )  # fmt: skip
    return found


def _unknown(scope: Body, comparator: tree.Comparator) -> DiagnosticError:
    name = comparator.name
    known = [*scope.module.functions]
    for library in scope.module.library:
        if library.source.name == _LOSSES:
            known += [f for f in library.functions if not f.endswith("_index")]
    hint = (
        nearest(name.text, known) or f"the comparators are {', '.join(known)}; or write a `fn` of two arrays"
    )
    return failure("E0505", f"no comparator is called `{name.text}`", Label(name.span), help=hint)


def _scalars(item: tree.Equation, function: FunctionValue) -> tuple[tuple[str, Node], ...]:
    """The scalar parameters behind prediction and target: as given, else 1."""
    bound = dict(function.arguments)
    names = [p.name.text for p in function.fn.params[2:] if p.name.text not in bound]
    values: dict[str, Node] = {}
    for argument in item.comparator.args or ():
        name = argument.name.text if argument.name else None
        if name is None or name not in names or name in values:
            what = (
                f"`{item.comparator.name.text}` has no argument `{name}`"
                if name
                else "arguments are given by name"
            )
            takes = f"it takes {', '.join(f'`{n}`' for n in names)}" if names else "it takes no arguments"
            raise failure(
                "E0506", f"`{name}` is given twice" if name in values else what, Label(argument.span),
                help=(nearest(name, names) if name else None) or takes,
            )  # fmt: skip
        values[name] = constant(_number(argument))
    return (*function.arguments, *((name, values.get(name, constant(1.0))) for name in names))


def _number(argument: tree.Argument) -> float:
    match argument.value:
        case tree.Number(_, value) if math.isfinite(value):
            return float(value)
        case tree.Unary("-", tree.Number(_, value)):
            return -float(value)
        case _:
            raise failure(
                "E0506",
                "arguments of a comparator are numbers",
                Label(argument.value.span),
                help="as in `temperature = 2`",
            )


def _bind_axes(
    scope: Body, function: FunctionValue, prediction: Node, target: Node, index: bool, source: str | None
) -> tuple[FunctionValue, tuple[Node, Node]]:
    formals = [f.text for f in function.fn.axis_params or ()]
    if function.axes is not None or not formals:
        return function, (prediction, target)
    if source is not None and "batch" in formals:
        return _bind_batch(scope, function, prediction, target, batch_axis(source))
    typed = [{a.text for a in p.type.axes or ()} if p.type else set[str]() for p in function.fn.params[:2]]
    free = [name for name in formals if name not in typed[0] | typed[1]]
    if free:
        if len(formals) > 1:
            raise failure(
                "E0506", f"`{function.name}` has several axis parameters, and no operand's type says which is which",
                Label(function.fn.name.span), help="give the operands types, as in `prediction: f32[class]`",
            )  # fmt: skip
        features, sides = _merged(scope, prediction, target, free[0])
        return replace(function, axes=(features,)), sides
    into = target.array.index_of
    if index and into is not None and len(formals) == 1:
        return replace(function, axes=(into,)), (prediction, target)
    return function, (prediction, target)


def _bind_batch(
    scope: Body, function: FunctionValue, prediction: Node, target: Node, batch: Axis
) -> tuple[FunctionValue, tuple[Node, Node]]:
    """`batch` and `other` are the batch; a third axis parameter stands for all axes of a sample."""
    features = [name for name in function.formals if name not in _BATCH]
    if len(features) != 1:
        raise failure(
            "E0506", f"`{function.name}` compares across a batch and names {len(features)} axes beside it",
            Label(function.fn.name.span), help="write `fn name[batch other feature](prediction, target)`",
        )  # fmt: skip
    whole, sides = _merged(scope, prediction, target, features[0], batch)
    other = scope.context.fresh_axis("other", batch.size)
    chosen = {"batch": batch, "other": other, features[0]: whole}
    return replace(function, axes=tuple(chosen[name] for name in function.formals)), sides


def _merged(
    scope: Body, prediction: Node, target: Node, name: str, batch: Axis | None = None
) -> tuple[Axis, tuple[Node, Node]]:
    """All axes of the sides as one: the axis itself, a merged one, or one of size 1."""
    axes = tuple(axis for axis in prediction.axes if axis != batch)
    if len(axes) == 1:
        return axes[0], (prediction, target)
    whole = Axis(f"{name}#{len(axes)}", ONE)
    if not axes:
        return whole, (spread(prediction, (whole,)), spread(target, (whole,)))
    for axis in axes:
        whole = replace(whole, size=whole.size * axis.size)
    coordinates, stride = dict[Axis, Coordinate](), ONE
    for place, factor in reversed(list(enumerate(axes))):
        coordinates[factor] = Coordinate(((whole, ONE),), Size(), stride, factor.size if place else None)
        stride = stride * factor.size
    return whole, (view(prediction, coordinates), view(target, coordinates))


def _mean(value: Node, kept: tuple[Axis, ...]) -> Node:
    """The mean over all axes but those kept."""
    gone = [axis for axis in value.axes if axis not in kept]
    if not gone:
        return value
    count = ONE
    for axis in gone:
        count = count * axis.size
    return apply("div", reduction("sum", gone, value), size_node(count))
