"""What of a function is timed: its results, their derivative, or both one after the other, in torch and in JAX.

The derivative is taken by the cotangents of every real result with respect to every real input, as training does.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from diagc.backends.launches import EntryKernels, Plan
from diagc.backends.plans import normal_form
from diagc.bench.counts import flops, least_bytes
from diagc.check.entry import Entry
from diagc.core.diagram import Diagram
from diagc.passes.masked_factors import MaskedFactors
from diagc.passes.normalise import Normalise
from diagc.passes.reassociate import Reassociate
from diagc.verify.differential import Question, gradients_of, results_of
from diagc.verify.run_worker import several

Work = Literal["forward", "backward", "both"]
Call = Callable[[], Any]


def question(entry: Entry, work: Work) -> Question:
    """What is asked of an implementation: results, or gradients."""
    return results_of(entry) if work == "forward" else gradients_of(entry)


def counted(entry: Entry, work: Work) -> tuple[Diagram, ...]:
    """Diagrams in normal form whose operations are those of the work: nothing in them is computed twice."""
    forward, _ = normal_form(entry)
    if work == "forward":
        return (forward,)
    written = Normalise().run(gradients_of(entry).diagram)
    backward = Reassociate({}).run(MaskedFactors().run(written))
    return (backward,) if work == "backward" else (forward, backward)


def moved(entry: Entry, work: Work) -> Diagram:
    """The diagram whose inputs are read and whose results are written."""
    if work == "forward":
        return entry.diagram
    asked, own = gradients_of(entry).diagram, entry.diagram
    if work == "backward":
        return asked
    return replace(
        asked, outputs=(*own.outputs, *asked.outputs), output_names=(*own.output_names, *asked.output_names),
        layouts=(*own.layouts, *asked.layouts),
    )  # fmt: skip


def launched_plans(made: EntryKernels, work: Work) -> list[Sequence[Plan]]:
    """For each part of the work the plans, of which the first that fits is launched: a derivative, then its forward."""
    if work == "forward":
        return [made.plans]
    backward, forward = [d.backward for d in made.differentiated], [d.forward for d in made.differentiated]
    return [backward, forward] if work == "both" else [backward]


@dataclass(frozen=True, slots=True)
class Amount:
    """Operations of some work on an entry, and the bytes that it has to move, whatever does it."""

    flops: int
    least_bytes: int

    @staticmethod
    def of(entry: Entry, work: Work, sizes: Mapping[str, int]) -> Amount:
        total = sum(flops(diagram, sizes) for diagram in counted(entry, work))
        return Amount(total, least_bytes(moved(entry, work), sizes))


def prepared(
    function: Callable[[Sequence[Any]], Any], tensors: Sequence[Any], inputs: int, work: Work
) -> Call:
    """A call that does the work on tensors: the first `inputs` are those of the function, the others cotangents.

    The gradients come as a list, zero where a result does not depend on an input.
    """
    torch: Any = importlib.import_module("torch")
    given, cotangents = [t.detach() for t in tensors[:inputs]], list(tensors[inputs:])
    if work == "forward":
        return lambda: function(given)
    reals = [t.requires_grad_() for t in given if t.is_floating_point()]

    def results() -> list[Any]:
        return [r for r in several(function(given)) if r.is_floating_point()]

    def pulled(made: list[Any], keep: bool) -> list[Any]:
        found = torch.autograd.grad(made, reals, cotangents, retain_graph=keep, allow_unused=True)
        return [torch.zeros_like(r) if g is None else g for g, r in zip(found, reals, strict=True)]

    if work == "both":
        return lambda: pulled(results(), False)
    kept = results()
    return lambda: pulled(kept, True)


def compiled(
    function: Callable[[Sequence[Any]], Any], arrays: Sequence[Any], inputs: int, work: Work
) -> Call:
    """As `prepared`, of a function of JAX arrays: compiled for these ahead of the call, which waits for its end."""
    jax: Any = importlib.import_module("jax")
    given, cotangents = list(arrays[:inputs]), list(arrays[inputs:])
    reals = [place for place, array in enumerate(given) if _is_real(array)]

    def pull(given: list[Any]) -> tuple[list[Any], Any]:
        def results(*chosen: Any) -> list[Any]:
            every = dict(zip(reals, chosen, strict=True))
            return [
                r for r in several(function([every.get(i, a) for i, a in enumerate(given)])) if _is_real(r)
            ]

        return jax.vjp(results, *(given[place] for place in reals))

    def both(given: list[Any], cotangents: list[Any]) -> tuple[Any, Any]:
        results, pulled = pull(given)
        return results, pulled(cotangents)

    if work == "both":  # the results are returned too, or XLA would not compute them
        ready = jax.jit(both).lower(given, cotangents).compile()
        return lambda: jax.block_until_ready(ready(given, cotangents))[1]
    if work == "backward":
        _, kept = jax.block_until_ready(jax.jit(pull)(given))
        ready = jax.jit(type(kept).__call__).lower(kept, cotangents).compile()
        return lambda: jax.block_until_ready(ready(kept, cotangents))

    def results(given: list[Any]) -> Any:
        return function(given)

    ready = jax.jit(results).lower(given).compile()
    return lambda: jax.block_until_ready(ready(given))


def _is_real(array: Any) -> bool:
    jnp: Any = importlib.import_module("jax.numpy")
    return bool(jnp.issubdtype(array.dtype, jnp.floating))
