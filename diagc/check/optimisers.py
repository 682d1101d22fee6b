"""Training settings of a learning diagram: `optimise enc by adamw(lr = 3e-4)`, `epochs 20`, `batch 128`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final

from diagc.core.learning import Model, Optimiser, OptimiserValue, Schedule, Settings, Shape
from diagc.diagnostics import Diagnostic, DiagnosticError, Label, Sink, failure
from diagc.source import Span
from diagc.syntax import tree

OPTIMISERS: Final[dict[str, tuple[str, ...]]] = {
    "sgd": ("lr", "momentum", "nesterov"),
    "adam": ("lr", "b1", "b2", "eps"),
    "adamw": ("lr", "b1", "b2", "eps", "weight_decay"),
    "nadam": ("lr", "b1", "b2", "eps"),
    "radam": ("lr", "b1", "b2", "eps"),
    "adamax": ("lr", "b1", "b2", "eps"),
    "lion": ("lr", "b1", "b2", "weight_decay"),
    "lamb": ("lr", "b1", "b2", "eps", "weight_decay"),
    "adagrad": ("lr", "eps"),
    "rmsprop": ("lr", "decay", "eps", "momentum", "nesterov"),
    "natural": ("lr", "damping", "iterations"),
}
"""Optimisers by name, with their arguments; `lr` is the learning rate, a number or a schedule.

All are those of optax but `natural`, the natural gradient: its products with curvature are emitted with the loss.
"""

_COUNTS: Final = ("warmup", "iterations")
COMMON: Final = ("clip", "warmup")
"""What every optimiser takes: the largest norm of its gradient, and updates in which `lr` rises from 0."""


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """`did you mean …?` for the nearest candidate."""
    near = get_close_matches(name, sorted(set(candidates)), 1)
    return f"did you mean `{near[0]}`?" if near else None


def check_settings(written: Sequence[tree.Setting], sink: Sink) -> Settings:
    """The settings; E0515 for what is given twice or is out of range."""
    found: dict[str, tree.Setting] = {}
    for item in written:
        name = item.name.text
        if name in found:
            sink.add(_setting(f"`{name}` is given twice", item, "keep one of them", found[name]))
        elif item.value < 1 and name != "seed":
            sink.add(_setting(f"`{name}` is at least 1", item, "write a positive number"))
        elif name in ("epochs", "steps") and {"epochs", "steps"} & set(found):
            other = found["steps" if name == "epochs" else "epochs"]
            sink.add(
                _setting("`epochs` and `steps` both say how long to train", item, "keep one of them", other)
            )
        found.setdefault(name, item)
    values = {name: item.value for name, item in found.items()}
    return Settings(values.get("epochs"), values.get("steps"), values.get("batch"), values.get("seed", 0))


def _setting(message: str, item: tree.Setting, remedy: str, other: tree.Setting | None = None) -> Diagnostic:
    labels = [Label(item.span), *([Label(other.span, "first given here")] if other else [])]
    return Diagnostic("E0515", message, tuple(labels), remedy)


def check_optimisers(
    written: Sequence[tree.Optimiser], models: Sequence[Model], locals: set[str], sink: Sink
) -> tuple[Optimiser, ...]:
    """The optimisers, those of single models by name; E0514 for an unknown method, argument or model."""
    found: dict[str | None, Optimiser] = {}
    for item in written:
        try:
            made = _optimiser(item, models, locals)
            if made.model in found:
                whose = f"`{made.model}` has" if made.model else "the other models have"
                raise failure(
                    "E0514", f"{whose} an optimiser already", Label(item.span), help="keep one of them"
                )
            found[made.model] = made
        except DiagnosticError as error:
            sink.extend(error.diagnostics)
    default = found.pop(None, None)
    return (*(found[name] for name in sorted(map(str, found))), *([default] if default else []))


def _optimiser(item: tree.Optimiser, models: Sequence[Model], locals: set[str]) -> Optimiser:
    if item.model is not None:
        _check_model(item.model, models, locals)
    name = item.method.name
    if name.text not in OPTIMISERS:
        hint = nearest(name.text, OPTIMISERS) or f"the optimisers are {', '.join(OPTIMISERS)}"
        raise failure("E0514", f"no optimiser is called `{name.text}`", Label(name.span), help=hint)
    values: dict[str, OptimiserValue] = {}
    known = (*OPTIMISERS[name.text], *COMMON)
    for argument in item.method.args or ():
        key = argument.name.text if argument.name else ""
        if key not in known or key in values:
            what = f"`{name.text}` has no argument `{key}`" if key else "arguments are given by name"
            raise failure(
                "E0514", f"`{key}` is given twice" if key in values else what, Label(argument.span),
                help=f"it takes {', '.join(f'`{k}`' for k in known)}",
            )  # fmt: skip
        values[key] = _value(key, argument.value)
    if "lr" not in values:
        raise failure("E0514", f"`{name.text}` needs a learning rate", Label(item.method.span),
                      help=f"write `{name.text}(lr = 1e-3)`")  # fmt: skip
    return Optimiser(item.model.text if item.model else None, name.text, tuple(sorted(values.items())))


def _check_model(name: tree.Name, models: Sequence[Model], locals: set[str]) -> None:
    found = next((m for m in models if m.name == name.text), None)
    if found is not None and found.mode != "train":
        kind = "an average" if found.mode == "ema" else "frozen"
        raise failure("E0514", f"`{name.text}` is {kind} and has nothing to optimise", Label(name.span),
                      help="leave it out, or declare it `train`")  # fmt: skip
    if found is None and name.text not in locals:  # a model that failed has been reported
        hint = nearest(name.text, (m.name for m in models)) or "name a model of this learning diagram"
        raise failure("E0514", f"no model is called `{name.text}`", Label(name.span), help=hint)


def _value(key: str, expression: tree.Expr) -> OptimiserValue:
    match expression:
        case tree.Number(_, int() as value) if key in _COUNTS and value >= 1:
            return value
        case tree.Number(_, value) if key not in ("nesterov", "clip", *_COUNTS):
            return value
        case tree.Number(_, value) if key == "clip" and value > 0:
            return float(value)
        case tree.Ref(tree.QName((tree.Name("true" | "false" as text),))) if key == "nesterov":
            return text == "true"
        case tree.Call(tree.QName((name,)), None, args) if key == "lr" and name.text in SHAPES:
            found = schedule(name, args, expression.span, "E0514")
            if found.shape == "cosine" and not found.start:
                raise failure(
                    "E0514", "a rate that follows a cosine starts above 0", Label(expression.span),
                    help="write `lr = cosine(1e-3, 0, steps = 1000), warmup = 100`",
                )  # fmt: skip
            return found
        case _:
            wanted = {
                "nesterov": "`true` or `false`",
                "warmup": "a number of updates",
                "iterations": "a number of products",
                "clip": "a positive number",
            }
            also = ", or a schedule such as `cosine(1e-3, 0, steps = 1000)`" if key == "lr" else ""
            raise failure(
                "E0514", f"`{key}` is {wanted.get(key, 'a number that is not negative')}{also}",
                Label(expression.span), help="as in `adamw(lr = 3e-4)`",
            )  # fmt: skip


# ---- schedules

SHAPES: Final[dict[str, Shape]] = {"linear": "linear", "cosine": "cosine"}


def schedule(name: tree.Name, args: Sequence[tree.Argument], place: Span, code: str) -> Schedule:
    """`linear(0, 1, steps = 1000)`: from, to, and in how many updates."""
    plain = [a.value.value for a in args if a.name is None and isinstance(a.value, tree.Number)]
    named = {a.name.text: a.value for a in args if a.name is not None}
    match named.get("steps"):
        case tree.Number(_, int() as steps) if steps >= 1 and len(plain) == 2 and len(args) == 3:
            return Schedule(SHAPES[name.text], float(plain[0]), float(plain[1]), steps)
        case _:
            raise failure(
                code, "a schedule has two numbers and a number of steps", Label(place),
                help=f"write `{name.text}(0, 1, steps = 1000)`: from, to, and in how many updates",
            )  # fmt: skip


__all__ = ["OPTIMISERS", "SHAPES", "check_optimisers", "check_settings", "nearest", "schedule"]
