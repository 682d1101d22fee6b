# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false
"""`diagc.jax.fuse`: a function of JAX whose regions are derived code, under jit, grad, vmap and shard_map.

Law: results are those of the function. Before a region is used, values and gradients of the whole are compared with
those of the function on random arrays, on one device; where they differ, where that is not possible, as with
collectives, or where nothing is found, the function itself runs.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import jax
import jax.numpy as jnp
import numpy as np

from diagc.importers import jax_trace
from diagc.importers.function import TOLERANCES, difference
from diagc.importers.traced import DTYPES, Literal, Operand, Refused, Traced, Variable
from diagc.importers.written import knows
from diagc.limits import LEAST_REGION_BYTES
from diagc.optimise.derived import derived
from diagc.optimise.regions import Step, Unit, is_wall, matrices, ordered, region_step, regions

F = TypeVar("F", bound=Callable[..., Any])


def fuse(function: F, least_bytes: int = LEAST_REGION_BYTES) -> F:
    """A function that computes what `function` does, with regions of it by derived code.

    Arguments are any trees of arrays; numbers and texts among them are constants. It is traced once for shapes and
    dtypes. Where it cannot be, a warning says so once, and `function` itself runs. Regions whose operations move less
    than `least_bytes` stay as they are.
    """
    made: dict[Any, Callable[..., Any] | None] = {}

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        leaves, tree = jax.tree.flatten((args, kwargs))
        dynamic = [isinstance(leaf, jax.Array | np.ndarray) for leaf in leaves]
        arrays = [leaf for leaf, moves in zip(leaves, dynamic, strict=True) if moves]
        fixed = [None if moves else leaf for leaf, moves in zip(leaves, dynamic, strict=True)]

        def flat(*given: Any) -> list[Any]:
            rest = iter(given)
            whole = [next(rest) if moves else leaf for leaf, moves in zip(fixed, dynamic, strict=True)]
            again, named = jax.tree.unflatten(tree, whole)
            results, shape[0] = jax.tree.flatten(function(*again, **named))
            return results

        shape: list[Any] = [None]
        key = (tree, tuple(map(repr, fixed)), tuple((np.shape(a), str(a.dtype)) for a in arrays))
        if key not in made:
            made[key] = _fused(flat, arrays, getattr(function, "__name__", "function"), least_bytes)
        chosen: Any = made[key]
        if chosen is None:
            return function(*args, **kwargs)
        types = jax.eval_shape(flat, *arrays)
        if any(jax.typeof(a).sharding.mesh.explicit_axes for a in arrays):
            chosen = jax.sharding.auto_axes(chosen, out_sharding=[t.sharding for t in types])
        return jax.tree.unflatten(shape[0], chosen(*arrays))

    return cast(F, call)


def _fused(
    flat: Callable[..., Any], arrays: Sequence[Any], name: str, least_bytes: int
) -> Callable[..., Any] | None:
    """The function with derived regions; None where there are none."""
    shapes = [jax.ShapeDtypeStruct(np.shape(a), a.dtype) for a in arrays]
    with ThreadPoolExecutor(1) as alone:  # a thread has its own meshes, and traces of JAX
        program, refusal = alone.submit(_checked, flat, shapes, name, least_bytes).result()
    if refusal:
        warnings.warn(f"diagc.jax.fuse: `{name}` runs as it is: {refusal}", stacklevel=3)
    return program


def _checked(
    flat: Callable[..., Any], shapes: Sequence[Any], name: str, least_bytes: int
) -> tuple[_Program | None, str]:
    """The function with derived regions, or why there are none that can be used."""
    try:
        program = _program(flat, shapes, name, least_bytes)
        refusal = "" if program is None else _difference(flat, program, shapes)
    except (
        Refused,
        NameError,
        jax.errors.JAXTypeError,
    ) as error:  # as axes of a mesh, arrays of another trace
        return None, next(iter(str(error).splitlines()), "")
    return (None if refusal else program), refusal


@dataclass(frozen=True, slots=True)
class _Program:
    """Equations and derived regions in an order in which each can run."""

    traced: Traced
    steps: Sequence[Step]
    constants: Mapping[int, Any]

    def __call__(self, *arrays: Any) -> list[Any]:
        known = dict(self.constants)
        known |= {v.number: a for (_, v, _), a in zip(self.traced.inputs, arrays, strict=True)}
        for step in self.steps:
            step.run(known)
        return [_value(known, o) for o in self.traced.outputs]


def _value(known: Mapping[int, Any], operand: Operand) -> Any:
    if isinstance(operand, Literal):
        return jnp.full(operand.shape, operand.value, jax_trace.NAMES[operand.dtype])
    return known[operand.number]


def _program(flat: Callable[..., Any], shapes: Sequence[Any], name: str, least_bytes: int) -> _Program | None:
    closed = jax.make_jaxpr(flat)(*shapes)
    read = jax_trace.equations(closed, [f"x{i}" for i in range(len(shapes))], name)
    made, results = read.traced, [o for o in read.traced.outputs if isinstance(o, Variable)]
    weight = matrices(made)
    units = [Unit(o, r is not None and (r.opaque or is_wall(o, weight, knows))) for o, r in read.units]
    found = [
        (region, code.run)
        for region in regions(units, results, name)
        if (code := derived(region.traced, "jax", least_bytes)) is not None
    ]
    if not found:
        return None
    replaced = {place for region, _ in found for place in region.units}
    rest = [run for place, (_, run) in enumerate(read.units) if run is not None and place not in replaced]
    steps = [Step(run.reads, run.writes, run.run) for run in rest]
    return _Program(made, ordered([*steps, *(region_step(*pair) for pair in found)]), read.constants)


def _difference(flat: Callable[..., Any], program: _Program, shapes: Sequence[Any]) -> str:
    """What is wrong with a program, by values and by gradients on random arrays; empty where nothing is."""
    random = np.random.default_rng(0)
    with jax.ensure_compile_time_eval():
        arrays = [jnp.asarray(_random(random, s), s.dtype) for s in shapes]
        real = [i for i, s in enumerate(shapes) if jnp.issubdtype(s.dtype, jnp.floating)]

        def both(run: Callable[..., Any]) -> Any:
            def of_real(*chosen: Any) -> Any:
                every = dict(zip(real, chosen, strict=True))
                made = run(*(every.get(i, a) for i, a in enumerate(arrays)))
                return [r for r in made if jnp.issubdtype(r.dtype, jnp.floating)]

            made, pull = jax.vjp(of_real, *(arrays[i] for i in real))
            return made, pull([jnp.ones_like(r) for r in made])

        (values, slopes), (found, found_slopes) = (
            jax.jit(lambda: both(flat))(),
            jax.jit(lambda: both(program))(),
        )
        for what, ours, theirs in (("values", found, values), ("gradients", found_slopes, slopes)):
            for one, other in zip(ours, theirs, strict=True):
                error = difference(one, other)
                if not error <= TOLERANCES[DTYPES[str(other.dtype)]]:
                    return f"its {what} would differ by {error:.1e} of the largest element"
    return ""


def _random(random: np.random.Generator, shape: Any) -> Any:
    if jnp.issubdtype(shape.dtype, jnp.integer):
        return random.integers(0, 2, shape.shape)
    return random.random(shape.shape) < 0.5 if shape.dtype == bool else random.standard_normal(shape.shape)
