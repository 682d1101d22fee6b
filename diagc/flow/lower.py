"""A learning diagram to the loss of an expansion: every operator is a polynomial operation, or an error names it.

Accepted are sums, products, whole powers, quotients by sizes, sums over axes, renaming, diagonals, merging and
splitting of product axes, equality of indices, and linear forms of indices modulo a size. Parameters are normal with
mean 0. Everything else is E1201 (not polynomial), E1202 (not normal), E1203 (data) or E1204 (an index).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import isqrt, lcm
from typing import Final

from diagc.core import ops
from diagc.core.axes import ONE, Axis, Coordinate, Size
from diagc.core.diagram import Node, walk
from diagc.core.learning import LearningDiagram
from diagc.diagnostics import DiagnosticError, Label, failure
from diagc.flow.constraints import Constraints
from diagc.flow.graph import Canoniser, Edges
from diagc.flow.indices import compared, index_of
from diagc.flow.polynomial import Packed, Space
from diagc.flow.problem import Parameter, Problem
from diagc.flow.symmetries import symmetries
from diagc.flow.tensors import Leg, Mixed, Ring, Tensor, Term, TooManyTerms
from diagc.source import Span

_DEFAULT_STDDEV: Final = Fraction(1, 100)
"""That of `jax.nn.initializers.normal`."""

_NO_POLYNOMIAL: Final = (
    "the expansion takes sums and products of parameters only; take it out, or replace it by a power"
)


def problem_of(learning: LearningDiagram) -> Problem:
    """The loss of a learning diagram as a sum of diagrams. Raises `DiagnosticError` E1201 to E1204."""
    parameters = tuple(
        _parameter(node, mode == "train", learning)
        for mode in ("train", "frozen")
        for node in learning.parameters(mode)
    )
    sizes, scales = _symbols(learning, parameters)
    constraints = Constraints()
    ring = Ring(Space(sizes + scales), constraints)
    lowering = _Lowering(learning, ring, {p.node: n for n, p in enumerate(parameters)})
    loss = ring.sum(lowering.loss())
    denominator = lcm(*(c.denominator for term in loss for c in term.coefficient.values()))
    canoniser = Canoniser((), constraints.coefficients)
    terms: dict[Edges, Packed] = {}
    for term in loss:
        packed = {m: int(c * denominator) for m, c in term.coefficient.items()}
        assert not term.legs
        terms[canoniser.form(term.edges, exact=True)] = packed
    made = Problem(learning.name, sizes, scales, parameters, constraints, canoniser, terms, denominator)
    found = symmetries(made)
    made.canoniser = Canoniser(found, constraints.coefficients)
    made.terms = {}
    for form, packed in terms.items():
        target = made.terms.setdefault(made.canoniser.form(form, exact=True), {})
        for monomial, number in packed.items():
            target[monomial] = target.get(monomial, 0) + number
    return made


def _symbols(
    learning: LearningDiagram, parameters: tuple[Parameter, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Size symbols in the order of the parameters, then those of the loss; names of scales, sorted."""
    sizes: dict[str, None] = {}
    for parameter in parameters:
        for size in reversed(parameter.sizes):
            sizes.update(dict.fromkeys(size.symbols))
    for node in walk(tuple(equation.discrepancy for equation in learning.equations)):
        for axis in node.axes:
            sizes.update(dict.fromkeys(axis.size.symbols))
        if isinstance(node.op, ops.SizeOf):
            sizes.update(dict.fromkeys(node.op.size.symbols))
    scales = sorted({p.scale[1] for p in parameters if p.scale[1] is not None})
    return tuple(sizes), tuple(scales)


def place(learning: LearningDiagram, node: Node) -> tuple[Label, ...]:
    """Where a node was written; one from the library is shown where the file uses it."""
    users: dict[Node, Node] = {}
    for current in walk(tuple(equation.discrepancy for equation in learning.equations)):
        for operand in current.inputs:
            users.setdefault(operand, current)
    found: Span | None = None
    step: Node | None = node
    while step is not None:
        span = learning.spans.get(step)
        if span is not None:
            found = span if found is None else found
            if not span.source.name.startswith("std/"):
                return (Label(span),) if span is found else (Label(span, f"`{found.text}` in here"),)
        step = users.get(step)
    if found is None:
        return ()
    given = _operand(learning, node)
    return (Label(found),) if given is None else (Label(given, f"`{found.text}` is applied to this"),)


def _operand(learning: LearningDiagram, node: Node) -> Span | None:
    """Where the nearest operand of a node stands in the file itself."""
    near = [node]
    for current in near:
        span = learning.spans.get(current)
        if span is not None and not span.source.name.startswith("std/"):
            return span
        near += (one for one in current.inputs if one not in near)
    return None


def _parameter(node: Node, trains: bool, learning: LearningDiagram) -> Parameter:
    op = node.op
    assert isinstance(op, ops.Input)
    kind, arguments = op.init or ("", ())
    if kind == "zeros":
        return Parameter(op.name, node, trains, _sizes(node), (Fraction(0), None))
    if kind != "normal":
        raise failure(
            "E1202", f"`{op.name}` starts as `{kind}`, not normal with mean 0", *place(learning, node),
            help="the means of the expansion are those of normal entries: `~ normal(stddev = sigma)`",
        )  # fmt: skip
    scale = dict(arguments).get("stddev", dict(arguments).get("", None))
    if isinstance(scale, str):
        return Parameter(op.name, node, trains, _sizes(node), (Fraction(1), scale))
    number = _DEFAULT_STDDEV if scale is None else Fraction(repr(float(scale)))
    return Parameter(op.name, node, trains, _sizes(node), (number, None))


def _sizes(node: Node) -> tuple[Size, ...]:
    return tuple(axis.size for axis in node.axes)


@dataclass(slots=True)
class _Lowering:
    learning: LearningDiagram
    ring: Ring
    labels: Mapping[Node, int]
    made: dict[Node, Tensor] = field(default_factory=dict[Node, Tensor])

    def loss(self) -> list[Tensor]:
        """The weighted terms of all equations."""
        found: list[Tensor] = []
        for equation in self.learning.equations:
            if not isinstance(equation.weight, int | float):
                raise self._refused(
                    equation.discrepancy, "its weight changes with the step", "write a number"
                )
            weight = Fraction(repr(float(equation.weight)))
            found.append(self.ring.scaled(self.tensor(equation.discrepancy), {0: weight}))
        return found

    def tensor(self, node: Node) -> Tensor:
        """The polynomial that a node is."""
        found = self.made.get(node)
        if found is None:
            try:
                found = self.made[node] = self._lowered(node)
            except TooManyTerms:
                raise self._refused(node, "it has too many terms", "write a loss of fewer factors") from None
            except Mixed:
                raise self._index(node, "an axis is split here in two ways") from None
        return found

    def _refused(self, node: Node, why: str, help: str = _NO_POLYNOMIAL) -> DiagnosticError:
        return failure(
            "E1201",
            f"the loss is no polynomial in the parameters: {why}",
            *place(self.learning, node),
            help=help,
        )

    def _index(self, node: Node, why: str) -> DiagnosticError:
        return failure(
            "E1204", f"the expansion cannot follow this index: {why}", *place(self.learning, node),
            help="indices may be renamed, set equal, or joined in a form modulo a size, as in `(i + j) % p == 0`",
        )  # fmt: skip

    def _lowered(self, node: Node) -> Tensor:
        match node.op:
            case ops.Input() | ops.Constant() | ops.SizeOf():
                return self._source(node, node.op)
            case ops.Cast() | ops.Spread():
                return self.tensor(node.inputs[0])
            case ops.Map(function):
                return self._mapped(node, function.name)
            case ops.Reduce("sum", axes):
                return self.ring.summed(self.tensor(node.inputs[0]), axes)
            case ops.View(coordinates, None):
                return self._viewed(node, dict(coordinates))
            case ops.View():
                raise self._index(node, "reading out of range gives a number")
            case ops.Stop():
                raise self._refused(
                    node, "`stop` makes the flow differ from that of the gradient", "leave `stop` out"
                )
            case ops.Reduce(monoid):
                raise self._refused(node, f"`{monoid}` over an axis")
            case _:
                raise self._refused(node, f"`{type(node.op).__name__.lower()}`")

    def _source(self, node: Node, op: ops.Input | ops.Constant | ops.SizeOf) -> Tensor:
        match op:
            case ops.Input(name, "tensor"):
                raise failure(
                    "E1203", f"`{name}` is data, and the spec does not say how it is distributed",
                    *place(self.learning, node),
                    help="draw it once from a normal distribution: `frozen x: () -> f32[b i] = data()`",
                )  # fmt: skip
            case ops.Input():
                return self.ring.factor(self.labels[node], node.axes)
            case ops.Constant(value):
                exact = Fraction(repr(value)) if isinstance(value, float) else Fraction(value)
                return self.ring.number(exact)
            case ops.SizeOf(size):
                one = self.ring.number(Fraction(1))
                return self.ring.scaled(one, {m: Fraction(c) for m, c in self.ring.space.size(size).items()})

    # ---- pointwise functions

    def _mapped(self, node: Node, name: str) -> Tensor:
        rules: dict[str, Callable[[Node], Tensor]] = {
            "add": self._sum, "sub": self._difference, "neg": self._negative, "mul": self._product,
            "and": self._product, "or": self._either, "not": self._not, "pow": self._power, "where": self._where,
            "eq": self._equal, "ne": lambda n: self._complement(self._equal(n)), "div": self._quotient,
            "recip": lambda n: self._inverse(n, self.tensor(n.inputs[0]), Fraction(-1)),
            "sqrt": lambda n: self._inverse(n, self.tensor(n.inputs[0]), Fraction(1, 2)),
            "rsqrt": lambda n: self._inverse(n, self.tensor(n.inputs[0]), Fraction(-1, 2)),
        }  # fmt: skip
        if name not in rules:
            raise self._refused(node, f"`{name}`")
        return rules[name](node)

    def _negated(self, tensor: Tensor) -> Tensor:
        return self.ring.scaled(tensor, {0: Fraction(-1)})

    def _sum(self, node: Node) -> Tensor:
        return self.ring.sum(self.tensor(operand) for operand in node.inputs)

    def _difference(self, node: Node) -> Tensor:
        left, right = map(self.tensor, node.inputs)
        return self.ring.sum([left, self._negated(right)])

    def _negative(self, node: Node) -> Tensor:
        return self._negated(self.tensor(node.inputs[0]))

    def _product(self, node: Node) -> Tensor:
        made = self.tensor(node.inputs[0])
        for operand in node.inputs[1:]:
            made = self.ring.product(made, self.tensor(operand))
        return made

    def _complement(self, tensor: Tensor) -> Tensor:
        return self.ring.sum([self.ring.number(Fraction(1)), self._negated(tensor)])

    def _not(self, node: Node) -> Tensor:
        return self._complement(self.tensor(node.inputs[0]))

    def _either(self, node: Node) -> Tensor:
        left, right = map(self.tensor, node.inputs)
        return self.ring.sum([left, right, self._negated(self.ring.product(left, right))])

    def _where(self, node: Node) -> Tensor:
        condition, yes, no = map(self.tensor, node.inputs)
        parts = [self.ring.product(condition, yes)]
        if no:
            parts.append(self.ring.product(self._complement(condition), no))
        return self.ring.sum(parts)

    def _power(self, node: Node) -> Tensor:
        base, exponent = node.inputs
        value = exponent.op.value if isinstance(exponent.op, ops.Constant) else None
        if value is None or value != int(value):
            raise self._refused(node, "a power that is no whole number")
        made, factor = self.ring.number(Fraction(1)), self.tensor(base)
        if value < 0:
            factor = self._inverse(node, factor, Fraction(-1))
        for _ in range(abs(int(value))):
            made = self.ring.product(made, factor)
        return made

    def _quotient(self, node: Node) -> Tensor:
        below = self._inverse(node, self.tensor(node.inputs[1]), Fraction(-1))
        return self.ring.product(self.tensor(node.inputs[0]), below)

    def _inverse(self, node: Node, tensor: Tensor, power: Fraction) -> Tensor:
        """A power of a number times powers of sizes, the only tensors that have one."""
        if (
            len(tensor) == 1
            and not tensor[0].edges
            and not tensor[0].legs
            and len(tensor[0].coefficient) == 1
        ):
            ((monomial, number),) = tensor[0].coefficient.items()
            root = _root(number) if power.denominator == 2 else number
            moved = monomial * power
            if root is not None and moved.denominator == 1:
                return self.ring.number(root**power.numerator, int(moved))
        raise self._refused(node, "division, or a root, by something that is no product of sizes")

    def _equal(self, node: Node) -> Tensor:
        left, right = map(index_of, node.inputs)
        form = compared(left, right) if left is not None and right is not None else None
        if form is None or not form.factors:
            raise self._index(node, "only linear forms of indices are compared")
        if form.modulus is not None:
            if any(axis.size != form.modulus for axis in form.factors):
                raise self._index(node, "an axis in a linear form has the size that it is reduced by")
            return self.ring.congruent(form.factors, form.constant, form.modulus)
        axes = tuple(form.factors)
        if sorted(form.factors.values()) != [-1, 1] or form.constant or axes[0].size != axes[1].size:
            raise self._index(node, "two indices of one size are equal, or a linear form modulo a size")
        return self.ring.equal(*axes)

    # ---- re-indexing

    def _viewed(self, node: Node, coordinates: Mapping[Axis, Coordinate]) -> Tensor:
        axes = node.inputs[0].axes

        def move(term: Term) -> Term:
            legs: dict[Axis, dict[Size, int]] = {}
            same: list[tuple[int, int]] = []
            for axis in axes:
                if axis not in coordinates and axis not in term.legs:
                    continue
                leg = self.ring.leg(term, axis)
                for target, stride, number in self._targets(node, axis, coordinates.get(axis), leg):
                    known = legs.setdefault(target, {}).setdefault(stride, number)
                    same.append((known, number))
            made = {axis: tuple(sorted(leg.items(), key=_stride)) for axis, leg in legs.items()}
            return self.ring.joined(Term(term.coefficient, term.edges, made), same)

        return self.ring.reindexed(self.tensor(node.inputs[0]), move)

    def _targets(
        self, node: Node, axis: Axis, coordinate: Coordinate | None, leg: Leg
    ) -> list[tuple[Axis, Size, int]]:
        """Which axes the nodes of a leg go to, and with which strides."""
        if coordinate is None:
            return [(axis, stride, number) for stride, number in leg]
        if coordinate.axis is not None:
            return [(coordinate.axis, stride, number) for stride, number in leg]
        if len(coordinate.terms) == 1 and coordinate.terms[0][1] == ONE and coordinate.offset == Size():
            if len(leg) == 1 and leg[0][0] == ONE:
                return [(coordinate.terms[0][0], coordinate.divisor, leg[0][1])]
        elif coordinate.is_affine and coordinate.offset == Size():
            strides = {stride: target for target, stride in coordinate.terms}
            if set(strides) == {stride for stride, _ in leg}:
                return [(strides[stride], ONE, number) for stride, number in leg]
        raise self._index(node, f"`{axis} -> {coordinate}`")


def _stride(digit: tuple[Size, int]) -> str:
    return str(digit[0])


def _root(number: Fraction) -> Fraction | None:
    """The square root of a number, where it is rational."""
    above, below = isqrt(max(number.numerator, 0)), isqrt(number.denominator)
    found = Fraction(above, below)
    return found if found * found == number else None
