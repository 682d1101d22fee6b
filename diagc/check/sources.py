"""`source lab { image: f32[pixel], noise: f32[z] ~ normal }` to a `Source`: columns that are read, and columns drawn.

A column with a distribution is drawn anew for every sample of every step, from a key that belongs to the column.
"""

from __future__ import annotations

from typing import Final

from diagc.check import body as bodies
from diagc.check.expressions import Body
from diagc.check.optimisers import nearest
from diagc.core.diagram import Array
from diagc.core.learning import Column, Distribution, Draw, Source
from diagc.diagnostics import DiagnosticError, Label, Sink, failure
from diagc.syntax import tree

DISTRIBUTIONS: Final[tuple[Distribution, ...]] = ("normal", "uniform", "bernoulli")
_NAMES: Final[dict[str, Distribution]] = {str(name): name for name in DISTRIBUTIONS}
_ARGUMENTS: Final[dict[Distribution, tuple[str, ...]]] = {
    "normal": ("mean", "stddev"), "uniform": ("low", "high"), "bernoulli": ("p",),
}  # fmt: skip
_KINDS: Final[dict[Distribution, tuple[str, ...]]] = {
    "normal": ("float",), "uniform": ("float", "int"), "bernoulli": ("float", "int", "bool"),
}  # fmt: skip


def check_source(scope: Body, item: tree.SourceDecl, sink: Sink) -> Source:
    """The source, with its columns as locals of the scope. Errors of single columns go to the sink."""
    columns: dict[str, Column] = {}
    for written in item.columns:
        scope.locals[f"{item.name.text}.{written.name.text}"] = None  # a use of it does not report again
        try:
            columns[written.name.text] = _column(scope, item, written, columns)
        except DiagnosticError as error:
            sink.extend(error.diagnostics)
    source = Source(item.name.text, tuple(columns.values()))
    for column in source.columns:
        scope.locals[f"{source.name}.{column.name}"] = source.input(column)
    return source


def _column(scope: Body, item: tree.SourceDecl, written: tree.ColumnDecl, known: dict[str, Column]) -> Column:
    name = written.name
    if name.text in known:
        raise failure(
            "E0510", f"source `{item.name.text}` has column `{name.text}` twice", Label(name.span),
            help="give each column a name of its own",
        )  # fmt: skip
    if written.type is None:
        raise failure(
            "E0501", f"column `{name.text}` has no type", Label(name.span),
            help=f"write the type of one sample, as in `{name.text}: f32[pixel]`",
        )  # fmt: skip
    array = bodies.type_axes(scope, written.type)
    return Column(name.text, array, None if written.drawn is None else _draw(written.drawn, array))


def _draw(item: tree.Init, array: Array) -> Draw:
    name = item.name
    found = _NAMES.get(name.text)
    if found is None:
        hint = nearest(name.text, _ARGUMENTS) or f"the distributions are {', '.join(_ARGUMENTS)}"
        raise failure("E0517", f"no distribution is called `{name.text}`", Label(name.span), help=hint)
    kinds = _KINDS[found]
    indexed = array.dtype.kind != "int" or array.index_of is not None or found == "bernoulli"
    if array.dtype.kind not in kinds or not indexed:
        raise failure(
            "E0517", f"`{found}` draws no {array}", Label(item.span),
            help="`normal` and `uniform` draw floating-point numbers, `uniform` indices such as `i32 in class`, "
            "`bernoulli` truth values",
        )  # fmt: skip
    return Draw(found, tuple(sorted(_numbers(item, found, array).items())))


def _numbers(item: tree.Init, name: Distribution, array: Array) -> dict[str, float]:
    allowed = () if array.dtype.kind == "int" and name == "uniform" else _ARGUMENTS[name]
    found: dict[str, float] = {}
    for argument in item.args or ():
        key = argument.name.text if argument.name else ""
        match argument.value:
            case tree.Number(_, value):
                number = float(value)
            case tree.Unary("-", tree.Number(_, value)):
                number = -float(value)
            case _:
                number = None
        if key not in allowed or key in found or number is None:
            takes = ", ".join(f"`{k} = …`" for k in allowed) or "no arguments here"
            raise failure(
                "E0517", f"`{name}` takes numbers by name", Label(argument.span), help=f"it takes {takes}"
            )
        found[key] = number
    low, high = found.get("low", 0.0), found.get("high", 1.0)
    if found.get("stddev", 1.0) < 0 or not 0 <= found.get("p", 0.5) <= 1 or low >= high:
        raise failure(
            "E0517", f"`{item.span.text}` is no distribution", Label(item.span),
            help="a standard deviation is not negative, a probability lies in [0, 1], and `low` is below `high`",
        )  # fmt: skip
    return found
