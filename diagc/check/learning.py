"""`learning` to a `LearningDiagram`: sources, models, equations, settings; each kind has a room of its own.

All errors of a learning diagram are collected. A model is a local function at the path of its name, and a column is
an input, so that the terms of an equation are ordinary expressions of the language.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from diagc.check.context import Context, Poisoned
from diagc.check.entry import new_body
from diagc.check.equations import EquationBuilder
from diagc.check.expressions import Body
from diagc.check.glue import glued
from diagc.check.models import check_ema, check_model, with_role
from diagc.check.optimisers import check_optimisers, check_settings
from diagc.check.origins import origins
from diagc.check.policies import policy_equations
from diagc.check.scope import Module
from diagc.check.sources import check_source
from diagc.core.diagram import substitute
from diagc.core.learning import Equation, LearningDiagram, Model, Source, parameter_path, reached
from diagc.diagnostics import Diagnostic, DiagnosticError, Label, Sink, failure
from diagc.source import Span
from diagc.syntax import tree


def build_learning(
    module: Module, item: tree.Learning | tree.Glue, sink: Sink, allow_python: bool = False
) -> LearningDiagram | None:
    """The learning diagram of a declaration; None when an error was reported to the sink."""
    own = Sink()
    builder = _Builder(module, own, new_body(module, Context(own, allow_python)))
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
    models: dict[str, tuple[Model, tree.Model]] = field(default_factory=dict[str, tuple[Model, tree.Model]])
    averages: list[Model] = field(default_factory=list[Model])

    def build(self, written: tree.Learning | tree.Glue) -> LearningDiagram:
        item = glued(self.module, written) if isinstance(written, tree.Glue) else written
        for part in item.items:
            if isinstance(part, tree.SourceDecl | tree.Model):
                self._attempt(part)
        for part in item.items:
            if isinstance(part, tree.Ema):  # an average may be declared before its model
                self._attempt(part)
        models = (*(model for model, _ in self.models.values()), *self.averages)
        equations = self._equations(item, models)
        settings = check_settings([i for i in item.items if isinstance(i, tree.Setting)], self.sink)
        methods = [o for i in item.items if isinstance(i, tree.Optimise) for o in i.optimisers]
        optimisers = check_optimisers(methods, models, set(self.scope.locals), self.sink)
        parts = tuple(part.text for part in written.parts) if isinstance(written, tree.Glue) else ()
        sources = tuple(self.sources)
        made = LearningDiagram(item.name.text, sources, models, equations, optimisers, settings, parts)
        if not self.sink.diagnostics:
            self._check_moves(item, made)
        return made

    def _attempt(self, part: tree.SourceDecl | tree.Model | tree.Ema) -> None:
        try:
            self._claim(part.name)
            match part:
                case tree.SourceDecl():
                    self.sources.append(check_source(self.scope, part, self.sink))
                case tree.Model():
                    self.models[part.name.text] = check_model(self.scope, part), part
                case tree.Ema():
                    self.averages.append(check_ema(self.scope, part, self.models))
        except DiagnosticError as error:
            self.scope.locals.setdefault(part.name.text, None)
            self.sink.extend(error.diagnostics)
        except Poisoned:
            self.scope.locals.setdefault(part.name.text, None)

    def _claim(self, name: tree.Name) -> None:
        if name.text in self.places:
            raise failure(
                "E0510", f"`{name.text}` is declared twice", Label(name.span, "second declaration"),
                Label(self.places[name.text], "first declared here"),
                help="sources, models and equations of one learning diagram do not share a name",
            )  # fmt: skip
        self.places[name.text] = name.span

    # ---- equations

    def _equations(self, item: tree.Learning, models: tuple[Model, ...]) -> tuple[Equation, ...]:
        builder = EquationBuilder(self.scope, self.sources, {m.name: m for m in models})
        made: list[Equation] = []
        for part in item.items:
            try:
                if isinstance(part, tree.Equation):
                    if part.label is not None:
                        self._claim(part.label)
                    made.append(builder.build(part, _label(part, item)))
            except DiagnosticError as error:
                self.sink.extend(error.diagnostics)
            except Poisoned:
                pass
        policies = [part for part in item.items if isinstance(part, tree.Policy)]
        if not self.sink.diagnostics:
            for part in policies:
                made += policy_equations(builder, part, made)
        return tuple(_with_roles(equation, models) for equation in made)

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
        moved = reached(tuple(e.discrepancy for e in made.equations if e.trains), through_stop=False)
        for model in made.models:
            own = {parameter_path(p) for p in model.parameters}
            if model.mode == "train" and own and not own & moved:
                self.sink.add(Diagnostic(
                    "E0511", f"`{model.name}` trains, but no equation moves it",
                    (Label(self.places[model.name], "no gradient arrives here"),),
                    "write an equation with it outside of `stop(…)`, or declare it `frozen`",
                ))  # fmt: skip


def _with_roles(equation: Equation, models: tuple[Model, ...]) -> Equation:
    """Inputs of the equation in the roles that its models give them."""
    roles = {with_role(p, "train"): p for m in models if m.mode != "train" for p in m.parameters}
    roots = substitute((equation.prediction, equation.target, equation.discrepancy), roles)
    return replace(equation, prediction=roots[0], target=roots[1], discrepancy=roots[2])


def _label(part: tree.Equation, item: tree.Learning) -> str:
    """The label as written, else `equation` and a number."""
    if part.label is not None:
        return part.label.text
    unnamed = [e for e in item.items if isinstance(e, tree.Equation) and e.label is None]
    return "equation" if len(unnamed) == 1 else f"equation_{unnamed.index(part) + 1}"
