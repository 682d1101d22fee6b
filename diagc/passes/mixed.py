"""Mixed precision: the contractions of the models of a learning diagram multiply in a narrower dtype.

Factors are rounded, sums are accumulated in f32; parameters, the optimiser, all that is pointwise, the comparators and
the derivatives keep their dtype. What a specification says by `@in` stays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from diagc.core import ops
from diagc.core.contraction import contraction_dtype
from diagc.core.diagram import Diagram, Node, node, rebuild, walk, with_inputs
from diagc.core.dtypes import DType
from diagc.core.learning import Equation, LearningDiagram


@dataclass(frozen=True, slots=True)
class Mixed:
    """The pass `mixed`: contractions in f32 that no one has given a dtype multiply in `dtype`."""

    dtype: DType

    def learning(self, diagram: LearningDiagram) -> LearningDiagram:
        """A learning diagram with the two sides of its equations in mixed precision."""
        return replace(diagram, equations=tuple(map(self._equation, diagram.equations)))

    def _equation(self, equation: Equation) -> Equation:
        sides = set(walk((equation.prediction, equation.target)))
        roots = (equation.prediction, equation.target, equation.discrepancy)
        made = rebuild(roots, lambda n, i: self._node(n, i) if n in sides else with_inputs(n, i))
        return replace(equation, prediction=made[0], target=made[1], discrepancy=made[2])

    def _node(self, current: Node, inputs: tuple[Node, ...]) -> Node:
        made = with_inputs(current, inputs)
        match made.op:
            case ops.Reduce(_, _, None) as op if contraction_dtype(made) is DType.F32:
                return node(replace(op, compute=self.dtype, accumulate=made.dtype), *inputs)
            case ops.Scan() as op:
                return node(replace(op, body=self._body(op.body)), *inputs)
            case _:
                return made

    def _body(self, body: Diagram) -> Diagram:
        return body.with_outputs(rebuild(body.outputs, self._node))
