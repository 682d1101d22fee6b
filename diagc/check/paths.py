"""The sides of equations as paths of arrows, for pictures and listings: what a reader sees of a term."""

from __future__ import annotations

from collections.abc import Mapping

from diagc.check.expressions import Body
from diagc.core import ops
from diagc.core.diagram import walk
from diagc.core.learning import Mode, Path, Step
from diagc.syntax import tree


def path_of(scope: Body, expression: tree.Expr, models: Mapping[str, Mode], stop: bool = False) -> Path:
    """The path along first operands; what is no column, call or pipe is one arrow with its own text.

    A derivative is one arrow too: its first operand is a function.
    """
    match expression:
        case tree.Call(tree.QName((tree.Name("stop"),)), None, (tree.Argument(None, inner),)) | tree.Pipe(
            inner, tree.QName((tree.Name("stop"),))
        ):
            return path_of(scope, inner, models, True)
        case tree.Call(callee, _, (tree.Argument(None, inner), *_)) | tree.Pipe(inner, callee) if isinstance(
            expression, tree.Pipe
        ) or callee.text not in ("grad", "jvp"):
            path = path_of(scope, inner, models, stop)
            name = callee.text
            step = Step(name, models.get(name, "function"), stop, _type(scope, expression))
            return Path(path.start, (*path.steps, step))
        case tree.Ref(tree.QName((source, column))) if f"{source.text}.{column.text}" in scope.locals:
            return Path(source.text, (Step(column.text, "data", stop, _type(scope, expression)),))
        case tree.Ref(name):
            return Path(
                _start(scope, expression),
                (Step(name.text, "data", stop, _type(scope, expression)),),
            )
        case _:
            return Path(
                _start(scope, expression),
                (
                    Step(
                        " ".join(expression.span.text.split()),
                        "function",
                        stop,
                        _type(scope, expression),
                    ),
                ),
            )


def _start(scope: Body, expression: tree.Expr) -> str:
    """The source of all columns below an expression; `1` where there is none, or several."""
    inputs = (n.op for n in walk(scope.values(expression)) if isinstance(n.op, ops.Input))
    found = {op.name.partition(".")[0] for op in inputs if op.role == "tensor"}
    return found.pop() if len(found) == 1 else "1"


def _type(scope: Body, expression: tree.Expr) -> str:
    return ", ".join(str(value.array) for value in scope.values(expression))
