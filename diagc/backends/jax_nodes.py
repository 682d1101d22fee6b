"""One JAX statement for each operator."""

from __future__ import annotations

import string
from collections.abc import Sequence

from diagc.backends.jax_expressions import Body
from diagc.backends.jax_pointwise import fill_text
from diagc.backends.jax_scan import scan_statement
from diagc.backends.jax_text import ATOM, DTYPES, TERM, Text, aligned, cast, narrow, permuted
from diagc.backends.jax_views import indexed_text, view_text
from diagc.backends.writer import Writer, tuple_text
from diagc.core import ops
from diagc.core.axes import Axis, Coordinate, in_order
from diagc.core.contraction import contracted_factors, contraction_dtype, summed_factors
from diagc.core.diagram import Node
from diagc.core.dtypes import DType


def statement(body: Body, current: Node) -> Text:
    """Write what computes a node; the name of its value, or an expression as short as a name."""
    match current.op:
        case ops.Map() | ops.Cast() | ops.Stop() | ops.Spread():
            return body.assign(current, body.frame_text(current, body.frame_of(current)))
        case ops.Reduce() as op:
            made = (
                _contraction(body, current, op)
                if contracted_factors(current)
                else _reduction(body, current, op)
            )
            return body.assign(current, made)
        case ops.View(coordinates, fill):
            return _view(body, current, dict(coordinates), fill)
        case ops.Gather(axis):
            index = _stored(body, current.inputs[1])
            made = indexed_text(_stored(body, current.inputs[0]), {axis: index}, index.axes, None, body.size)
            return body.assign(current, made)
        case ops.Cumulative(monoid, axis):
            return body.assign(current, _cumulative(body, current, monoid, axis))
        case ops.Scan() as op:
            return scan_statement(body, current, op)
        case ops.Concat() as op:
            return body.assign(current, _concat(body, current, op))
        case ops.TopK() as op:
            return _topk(body, current, op)
        case _:
            return _made_elsewhere(body, current)


def _made_elsewhere(body: Body, current: Node) -> Text:
    """Random draws and calls of Python."""
    match current.op:
        case ops.Foreign() as op:
            return body.assign(current, _foreign(body, current, op), "called")
        case ops.Random(distribution, place, axes):
            body.writer.helpers.update(("_uniform", f"_{distribution}"))
            text = f"_{distribution}({body.key}, {place}, {body.shape(axes)})"
            return body.assign(current, Text(text, axes=axes))
        case _:
            raise AssertionError(f"{current} is an input without a name")


def _foreign(body: Body, current: Node, op: ops.Foreign) -> Text:
    """A model from Python, mapped over the axes that its operands have beyond its own."""
    count = len(op.operands)
    woven = current.axes[: len(current.axes) - len(op.made)]
    given, flags = list[str](), list[str]()
    for operand, own in zip(current.inputs[:count], op.operands, strict=True):
        order = (*(axis for axis in woven if axis in operand.axes), *own)
        given.append(permuted(_stored(body, operand), order).text)
    for axis in woven:
        flags.append(tuple_text([str(axis in operand.axes) for operand in current.inputs[:count]]))
    arrays = [permuted(_stored(body, p), p.axes).text for p in current.inputs[count:]]
    operands = ", ".join(tuple_text(items) if items else "()" for items in (given, arrays, flags))
    return Text(f'PYTHON["{op.name}"]({operands})', axes=current.axes)


def _stored(body: Body, operand: Node) -> Text:
    """An operand over all its axes, as an array."""
    value = body.frame_text(operand, body.frame_of(operand))
    return cast(value, operand.dtype) if value.weak else value


# ---- folds


def _contraction(body: Body, current: Node, op: ops.Reduce) -> Text:
    operands = contracted_factors(current)
    dtype = contraction_dtype(current)
    kept = in_order(axis for factor in operands for axis in factor.axes if axis not in op.axes)
    order = tuple(axis for axis in body.orders.get(current) or body.usual(current.axes) if axis in kept)
    rounds = _rounds(operands, dtype, current.dtype)
    values = [_factor(body, factor, dtype, current.dtype, rounds) for factor in operands]
    letter = letters(in_order(axis for value in values for axis in value.axes))
    inputs = ",".join("".join(letter[axis] for axis in value.axes) for value in values)
    subscripts = f'"{inputs}->{"".join(letter[axis] for axis in order)}"'
    texts = [value.text for value in values]
    if dtype is not None and rounds:
        body.writer.helpers.update(("_einsum", "_product"))
        made = Text(f"_product({', '.join([subscripts, DTYPES[dtype], *texts])})", axes=order)
    else:
        arguments = [subscripts, *texts, *precision(dtype, current.dtype)]
        function = einsum(body.writer, dtype, [value.axes for value in values], order)
        made = Text(f"{function}({', '.join(arguments)})", axes=order)
    made = cast(made, DType.BOOL) if current.dtype is DType.BOOL else made
    return _scaled(body, current, made, [f for f in summed_factors(current) if f not in operands])


def _rounds(factors: Sequence[Node], dtype: DType | None, result: DType) -> bool:
    """Whether derivatives reach factors through a rounding to 16 bits, which JAX would do to the derivatives too."""
    wide = any(factor.dtype in (DType.F32, DType.F64) for factor in factors)
    return dtype is not None and dtype.bytes < 4 and result is DType.F32 and wide


def _factor(body: Body, factor: Node, dtype: DType | None, result: DType, rounded: bool) -> Text:
    """A factor, cast to the dtype of the product unless a function that makes the product does it."""
    value = _stored(body, factor)
    if dtype is None:
        return cast(value, DType.I32) if result is DType.BOOL else value
    done = factor.dtype is dtype or (rounded and factor.dtype.kind == "float")
    return value if done else cast(value, dtype)


def einsum(
    writer: Writer, dtype: DType | None, factors: Sequence[Sequence[Axis]], kept: Sequence[Axis]
) -> str:
    """The function that makes a product of factors with these axes.

    On CPUs XLA lacks products of 16-bit factors ("DotThunk", jaxlib 0.10.2) that share an axis of the product where it
    does not come first in each of them, or where the axes that a factor has alone are apart in it.
    """
    shared = {axis for axis in kept if all(axis in axes for axes in factors)}
    own = [
        [place for place, axis in enumerate(axes) if axis in kept and axis not in shared] for axes in factors
    ]
    leads = all(set(axes[: len(shared)]) == shared for axes in factors)
    together = all(not places or places[-1] - places[0] < len(places) for places in own)
    if dtype is None or dtype.bytes > 2 or not shared or (leads and together):
        return "jnp.einsum"
    writer.helpers.add("_einsum")
    return "_einsum"


def precision(dtype: DType | None, accumulate: DType) -> list[str]:
    """Arguments that fix the dtype of the products and of the sum."""
    if dtype is None or dtype is DType.F64:
        return []
    if dtype is DType.F32:
        wide = [] if accumulate is DType.F32 else [f"preferred_element_type={DTYPES[accumulate]}"]
        return ['precision="highest"', *wide]
    return [f"preferred_element_type={DTYPES[accumulate]}"]


def _scaled(body: Body, current: Node, made: Text, scales: Sequence[Node]) -> Text:
    """The contraction times the factors that have none of the consumed axes."""
    if not scales:
        return made
    axes = body.orders.get(current) or in_order((*made.axes, *current.axes))
    values = [aligned(made, axes)]
    for scale in scales:
        value = body.render(scale, axes)
        values.append(cast(value, DType.F32) if narrow(scale.dtype) and not value.weak else value)
    text = " * ".join([values[0].at(TERM), *(value.at(TERM + 1) for value in values[1:])])
    if set(axes) == {axis for value in values for axis in value.axes}:
        return Text(text, TERM, axes)
    return Text(f"jnp.broadcast_to({text}, {body.shape(axes)})", axes=axes)


def letters(axes: Sequence[Axis]) -> dict[Axis, str]:
    """A letter for each axis, its first one where that is free."""
    made: dict[Axis, str] = {}
    free = list(string.ascii_letters)
    for axis in axes:
        letter = next((c for c in (*axis.name, *free) if c in free), "a")
        free.remove(letter)
        made[axis] = letter
    return made


def _reduction(body: Body, current: Node, op: ops.Reduce) -> Text:
    operand = current.inputs[0]
    frame = body.frame_of(operand)
    value = body.frame_text(operand, frame)
    value = _prepared(value, operand, op, current.dtype)
    kept = tuple(axis for axis in frame if axis not in op.axes)
    if op.monoid in ("argmax", "argmin"):
        return _extremum(body, value, op, kept)
    if not op.axes:
        return value
    if tuple(axis for axis in frame if axis in op.axes) == frame:
        places = ""
    else:
        numbers = [str(frame.index(axis)) for axis in frame if axis in op.axes]
        places = f", axis={numbers[0] if len(numbers) == 1 else tuple_text(numbers)}"
    if current in body.choices:
        body.writer.helpers.add("_extremum")
        places = tuple_text([str(frame.index(axis)) for axis in op.axes])
        return Text(f"_extremum({value.text}, {places}, jnp.{op.monoid})", axes=kept)
    initial = _initial(op, current.dtype)
    made = Text(f"jnp.{op.monoid}({value.text}{places}{initial})", axes=kept)
    return cast(made, current.dtype) if _counted(op, current.dtype) else made


def _counted(op: ops.Reduce, dtype: DType) -> bool:
    """Whether JAX gives another kind than the type rule."""
    return (op.monoid in ("sum", "prod") and dtype is DType.BOOL) or (
        op.monoid in ("any", "all") and dtype is not DType.BOOL
    )


def _prepared(value: Text, operand: Node, op: ops.Reduce, result: DType) -> Text:
    if op.compute is not None and op.compute is not operand.dtype:
        value = cast(value, op.compute)
    held = op.compute or operand.dtype
    if op.monoid in ("any", "all", "argmax", "argmin") and not value.weak:
        return value
    return cast(value, result) if value.weak or (result.kind == "float" and held is not result) else value


def _initial(op: ops.Reduce, dtype: DType) -> str:
    """The unit of a maximum or a minimum, where the range may be empty."""
    if op.monoid not in ("max", "min") or all(axis.size.value for axis in op.axes):
        return ""
    if dtype.kind == "float":
        return ", initial=-jnp.inf" if op.monoid == "max" else ", initial=jnp.inf"
    if dtype is DType.BOOL:
        return f", initial={op.monoid == 'min'}"
    return f", initial=jnp.iinfo({DTYPES[dtype]}).{'min' if op.monoid == 'max' else 'max'}"


def _extremum(body: Body, value: Text, op: ops.Reduce, kept: tuple[Axis, ...]) -> Text:
    if len(op.axes) == 1:
        place = value.axes.index(op.axes[0])
        made = Text(f"jnp.{op.monoid}({value.text}, axis={place})", axes=kept)
    else:
        last = permuted(value, (*kept, *op.axes))
        flat = ", ".join([*map(body.extent, kept), "-1"])
        made = Text(f"jnp.{op.monoid}({last.at(ATOM)}.reshape({flat}), axis=-1)", axes=kept)
    return cast(made, DType.I32)


def _cumulative(body: Body, current: Node, monoid: ops.Monoid, axis: Axis) -> Text:
    value = _stored(body, current.inputs[0])
    value = cast(value, DType.F32) if narrow(current.inputs[0].dtype) else value
    place = value.axes.index(axis)
    match monoid:
        case "sum" | "prod":
            made = Text(f"jnp.cum{monoid}({value.text}, axis={place})", axes=value.axes)
        case "max" | "min":
            made = Text(f"lax.cum{monoid}({value.text}, axis={place})", axes=value.axes)
        case "any":
            return Text(f"jnp.cumsum({value.text} != 0, axis={place}) > 0", 0, value.axes)
        case _:
            return Text(f"jnp.cumprod({value.text} != 0, axis={place}) > 0", 0, value.axes)
    return cast(made, DType.BOOL) if current.dtype is DType.BOOL and monoid in ("sum", "prod") else made


# ---- structure


def _view(body: Body, current: Node, coordinates: dict[Axis, Coordinate], fill: float | None) -> Text:
    operand = current.inputs[0]
    value = _stored(body, operand)
    filling = None if fill is None else fill_text(fill, current.dtype)
    made = view_text(value, coordinates, filling, body.size)
    body.writer.helpers.update(name for name in ("_read", "_slide") if f"{name}(" in made.text)
    if made.text == value.text and operand in body.values:
        return made
    return body.assign(current, made)


def _concat(body: Body, current: Node, op: ops.Concat) -> Text:
    frame = body.orders.get(current, current.axes)
    pieces: list[str] = []
    for operand, part in zip(current.inputs, op.parts, strict=True):
        order = tuple(part if axis == op.axis else axis for axis in frame)
        value = body.frame_text(operand, order)
        pieces.append((value if operand.dtype is current.dtype else cast(value, current.dtype)).text)
    return Text(f"jnp.concatenate([{', '.join(pieces)}], axis={frame.index(op.axis)})", axes=tuple(frame))


def _topk(body: Body, current: Node, op: ops.TopK) -> Text:
    operand = current.inputs[0]
    shared = (op.axis, op.slots, operand)
    if shared not in body.shared:
        kept = tuple(axis for axis in operand.axes if axis != op.axis)
        value = body.frame_text(operand, (*kept, op.axis))
        values, indices = body.writer.fresh("largest"), body.writer.fresh("positions")
        call = f"lax.top_k({value.text}, {body.extent(op.slots)})"
        body.writer.line(f"{values}, {indices} = {call}", f"[{' '.join(map(str, (*kept, op.slots)))}]")
        body.shared[shared] = tuple(Text(name, axes=(*kept, op.slots)) for name in (values, indices))
    return body.shared[shared][int(op.indices)]
