"""The loss of a learning diagram, and the metrics of each source, as JAX functions of an emitted program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from diagc.backends.jax_body import emit_body, size_symbols
from diagc.backends.jax_text import literal
from diagc.backends.writer import Writer
from diagc.core import ops
from diagc.core.axes import ONE
from diagc.core.batch import batch_axis
from diagc.core.diagram import Node, apply, cast, node, reduction, size_node, substitute, walk
from diagc.core.dtypes import DType
from diagc.core.learning import LearningDiagram, Schedule, Source, parameter_path, reached, weight_text
from diagc.passes.commute import STEP, Term, loss_inputs, weight_node


def emit_loss(writer: Writer, learning: LearningDiagram, terms: Sequence[Term]) -> None:
    """`loss(params, frozen, batch, key, step)`: the weighted sum, and the terms by label before their weights."""
    writer.taken.update(("loss", "params", "frozen", "batch", "key", "step"))
    moving = [term for term in terms if isinstance(term.equation.weight, Schedule)]
    roots = (*(term.mean for term in terms), *(weight_node(term.equation.weight) for term in moving))
    writer.line("def loss(params, frozen, batch, key=0, step=0):")
    with writer.indented():
        writer.line('"""The loss of a batch, and each equation before its weight.')
        writer.line()
        for term in terms:
            e = term.equation
            writer.line(f"{e.label}: by {e.comparator}, weight {weight_text(e.weight)}")
        writer.line('"""')
        names = _bind(writer, learning, roots, 'batch["{source}"]["{column}"]')
        results = _statements(writer, learning, roots, names, _hints(terms))
        weights = dict(zip([t.equation.label for t in moving], results[len(terms) :], strict=True))
        means = results[: len(terms)]
        parts = [_weighted(t, name, weights) for t, name in zip(terms, means, strict=True)]
        entries = ", ".join(f'"{t.equation.label}": {name}' for t, name in zip(terms, means, strict=True))
        writer.line(f"return {' + '.join(parts)}, {{{entries}}}")


def _weighted(term: Term, name: str, weights: Mapping[str, str]) -> str:
    label, weight = term.equation.label, term.equation.weight
    if isinstance(weight, Schedule):
        return f"({weights[label]}) * {name}"
    return name if weight == 1.0 else f"{literal(weight).text} * {name}"


def emit_predictions(writer: Writer, learning: LearningDiagram, terms: Sequence[Term]) -> None:
    """The loss in two functions: what models predict, and how far that is from what it should be.

    `predictions(params, frozen, batch, key, step)` are the sides of the equations that a gradient reaches, and
    `discrepancy(outputs, params, frozen, batch, key, step)` the loss as a function of them.
    """
    sides = _sides(learning, terms)
    writer.taken.update(("predictions", "discrepancy", "outputs", "params", "frozen", "batch", "key", "step"))
    column = 'batch["{source}"]["{column}"]'
    writer.line("def predictions(params, frozen, batch, key=0, step=0):")
    with writer.indented():
        writer.line('"""What the models predict, of all samples."""')
        names = _bind(writer, learning, sides, column)
        results = _statements(writer, learning, sides, names, _hints(terms))
        writer.line(f"return [{', '.join(results)}]")
    writer.line()
    writer.line()
    given = {side: node(ops.Input(f"output_{n}"), array=side.array) for n, side in enumerate(sides)}
    weighted = [term.weighted for term in terms]
    (total,) = substitute((weighted[0] if len(weighted) == 1 else apply("add", *weighted),), dict(given))
    writer.line("def discrepancy(outputs, params, frozen, batch, key=0, step=0):")
    with writer.indented():
        writer.line('"""The loss as a function of what the models predict."""')
        names: dict[Node, str] = {}
        for place, one in enumerate(given.values()):
            names[one] = writer.fresh(f"output_{place}")
            writer.line(f"{names[one]} = outputs[{place}]", f"[{' '.join(map(str, one.axes))}]")
        names |= _bind(writer, learning, (total,), column)
        (result,) = _statements(writer, learning, (total,), names, {})
        writer.line(f"return {result}")


def _sides(learning: LearningDiagram, terms: Sequence[Term]) -> tuple[Node, ...]:
    """The predictions and targets of all terms that a gradient reaches, once each."""
    moving = {parameter_path(p) for p in learning.parameters("train")}
    sides = [side for term in terms for side in (term.prediction, term.target)]
    return tuple(dict.fromkeys(side for side in sides if moving & reached((side,), through_stop=False)))


def emit_metrics(writer: Writer, learning: LearningDiagram, terms: Sequence[Term], source: Source) -> None:
    """`metrics_SOURCE(params, frozen, table, key)`: a source's terms, and accuracy where classes are compared."""
    own = [term for term in terms if term.equation.source == source.name]
    writer.taken.update(("params", "frozen", "table", "key"))
    entries = {term.equation.label: term.mean for term in own}
    entries |= {f"{t.equation.label}.accuracy": found for t in own if (found := accuracy(t)) is not None}
    entries |= {f"{t.equation.label}.mass": t.mass for t in own if t.mass is not None}
    roots = tuple(entries.values())
    writer.line(f"def metrics_{source.name}(params, frozen, table, key=0):")
    with writer.indented():
        writer.line(f'"""Means over a table of `{source.name}`."""')
        names = _bind(writer, learning, roots, 'table["{column}"]')
        results = _statements(writer, learning, roots, names, _hints(own))
        pairs = ", ".join(f'"{name}": {value}' for name, value in zip(entries, results, strict=True))
        writer.line(f"return {{{pairs}}}")


def accuracy(term: Term) -> Node | None:
    """The share of rows whose largest score is at the target, for equations between scores and an index."""
    axis = term.equation.class_axis
    if axis is None:
        return None
    guess = node(ops.Reduce("argmax", (axis,)), term.prediction)
    hit = cast(apply("eq", guess, term.target), DType.F32)
    count = ONE
    for one in hit.axes:
        count = count * one.size
    return apply("div", reduction("sum", hit.axes, hit), size_node(count))


def _statements(
    writer: Writer,
    learning: LearningDiagram,
    roots: tuple[Node, ...],
    names: dict[Node, str],
    hints: dict[Node, str],
) -> list[str]:
    """The lines that compute the roots; the batch is the first axis of all that has one."""
    batches = [batch_axis(source.name) for source in learning.sources]
    return emit_body(
        writer, roots, names, _sizes(writer, learning, roots, names), hints=hints, leading=batches
    )


def _hints(terms: Sequence[Term]) -> dict[Node, str]:
    found: dict[Node, str] = {}
    for term in terms:
        if isinstance(term.equation.weight, Schedule):
            found.setdefault(weight_node(term.equation.weight), f"{term.equation.label}_weight")
        found.setdefault(term.prediction, f"{term.equation.label}_prediction")
        found.setdefault(term.target, f"{term.equation.label}_target")
        found.setdefault(term.mean, term.equation.label)
    return found


def _bind(writer: Writer, learning: LearningDiagram, roots: tuple[Node, ...], column: str) -> dict[Node, str]:
    """Lines that name the inputs in use."""
    names: dict[Node, str] = {}
    for current in loss_inputs(learning, roots):
        assert isinstance(current.op, ops.Input)
        if current is STEP:
            names[current] = "step"
            continue
        source, _, rest = current.op.name.partition(".")
        names[current] = writer.fresh(current.op.name)
        place = {
            "tensor": column.format(source=source, column=rest),
            "parameter": f'params["{current.op.name}"]',
        }
        text = place.get(current.op.role, f'frozen["{current.op.name}"]')
        writer.line(f"{names[current]} = {text}", f"[{' '.join(map(str, current.axes))}]")
    # the order of inputs decides the order of axes in what is computed from them: names must not
    return {current: names[current] for current in walk(roots) if current in names}


def _sizes(
    writer: Writer, learning: LearningDiagram, roots: tuple[Node, ...], names: dict[Node, str]
) -> dict[str, str]:
    """Lines for the sizes of the batches that are in use."""
    used = set(size_symbols(roots))
    found: dict[str, str] = {}
    for source in learning.sources:
        axis = batch_axis(source.name)
        symbol = axis.size.symbols[0]
        held = ((name, current.axes.index(axis)) for current, name in names.items() if axis in current.axes)
        carrier = next(held, None)
        if symbol in used and carrier is not None:
            found[symbol] = writer.fresh(f"rows_{source.name}")
            writer.line(f"{found[symbol]} = {carrier[0]}.shape[{carrier[1]}]")
    return found
