# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false
"""`torch.compile(model, backend="diagc")`: regions of a graph of Dynamo by derived code, all else by torch as it is.

Law: results are those of the graph. Values and gradients are compared with it on random arrays before regions are used;
where they differ, where sizes are symbols, or where nothing is found, the graph itself runs. With `rest="inductor"`
what is no region, or the graph itself, is compiled by inductor.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import getitem
from typing import Any, Final

import torch
import torch.export
from torch._dynamo import (
    lookup_backend,  # pyright: ignore[reportUnknownVariableType]
    register_backend,  # pyright: ignore[reportUnknownVariableType]
)
from torch._guards import tracing
from torch._subclasses.fake_tensor import unset_fake_temporarily
from torch.fx.node import map_arg
from torch.utils._pytree import tree_map_only

from diagc.importers.torch_reader import Runnable, value
from diagc.importers.torch_trace import nodes
from diagc.importers.traced import NAMES, Literal, Operand, Refused, Variable
from diagc.importers.written import knows
from diagc.limits import LEAST_REGION_BYTES
from diagc.optimise.derived import derived
from diagc.optimise.regions import Step, Unit, among, is_wall, ordered, region_step, regions

TOLERANCE: Final = 1e-4
"""How far results and gradients of a graph may be from its own, of the largest element."""


@register_backend
def diagc(graph: Any, examples: Sequence[Any], **options: Any) -> Callable[..., Any]:
    """What runs in place of a graph: a backend of `torch.compile`.

    `options` may have `least_bytes`: regions whose operations move less stay as they are; and `rest`, `eager` or
    `inductor`: what runs all that is no region. Raises `ValueError` where they are none of these.
    """
    given: dict[str, Any] = dict(options.get("options") or {})
    least, rest = int(given.pop("least_bytes", LEAST_REGION_BYTES)), given.pop("rest", "eager")
    if given or rest not in ("eager", "inductor"):
        raise ValueError(
            "the backend diagc has the options `least_bytes`, a number, and `rest`, eager or inductor"
        )
    program = _checked_program(graph, examples, least)
    if rest == "eager":
        return graph.forward if program is None else program
    if program is None:
        return lookup_backend("inductor")(graph, list(examples))
    with unset_fake_temporarily(), tracing(None), torch.random.fork_rng(devices=[]):
        return _by_inductor(program, [_random(e).requires_grad_(e.requires_grad) for e in examples])


def _checked_program(graph: Any, examples: Sequence[Any], least_bytes: int) -> _Program | None:
    """The graph with derived regions; None where there are none that can be used."""
    if not all(isinstance(e, torch.Tensor) and all(type(n) is int for n in e.shape) for e in examples):
        return None
    with unset_fake_temporarily(), torch.random.fork_rng(devices=[]):
        try:
            arrays, weights = [_random(e) for e in examples], [_is_weight(e) for e in examples]
            program = _program(graph, arrays, weights, least_bytes)
            difference = "" if program is None else _difference(graph, program, examples)
        except Refused as error:
            program, difference = None, str(error)
    if difference:
        warnings.warn(f"the backend diagc runs a graph as it is: {difference}", stacklevel=3)
    return None if difference else program


def _is_weight(example: Any) -> bool:
    return isinstance(example, torch.nn.Parameter) or (example.requires_grad and example.is_leaf)


def _random(example: Any) -> Any:
    """A dense array of the shape and dtype of an example; integers are indices of any axis of two."""
    if example.is_floating_point():
        return torch.randn(example.shape, dtype=example.dtype)
    return torch.randint(0, 2, example.shape, dtype=example.dtype)


@dataclass(frozen=True, slots=True)
class _Program:
    """Nodes and regions of an exported graph in an order in which each can run; `nodes` by what they write, `constants`
    what the graph holds."""

    inputs: Sequence[int]
    outputs: Sequence[Operand]
    steps: Sequence[Step]
    nodes: Mapping[frozenset[int], Runnable]
    constants: Mapping[int, Any]

    def __call__(self, *arrays: Any) -> Any:
        known = {**self.constants, **dict(zip(self.inputs, arrays, strict=True))}
        for step in self.steps:
            step.run(known)
        return tuple(value(o, known) for o in self.outputs)


def _program(graph: Any, arrays: Sequence[Any], weights: Sequence[bool], least_bytes: int) -> _Program | None:
    """The graph with derived regions; None where there are none."""
    exported = torch.export.export(graph, tuple(arrays), strict=False)
    read = nodes(exported, [f"x{i}" for i in range(len(arrays))])
    made = read.traced
    held = {v.number for (_, v, _), is_weight in zip(made.inputs, weights, strict=False) if is_weight}
    weight = among(made, held)
    units = [Unit(o, opaque or is_wall(o, weight, knows)) for o, _, opaque in read.units]
    results = [o for o in made.outputs if isinstance(o, Variable)]
    found = [
        (region, code.run)
        for region in regions(units, results, "graph")
        if (code := derived(region.traced, "torch", least_bytes)) is not None
    ]
    if not found:
        return None
    replaced = {place for region, _ in found for place in region.units}
    runs = [run for place, (_, run, _) in enumerate(read.units) if place not in replaced]
    rest = [run for run in runs if run is not None and run.writes]
    steps = [Step(run.reads, run.writes, run.run) for run in rest]
    inputs = [v.number for _, v, _ in made.inputs]
    whole = ordered([*steps, *(region_step(*pair) for pair in found)])
    return _Program(inputs, made.outputs, whole, {run.writes: run for run in rest}, read.constants)


def _difference(graph: Any, program: _Program, examples: Sequence[Any]) -> str:
    """What is wrong with a program, by values and by gradients on random arrays; empty where nothing is."""
    arrays = [_random(e) for e in examples]
    (values, slopes), (found, found_slopes) = (_both(run, arrays) for run in (graph.forward, program))
    for what, ours, theirs in (("values", found, values), ("gradients", found_slopes, slopes)):
        for one, other in zip(ours, theirs, strict=True):
            if one is None or other is None or not other.is_floating_point():
                continue
            scale = other.abs().nan_to_num(0.0, 0.0, 0.0).max().clamp(min=1e-30)
            error = float(((one - other).abs() / scale).nan_to_num(0.0, 0.0, 0.0).max())
            if not error <= TOLERANCE:
                return f"its {what} would differ by {error:.1e} of the largest element"
    return ""


def _both(run: Callable[..., Any], arrays: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Results, and gradients of their sum by every real array."""
    torch.manual_seed(0)
    with torch.enable_grad():
        given = [a.detach().clone().requires_grad_(a.is_floating_point()) for a in arrays]
        made = [r for r in run(*given) if isinstance(r, torch.Tensor)]
        total = sum(r.sum() for r in made if r.is_floating_point() and r.requires_grad)
        real = [a for a in given if a.requires_grad]
        slopes = (
            torch.autograd.grad(total, real, allow_unused=True) if isinstance(total, torch.Tensor) else ()
        )
    return [r.detach() for r in made], list(slopes)


# ---- all that is no region


def _by_inductor(program: _Program, arrays: Sequence[Any]) -> _Program:
    """The same program, with nodes that follow each other compiled together; `arrays` are like its inputs."""
    known = {**program.constants, **dict(zip(program.inputs, arrays, strict=True))}
    for step in program.steps:
        step.run(known)
    results = frozenset(o.number for o in program.outputs if isinstance(o, Variable))
    steps: list[Step] = []
    for is_node, group in groupby(
        range(len(program.steps)), lambda n: program.steps[n].writes in program.nodes
    ):
        places = list(group)
        own = [program.steps[n] for n in places]
        later = results.union(*(step.reads for step in program.steps[places[-1] + 1 :]))
        steps += [_compiled([program.nodes[s.writes] for s in own], later, known)] if is_node else own
    return _Program(program.inputs, program.outputs, steps, {}, program.constants)


def _compiled(runs: Sequence[Runnable], later: frozenset[int], known: Mapping[int, Any]) -> Step:
    """Nodes as one step by inductor, which writes what is read later."""
    written = frozenset[int]().union(*(run.writes for run in runs))
    inputs = sorted(frozenset[int]().union(*(run.reads for run in runs)) - written)
    outputs = sorted(written & later)
    graph = torch.fx.Graph()
    made: dict[int, Any] = {n: graph.placeholder(f"x{n}") for n in inputs}

    def operand(found: Operand) -> Any:
        if isinstance(found, Variable):
            return made[found.number]
        return graph.call_function(
            torch.full, (found.shape, found.value), {"dtype": getattr(torch, NAMES[found.dtype])}
        )

    for run in runs:
        args, kwargs = map_arg(
            (run.node.args, run.node.kwargs),
            lambda node, run=run: tree_map_only((Variable, Literal), operand, run.known[node]),
        )
        result, names = graph.call_function(run.node.target, args, kwargs), run.known[run.node]
        for place, name in enumerate(names) if isinstance(names, list) else ():
            made[name.number] = graph.call_function(getitem, (result, place))
        if not isinstance(names, list):
            made[names.number] = result
    graph.output(tuple(made[n] for n in outputs))
    module = torch.fx.GraphModule(torch.nn.Module(), graph)
    code = lookup_backend("inductor")(
        module, [known[n].detach().requires_grad_(known[n].requires_grad) for n in inputs]
    )

    def compute(arrays: dict[int, Any]) -> None:
        arrays.update(zip(outputs, code(*(arrays[n] for n in inputs)), strict=True))

    return Step(frozenset(inputs), frozenset(outputs), compute)
