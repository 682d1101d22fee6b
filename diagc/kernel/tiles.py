"""The value of each node on tiles: scalar functions, masks, folds of a tile and contractions.

-inf - -inf is -inf in the language and NaN in IEEE arithmetic; where it can occur, the subtrahend is made safe.
"""

from __future__ import annotations

from diagc.core import ops
from diagc.core.axes import Axis, in_order
from diagc.core.contraction import contracted_factors, contraction_dtype, summed_factors, tile_sides
from diagc.core.diagram import Node
from diagc.core.dtypes import DType, promote
from diagc.kernel.builder import NEGATIVE_INFINITY, Builder, Scope
from diagc.kernel.ir import Dot, Fold, Index, Number, Running, Value
from diagc.plan.extent import blocked_axes


class TileBuilder(Builder):
    """Computes nodes in the scope that they belong to."""

    def value(self, scope: Scope, node: Node) -> Value:
        """The tile of a node. Operands are computed first, without recursion over the diagram."""
        stack = [node]
        while stack:
            current = stack[-1]
            if self.find(scope, current) is not None:
                stack.pop()
                continue
            missing = [o for o in self._needed(scope, current) if self.find(scope, o) is None]
            if missing:
                stack.extend(missing)
                continue
            home = self.home(scope, current)
            home.values[current] = self._compute(home, current)
            stack.pop()
        found = self.find(scope, node)
        assert found is not None
        return found

    def _needed(self, scope: Scope, node: Node) -> tuple[Node, ...]:
        """The operands that the statement of a node reads."""
        if isinstance(node.op, ops.View):
            return ()
        if isinstance(node.op, ops.Gather):
            return node.inputs[1:]
        home = self.home(scope, node)
        if node in home.dropped:
            return (node.inputs[1], *home.dropped[node])
        if isinstance(node.op, ops.Reduce):
            factors = _factors(node, scope)
            return factors if factors and self._sides(node) is not None else node.inputs
        return node.inputs

    def _compute(self, scope: Scope, node: Node) -> Value:
        match node.op:
            case ops.Input() | ops.View() | ops.Gather():
                return self.load(scope, node)
            case ops.Constant(value):
                return self.literal(scope, value, node.dtype)
            case ops.SizeOf(size):
                target = Value((), DType.I64, node)
                scope.statements.append(Number(target, size))
                return target
            case ops.Iota(axis):
                target = Value((axis,), DType.I64, node, axis.name)
                scope.statements.append(Index(target, axis))
                return target
            case _:
                return self._forced(scope, node, self._computed(scope, node))

    def _computed(self, scope: Scope, node: Node) -> Value:
        match node.op:
            case ops.Cast(dtype):
                return self.cast(scope, self.value(scope, node.inputs[0]), dtype)
            case ops.Spread() | ops.Stop():
                return self.value(scope, node.inputs[0])
            case ops.Reduce():
                return self._tile_fold(scope, node, None)
            case ops.Cumulative(monoid, axis):
                operand = self.cast(scope, self.value(scope, node.inputs[0]), node.dtype)
                operand = self.over(scope, operand, (axis,))
                target = Value(operand.axes, node.dtype, node, f"running_{monoid}")
                scope.statements.append(Running(target, monoid, axis, operand))
                return target
            case _:
                return self._map(scope, node)

    def _forced(self, scope: Scope, node: Node, value: Value) -> Value:
        """Fill the lanes beyond the end where this node was chosen for it and is no mask itself."""
        consumed = node.op.axes if isinstance(node.op, ops.Reduce) else ()
        for axis, fill in scope.fills(node):
            if not _fills(node, fill) and axis not in consumed:
                value = self._filled(scope, node, value, axis, fill)
        return value

    def _filled(self, scope: Scope, node: Node, value: Value, axis: Axis, fill: float) -> Value:
        inside = self.inside(scope, self.ragged(scope, (axis,)))
        if inside is None:
            return value
        other = self.literal(scope, fill, value.dtype)
        return self.add(scope, "where", inside, value, other, dtype=value.dtype, origin=node)

    def _map(self, scope: Scope, node: Node) -> Value:
        assert isinstance(node.op, ops.Map)
        name = node.op.function.name
        if name == "where":
            return self._where(scope, node)
        operands = [self._operand(scope, node, o) for o in node.inputs]
        if name == "sub":
            operands[1] = self._bounded(scope, node, *operands)
        if node.op.function.commutative and len(operands) > 2:
            operands.sort(key=lambda o: len([a for a in o.axes if self.extents[a].blocked]))  # scalars first
        total = operands[0]
        if len(operands) == 1:
            return self.add(scope, name, total, dtype=node.dtype, origin=node)
        for place, operand in enumerate(operands[1:]):
            last = place == len(operands) - 2
            where = scope if last or total.axes or operand.axes else self._shared(scope, node)
            total = self.add(where, name, total, operand, dtype=node.dtype, origin=node if last else None)
        return total

    def _shared(self, scope: Scope, node: Node) -> Scope:
        """Where the product of the scalars of a node is computed: outside the loops, if they all are."""
        scalars = [o for o in node.inputs if not o.axes]
        return self.root if all(self.home(scope, o) is self.root for o in scalars) else scope

    def _operand(self, scope: Scope, node: Node, operand: Node) -> Value:
        """An operand in the dtype in which the function is computed (never below 32 bits)."""
        value = self.value(scope, operand)
        if not operand.axes and self.home(scope, operand) is self.root:
            scope = self.root  # where the product of scalars may stand
        if node.dtype.kind == "float":
            return self.cast(scope, value, node.dtype)
        if value.dtype.kind == "float" and value.dtype.bytes < 4:
            return self.cast(scope, value, DType.F32)
        return value

    def _where(self, scope: Scope, node: Node) -> Value:
        condition, chosen, other = node.inputs
        if node in scope.dropped:
            value = self.cast(scope, self.value(scope, chosen), node.dtype)
            for part in scope.dropped[node]:
                value = self.add(
                    scope,
                    "where",
                    self.value(scope, part),
                    value,
                    self.value(scope, other),
                    dtype=node.dtype,
                    origin=node,
                )
            return value
        operands = [self.cast(scope, self.value(scope, o), node.dtype) for o in (chosen, other)]
        holds = self.value(scope, condition)
        filled = [axis for axis, fill in scope.fills(node) if _fills(node, fill)]
        inside = self.inside(scope, self.ragged(scope, filled))
        if inside is not None:
            holds = self.add(scope, "and", holds, inside, dtype=DType.BOOL)
        return self.add(scope, "where", holds, *operands, dtype=node.dtype, origin=node)

    # ---- −inf

    def _bounded(self, scope: Scope, node: Node, left: Value, right: Value) -> Value:
        """−inf − −inf is −inf here, but NaN in IEEE arithmetic.

        A right side that is computed is taken for a maximum over the left side or the like: it is −inf only if that is,
        and 0 may stand for it, at the cost of a row. Where arrays meet of which neither has the axes of the other, the
        left side decides at each point.
        """
        left_node, right_node = node.inputs
        if self.is_finite(scope, left_node) or self.is_finite(scope, right_node):
            return right
        given = all(isinstance(n.op, ops.Input | ops.View | ops.Gather | ops.Cast) for n in node.inputs)
        if not given or set(right_node.axes) <= set(left_node.axes):
            return self.or_zero(scope, right)
        low = self.literal(scope, NEGATIVE_INFINITY, left.dtype)
        empty = self.add(scope, "eq", left, low, dtype=DType.BOOL)
        return self.add(
            scope, "where", empty, self.literal(scope, 0.0, right.dtype), right, dtype=right.dtype
        )

    def or_zero(self, scope: Scope, value: Value) -> Value:
        """The value with 0 for −inf; shared."""
        key = ("or_zero", id(value))
        for candidate in scope.chain():
            if key in candidate.derived:
                return candidate.derived[key]
        low = self.literal(scope, NEGATIVE_INFINITY, value.dtype)
        empty = self.add(scope, "eq", value, low, dtype=DType.BOOL)
        zero = self.literal(scope, 0.0, value.dtype)
        made = self.add(scope, "where", empty, zero, value, dtype=value.dtype, hint=f"safe_{value.hint}")
        scope.derived[key] = made
        return made

    def is_finite(self, scope: Scope, node: Node) -> bool:
        """Whether a node is known not to be −inf, given the masks that this phase has wholly dropped."""
        dropped = {n for s in scope.chain() for n, rest in s.dropped.items() if not rest}
        return _is_finite(node, dropped)

    # ---- reductions

    def _tile_fold(self, scope: Scope, node: Node, start: Value | None) -> Value:
        """The fold of one tile; a contraction adds to `start`."""
        assert isinstance(node.op, ops.Reduce)
        factors = _factors(node, scope)
        if factors:
            sides = self._sides(node)
            if sides is not None:
                return self._dot(scope, node, sides, start)
        operand = self.value(scope, node.inputs[0])
        if node.dtype.kind == "float":
            operand = self.cast(scope, operand, node.dtype)
        for axis, fill in scope.fills(node):
            if axis in node.op.axes:
                operand = self._filled(scope, node.inputs[0], operand, axis, fill)
        operand = self.over(scope, operand, node.op.axes)
        axes = tuple(a for a in node.op.axes if self.extents[a].blocked)
        kept = tuple(a for a in operand.axes if a not in node.op.axes)
        hint = f"tile_{node.op.monoid}" if start is not None else node.op.monoid
        target = Value(kept, node.dtype, node, hint)
        scope.statements.append(Fold(target, node.op.monoid, axes, operand))
        if start is None:
            return target
        return self.add(
            scope, ops.COMBINE[node.op.monoid], start, target, dtype=node.dtype, hint=f"next_{start.hint}"
        )

    def _sides(self, node: Node) -> tuple[tuple[Node, ...], tuple[Node, ...]] | None:
        return tile_sides(node, blocked_axes(self.extents))

    def _dot(
        self, scope: Scope, node: Node, sides: tuple[tuple[Node, ...], tuple[Node, ...]], start: Value | None
    ) -> Value:
        assert isinstance(node.op, ops.Reduce)
        compute = contraction_dtype(node) or DType.F32
        left, right = (self.cast(scope, self._side(scope, side, compute), compute) for side in sides)
        axes = tuple(a for a in node.op.axes if self.extents[a].blocked)
        kept = in_order(a for v in (left, right) for a in v.axes if a not in node.op.axes)
        target = Value(
            kept, node.dtype, node, self.names.get(node, "dot") if start is None else f"next_{start.hint}"
        )
        scope.statements.append(Dot(target, left, right, axes, compute, start))
        return target

    def _side(self, scope: Scope, factors: tuple[Node, ...], dtype: DType) -> Value:
        """The product of the factors of one side, which is rounded once."""
        if len(factors) == 1:
            return self.value(scope, factors[0])
        wide = promote([dtype])
        total, *rest = (self.cast(scope, self.value(scope, factor), wide) for factor in factors)
        for value in rest:
            total = self.add(scope, "mul", total, value, dtype=wide)
        return total


def _factors(node: Node, scope: Scope) -> tuple[Node, ...]:
    """The factors of a contraction, if each of them has a consumed axis and the product is not filled; else empty."""
    consumed = node.op.axes if isinstance(node.op, ops.Reduce) else ()
    if any(axis in consumed for part in (node, node.inputs[0]) for axis, _ in scope.fills(part)):
        return ()
    found = contracted_factors(node)
    return found if len(found) == len(summed_factors(node)) else ()


def _fills(node: Node, value: float) -> bool:
    """Whether a node is a mask with this value, so that its condition can take a guard up."""
    if not (isinstance(node.op, ops.Map) and node.op.function.name == "where"):
        return False
    other = node.inputs[2].op
    return isinstance(other, ops.Constant) and other.value == value


def _is_finite(root: Node, dropped: set[Node]) -> bool:
    """Whether no value −inf can occur. Arrays from outside may hold it; sums are taken to be finite."""
    stack = [root]
    while stack:
        current = stack.pop()
        match current.op:
            case ops.Constant(value) if value == NEGATIVE_INFINITY:
                return False
            case ops.Input() | ops.Gather():
                if current.dtype.kind == "float":
                    return False
            case ops.Map(function) if function.name == "where":
                stack.extend(current.inputs[1:2] if current in dropped else current.inputs[1:])
            case ops.Map(function) if function.name in ("add", "sub", "mul", "max", "min"):
                stack.extend(current.inputs)
            case ops.Map(function) if function.name in ("log", "log2"):
                return False
            case ops.Reduce(monoid) if monoid in ("max", "min"):
                stack.extend(current.inputs)
            case ops.View() | ops.Cast() | ops.Spread() | ops.Stop():
                stack.extend(current.inputs)
            case _:
                pass
    return True
