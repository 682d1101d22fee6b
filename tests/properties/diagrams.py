"""Random well-typed diagrams, built operator by operator from the operators' signatures.

`random_case(seed)` is a diagram with arrays for its inputs. Sizes are drawn from 0, 1, 2, 3, 5; values are such that
results stay in range: the point is agreement of back ends, not overflow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagc.core import ops
from diagc.core.axes import Axis, Coordinate, Size
from diagc.core.diagram import (
    Array,
    Diagram,
    Node,
    apply,
    cast,
    constant,
    node,
    reduction,
    size_node,
    spread,
    view,
)
from diagc.core.dtypes import DType

SIZES = (0, 1, 2, 3, 5)
_SAFE_UNARY = ("tanh", "sigmoid", "relu", "gelu", "silu", "softplus", "erf", "sin", "cos", "neg", "abs")


@dataclass(frozen=True)
class Case:
    """A diagram, its arrays by input name, and the sizes that no array determines."""

    diagram: Diagram
    arrays: dict[str, NDArray[Any]]
    sizes: dict[str, int]


@dataclass
class Maker:
    """Grows a pool of float nodes by random operators."""

    random: np.random.Generator
    dtype: DType
    sizes: dict[str, int] = field(default_factory=dict)
    axes: list[Axis] = field(default_factory=list)
    inputs: list[Node] = field(default_factory=list)
    pool: list[Node] = field(default_factory=list)
    places: int = 0

    def axis(self) -> Axis:
        return self.axes[int(self.random.integers(len(self.axes)))]

    def pick(self) -> Node:
        return self.pool[int(self.random.integers(len(self.pool)))]

    def own_axis(self, operand: Node) -> Axis | None:
        return operand.axes[int(self.random.integers(len(operand.axes)))] if operand.axes else None

    def extent(self, axis: Axis) -> int:
        return axis.size.evaluate(self.sizes)

    def fresh(self, name: str, size: Size) -> Axis:
        self.places += 1
        return Axis(f"{name}#{self.places}", size)

    def input(self, dtype: DType, axes: tuple[Axis, ...]) -> Node:
        made = node(ops.Input(f"X{len(self.inputs)}"), array=Array(dtype, axes))
        self.inputs.append(made)
        return made


def unary(make: Maker) -> Node:
    return apply(str(make.random.choice(_SAFE_UNARY)), make.pick())


def binary(make: Maker) -> Node:
    name = str(make.random.choice(["add", "sub", "mul", "min", "max"]))
    return apply(name, make.pick(), make.pick())


def positive(make: Maker) -> Node:
    name = str(make.random.choice(["log", "sqrt", "rsqrt", "recip", "log2", "log1p"]))
    return apply(name, apply("add", apply("abs", make.pick()), constant(0.5)))


def exponential(make: Maker) -> Node:
    name = str(make.random.choice(["exp", "exp2", "expm1"]))
    return apply(name, apply("tanh", make.pick()))


def masked(make: Maker) -> Node:
    """An infinite mask that a guarded difference takes away again."""
    operand = make.pick()
    axis = make.own_axis(operand)
    if axis is None:
        return apply("where", apply("gt", operand, constant(0.0)), operand, constant(1.0))
    other = make.axis()
    mask = apply("le", node(ops.Iota(axis)), node(ops.Iota(other)))
    scores = apply("where", mask, operand, constant(-np.inf))
    return apply("exp", apply("sub", scores, reduction("max", [axis], scores)))


def scaled(make: Maker) -> Node:
    size = make.axis().size + 1
    return apply("mul", make.pick(), apply("rsqrt", size_node(size)))


def reduced(make: Maker) -> Node:
    operand = make.pick()
    count = int(make.random.integers(1, len(operand.axes) + 1)) if operand.axes else 0
    chosen = [operand.axes[int(i)] for i in make.random.permutation(len(operand.axes))[:count]]
    monoid = str(make.random.choice(["sum", "max", "min", "prod"]))
    if monoid in ("max", "min"):
        bounded = reduction(monoid, chosen, operand)  # type: ignore[arg-type]
        return apply("tanh", bounded)
    return reduction(monoid, chosen, apply("tanh", operand))  # type: ignore[arg-type]


def contraction(make: Maker) -> Node:
    factors = [make.pick() for _ in range(int(make.random.integers(2, 4)))]
    product = apply("mul", *factors)
    shared = [a for a in product.axes if make.random.random() < 0.5]
    return apply("tanh", reduction("sum", shared, product)) if shared else apply("tanh", product)


def index(make: Maker) -> Node:
    operand = make.pick()
    axis = make.own_axis(operand)
    if axis is None or make.extent(axis) == 0:
        return operand
    name = str(make.random.choice(["argmax", "argmin"]))
    return cast(node(ops.Reduce(name, (axis,)), operand), make.dtype)  # type: ignore[arg-type]


def rounded(make: Maker) -> Node:
    return cast(make.pick(), make.dtype)


def stopped(make: Maker) -> Node:
    return node(ops.Stop(), make.pick())


def widened(make: Maker) -> Node:
    return spread(make.pick(), [make.axis()])


def accumulated(make: Maker) -> Node:
    operand = make.pick()
    axis = make.own_axis(operand)
    if axis is None:
        return operand
    monoid = str(make.random.choice(["sum", "max", "min", "prod"]))
    return apply("tanh", node(ops.Cumulative(monoid, axis), apply("tanh", operand)))  # type: ignore[arg-type]


def renamed(make: Maker) -> Node:
    operand = make.pick()
    axis = make.own_axis(operand)
    if axis is None:
        return operand
    same = [a for a in make.axes if a.size == axis.size] or [make.fresh("r", axis.size)]
    return view(operand, {axis: Coordinate.along(same[int(make.random.integers(len(same)))])})


def sliced(make: Maker) -> Node:
    operand = make.pick()
    axis = make.own_axis(operand)
    if axis is None or make.extent(axis) == 0:
        return operand
    kind = int(make.random.integers(3))
    if kind == 0:
        return view(operand, {axis: Coordinate((), Size.constant(make.extent(axis) - 1))})
    target = make.fresh("s", axis.size)
    if kind == 1:
        flip = Coordinate.affine({target: Size.constant(-1)}, axis.size - 1)
        return view(operand, {axis: flip})
    half = make.fresh("h", Size.constant((make.extent(axis) + 1) // 2))
    return view(operand, {axis: Coordinate.affine({half: Size.constant(2)}, Size())})


def padded(make: Maker) -> Node:
    operand = make.pick()
    axis = make.own_axis(operand)
    if axis is None:
        return operand
    window = make.fresh("w", Size.constant(3))
    follow = make.axis()
    coordinate = Coordinate.affine({follow: Size.constant(1), window: Size.constant(1)}, Size.constant(-1))
    return reduction("sum", [window], view(operand, {axis: coordinate}, 0.0))


def merged(make: Maker) -> Node:
    operand = make.pick()
    if len(operand.axes) < 2:
        return operand
    first, second = (operand.axes[int(i)] for i in make.random.permutation(len(operand.axes))[:2])
    if make.extent(first) * make.extent(second) == 0:
        return operand
    whole = make.fresh("m", first.size * second.size)
    one, along = Size.constant(1), ((whole, Size.constant(1)),)
    low = Coordinate(along, Size(), one, second.size)
    joined = view(operand, {first: Coordinate(along, Size(), second.size), second: low})
    if make.random.random() < 0.5:
        return joined
    return view(joined, {whole: Coordinate.affine({second: one, first: second.size}, Size())})


def gathered(make: Maker) -> Node:
    operand = make.pick()
    axis = make.own_axis(operand)
    if axis is None or make.extent(axis) == 0:
        return operand
    steps = node(ops.Iota(make.axis()))
    return node(ops.Gather(axis), operand, apply("mod", steps, size_node(axis.size)))


def concatenated(make: Maker) -> Node:
    operand = make.pick()
    axis = make.own_axis(operand)
    if axis is None:
        return operand
    whole = make.fresh("c", axis.size + axis.size)
    return node(ops.Concat(whole, (axis, axis)), operand, apply("neg", operand))


def ranked(make: Maker) -> Node:
    operand = make.pick()
    axis = make.own_axis(operand)
    if axis is None or make.extent(axis) == 0:
        return operand
    slots = make.fresh("k", Size.constant(int(make.random.integers(1, make.extent(axis) + 1))))
    indices = bool(make.random.random() < 0.3)
    made = node(ops.TopK(axis, slots, indices), operand)
    return cast(made, make.dtype) if indices else made


def drawn(make: Maker) -> Node:
    make.places += 1
    axes = tuple(dict.fromkeys((make.axis(), make.axis())))
    return apply("mul", make.pick(), node(ops.Random("uniform", make.places, axes)))


def scanned(make: Maker) -> Node:
    array = make.pick()
    axis = make.own_axis(array)
    if axis is None:
        return array
    inner = tuple(a for a in array.axes if a != axis)
    state = node(
        ops.Input("state"), array=Array(DType.F32 if make.dtype is not DType.F64 else DType.F64, inner)
    )
    other = node(ops.Input("count"), array=Array(state.dtype))
    read = node(ops.Input("read"), array=Array(array.dtype, inner))
    following = apply("tanh", apply("add", apply("mul", state, constant(0.5)), read, other))
    outputs = (following, apply("add", other, constant(0.25)))
    layouts = tuple(Array(state.dtype, o.axes) for o in outputs)
    body = Diagram("body", (state, other, read), outputs, ("state", "count"), layouts)
    zero = cast(constant(0.0), state.dtype)
    return node(ops.Scan(axis, body, 2, 0), spread(zero, inner), zero, array)


OPERATORS: tuple[Callable[[Maker], Node], ...] = (
    unary, binary, positive, exponential, masked, scaled, reduced, contraction, contraction, index, rounded, stopped,
    widened, accumulated, renamed, sliced, padded, merged, gathered, concatenated, ranked, drawn, scanned,
)  # fmt: skip


def random_case(seed: int, dtype: DType = DType.F32, steps: int = 8) -> Case:
    """A diagram of about `steps` operators with one to three results of rank at most four."""
    make = Maker(np.random.default_rng(seed), dtype)
    for name in "abcde":
        make.sizes[name] = int(make.random.choice(SIZES, p=(0.04, 0.16, 0.3, 0.3, 0.2)))
        make.axes.append(Axis(name, Size.symbol(name)))
    for _ in range(3):
        rank = int(make.random.integers(0, 4))
        axes = tuple(make.axes[int(i)] for i in make.random.permutation(len(make.axes))[:rank])
        make.pool.append(make.input(dtype, axes))
    while len(make.pool) < steps + 3:
        made = OPERATORS[int(make.random.integers(len(OPERATORS)))](make)
        if len(made.axes) <= 4:
            make.pool.append(made)
    outputs = tuple(dict.fromkeys(make.pool[-int(make.random.integers(1, 4)) :]))
    layouts = tuple(layout(make, output) for output in outputs)
    names = tuple(f"Y{place}" for place in range(len(outputs)))
    diagram = Diagram("case", tuple(make.inputs), outputs, names, layouts)
    arrays = {n.op.name: values(make, n) for n in make.inputs if isinstance(n.op, ops.Input)}
    return Case(diagram, arrays, make.sizes)


def layout(make: Maker, output: Node) -> Array:
    order = make.random.permutation(len(output.axes))
    return Array(make.dtype, tuple(output.axes[int(i)] for i in order))


def values(make: Maker, current: Node) -> NDArray[Any]:
    """Numbers that every floating dtype holds exactly, ties included."""
    shape = tuple(make.extent(axis) for axis in current.axes)
    return make.random.integers(-8, 9, shape) / 4.0
