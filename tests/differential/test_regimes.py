"""Every regime of `specs/learning` against its plain JAX program: loss and gradients on one batch."""

from __future__ import annotations

import importlib
import math
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import numpy as np
import pytest

from diagc.backends.training import emit_training
from diagc.check.program import read_program
from diagc.learn.session import bind, load_program

SPECS = Path(__file__).parents[2] / "specs" / "learning"
PLAIN = Path(__file__).parent / "regimes"
REGIMES = sorted(path.stem for path in PLAIN.glob("*.py") if path.stem != "__init__")
NEAR = {"byol", "captioning", "clip", "fewshot", "pinn", "world"}
"""Regimes whose sums XLA orders in another way than in the plain program; they agree to 1e-6."""
ROWS = 64


@cache
def program_of(name: str) -> ModuleType:
    """The program of the diagram that is named like its file, else of the last one there."""
    found = read_program(SPECS / f"{name}.diag").learnings
    learning = found.get(name, list(found.values())[-1])
    return load_program(emit_training(bind(learning, {}, {}), name))


def plain_of(name: str) -> ModuleType:
    return importlib.import_module(f"tests.differential.regimes.{name}")


def given(program: ModuleType) -> tuple[Any, Any, Any]:
    """Random parameters, parameters that stay, and a batch with its drawn columns, by name.

    Weights are about as large as initialisers make them: larger ones saturate a recurrence, which then multiplies
    what two orders of a sum differ by.
    """
    regime = program.REGIME

    def draw(path: str, shape: tuple[int, ...], limit: int | None = None) -> Any:
        generator = np.random.default_rng([7, *path.encode()])
        if limit is not None:
            return generator.integers(0, limit, shape, np.int32)
        return (0.4 * generator.standard_normal(shape)).astype(np.float32)

    def weights(path: str, shape: tuple[int, ...]) -> Any:
        return draw(path, shape) / np.float32(max(1.0, 0.4 * math.prod(shape[:-1]) ** 0.5))

    params = {p: weights(p, shape) for p, (_, shape, _) in regime.trained.items()}
    fixed = {p: weights(p, shape) for p, (_, shape, _) in regime.frozen.items()}
    fixed |= {p: weights(p, params[of].shape) for p, (of, _) in regime.averages.items()}
    batch: dict[str, Any] = {}
    for source, columns in regime.columns.items():
        batch[source] = {c: draw(c, (ROWS, *shape), limit) for c, (_, shape, limit) in columns.items()}
        batch[source] |= program.draw(regime, source, ROWS, 0, 0)
    return params, fixed, batch


@pytest.mark.parametrize("name", REGIMES)
def test_loss_and_gradients_are_those_of_plain_jax(name: str) -> None:
    program, plain = program_of(name), plain_of(name)
    params, fixed, batch = given(program)
    own = jax.jit(jax.value_and_grad(lambda p, f, b: program.REGIME.loss(p, f, b)[0]))(params, fixed, batch)
    other = jax.jit(jax.value_and_grad(plain.loss))(params, fixed, batch)
    assert np.isfinite(own[0])
    assert set(own[1]) == set(other[1])
    pairs = [("loss", own[0], other[0]), *((path, own[1][path], other[1][path]) for path in own[1])]
    for path, found, wanted in pairs:
        if name in NEAR:
            scale = float(np.abs(wanted).max()) or 1.0
            np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6 * scale, err_msg=path)
        else:
            assert np.asarray(found).tobytes() == np.asarray(wanted).tobytes(), path


@pytest.mark.parametrize("name", REGIMES)
def test_parameters_are_those_of_plain_jax(name: str) -> None:
    own = program_of(name).initial(program_of(name).REGIME, 0)
    other = plain_of(name).init(jax.random.key(0))
    assert {path: array.shape for path, array in own.items()} == {p: a.shape for p, a in other.items()}


def test_samples_of_different_sources_are_not_paired() -> None:
    """The order of one source's samples changes no term of another, and its own by rounding only."""
    program = program_of("cyclegan")
    params, fixed, batch = given(program)
    turned = {**batch, "right": {name: array[::-1] for name, array in batch["right"].items()}}
    _, before = program.REGIME.loss(params, fixed, batch)
    _, after = program.REGIME.loss(params, fixed, turned)
    for label in ("there", "left_is", "right_from", "right_fool"):
        assert np.asarray(before[label]).tobytes() == np.asarray(after[label]).tobytes()
    for label in ("back", "right_is", "left_from", "left_fool"):
        np.testing.assert_allclose(before[label], after[label], rtol=1e-6)
