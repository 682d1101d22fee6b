"""Random well-typed diagrams over small axes, and their values in the float64 reference."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from diagc.backends.reference import evaluate
from diagc.core import ops
from diagc.core.axes import ONE, Axis, Coordinate, Size
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
    walk,
)  # fmt: skip
from diagc.core.dtypes import DType

SIZES: Final = {"a": 2, "b": 3, "c": 4}
UNARY: Final = ("neg", "abs", "tanh", "sigmoid", "relu", "sin", "sqrt", "rsqrt", "recip", "log1p")
BINARY: Final = ("add", "mul", "sub", "div", "min", "max")


@dataclass(slots=True)
class Maker:
    """Draws diagrams. Values of inputs lie in [0.5, 2], so that every function of the catalogue is defined on them."""

    generator: random.Random
    names: dict[str, str] = field(default_factory=dict[str, str])

    def axis(self, name: str) -> Axis:
        called = self.names.get(name, name)
        return Axis(called, Size.symbol(called.upper()))

    @property
    def axes(self) -> list[Axis]:
        return [self.axis(name) for name in SIZES]

    def input(self) -> Node:
        count = self.generator.randint(0, 3)
        bundle = tuple(self.generator.sample(self.axes, count))
        dtype = self.generator.choice((DType.F32, DType.F32, DType.BF16, DType.F64))
        name = f"x{self.generator.randrange(3)}_{dtype.value}_{''.join(map(str, bundle))}"
        return node(ops.Input(name), array=Array(dtype, bundle))

    def positive(self, depth: int) -> Node:
        """An expression whose values are positive and moderate."""
        return (
            apply("add", apply("sigmoid", self.value(depth - 1)), constant(0.5))
            if depth > 0
            else self.input()
        )

    def condition(self, depth: int) -> Node:
        if self.generator.random() < 0.4:
            first, second = self.generator.sample(self.axes, 2)
            return apply("le", node(ops.Iota(first)), node(ops.Iota(second)))
        return apply("lt", self.value(depth - 1), self.value(depth - 1))

    def value(self, depth: int) -> Node:
        if depth <= 0:
            literals = (0.0, 1.0, 2, -1.0, 0.25)
            return (
                self.input() if self.generator.random() < 0.75 else constant(self.generator.choice(literals))
            )
        makers = (
            self._unary,
            self._binary,
            self._binary,
            self._where,
            self._reduce,
            self._reduce,
            self._reindex,
            self._other,
        )
        return self.generator.choice(makers)(depth)

    def _unary(self, depth: int) -> Node:
        name = self.generator.choice((*UNARY, "exp", "exp2"))
        if name.startswith("exp"):
            return apply(name, apply("tanh", self.value(depth - 1)))
        inner = self.positive(depth) if name in ("sqrt", "rsqrt", "recip", "log1p") else self.value(depth - 1)
        return apply(name, inner)

    def _binary(self, depth: int) -> Node:
        name = self.generator.choice(BINARY)
        right = self.positive(depth - 1) if name == "div" else self.value(depth - 1)
        return apply(name, self.value(depth - 1), right)

    def _where(self, depth: int) -> Node:
        other = constant(0.0) if self.generator.random() < 0.6 else self.value(depth - 1)
        return apply("where", self.condition(depth - 1), self.value(depth - 1), other)

    def _reduce(self, depth: int) -> Node:
        operand = self.value(depth - 1)
        if not operand.axes:
            operand = spread(operand, (self.generator.choice(self.axes),))
        chosen = self.generator.sample(operand.axes, self.generator.randint(1, len(operand.axes)))
        return reduction(self.generator.choice(("sum", "sum", "max", "min")), chosen, operand)

    def _reindex(self, depth: int) -> Node:
        operand = self.value(depth - 1)
        if not operand.axes:
            return operand
        axis, target = self.generator.choice(operand.axes), self.generator.choice(self.axes)
        match self.generator.randrange(4):
            case 0:
                shifted = Coordinate.affine({axis: ONE}, Size.constant(self.generator.choice((-1, 1))))
                return view(operand, {axis: shifted}, 0.0)
            case 1:
                flipped = Coordinate.affine({axis: Size.constant(-1)}, axis.size - 1)
                return view(operand, {axis: flipped})
            case 2:
                return view(operand, {axis: Coordinate((), Size())})
            case _ if target not in operand.axes:
                index = apply("mod", node(ops.Iota(target)), size_node(axis.size))
                return node(ops.Gather(axis), operand, index)
            case _:
                return operand

    def _other(self, depth: int) -> Node:
        operand = self.value(depth - 1)
        match self.generator.randrange(4):
            case 0:
                return spread(operand, self.generator.sample(self.axes, 2))
            case 1:
                exponent = constant(self.generator.choice((2, 3, 0.5, -0.5, -1.0, 1.5)))
                return apply("pow", self.positive(depth - 1), exponent)
            case 2:
                return cast(operand, DType.F32)
            case _:
                return apply(
                    "mul", cast(size_node(self.generator.choice(self.axes).size), DType.F32), operand
                )

    def diagram(self, depth: int = 4, outputs: int = 2) -> Diagram:
        return as_diagram(tuple(self.value(depth) for _ in range(outputs)))


def as_diagram(roots: tuple[Node, ...]) -> Diagram:
    """The diagram of some nodes; its inputs in the order in which they are read."""
    inputs = tuple(n for n in walk(roots) if isinstance(n.op, ops.Input))
    names = tuple(f"out{place}" for place in range(len(roots)))
    return Diagram("random", inputs, roots, names, tuple(root.array for root in roots))


def values(diagram: Diagram, inputs: Diagram | None = None) -> tuple[np.ndarray, ...]:
    """The results on arrays that follow from the names of the inputs."""
    arrays: dict[str, np.ndarray] = {}
    sizes = {name.upper(): size for name, size in SIZES.items()}
    for current in (inputs or diagram).inputs:
        assert isinstance(current.op, ops.Input)
        seed = int.from_bytes(current.op.name.encode(), "little") % (1 << 32)
        shape = [axis.size.evaluate(sizes) for axis in current.axes]
        arrays[current.op.name] = np.random.default_rng(seed).uniform(0.5, 2.0, shape)
    return evaluate(diagram, arrays, sizes)


def assert_same_values(before: Diagram, after: Diagram) -> None:
    """Equal up to 1e-9 of the largest value, at every finite point."""
    for old, new in zip(values(before), values(after, before), strict=True):
        scale = max(1.0, float(np.max(np.abs(old), initial=0.0, where=np.isfinite(old))))
        np.testing.assert_allclose(new, old, rtol=1e-9, atol=1e-9 * scale)
