"""Rescalings of hidden units that change nothing, found on the loss itself, and weights in their balanced form.

Where only positively homogeneous maps lie between two layers, unit i times a and what reads it over a give the same
function. Along such a symmetry the loss has no slope: Σ_p e_p ⟨W_p[i], ∂L/∂W_p[i]⟩ = 0 at every W, and the exponents e
are the null space of these numbers at drawn weights. Of all rescaled copies the balanced one has the least norm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagc.runs.hidden import Group

Floats = NDArray[np.float64]
Loss = Callable[[Any], Any]

_DRAWS: Final = 8
_ZERO: Final = 1e-4
"""Slopes in single precision: what is smaller than this part of the greatest is zero."""
_ROUNDS: Final = 200


@dataclass(frozen=True, slots=True)
class Scale:
    """A rescaling of each index of a hidden axis: the exponent of its factor at each place of the group."""

    group: Group
    exponents: tuple[int, ...]


def scales(example: Mapping[str, Any], loss: Loss, hidden: Sequence[Group], seed: int = 0) -> list[Scale]:
    """The rescalings of single units that leave the loss alone and that can be balanced, with whole exponents."""
    gradient, generator = (
        import_module("jax").jit(import_module("jax").grad(loss)),
        np.random.default_rng(seed),
    )
    rows: list[list[Floats]] = [[] for _ in hidden]
    for _ in range(_DRAWS):
        drawn = {n: _drawn(np.asarray(v, np.float64), generator) for n, v in example.items()}
        slopes = gradient({n: v.astype(np.float32) for n, v in drawn.items()})
        for held, group in zip(rows, hidden, strict=True):
            charges = [
                (_rows(drawn[n], p) * _rows(np.asarray(slopes[n], np.float64), p)).sum(1)
                for n, p in group.places
            ]
            held.append(np.stack(charges, 1))
    found = [
        (group, e) for group, held in zip(hidden, rows, strict=True) for e in _null(np.concatenate(held))
    ]
    return [Scale(group, e) for group, e in found if min(e) < 0 < max(e)]


def balanced(weights: Mapping[str, Any], found: Sequence[Scale]) -> dict[str, Floats]:
    """The copy of least norm under the rescalings: balancing in turn until nothing moves."""
    made = {name: np.asarray(value, np.float64) for name, value in weights.items()}
    for _ in range(_ROUNDS):
        moved = 0.0
        for scale in found:
            factor = _factor(made, scale)
            moved = max(moved, float(np.abs(np.log(factor)).max(initial=0.0)))
            for (name, place), power in zip(scale.group.places, scale.exponents, strict=True):
                shape = [1] * made[name].ndim
                shape[place] = -1
                made[name] = made[name] * (factor**power).reshape(shape)
        if moved < 1e-12:
            break
    return made


def _factor(weights: Mapping[str, Floats], scale: Scale) -> Floats:
    """For each unit the a that makes Σ_p a^(2 e_p) ‖W_p‖² least, by Newton steps in log a; 1 for a unit without one."""
    norms = np.stack([(_rows(weights[n], p) ** 2).sum(1) for n, p in scale.group.places])
    powers = 2.0 * np.array(scale.exponents)[:, None]
    alive = (norms[powers[:, 0] > 0].sum(0) > 0) & (norms[powers[:, 0] < 0].sum(0) > 0)
    log = np.zeros(scale.group.size)
    for _ in range(50):
        terms = np.where(alive, norms * np.exp(powers * log), 0.0)
        slope, bend = (powers * terms).sum(0), (powers**2 * terms).sum(0)
        log = log - np.clip(np.divide(slope, bend, out=np.zeros_like(slope), where=bend > 0), -1.0, 1.0)
    return np.exp(log)


def _drawn(value: Floats, generator: np.random.Generator) -> Floats:
    """Generic weights of about this size."""
    return generator.normal(0.0, max(float(value.std()), 0.1), value.shape)


def _rows(value: Floats, place: int) -> Floats:
    return np.moveaxis(value, place, 0).reshape(value.shape[place], -1)


def _null(charges: Floats) -> list[tuple[int, ...]]:
    """The null space as whole exponents, in reduced rows; one that has no such form is left out."""
    _, sizes, right = np.linalg.svd(charges / (np.abs(charges).max() or 1.0), full_matrices=True)
    rank = int((sizes > _ZERO * max(float(sizes.max(initial=0.0)), 1e-300)).sum())
    rows, place = right[rank:].copy(), 0
    for column in range(rows.shape[1]):
        if place == len(rows) or np.abs(rows[place:, column]).max() < 1e-2:
            continue
        pivot = place + int(np.abs(rows[place:, column]).argmax())
        rows[[place, pivot]] = rows[[pivot, place]]
        rows[place] /= rows[place, column]
        others = np.arange(len(rows)) != place
        rows[others] -= rows[others, column][:, None] * rows[place]
        place += 1
    whole = np.rint(rows)
    return [
        tuple(int(x) for x in w) for w, row in zip(whole, rows, strict=True) if np.abs(w - row).max() < 0.02
    ]
