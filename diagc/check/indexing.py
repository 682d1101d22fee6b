"""`X[…]`: renaming, affine re-indexing, split, merge and gather.

An entry is affine when it mentions axes, sizes and integers only; in every other case it is a gather. Affine reads
are shown to stay in range for all sizes of at least 1, or carry an `else` value.
"""

from __future__ import annotations

from diagc.check.context import axes_text, shown
from diagc.check.expressions import Body
from diagc.core import ops
from diagc.core.axes import ONE, Axis, Coordinate, Size, SizeLimit
from diagc.core.diagram import Node, apply, constant, node, size_node, view
from diagc.diagnostics import Diagnostic, DiagnosticError, Label, failure
from diagc.syntax import tree


def index(body: Body, expression: tree.Index) -> Node:
    """The array that an `Index` expression reads."""
    value = body.value(expression.base)
    coordinates: dict[Axis, Coordinate] = {}
    fills: list[tuple[tree.Expr, float | bool]] = []
    gathers: dict[Axis, tuple[tree.Reindex, Node]] = {}
    for entry in expression.entries:
        for axis in _read_axes(body, entry):
            _require_axis(entry, expression, value, axis, {*coordinates, *gathers})
        match entry:
            case tree.Split():
                coordinates.update(_split(body, entry))
            case tree.Merge():
                coordinates.update(_merge(body, entry))
            case tree.Reindex(name, target, fill):
                axis = body.axis(name)
                affine = affine_coordinate(body, target)
                if affine is None:
                    gathers[axis] = (entry, body.value(target))
                    continue
                if fill is not None:
                    fills.append((fill, _literal(body, fill, value)))
                else:
                    _check_range(axis, affine, target)
                coordinates[axis] = affine
    _require_one_fill(fills)
    _require_distinct(value, coordinates, set(gathers), expression)
    # all entries are read at once: a gathered axis steps aside where another entry brings an axis of the same name
    brought = {axis for c in coordinates.values() for axis in c.axes}
    aside = {axis: body.context.fresh_axis(axis.uid, axis.size) for axis in gathers if axis in brought}
    steps = {axis: Coordinate.along(made) for axis, made in aside.items()}
    result = view(view(value, steps), coordinates, fills[0][1] if fills else None)
    for axis, (entry, indices) in gathers.items():
        result = _gather(body, result, axis, aside.get(axis, axis), entry, indices)
    return result


def _require_one_fill(fills: list[tuple[tree.Expr, float | bool]]) -> None:
    for expression, value in fills[1:]:
        if value != fills[0][1]:
            raise failure(
                "E0323",
                "one re-indexing pads with one value",
                Label(expression.span, f"this is {value}"),
                Label(fills[0][0].span, f"this is {fills[0][1]}"),
                help="pad along one axis after the other: `X[a -> … else 0][b -> … else 1]`",
            )


def _read_axes(body: Body, entry: tree.Reindex | tree.Split | tree.Merge) -> list[Axis]:
    names = entry.factors if isinstance(entry, tree.Merge) else (entry.axis,)
    return [body.axis(name) for name in names]


def _require_axis(
    entry: tree.Reindex | tree.Split | tree.Merge,
    expression: tree.Index,
    value: Node,
    axis: Axis,
    taken: set[Axis],
) -> None:
    if axis not in value.axes:
        raise failure(
            "E0309",
            f"`{shown(expression.base)}` has no axis `{axis}` to index",
            Label(entry.span, "indexed here"),
            Label(expression.base.span, f"carries {axes_text(value.axes)}"),
            help="on the left of `->` stands an axis of the array, on the right where to read it",
        )
    if axis in taken:
        raise failure(
            "E0302",
            f"axis `{axis}` is indexed twice",
            Label(entry.span),
            help="index each axis of the array once",
        )


def _require_distinct(
    value: Node, coordinates: dict[Axis, Coordinate], gathered: set[Axis], expression: tree.Index
) -> None:
    """A rename onto an axis that the array keeps would be a silent diagonal; so would a split into one."""
    kept = {axis for axis in value.axes if axis not in coordinates and axis not in gathered}
    renamed = [c.axis for c in coordinates.values() if c.axis is not None]
    split = {f.text for e in expression.entries if isinstance(e, tree.Split) for f in e.factors}
    brought = (a for c in coordinates.values() for a in c.axes if a.name in split)
    for axis in (*renamed, *brought):
        if axis in kept:
            raise failure(
                "E0302",
                f"the array already has axis `{axis}`",
                Label(expression.span, f"carries {axes_text(value.axes)}"),
                help=f"for the diagonal re-index both: `X[i -> {axis}, {axis} -> {axis}]`",
            )


def affine_coordinate(body: Body, expression: tree.Expr) -> Coordinate | None:
    """The coordinate an expression is when it is affine in axes with size coefficients, else None."""
    match expression:
        case tree.Number(_, int() as value):
            return Coordinate((), Size.constant(value))
        case tree.Ref(name):
            return _affine_name(body, name.text)
        case tree.Call(tree.QName((tree.Name("size"),)), None, (tree.Argument(None, tree.Ref(name)),)):
            axis = body.find_axis(name.text)
            return Coordinate((), axis.size) if axis else None
        case tree.Unary("-", operand):
            inner = affine_coordinate(body, operand)
            return None if inner is None else _scaled(inner, Size.constant(-1))
        case tree.Binary("+" | "-" | "*" as operator, left, right):
            a, b = affine_coordinate(body, left), affine_coordinate(body, right)
            return None if a is None or b is None else _combined(operator, a, b)
        case tree.Binary("//", left, right):
            return _quotient(affine_coordinate(body, left), affine_coordinate(body, right))
        case _:
            return None


def _quotient(a: Coordinate | None, b: Coordinate | None) -> Coordinate | None:
    """The quotient of two known numbers, such as half of a window's size."""
    if a is None or b is None or a.terms or b.terms or a.offset.value is None or not b.offset.value:
        return None
    return Coordinate((), Size.constant(a.offset.value // b.offset.value))


def _affine_name(body: Body, name: str) -> Coordinate | None:
    if name in body.locals:
        return None
    axis = body.find_axis(name)
    if axis is not None:
        return Coordinate.along(axis)
    size = body.find_size(name)
    return None if size is None else Coordinate((), size)


def _combined(operator: str, a: Coordinate, b: Coordinate) -> Coordinate | None:
    if operator == "*":
        if a.terms and b.terms:
            return None
        return _scaled(a, b.offset) if a.terms else _scaled(b, a.offset)
    b = b if operator == "+" else _scaled(b, Size.constant(-1))
    total = dict(a.terms)
    for axis, coefficient in b.terms:
        total[axis] = total.get(axis, Size()) + coefficient
    return Coordinate.affine(total, a.offset + b.offset)


def _scaled(coordinate: Coordinate, factor: Size) -> Coordinate:
    return Coordinate.affine({axis: c * factor for axis, c in coordinate.terms}, coordinate.offset * factor)


def _split(body: Body, entry: tree.Split) -> dict[Axis, Coordinate]:
    axis, factors = body.axis(entry.axis), [body.axis(name) for name in entry.factors]
    _require_product(axis, factors, entry)
    terms: dict[Axis, Size] = {}
    stride = ONE
    for factor in reversed(factors):
        terms[factor] = stride
        stride = stride * factor.size
    return {axis: Coordinate.affine(terms, Size())}


def _merge(body: Body, entry: tree.Merge) -> dict[Axis, Coordinate]:
    axis, factors = body.axis(entry.axis), [body.axis(name) for name in entry.factors]
    _require_product(axis, factors, entry)
    made: dict[Axis, Coordinate] = {}
    stride = ONE
    for place, factor in reversed(list(enumerate(factors))):
        made[factor] = Coordinate(((axis, ONE),), Size(), stride, factor.size if place else None)
        stride = stride * factor.size
    return made


def _require_product(axis: Axis, factors: list[Axis], entry: tree.Split | tree.Merge) -> None:
    product = ONE
    for factor in factors:
        product = product * factor.size
    if axis.size != product:
        names = " * ".join(map(str, factors))
        raise failure(
            "E0310",
            f"axis `{axis}` is not the product {names}",
            Label(entry.span, f"`{axis}` has size {axis.size}, the factors have {product}"),
            help=f"declare it as a product: `axis {axis}: {names}`",
        )


def sign(polynomial: Size) -> int | None:
    """1 if the polynomial is ≥ 0 for all symbols ≥ 1, −1 if it is < 0 for all of them, None if this is not shown.

    Each symbol s is written as 1 + s′ with s′ ≥ 0; then the signs of the coefficients decide.
    """
    try:
        shifted = polynomial.substitute({s: Size.symbol(s) + 1 for s in polynomial.symbols})
    except SizeLimit:
        return None
    coefficients = [c for _, c in shifted.terms]
    if all(c >= 0 for c in coefficients):
        return 1
    constant_term = dict(shifted.terms).get((), 0)
    return -1 if constant_term < 0 and all(c <= 0 for c in coefficients) else None


def bounds(coordinate: Coordinate) -> tuple[Size, Size] | None:
    """Smallest and largest value of an affine coordinate, or None when a coefficient's sign is not known."""
    low = high = coordinate.offset
    for axis, coefficient in coordinate.terms:
        reach = coefficient * (axis.size - 1)
        match sign(coefficient):
            case 1:
                high = high + reach
            case -1:
                low = low + reach
            case _:
                return None
    return low, high


def _check_range(axis: Axis, coordinate: Coordinate, target: tree.Expr) -> None:
    if coordinate.axis is not None and coordinate.axis.size == axis.size:
        return
    reach = bounds(coordinate)
    verdicts = [None] if reach is None else [sign(reach[0]), sign(axis.size - 1 - reach[1])]
    if all(verdict == 1 for verdict in verdicts):
        return
    place = Label(target.span, f"`{axis}` has size {axis.size}")
    if -1 in verdicts:
        raise failure(
            "E0403",
            f"this reads axis `{axis}` out of range",
            place,
            help=f"mend the index, or pad with `{shown(target)} else 0`",
        )
    raise DiagnosticError([Diagnostic(
        "E0404",
        f"this index is not shown to stay inside axis `{axis}`",
        (place, *(Label(target.span, f"`{a}` has size {a.size}") for a in coordinate.axes)),
        _range_help(axis, coordinate, target, reach),
    )])  # fmt: skip


def _range_help(
    axis: Axis, coordinate: Coordinate, target: tree.Expr, reach: tuple[Size, Size] | None
) -> str:
    pad = f"or pad with `{shown(target)} else 0`"
    if reach is None:
        return pad
    for free, coefficient in coordinate.terms:
        if coefficient == ONE and free.size == Size.symbol(free.uid):
            fitting = axis.size - 1 - reach[1] + free.size
            return f"declare `axis {free}: {fitting}`, {pad}"
    return pad


def _literal(body: Body, expression: tree.Expr, array: Node) -> float | bool:
    value = body.value(expression)
    if not isinstance(value.op, ops.Constant):
        raise failure(
            "E0323", "the value after `else` is a number", Label(expression.span), help="write `else 0`"
        )
    if value.dtype.kind != array.dtype.kind and (value.dtype.kind, array.dtype.kind) != ("int", "float"):
        raise failure(
            "E0308",
            f"{array.array} is padded with a value of its own kind",
            Label(expression.span, f"this is {value.array}"),
            help="write a number of the kind of the array after `else`",
        )
    return value.op.value


def _gather(body: Body, value: Node, declared: Axis, axis: Axis, entry: tree.Reindex, indices: Node) -> Node:
    """Reads `value` along `axis`, which stands for the `declared` one."""
    if indices.dtype.kind != "int":
        raise failure(
            "E0311",
            "a gather takes integer indices",
            Label(entry.target.span, f"this is {indices.array}"),
            help="declare it as `i32[…] in axis`, or use `cast(…, i32)`",
        )
    if indices.array.index_of not in (None, declared):
        raise failure(
            "E0311",
            f"these indices point into axis `{indices.array.index_of}`, not `{declared}`",
            Label(entry.target.span, f"this is {indices.array}"),
            help=f"gather along `{indices.array.index_of}`, or drop the `in {indices.array.index_of}` of the type",
        )
    if entry.fill is None:
        return node(ops.Gather(axis), value, indices)
    zero, last = constant(0), apply("sub", size_node(axis.size), constant(1))
    inside = apply("and", apply("ge", indices, zero), apply("le", indices, last))
    safe = node(ops.Gather(axis), value, apply("min", apply("max", indices, zero), last))
    return apply("where", inside, safe, constant(_literal(body, entry.fill, value)))
