"""Array types as written: their axes are known, distinct and not too many."""

from __future__ import annotations

from diagc import limits
from diagc.check.context import axes_text
from diagc.check.expressions import Body, too_many_axes
from diagc.check.scope import dtype_of
from diagc.core.diagram import Array
from diagc.diagnostics import DiagnosticError, Label, failure
from diagc.syntax import tree


def type_axes(body: Body, written: tree.Type) -> Array:
    """The array type that is written; E02xx, E0302, E0308 and E0804 where it is none."""
    dtype = dtype_of(written.dtype)
    names = written.axes or ()
    if len(names) > limits.MAX_RANK:
        raise too_many_axes(len(names), written.span)
    axes = tuple(body.axis(name) for name in names)
    for place, axis in enumerate(axes):
        if axis in axes[:place]:
            raise failure(
                "E0302",
                f"axis `{axis}` occurs twice in one array",
                Label(names[place].span, "second occurrence"),
                Label(names[axes.index(axis)].span, "first occurrence"),
                help=f"declare a second axis of the same size: `axis {axis}2: {axis.size}`",
            )
    if written.attributes:
        raise _attribute(written.attributes[0])
    index_of = body.axis(written.index_of) if written.index_of else None
    if index_of is not None and dtype.kind != "int":
        raise failure(
            "E0308",
            f"indices into an axis are integers, not {dtype.value}",
            Label(written.dtype.span),
            help=f"write `i32[{axes_text(axes).replace(',', '') if axes else ''}] in {index_of}`",
        )
    return Array(dtype, axes, index_of)


def _attribute(attribute: tree.Attribute) -> DiagnosticError:
    if attribute.name.text == "order":
        return failure(
            "E0701",
            "`@order` is part of the language but not compiled yet",
            Label(attribute.span),
            help="write the axes in the order they have in memory, or pass strided arrays",
        )
    return failure(
        "E0207",
        f"no attribute is called `@{attribute.name.text}` here",
        Label(attribute.span),
        help="a type takes `@order[…]` only; `@acc(f32)` and `@in(tf32)` follow a reduction",
    )


def check_signature(body: Body, fn: tree.Fn) -> None:
    """E0204 and E0205: the names of a signature are distinct, and no tensor is called as an axis is."""
    seen: dict[str, tree.Name] = {}
    axes = fn.axis_params or ()
    for place, name in enumerate((*axes, *(parameter.name for parameter in fn.params))):
        if name.text in seen:
            hidden = place >= len(axes) and any(axis.text == name.text for axis in axes)
            raise failure(
                "E0205" if hidden else "E0204",
                _hidden(name.text) if hidden else f"`{name.text}` is declared twice in this signature",
                Label(name.span, "second declaration"),
                Label(seen[name.text].span, "first declared here"),
                help="give each axis and each tensor a name of its own",
            )
        seen[name.text] = name
    for parameter in fn.params:
        require_no_axis(body, parameter.name)


def require_no_axis(body: Body, name: tree.Name) -> None:
    """E0205 when a tensor would be called as an axis is."""
    if body.find_axis(name.text) is not None:
        raise failure(
            "E0205",
            _hidden(name.text),
            Label(name.span, "an array here"),
            help=f"choose another name for the array, such as `{name.text.upper()}1`",
        )


def _hidden(name: str) -> str:
    return f"`{name}` is an axis; an array of the same name would hide its index"
