"""Gradient flow itself: runs from drawn parameters, all at once, integrated with steps of controlled error.

The loss is summed diagram by diagram in float64, each as one contraction in the order of least work. Frozen arrays are
drawn anew for each run, as the series averages over them too. Means come with standard errors over runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagc.flow.graph import Edges
from diagc.flow.problem import Problem

Floats = NDArray[np.float64]
Arrays = tuple[Any, ...]

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_STEPS: Final = 20_000
"""Steps between two times; a run that needs more has met a singularity."""

_DIVERGED: Final = 1e9
"""A run whose loss has changed by this many times its start has diverged."""


@dataclass(frozen=True, slots=True)
class Curves:
    """Losses of runs at times: `losses[run, time]`; a run that has diverged is infinite from there on."""

    times: Floats
    losses: Floats

    @property
    def mean(self) -> Floats:
        return self.losses.mean(0)

    @property
    def error(self) -> Floats:
        """The standard error of the mean over runs."""
        return self.losses.std(0, ddof=1) / np.sqrt(len(self.losses))


def loss_function(problem: Problem, numbers: Mapping[str, float]) -> Callable[[Arrays], Any]:
    """The loss as a function of the arrays of all parameters, in the order of the problem."""
    parts = [
        (
            _evaluated(problem, coefficient, numbers) / problem.denominator,
            *_contraction(problem, form, numbers),
        )
        for form, coefficient in problem.terms.items()
    ]

    jnp = _library("jax.numpy")

    def loss(arrays: Arrays) -> Any:
        total: Any = 0.0
        for factor, text, labels, masks in parts:
            operands = [*masks, *(arrays[n] for n in labels)]
            total = total + (factor * jnp.einsum(text, *operands, optimize="auto-hq") if operands else factor)
        return total

    return loss


def _library(name: str) -> Any:
    """A part of JAX, without its types; loaded when runs are asked for."""
    return import_module(name)


def _evaluated(problem: Problem, coefficient: Mapping[int, int], numbers: Mapping[str, float]) -> float:
    total = 0.0
    for monomial, factor in coefficient.items():
        powers = zip(problem.symbols, problem.space.powers(monomial), strict=True)
        total += factor * float(np.prod([float(numbers[s]) ** float(p) for s, p in powers if p]))
    return total


def _contraction(
    problem: Problem, form: Edges, numbers: Mapping[str, float]
) -> tuple[str, list[int], list[Floats]]:
    """The subscripts, the parameters and the arrays of constraints of a diagram."""
    masks, labels, subscripts = list[Floats](), list[int](), list[str]()
    for edge in form:
        subscripts.append("".join(_LETTERS[n] for n in edge[1:]))
        if edge[0] >= 0:
            labels.append(edge[0])
            continue
        held = problem.constraints.forms[-1 - edge[0]]
        size = held.modulus.evaluate({s: int(numbers[s]) for s in problem.sizes})
        indices = np.indices((size,) * len(held.coefficients))
        value = sum(f * i for f, i in zip(held.coefficients, indices, strict=True)) + held.constant
        masks.append(np.asarray(value % size == 0, np.float64))
    return ",".join(subscripts) + "->", labels, masks


def draw(problem: Problem, numbers: Mapping[str, float], generator: np.random.Generator) -> Arrays:
    """Initial arrays of all parameters."""
    sizes = {s: int(numbers[s]) for s in problem.sizes}
    made: list[Floats] = []
    for parameter in problem.parameters:
        factor, symbol = parameter.scale
        shape = tuple(size.evaluate(sizes) for size in parameter.sizes)
        scale = float(factor) * (float(numbers[symbol]) if symbol is not None else 1.0)
        made.append(generator.normal(0.0, 1.0, shape) * scale)
    return tuple(made)


def simulate(
    problem: Problem, numbers: Mapping[str, float], times: Sequence[float] | Floats, runs: int, seed: int = 0,
    tolerance: float = 1e-6, ascent: bool = False,
) -> Curves:  # fmt: skip
    """Losses of runs of du/dt = -∇L (+∇L with `ascent`), each from numbers of its own, at rising times from 0."""
    starts = [draw(problem, numbers, np.random.default_rng([seed, run])) for run in range(runs)]
    trains = tuple(p.trains for p in problem.parameters)
    scale = max(float(np.abs(a).max()) for a, t in zip(starts[0], trains, strict=True) if t)
    jax, jnp, odeint = _library("jax"), _library("jax.numpy"), _library("jax.experimental.ode").odeint
    with jax.enable_x64(True):
        loss, sign = loss_function(problem, numbers), 1.0 if ascent else -1.0

        def run(start: Arrays, at: Any) -> Any:
            moving = tuple(a for a, t in zip(start, trains, strict=True) if t)

            def height(arrays: Arrays) -> Any:
                given = iter(arrays)
                return loss(tuple(next(given) if t else a for a, t in zip(start, trains, strict=True)))

            def slope(arrays: Arrays, _: Any) -> Arrays:
                return tuple(sign * g for g in jax.grad(height)(arrays))

            path = odeint(slope, moving, at, rtol=tolerance, atol=tolerance * scale, mxstep=_STEPS)
            return jax.vmap(height)(path)

        stacked = tuple(jnp.stack(arrays) for arrays in zip(*starts, strict=True))
        found = jax.jit(jax.vmap(run, in_axes=(0, None)))(stacked, jnp.asarray(times, jnp.float64))
        losses = np.asarray(found, np.float64)
    far = np.abs(losses - losses[:, :1]) > _DIVERGED * (1 + np.abs(losses[:, :1]))
    broken = np.maximum.accumulate(~np.isfinite(losses) | far, axis=1)
    return Curves(np.asarray(times, np.float64), np.where(broken, np.inf, losses))
