"""`learning` to a `LearningDiagram`: sources, models, settings; the equations have a room of their own.

All errors of a learning diagram are collected. A model is a local function at the path of its name, and a column is
an input, so that the terms of an equation are ordinary expressions of the language.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Final

from diagc.check import body as bodies
from diagc.check.calls import call_function
from diagc.check.context import Context, FunctionValue, Poisoned
from diagc.check.entry import new_body
from diagc.check.equations import EquationBuilder
from diagc.check.expressions import Body
from diagc.check.optimisers import check_optimisers, check_settings
from diagc.check.origins import origins
from diagc.check.scope import Module
from diagc.core import ops
from diagc.core.diagram import Array, Node, node, substitute
from diagc.core.learning import Column, Equation, LearningDiagram, Model, Source, parameter_path, reached
from diagc.diagnostics import Diagnostic, DiagnosticError, Label, Sink, failure
from diagc.source import Span
from diagc.syntax import tree

_SIGNATURE: Final = frozenset(
    ("E0301", "E0302", "E0303", "E0305", "E0306", "E0308", "E0313", "E0315", "E0321")
)
"""Errors of a call which, at the implementation of a model, say that the declared type does not fit."""


def later(what: str, span: Span, remedy: str) -> DiagnosticError:
    """E0701: known, but not compiled yet."""
    return failure("E0701", f"{what} is part of the language but not compiled yet", Label(span), help=remedy)


def build_learning(module: Module, item: tree.Learning | tree.Glue, sink: Sink) -> LearningDiagram | None:
    """The learning diagram of a declaration; None when an error was reported to the sink."""
    own = Sink()
    builder = _Builder(module, own, new_body(module, Context(own)))
    try:
        made = builder.build(item)
    except DiagnosticError as error:
        own.extend(error.diagnostics)
        made = None
    sink.extend(own.diagnostics)
    if made is None or own.diagnostics:
        return None
    return replace(made, spans=origins(made, builder.scope.context.spans))


@dataclass(slots=True)
class _Builder:
    module: Module
    sink: Sink
    scope: Body
    places: dict[str, Span] = field(default_factory=dict[str, Span])
    sources: list[Source] = field(default_factory=list[Source])
    models: list[Model] = field(default_factory=list[Model])

    def build(self, item: tree.Learning | tree.Glue) -> LearningDiagram:
        if isinstance(item, tree.Glue):
            raise later(
                "`glue`", item.span, "write the sources, models and equations of both diagrams into one"
            )
        for part in item.items:
            if isinstance(part, tree.SourceDecl | tree.Model | tree.Ema):
                self._attempt(part)
        equations = self._equations(item)
        settings = check_settings([i for i in item.items if isinstance(i, tree.Setting)], self.sink)
        written = [o for i in item.items if isinstance(i, tree.Optimise) for o in i.optimisers]
        optimisers = check_optimisers(written, self.models, set(self.scope.locals), self.sink)
        models = tuple(self.models)
        made = LearningDiagram(item.name.text, tuple(self.sources), models, equations, optimisers, settings)
        if not self.sink.diagnostics:
            self._check_moves(item, made)
        return made

    def _attempt(self, part: tree.SourceDecl | tree.Model | tree.Ema) -> None:
        try:
            self._claim(part.name)
            match part:
                case tree.SourceDecl():
                    self._source(part)
                case tree.Model():
                    self._model(part)
                case tree.Ema():
                    raise later("`ema`", part.span, "compare with `stop(model(…))` of the model itself")
        except DiagnosticError as error:
            self.scope.locals.setdefault(part.name.text, None)
            self.sink.extend(error.diagnostics)

    def _claim(self, name: tree.Name) -> None:
        if name.text in self.places:
            raise failure(
                "E0510", f"`{name.text}` is declared twice", Label(name.span, "second declaration"),
                Label(self.places[name.text], "first declared here"),
                help="sources, models and equations of one learning diagram do not share a name",
            )  # fmt: skip
        self.places[name.text] = name.span

    # ---- sources

    def _source(self, item: tree.SourceDecl) -> None:
        columns: dict[str, Column] = {}
        for written in item.columns:
            path = f"{item.name.text}.{written.name.text}"
            self.scope.locals[path] = None  # so that a use of it does not report again
            try:
                columns[written.name.text] = self._column(item, written, columns)
            except DiagnosticError as error:
                self.sink.extend(error.diagnostics)
        source = Source(item.name.text, tuple(columns.values()))
        self.sources.append(source)
        for column in source.columns:
            self.scope.locals[f"{source.name}.{column.name}"] = source.input(column)

    def _column(self, item: tree.SourceDecl, written: tree.Parameter, known: dict[str, Column]) -> Column:
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
        return Column(name.text, bodies.type_axes(self.scope, written.type))

    # ---- models

    def _model(self, item: tree.Model) -> None:
        implementation = item.implementation
        if implementation is None:
            raise failure(
                "E0509", f"`{item.name.text}` has no implementation", Label(item.name.span),
                help="write which `fn` it is: `= mlp(hidden = 8)`",
            )  # fmt: skip
        if isinstance(implementation, tree.PythonModel):
            raise later("a model from Python", implementation.span, "write the model as a `fn`")
        domain = tuple(bodies.type_axes(self.scope, written) for written in item.domain)
        codomain = tuple(bodies.type_axes(self.scope, written.type) for written in item.codomain)
        self._check_weights(item)
        function = _wrapped(self.module, item, implementation)
        self._check_signature(item, implementation, function, domain)
        self.scope.locals[item.name.text] = function
        prefix = f"{item.name.text}."
        found = {path: p for path, p in self.scope.context.parameters.items() if path.startswith(prefix)}
        parameters = [_with_role(found[path], item.mode) for path in sorted(found)]
        text = " ".join(implementation.span.text.split())
        self.models.append(
            Model(item.name.text, item.mode, domain, codomain, text, tuple(parameters), item.weights)
        )

    def _check_weights(self, item: tree.Model) -> None:
        if item.weights is None:
            if (
                item.mode == "frozen" and item.domain
            ):  # without inputs it is a constant, drawn as it is initialised
                raise failure(
                    "E0512", f"`{item.name.text}` is frozen, but nothing says with which weights",
                    Label(item.name.span), help=f'add `from "{item.name.text}.safetensors"`',
                )  # fmt: skip
            return
        place = Label(item.weights_span or item.span)
        depth, path = 0, PurePosixPath(item.weights)
        for part in path.parts:
            depth += -1 if part == ".." else 1
            if depth < 0 or path.is_absolute():
                raise failure(
                    "E0513", f"the weights `{item.weights}` lie outside the folder of this file", place,
                    help=f"write a path below it; `--weights {item.name.text}=FILE` names another file when training",
                )  # fmt: skip

    def _check_signature(
        self, item: tree.Model, written: tree.FnTerm, function: FunctionValue, domain: tuple[Array, ...]
    ) -> None:
        """Call the model on inputs of its declared type, which also makes its parameters."""
        inputs = [node(ops.Input(f"{item.name.text}.{i}"), array=array) for i, array in enumerate(domain)]
        expression = tree.Call(tree.QName((item.name,)), None, (), span=written.span)
        context, trial = self.scope.context, Sink()
        outer, context.sink = context.sink, trial
        try:
            call_function(self.scope, expression, function, tuple(inputs))
        except DiagnosticError as error:
            trial.extend(error.diagnostics)
        except Poisoned:
            pass
        finally:
            context.sink = outer
        if trial.diagnostics:
            raise DiagnosticError(_as_signature(d, item, written) for d in trial.diagnostics)

    # ---- equations

    def _equations(self, item: tree.Learning) -> tuple[Equation, ...]:
        builder = EquationBuilder(self.scope, self.sources, {m.name: m.mode for m in self.models})
        made: list[Equation] = []
        for part in item.items:
            try:
                if isinstance(part, tree.Policy):
                    raise later("`commutes`", part.span, "write each equation with `commute`")
                if isinstance(part, tree.Equation):
                    if part.label is not None:
                        self._claim(part.label)
                    made.append(_with_roles(builder.build(part, _label(part, item)), self.models))
            except DiagnosticError as error:
                self.sink.extend(error.diagnostics)
            except Poisoned:
                pass
        return tuple(made)

    def _check_moves(self, item: tree.Learning, made: LearningDiagram) -> None:
        """E0511: nothing trains, or a model that no equation moves."""
        if not made.parameters("train") or not made.equations:
            missing = (
                "no equation is written"
                if not made.equations
                else "no model with parameters is declared `train`"
            )
            raise failure(
                "E0511", f"nothing trains in `{item.name.text}`: {missing}", Label(item.name.span),
                help="declare `train model: A -> B = f()` and an equation `commute model(x) ~ y by mse`",
            )  # fmt: skip
        moved = reached(tuple(e.discrepancy for e in made.equations if e.weight > 0), through_stop=False)
        for model in made.models:
            own = {parameter_path(p) for p in model.parameters}
            if model.mode == "train" and own and not own & moved:
                self.sink.add(Diagnostic(
                    "E0511", f"`{model.name}` trains, but no equation moves it",
                    (Label(self.places[model.name], "no gradient arrives here"),),
                    "write an equation with it outside of `stop(…)`, or declare it `frozen`",
                ))  # fmt: skip


def _with_roles(equation: Equation, models: list[Model]) -> Equation:
    """Inputs of the equation in the roles that its models give them."""
    roles = {_with_role(p, "train"): p for m in models if m.mode == "frozen" for p in m.parameters}
    roots = substitute((equation.prediction, equation.target, equation.discrepancy), roles)
    return replace(equation, prediction=roots[0], target=roots[1], discrepancy=roots[2])


def _label(part: tree.Equation, item: tree.Learning) -> str:
    """The label as written, else `equation` and a number."""
    if part.label is not None:
        return part.label.text
    unnamed = [e for e in item.items if isinstance(e, tree.Equation) and e.label is None]
    return "equation" if len(unnamed) == 1 else f"equation_{unnamed.index(part) + 1}"


def _with_role(parameter: Node, mode: str) -> Node:
    assert isinstance(parameter.op, ops.Input)
    role = "frozen" if mode == "frozen" else "parameter"
    return node(replace(parameter.op, role=role), array=parameter.array)


def _wrapped(module: Module, item: tree.Model, implementation: tree.FnTerm) -> FunctionValue:
    """`fn name(input: domain) -> codomain { return implementation(input) }`, an instance at the path `name`."""
    names = ["input"] if len(item.domain) == 1 else [f"input{i}" for i in range(len(item.domain))]
    pairs = zip(names, item.domain, strict=True)
    parameters = tuple(tree.Parameter(tree.Name(n, span=t.span), t, span=t.span) for n, t in pairs)
    inner = tree.Name("", span=implementation.span)
    arguments = tuple(tree.Argument(None, tree.Ref(tree.QName((p.name,)), span=p.span)) for p in parameters)
    call = tree.Call(tree.QName((inner,)), None, arguments, span=implementation.span)
    body = (tree.ModelDecl(inner, implementation, span=implementation.span),)
    fn = tree.Fn(item.name, None, parameters, item.codomain, body, (call,), span=item.span)
    return FunctionValue(module, fn, path=item.name.text)


def _as_signature(diagnostic: Diagnostic, item: tree.Model, written: tree.FnTerm) -> Diagnostic:
    """An error at the implementation's call says that the declared type does not fit."""
    if diagnostic.code not in _SIGNATURE or diagnostic.span != written.span:
        return diagnostic
    types = " , ".join(t.span.text for t in item.domain)
    results = ", ".join(r.span.text for r in item.codomain)
    labels = [Label(written.span, diagnostic.message), *diagnostic.labels[1:]]
    return Diagnostic(
        "E0509", f"`{item.name.text}` is declared {types or '()'} -> {results}, which `{written.span.text}` is not",
        tuple(labels), diagnostic.help,
    )  # fmt: skip
