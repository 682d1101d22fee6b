"""Geometric programmes: minimise a posynomial under posynomial bounds, by an interior-point method.

With y = log g, the logarithm of a posynomial Σ c·∏ g^e is convex in y, so that the local minimum is the global one
(Boyd, Kim, Vandenberghe, Hassibi: A tutorial on geometric programming, 2007).

>>> cube = minimise(((1.0, {"w": -1, "h": -1}),), [((2.0, {"w": 1}), (3.0, {"h": 1}))])
>>> round(cube.values["w"], 6), round(cube.values["h"], 6)
(0.25, 0.166667)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Term = tuple[float, Mapping[str, float]]
"""c·∏ g^e with c > 0."""

Posynomial = tuple[Term, ...]
Vector = NDArray[np.float64]

_GAP = 1e-11
_ACTIVE = 1e-7
_GROWTH = 8.0


@dataclass(frozen=True, slots=True)
class Optimum:
    """The minimum, where it is, and by which power it falls when bound i is relaxed: −d log(cost) / d log(bound i)."""

    cost: float
    values: Mapping[str, float]
    powers: tuple[float, ...]


def evaluate(terms: Posynomial, values: Mapping[str, float]) -> float:
    """The value of a posynomial."""
    return float(sum(c * np.prod([values[name] ** e for name, e in p.items()]) for c, p in terms))


class _Log:
    """The logarithm of a posynomial: value, gradient and Hessian."""

    def __init__(self, terms: Posynomial, names: Sequence[str]) -> None:
        self.logs = np.asarray(np.log([c for c, _ in terms]), np.float64)
        self.powers = np.array([[float(p.get(name, 0)) for name in names] for _, p in terms])

    def value(self, y: Vector) -> float:
        exponents = self.logs + self.powers @ y
        top = float(exponents.max())
        return top + float(np.log(np.exp(exponents - top).sum()))

    def derivatives(self, y: Vector) -> tuple[float, Vector, Vector]:
        value = self.value(y)
        weights: Vector = np.asarray(np.exp(self.logs + self.powers @ y - value), np.float64)
        gradient: Vector = np.asarray(weights @ self.powers, np.float64)
        second = (self.powers.T * weights) @ self.powers - np.outer(gradient, gradient)
        hessian: Vector = np.asarray(second, np.float64)
        return value, gradient, hessian


def minimise(objective: Posynomial, bounds: Sequence[Posynomial]) -> Optimum:
    """The least objective with every bound at most 1. Variables must be bounded where the objective falls.

    Raises `ValueError` when no small values of the variables meet the bounds.
    """
    names = sorted({name for terms in (objective, *bounds) for _, p in terms for name in p})
    goal, limits = _Log(objective, names), [_Log(bound, names) for bound in bounds]
    y: Vector = np.zeros(len(names))
    while any(limit.value(y) >= -1e-6 for limit in limits):
        y = y - 1.0
        if y.size == 0 or y[0] < -60:
            raise ValueError("the bounds cannot be met")
    sharpness = 1.0
    while len(limits) / sharpness > _GAP:
        y = _centre(goal, limits, y, sharpness)
        sharpness *= _GROWTH
    powers = _multipliers(goal, limits, y)
    return Optimum(float(np.exp(goal.value(y))), dict(zip(names, map(float, np.exp(y)), strict=True)), powers)


def _multipliers(goal: _Log, limits: list[_Log], y: Vector) -> tuple[float, ...]:
    """Lagrange multipliers from stationarity: the gradient of the goal in those of the bounds that are met exactly.

    The barrier's own multipliers are less accurate, because centring stops at the noise of large numbers.
    """
    active = [i for i, limit in enumerate(limits) if limit.value(y) > -_ACTIVE]
    found = [0.0] * len(limits)
    if active:
        normals = np.array([limits[i].derivatives(y)[1] for i in active])
        solution = np.linalg.lstsq(normals.T, -goal.derivatives(y)[1], rcond=None)[0]
        for i, multiplier in zip(active, map(float, solution), strict=True):
            found[i] = multiplier
    return tuple(found)


def _solve(matrix: Vector, right: Vector) -> Vector:
    """The solution of a positive definite system, kept so when a direction is almost flat."""
    ridge = 1e-12 * np.trace(matrix) * np.eye(len(right))
    return np.asarray(np.linalg.solve(matrix + ridge, right), np.float64)


def _centre(goal: _Log, limits: list[_Log], y: Vector, sharpness: float) -> Vector:
    """Newton's method on sharpness·goal − Σ log(−limit)."""

    def barrier(at: Vector) -> float:
        slack = [-limit.value(at) for limit in limits]
        return (
            sharpness * goal.value(at) - float(np.log(slack).sum()) if min(slack, default=1.0) > 0 else np.inf
        )

    for _ in range(60):
        _, slope, curvature = goal.derivatives(y)
        gradient: Vector = sharpness * slope
        hessian: Vector = sharpness * curvature
        for limit in limits:
            value, g, h = limit.derivatives(y)
            gradient = gradient - g / value
            hessian = hessian - h / value + np.outer(g, g) / value**2
        step = _solve(hessian, -gradient)
        decrement = -float(gradient @ step)
        if decrement < 1e-12:
            break
        size, start = 1.0, barrier(y)
        while barrier(y + size * step) > start - 0.25 * size * decrement and size > 1e-12:
            size /= 2
        y = y + size * step
    return y
