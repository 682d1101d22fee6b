"""`commute label: prediction ~ target by comparator weight w` to an `Equation`.

Both sides are expressions of the language over columns and models. They end in the same axes, or the target is an
index into an axis of the prediction; sides are never woven with each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TypeVar

from diagc.check.comparators import Compared, Place, compare
from diagc.check.context import Poisoned
from diagc.check.equation_options import check_options, check_players, players
from diagc.check.expressions import Body
from diagc.check.paths import path_of
from diagc.core import ops
from diagc.core.diagram import Array, Node, spread, substitute, walk
from diagc.core.learning import Equation, Mode, Model, Source, reached
from diagc.diagnostics import Diagnostic, DiagnosticError, Label, Sink, failure
from diagc.source import Span
from diagc.syntax import tree

_T = TypeVar("_T")


@dataclass(slots=True)
class EquationBuilder:
    """Builds the equations of one learning diagram; `scope` has its columns and models as locals."""

    scope: Body
    sources: Sequence[Source]
    models: Mapping[str, Model]

    def build(self, item: tree.Equation, label: str) -> Equation:
        """The equation. Raises `DiagnosticError` with its errors, `Poisoned` when all are reported elsewhere."""
        sink, values = Sink(), list[Node | None]()
        scopes = self._with_bare_columns(item, sink)
        for side in (item.prediction, item.target):
            values.append(self._side(scopes, side, item, sink))
        options = check_options(scopes, item, self.models, sink)
        _check_source(item, [*values, options.mask], sink)
        if sink.diagnostics:
            raise DiagnosticError(sink.diagnostics)
        written = tuple(v for v in values if v is not None)
        if len(written) < 2:
            raise Poisoned
        prediction, target = _with_numbers(*substitute(written, players(options, self.models)))
        source = next(iter(_sources(prediction) | _sources(target)), None)
        compared = self._compared(scopes, item, (prediction, target), label, Place(source, options.mask))
        self._check_parameters(item, compared.value)
        check_players(item, options, self.models, compared.value)
        modes: dict[str, Mode] = {name: model.mode for name, model in self.models.items()}
        paths = (path_of(scopes, item.prediction, modes), path_of(scopes, item.target, modes))
        by = item.comparator
        comparator = by.name.text if by.args is None else " ".join(by.span.text.split())
        return Equation(
            label, prediction, target, compared.value, comparator, options.weight, source, paths, options.mask,
            compared.batchwise, options.updates, options.against,
        )  # fmt: skip

    def _compared(
        self, scope: Body, item: tree.Equation, sides: tuple[Node, Node], label: str, place: Place
    ) -> Compared:
        index = _check_types(item, *sides, label)
        return _collected(scope, lambda: compare(scope, item, *sides, index, place))

    # ---- sides

    def _with_bare_columns(self, item: tree.Equation, sink: Sink) -> Body:
        """The scope with the columns that only one source has under their bare names; E0502 for the others.

        Columns that failed have been reported, by whichever name they are called.
        It remembers the parts of the sides, whose types the paths of the equation ask for.
        """
        owners: dict[str, list[str]] = {}
        for source in self.sources:
            for column in source.columns:
                owners.setdefault(column.name, []).append(source.name)
        known = self.scope.locals
        bare = {
            name: known[f"{found[0]}.{name}"]
            for name, found in owners.items()
            if len(found) == 1 and name not in known and self.scope.find_axis(name) is None
        }
        for reference in _references(item):
            found = owners.get(reference.name.text, [])
            if (
                found
                and reference.name.text not in known
                and reference.name.text not in bare
                and len(found) == 1
            ):
                sink.add(Diagnostic(
                    "E0502", f"`{reference.name.text}` is an axis, and a column of `{found[0]}`",
                    (Label(reference.span),), f"write `{found[0]}.{reference.name.text}` for the column",
                ))  # fmt: skip
                bare[reference.name.text] = None
            if len(found) > 1 and reference.name.text not in known:
                sink.add(Diagnostic(
                    "E0502", f"several sources have a column `{reference.name.text}`", (Label(reference.span),),
                    "write " + " or ".join(f"`{source}.{reference.name.text}`" for source in found),
                ))  # fmt: skip
                bare[reference.name.text] = None
        failed = (path.partition(".")[2] for path, value in known.items() if value is None)
        bare |= {name: None for name in failed if name and name not in known}
        return replace(self.scope.inner(bare), read={})

    def _side(self, scope: Body, side: tree.Expr, item: tree.Equation, sink: Sink) -> Node | None:
        try:
            return _collected(scope, lambda: scope.value(side))
        except DiagnosticError as error:
            sink.extend(self._named(diagnostic, item) for diagnostic in error.diagnostics)
        except Poisoned:
            pass
        return None

    def _named(self, diagnostic: Diagnostic, item: tree.Equation) -> Diagnostic:
        """Unknown names of an equation are sources, columns or models."""
        span = diagnostic.span
        if diagnostic.code not in ("E0201", "E0203", "E0208") or span is None or not _inside(span, item.span):
            return diagnostic
        if span.source.text[: span.start].endswith("."):  # a part of a model, which its own error names
            return diagnostic
        text = span.text
        first, _, rest = text.partition(".")
        if diagnostic.code != "E0201":
            hint = diagnostic.help if diagnostic.help and "did you mean" in diagnostic.help else None
            return replace(
                diagnostic, code="E0503", message=f"no model or function is called `{text}`",
                help=hint or f"declare it: `train {text}: A -> B = f()`",
            )  # fmt: skip
        source = next((s for s in self.sources if s.name == first), None)
        if source is not None and rest:
            message = f"source `{first}` has no column `{rest}`"
            hint = f"it has {', '.join(f'`{c.name}`' for c in source.columns)}"
            return replace(diagnostic, code="E0501", message=message, help=hint)
        message = f"no source is called `{first}`" if rest else f"no column is called `{text}`"
        help = diagnostic.help if diagnostic.help and "did you mean" in diagnostic.help else None
        hint = f"the sources are {', '.join(f'`{s.name}`' for s in self.sources)}" if self.sources else None
        return replace(diagnostic, code="E0501", message=message, help=help or hint or "declare a `source`")

    def _check_parameters(self, item: tree.Equation, discrepancy: Node) -> None:
        """E0516: parameters that belong to no model, from an instance written in the equation itself."""
        paths = reached((discrepancy,), through_stop=True)
        owners = {*self.models, *(source.name for source in self.sources)}
        loose = sorted(path for path in paths if path.partition(".")[0] not in owners)
        if loose:
            name = loose[0].partition(".")[0]
            raise failure(
                "E0516", f"`{name}` has parameters, but is no model of this learning diagram", Label(item.span),
                help=f"declare a model: `train m: A -> B = {name}[…]`, and call `m`",
            )  # fmt: skip


def _collected(scope: Body, work: Callable[[], _T]) -> _T:
    """Run `work`; errors that it reports to the context's sink are raised."""
    context, own = scope.context, Sink()
    outer, context.sink = context.sink, own
    try:
        return work()
    except Poisoned:
        if own.diagnostics:
            raise DiagnosticError(own.diagnostics) from None
        raise
    finally:
        context.sink = outer


def _inside(span: Span, outer: Span) -> bool:
    return span.source is outer.source and outer.start <= span.start and span.end <= outer.end


def _sources(*roots: Node) -> set[str]:
    """The sources whose columns occur below the roots; parameters have a role of their own."""
    inputs = (n.op for n in walk(roots) if isinstance(n.op, ops.Input) and n.op.role == "tensor")
    return {op.name.partition(".")[0] for op in inputs}


def _with_numbers(prediction: Node, target: Node) -> tuple[Node, Node]:
    """A number stands for an array of that number."""
    if isinstance(target.op, ops.Constant):
        return prediction, spread(target, prediction.axes)
    return prediction, target


def _check_source(item: tree.Equation, values: Sequence[Node | None], sink: Sink) -> None:
    masks = [option.column for option in item.options if isinstance(option, tree.Mask)]
    written = (item.prediction, item.target, masks[0] if masks else item)
    sides = zip(written, values, strict=True)
    found = [(side, sorted(_sources(value))) for side, value in sides if value is not None]
    every = sorted({source for _, names in found for source in names})
    if len(every) > 1:
        labels = tuple(
            Label(side.span, f"draws from {' and '.join(f'`{n}`' for n in names)}")
            for side, names in found
            if names
        )
        sink.add(Diagnostic(
            "E0508", f"an equation draws from one source, this one from {' and '.join(f'`{n}`' for n in every)}",
            labels, "samples of different sources do not belong together: write one equation for each",
        ))  # fmt: skip


def _check_types(item: tree.Equation, prediction: Node, target: Node, label: str) -> bool:
    """Whether the target is an index into an axis of the prediction; E0504 unless the sides fit."""
    into = target.array.index_of
    if into is not None and into in prediction.axes and set(prediction.axes) - {into} == set(target.axes):
        return True
    if set(prediction.axes) == set(target.axes) and _comparable(prediction.array, target.array):
        return False
    hint = "both sides end in the same axes; only the target of a comparator of indices lacks the class axis"
    if set(prediction.axes) == set(target.axes):
        hint = "truth values become numbers by `cast(…, f32)`"
    elif set(prediction.axes) - set(target.axes) and target.dtype.kind == "int" and into is None:
        hint = f"declare the target as an index: `{target.dtype.value} in {prediction.axes[-1]}`"
    raise failure(
        "E0504",
        f"the sides of `{label}` have different types: {prediction.array} and {target.array}",
        Label(item.prediction.span, f"prediction: {prediction.array}"),
        Label(item.target.span, f"target: {target.array}"),
        help=hint,
    )


def _comparable(left: Array, right: Array) -> bool:
    return "bool" not in (left.dtype.kind, right.dtype.kind) or left.dtype is right.dtype


def _references(item: object) -> Iterator[tree.Ref]:
    """Every name used as a value below a tree node."""
    if isinstance(item, tree.Ref):
        yield item
    elif isinstance(item, tree.Argument) and item.name is not None and item.name.text == "wrt":
        return  # names of parameters
    elif isinstance(item, tuple):
        for part in item:  # pyright: ignore[reportUnknownVariableType]
            yield from _references(part)  # pyright: ignore[reportUnknownArgumentType]
    elif is_dataclass(item) and not isinstance(item, Span):
        for one in fields(item):
            if one.name != "span":
                yield from _references(getattr(item, one.name))
