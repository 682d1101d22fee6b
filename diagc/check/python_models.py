"""`train enc: A -> B = python "my_models:Encoder"(width = 64)`: a class of Equinox or Flax NNX as a model.

Its arrays are parameters by their paths inside of the module, and its call is one leaf that no rule looks into, for one
sample; what else it is called on is woven. The class is imported only where Python is allowed.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from diagc.check import body as bodies
from diagc.check.context import FunctionValue
from diagc.check.expressions import Body
from diagc.core import ops
from diagc.core.axes import Axis, Size
from diagc.core.diagram import Array, Node, node
from diagc.core.dtypes import BY_ARRAY_NAME
from diagc.diagnostics import DiagnosticError, Label, failure
from diagc.syntax import tree


def python_function(scope: Body, item: tree.Model, written: tree.PythonModel) -> FunctionValue:
    """The model as a function of operands of its declared types; its parameters are made.

    Raises E0522 where Python is not allowed, E0523 for a class that cannot be used, E0509 for other shapes.
    """
    if not scope.context.allow_python:
        raise failure(
            "E0522", f"`{item.name.text}` runs Python code, which is not allowed", Label(written.span),
            help="read the code, then give `--allow-python`",
        )  # fmt: skip
    domain = tuple(bodies.type_axes(scope, one) for one in item.domain)
    codomain = tuple(bodies.type_axes(scope, one.type) for one in item.codomain)
    if len(codomain) != 1 or codomain[0].dtype.kind != "float":
        raise _unusable(written, "a model from Python has one result, of floating-point numbers")
    if any(axis.size.value is None for array in (*domain, *codomain) for axis in array.axes):
        raise _unusable(written, "the axes of a model from Python have sizes that are numbers")
    module = _imported(scope, written)
    _check_result(item, written, module, domain, codomain[0])
    key = python_key(written.target, _arguments(written))
    parameters = tuple(
        scope.context.parameter(
            f"{item.name.text}.{path}", _array(f"{item.name.text}.{path}", shape, dtype),
            ("python", (("name", path), ("target", key))),
        )
        for path, (shape, dtype) in module.shapes.items()
    )  # fmt: skip
    leaf = ops.Foreign(key, tuple(array.axes for array in domain), codomain[0].axes, codomain[0].dtype)
    names = ["input"] if len(domain) == 1 else [f"input{i}" for i in range(len(domain))]
    given = tuple(
        tree.Parameter(tree.Name(name, span=t.span), t, span=t.span)
        for name, t in zip(names, item.domain, strict=True)
    )
    fn = tree.Fn(item.name, None, given, item.codomain, (), (), span=item.span)
    return FunctionValue(scope.module, fn, path=item.name.text, foreign=(leaf, parameters))


def foreign_result(call: tree.Call, function: FunctionValue, arguments: dict[str, Any]) -> tuple[Node, ...]:
    """The result of a model from Python on checked operands. E0302 where it would have one axis twice."""
    assert function.foreign is not None
    leaf, parameters = function.foreign
    operands = tuple(arguments[p.name.text] for p in function.fn.params)
    twice = [
        a
        for o, own in zip(operands, leaf.operands, strict=True)
        for a in o.axes
        if a in leaf.made and a not in own
    ]
    if twice:
        raise failure(
            "E0302", f"the result of `{function.name}` would have axis `{twice[0]}` twice", Label(call.span),
            help=f"rename it in the operand: `X[{twice[0]} -> other]`",
        )  # fmt: skip
    return (node(leaf, *operands, *parameters),)


def python_key(target: str, arguments: dict[str, Any]) -> str:
    """How a program calls a model from Python."""
    return f"{target}({', '.join(f'{name}={value!r}' for name, value in sorted(arguments.items()))})"


def _arguments(written: tree.PythonModel) -> dict[str, float | int]:
    found: dict[str, float | int] = {}
    for argument in written.args or ():
        match argument:
            case tree.Argument(tree.Name(name), tree.Number(_, value)):
                found[name] = value
            case tree.Argument(tree.Name(name), tree.Unary("-", tree.Number(_, value))):
                found[name] = -value
            case _:
                raise _unusable(written, "arguments of a class are numbers by name, as in `(width = 64)`")
    return found


def _imported(scope: Body, written: tree.PythonModel) -> Any:
    from diagc.check.python_module import PythonModel

    folder = str(Path(scope.module.source.name).resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)  # the emitted program, which runs in this process, imports the same module
    try:
        return PythonModel(written.target, _arguments(written))
    except DiagnosticError:
        raise
    except Exception as error:  # whatever the user's code raises
        raise _unusable(
            written, f"`{written.target}` cannot be made: {type(error).__name__}: {error}"
        ) from None


def _check_result(
    item: tree.Model, written: tree.PythonModel, module: Any, domain: tuple[Array, ...], codomain: Array
) -> None:
    import jax

    given = [jax.ShapeDtypeStruct(_shape(a), a.dtype.array_name) for a in domain]
    arrays = [jax.ShapeDtypeStruct(shape, dtype) for shape, dtype in module.shapes.values()]
    try:
        made: Any = jax.eval_shape(module, given, arrays)  # pyright: ignore[reportUnknownMemberType]
    except Exception as error:  # whatever the user's code raises
        reason = str(error).strip().partition("\n")[0]
        raise _unusable(written, f"it cannot be called on {', '.join(map(str, domain))}: {reason}") from None
    if getattr(made, "shape", None) != _shape(codomain):
        raise failure(
            "E0509", f"`{item.name.text}` is declared {codomain}, but `{written.target}` gives shape {made.shape}",
            Label(written.span), Label(item.codomain[0].span, "declared here"),
            help=f"declare the result with {len(made.shape)} axes of these sizes; a model sees one sample",
        )  # fmt: skip


def _array(path: str, shape: tuple[int, ...], dtype: str) -> Array:
    axes = tuple(Axis(f"{path}.{i}", Size.constant(extent)) for i, extent in enumerate(shape))
    return Array(BY_ARRAY_NAME[dtype], axes)


def _shape(array: Array) -> tuple[int, ...]:
    return tuple(axis.size.value or 0 for axis in array.axes)


def _unusable(written: tree.PythonModel, message: str) -> DiagnosticError:
    return failure(
        "E0523", message, Label(written.span),
        help="name a class of Equinox or Flax NNX without state, whose call takes one sample",
    )  # fmt: skip
