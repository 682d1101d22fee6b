"""What is launched for an entry: kernels in their configurations, plans of several launches, and their derivatives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

from diagc.core.axes import Axis
from diagc.core.diagram import Diagram, Node
from diagc.kernel.ir import Dot, Kernel
from diagc.plan.config import Config
from diagc.plan.extent import held_axes

Form = Literal["pointers", "descriptors", "specialised", "persistent", "gluon"]
"""How tiles come: by pointers; by descriptors; by descriptors to a warp that does nothing else, in one loop; by
descriptors to as many programs as run at once, each of which makes several tiles of the result; by a warp of its own to
rings in shared memory, in Gluon, with products one turn ahead."""

FORMS: Final[tuple[Form, ...]] = get_args(Form)


@dataclass(frozen=True, slots=True)
class Variant:
    """A kernel with the configurations it is shipped in; used while resident axes fit the last of them."""

    kernel: Kernel
    configs: tuple[Config, ...]
    form: Form = "pointers"
    otherwise: Variant | None = None
    """What is launched for arrays that a form has no kernel for."""

    @property
    def multiplies(self) -> bool:
        """Whether the kernel has products of matrices."""
        return any(isinstance(s, Dot) for s in self.kernel.statements())

    def widest(self, blocks: list[str]) -> str:
        """What is limited, of the blocks of resident axes: the longest side of a product, or the elements of a row."""
        if len(blocks) > 1 and self.multiplies:
            return f"max({', '.join(blocks)})"
        return " * ".join(blocks)


@dataclass(frozen=True, slots=True)
class Launch:
    """One stage of a plan: variants of one kernel, the preferred one first."""

    diagram: Diagram
    variants: tuple[Variant, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Launches in order, each after those whose results it reads."""

    launches: tuple[Launch, ...]

    @property
    def variants(self) -> tuple[Variant, ...]:
        return tuple(variant for launch in self.launches for variant in launch.variants)

    @property
    def limited(self) -> tuple[Variant, ...]:
        """The variants that bound the sizes of this plan: of each launch the one for the largest sizes."""
        last = (launch.variants[-1] for launch in self.launches)
        return tuple(v for v in last if held_axes(v.kernel.extents) and v.configs[-1].max_resident)


@dataclass(frozen=True, slots=True)
class Differentiated:
    """A plan that keeps what its derivative reads, and the plan of the derivative.

    `saved` are names: of inputs, of results and of buffers of `forward`. `gradients` holds for each input of the entry
    the name of its gradient among the results of `backward`, or None where the input is no real array.
    """

    name: str
    forward: Plan
    backward: Plan
    saved: tuple[str, ...]
    cotangents: tuple[Node, ...]
    gradients: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Parted:
    """A plan in place of one that has too few programs: `axis` in parts of `length` indices, a multiple of `unit`.

    `parts` and `length` are size symbols, for which the caller chooses values. `unit` is 1 where the axis is walked.
    """

    plan: Plan
    axis: Axis
    parts: str
    length: str
    unit: int


@dataclass(frozen=True, slots=True)
class EntryKernels:
    """The plans of an entry, the preferred one first; each later one is for sizes that the earlier ones refuse.

    So are those of the derivative. `parted` are for sizes where the first plan has too few programs, the preferred one
    first; they have no derivatives.
    """

    name: str
    diagram: Diagram
    plans: tuple[Plan, ...]
    differentiated: tuple[Differentiated, ...] = ()
    parted: tuple[Parted, ...] = ()

    @property
    def variants(self) -> tuple[Variant, ...]:
        """Every kernel of every plan."""
        return tuple({v.kernel.name: v for plan in self.every_plan for v in plan.variants}.values())

    def mapped(self, change: Callable[[Variant], Variant]) -> EntryKernels:
        """The entry with every kernel changed."""

        def plan(given: Plan) -> Plan:
            return Plan(tuple(Launch(s.diagram, tuple(map(change, s.variants))) for s in given.launches))

        return replace(
            self,
            plans=tuple(map(plan, self.plans)),
            differentiated=tuple(
                replace(d, forward=plan(d.forward), backward=plan(d.backward)) for d in self.differentiated
            ),
            parted=tuple(replace(p, plan=plan(p.plan)) for p in self.parted),
        )

    @property
    def every_plan(self) -> tuple[Plan, ...]:
        """The plans of the results, those in parts, then those of the derivative."""
        both = (plan for made in self.differentiated for plan in (made.forward, made.backward))
        return (*self.plans, *(p.plan for p in self.parted), *both)


def resident_axes(kernel: Kernel) -> list[Axis]:
    """The axes that a kernel holds whole on chip."""
    return [axis for axis, extent in kernel.extents.items() if extent.kind == "resident"]
