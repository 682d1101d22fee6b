"""A state machine as `lax.scan`."""

from __future__ import annotations

from diagc.backends.infinities import scan_states
from diagc.backends.jax_expressions import Body
from diagc.backends.jax_text import DTYPES, Text, cast, permuted
from diagc.backends.writer import tuple_text, unpacking
from diagc.core import ops
from diagc.core.diagram import Array, Diagram, Node
from diagc.core.scan_body import woven_body


def scan_statement(body: Body, current: Node, op: ops.Scan) -> Text:
    """The name of state `op.output` after every step; the loop is written once for all its states."""
    loop = ("scan", op.axis, op.body.outputs, current.inputs)
    if loop not in body.shared:
        body.shared[loop] = _loop(body, current, op)
    return body.shared[loop][op.output]


def _loop(body: Body, current: Node, op: ops.Scan) -> tuple[Text, ...]:
    step, woven = body.writer.fresh("step"), woven_body(op, current.inputs)
    states, arrays = woven.inputs[: op.states], woven.inputs[op.states :]
    moving = [i for i, n in enumerate(current.inputs[op.states :]) if op.axis in n.axes]
    fixed = _fixed(body, current, op, arrays, moving)
    _step(body, current, op, woven, step, moving, fixed)
    initial = [_initial(body, n, s) for n, s in zip(current.inputs, states, strict=False)]
    read = [_moving(body, current.inputs[op.states + i], arrays[i], op) for i in moving]
    names = [body.writer.fresh(f"{_name(state)}_{op.axis.name}") for state in states]
    arguments = [step, _start(body, initial, read), tuple_text(read) if read else "None"]
    length = [] if read else [f"length={body.extent(op.axis)}"]
    body.writer.line(f"_, {tuple_text(names)} = lax.scan({', '.join([*arguments, *length])})")
    return tuple(Text(name, axes=(op.axis, *state.axes)) for name, state in zip(names, states, strict=True))


def _name(current: Node) -> str:
    return current.op.name if isinstance(current.op, ops.Input) else "state"


def _fixed(
    body: Body, current: Node, op: ops.Scan, arrays: tuple[Node, ...], moving: list[int]
) -> dict[Node, str]:
    """Arrays that do not move along the scan axis are read from the enclosing function."""
    found: dict[Node, str] = {}
    for place, target in enumerate(arrays):
        if place not in moving:
            operand = current.inputs[op.states + place]
            value = _typed(body.frame_text(operand, target.axes), operand, target)
            found[target] = body.assign(target, value, _name(target)).text
    return found


def _step(
    body: Body,
    current: Node,
    op: ops.Scan,
    woven: Diagram,
    step: str,
    moving: list[int],
    fixed: dict[Node, str],
) -> None:
    states, arrays = woven.inputs[: op.states], woven.inputs[op.states :]
    writer = body.writer
    writer.line()
    writer.line(f"def {step}(states, arrays):")
    with writer.scope(), writer.indented():
        writer.taken.update(("states", "arrays"))
        names = dict(fixed)
        for group, source in ((states, "states"), ([arrays[i] for i in moving], "arrays")):
            if group:
                names.update({node: writer.fresh(_name(node)) for node in group})
                writer.line(f"{unpacking([names[node] for node in group])} = {source}")
        inner = Body(writer, body.symbols, body.hints, body.sources, body.key, body.statement)
        inner.values.update({node: Text(name, axes=node.axes) for node, name in names.items()})
        known = [body.flags[operand] for operand in current.inputs]
        grown = [*scan_states(op, woven, known), *known[op.states :]]
        wanted = [Array(state.dtype, state.axes) for state in states]
        given = dict(zip(woven.inputs, grown, strict=True))
        inner.prepare(woven.outputs, given, {})
        results = [inner.result(root, target) for root, target in zip(woven.outputs, wanted, strict=True)]
        following = writer.fresh("following")
        writer.line(f"{following} = {tuple_text(results)}")
        writer.line(f"return {following}, {following}")
    writer.line()


def _start(body: Body, initial: list[str], read: list[str]) -> str:
    """The states before the first step; inside shard_map they vary as what is read does."""
    if not read:
        return tuple_text(initial)
    body.writer.helpers.add("_alike")
    return f"tuple(_alike({', '.join([*initial, read[0]])})[:-1])"


def _initial(body: Body, operand: Node, state: Node) -> str:
    value = body.frame_text(operand, state.axes)
    if not state.axes or not value.weak:
        return _typed(value, operand, state).text
    return f"jnp.full({body.shape(state.axes)}, {value.text}, {DTYPES[state.dtype]})"


def _moving(body: Body, operand: Node, target: Node, op: ops.Scan) -> str:
    order = (op.axis, *target.axes)
    return permuted(_typed(body.frame_text(operand, order), operand, target), order).text


def _typed(value: Text, operand: Node, target: Node) -> Text:
    return value if operand.dtype is target.dtype and not value.weak else cast(value, target.dtype)
