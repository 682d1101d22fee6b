"""`train m: A -> B = f()`, `frozen t: … from "t.safetensors"`, `ema slow of m decay 0.99` to a `Model`.

A model is a local function at the path of its name; its parameters carry that path. An `ema` is the function of
another model with parameters of its own, which follow the other's and take no gradient.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final

from diagc.check import body as bodies
from diagc.check.calls import call_function
from diagc.check.context import FunctionValue, Poisoned
from diagc.check.expressions import Body
from diagc.check.functions import term
from diagc.check.optimisers import nearest
from diagc.check.python_models import python_function
from diagc.core import ops
from diagc.core.diagram import Array, Node, node
from diagc.core.learning import Model
from diagc.diagnostics import Diagnostic, DiagnosticError, Label, Sink, failure
from diagc.syntax import tree

_SIGNATURE: Final = frozenset(
    ("E0301", "E0302", "E0303", "E0305", "E0306", "E0308", "E0313", "E0315", "E0321")
)
"""Errors of a call which, at the implementation of a model, say that the declared type does not fit."""


def check_model(scope: Body, item: tree.Model) -> Model:
    """The model, with its function as a local of the scope."""
    implementation = item.implementation
    if implementation is None:
        raise failure(
            "E0509", f"`{item.name.text}` has no implementation", Label(item.name.span),
            help="write which `fn` it is: `= mlp(hidden = 8)`",
        )  # fmt: skip
    domain = tuple(bodies.type_axes(scope, written) for written in item.domain)
    codomain = tuple(bodies.type_axes(scope, written.type) for written in item.codomain)
    _check_weights(item)
    scope.locals[item.name.text] = _function(scope, item, implementation, domain)
    text = " ".join(implementation.span.text.split())
    parameters = _parameters(scope, item.name.text, item.mode)
    return Model(item.name.text, item.mode, domain, codomain, text, parameters, item.weights)


def check_ema(scope: Body, item: tree.Ema, models: dict[str, tuple[Model, tree.Model]]) -> Model:
    """The average of a model that trains. Raises E0518, and `Poisoned` when that model failed."""
    if item.of.text not in models:
        if item.of.text in scope.locals:
            raise Poisoned
        hint = nearest(item.of.text, models) or "name a model of this learning diagram"
        raise failure("E0518", f"no model is called `{item.of.text}`", Label(item.of.span), help=hint)
    of, declared = models[item.of.text]
    decay = item.decay.value
    if of.mode != "train" or not 0 <= decay <= 1:
        what = (
            "the decay of an average lies in [0, 1]" if of.mode == "train" else f"`{of.name}` does not train"
        )
        place = item.decay.span if of.mode == "train" else item.of.span
        raise failure("E0518", what, Label(place), help="write `ema slow of m decay 0.99`, where `m` trains")
    assert declared.implementation is not None
    copy = replace(declared, name=item.name, mode="frozen")
    scope.locals[item.name.text] = _function(scope, copy, declared.implementation, of.domain)
    parameters = _parameters(scope, item.name.text, "ema")
    return replace(
        of,
        name=item.name.text,
        mode="ema",
        parameters=parameters,
        weights=None,
        of=of.name,
        decay=float(decay),
    )


def _function(
    scope: Body, item: tree.Model, written: tree.FnTerm | tree.PythonModel, domain: tuple[Array, ...]
) -> FunctionValue:
    """What the model does, its declared type checked."""
    if isinstance(written, tree.PythonModel):
        return python_function(scope, item, written)
    function = _wrapped(scope, item, written)
    _check_signature(scope, item, written, function, domain)
    return function


def _parameters(scope: Body, name: str, mode: str) -> tuple[Node, ...]:
    found = {path: p for path, p in scope.context.parameters.items() if path.startswith(f"{name}.")}
    return tuple(with_role(found[path], mode) for path in sorted(found))


def with_role(parameter: Node, mode: str) -> Node:
    """The parameter as the loss reads it: one that trains, or one that stays."""
    assert isinstance(parameter.op, ops.Input)
    return node(
        replace(parameter.op, role="parameter" if mode == "train" else "frozen"), array=parameter.array
    )


def _check_weights(item: tree.Model) -> None:
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
    scope: Body, item: tree.Model, written: tree.FnTerm, function: FunctionValue, domain: tuple[Array, ...]
) -> None:
    """Call the model on inputs of its declared type, which also makes its parameters."""
    inputs = [node(ops.Input(f"{item.name.text}.{i}"), array=array) for i, array in enumerate(domain)]
    expression = tree.Call(tree.QName((item.name,)), None, (), span=written.span)
    context, trial = scope.context, Sink()
    outer, context.sink = context.sink, trial
    try:
        call_function(scope, expression, function, tuple(inputs))
    except DiagnosticError as error:
        trial.extend(error.diagnostics)
    except Poisoned:
        pass
    finally:
        context.sink = outer
    if trial.diagnostics:
        raise DiagnosticError(_as_signature(d, item, written) for d in trial.diagnostics)


def _wrapped(scope: Body, item: tree.Model, implementation: tree.FnTerm) -> FunctionValue:
    """`fn name(X: domain) -> codomain { return implementation(X) }`, an instance at the path `name`.

    Its parameters are called as those of the implementation, so that `grad(m, wrt = (X))` names them.
    """
    pairs = zip(_parameter_names(scope, item, implementation), item.domain, strict=True)
    parameters = tuple(tree.Parameter(tree.Name(n, span=t.span), t, span=t.span) for n, t in pairs)
    inner = tree.Name("", span=implementation.span)
    arguments = tuple(tree.Argument(None, tree.Ref(tree.QName((p.name,)), span=p.span)) for p in parameters)
    call = tree.Call(tree.QName((inner,)), None, arguments, span=implementation.span)
    body = (tree.ModelDecl(inner, implementation, span=implementation.span),)
    fn = tree.Fn(item.name, None, parameters, item.codomain, body, (call,), span=item.span)
    return FunctionValue(scope.module, fn, path=item.name.text)


def _parameter_names(scope: Body, item: tree.Model, implementation: tree.FnTerm) -> list[str]:
    count = len(item.domain)
    with suppress(DiagnosticError, Poisoned):
        function = term(scope, implementation)
        bound = dict(function.arguments)
        names = [p.name.text for p in function.fn.params if p.name.text not in bound]
        if len(names) == count and all(scope.find_axis(name) is None for name in names):
            return names
    return ["input"] if count == 1 else [f"input{i}" for i in range(count)]


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
