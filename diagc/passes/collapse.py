"""Equations that a constant model satisfies: nothing outside of what trains holds their sides apart.

A side is held by data, by a frozen or an averaged model and by a stop, because no gradient moves it; a comparator of
whole batches holds both by its negatives. A constant holds nothing by itself, as a model may give that constant; two
different constants do, and so does a model that is trained against it. An equation is safe as well when one of its
models occurs in another equation that is held. What is equal to itself is satisfied by every model.
"""

from __future__ import annotations

from diagc.core import ops
from diagc.core.diagram import Node, walk
from diagc.core.learning import Equation, LearningDiagram, parameter_path, reached


def trivial(learning: LearningDiagram) -> tuple[Equation, ...]:
    """The equations that a collapsed model satisfies, in the order of the diagram."""
    held, loose = set[str](), list[tuple[Equation, set[str]]]()
    constants: dict[str, set[Node]] = {}
    for equation in learning.equations:
        moving = [_models(learning, side) for side in (equation.prediction, equation.target)]
        every = moving[0] | moving[1]
        game = equation.updates is not None or equation.against is not None
        if equation.batchwise or game or (not all(moving) and _grounded(equation, moving)):
            held |= every
        elif every:
            loose.append((equation, every))
            for model in every if not all(moving) else ():
                constants.setdefault(model, set()).add(equation.prediction if moving[1] else equation.target)
    held |= {model for model, found in constants.items() if len(found) > 1}
    return tuple(equation for equation, models in loose if not models & held)


def idle(learning: LearningDiagram) -> tuple[Equation, ...]:
    """The equations that compare a value with itself, which every model satisfies, sample by sample."""
    return tuple(e for e in learning.equations if e.prediction is e.target and not e.batchwise)


def _models(learning: LearningDiagram, side: Node) -> set[str]:
    """The models that a gradient from this side moves."""
    paths = reached((side,), through_stop=False)
    return {
        model.name
        for model in learning.models
        if model.mode == "train" and any(parameter_path(p) in paths for p in model.parameters)
    }


def _grounded(equation: Equation, moving: list[set[str]]) -> bool:
    """Whether the side that does not move is more than a constant."""
    still = equation.target if moving[0] else equation.prediction
    return any(isinstance(n.op, ops.Input | ops.Random) for n in walk((still,)))
