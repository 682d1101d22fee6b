"""`--set student.lr=1e-3`, `--set hard.weight=0.5`: single settings of a diagram, changed for one run.

A path is a model that trains and an argument of its optimiser, or an equation and `weight`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from diagc.backends.training import DEFAULT_OPTIMISER
from diagc.check.optimisers import COMMON, OPTIMISERS
from diagc.core.learning import LearningDiagram, Optimiser
from diagc.diagnostics import DiagnosticError, failure


def override(learning: LearningDiagram, settings: Mapping[str, float]) -> LearningDiagram:
    """The diagram with other numbers. E0624 for a path that names nothing, E0507 and E0514 for a wrong number."""
    for path, value in settings.items():
        name, _, key = path.partition(".")
        if key == "weight" and any(e.label == name for e in learning.equations):
            learning = _weighted(learning, name, value)
        elif any(m.name == name and m.mode == "train" for m in learning.models):
            learning = _optimised(learning, name, key, value)
        else:
            models = [f"{m.name}.lr" for m in learning.models if m.mode == "train"]
            known = [*models, *(f"{e.label}.weight" for e in learning.equations)]
            raise failure(
                "E0624", f"`--set {path}=…` names nothing in this diagram", help=f"it has {', '.join(known)}"
            )
    return learning


def _weighted(learning: LearningDiagram, label: str, value: float) -> LearningDiagram:
    if value < 0:
        raise failure(
            "E0507", "a weight is a number that is not negative", help=f"write `--set {label}.weight=0.5`"
        )
    changed = (replace(e, weight=value) if e.label == label else e for e in learning.equations)
    return replace(learning, equations=tuple(changed))


def _optimised(learning: LearningDiagram, model: str, key: str, value: float) -> LearningDiagram:
    own = {o.model: o for o in learning.optimisers}
    used = own.get(model) or own.get(None) or DEFAULT_OPTIMISER
    if key not in (*OPTIMISERS[used.method], *COMMON) or key == "nesterov":
        raise _wrong(used, key, f"`{used.method}` has no argument `{key}`")
    number = int(value) if key == "warmup" else value
    if value < 0 or (key == "warmup" and number != value):
        raise _wrong(used, key, f"`{key}` cannot be {value:g}")
    made = Optimiser(model, used.method, tuple(sorted({**dict(used.arguments), key: number}.items())))
    rest = [o for o in learning.optimisers if o.model not in (model, None)]
    plain = [o for o in learning.optimisers if o.model is None]
    named = sorted([*rest, made], key=lambda o: str(o.model))
    return replace(learning, optimisers=(*named, *plain))


def _wrong(used: Optimiser, key: str, message: str) -> DiagnosticError:
    known = [k for k in (*OPTIMISERS[used.method], *COMMON) if k != "nesterov"]
    return failure("E0514", message, help=f"it takes numbers for {', '.join(f'`{k}`' for k in known)}")
