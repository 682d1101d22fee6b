"""Models from Python: trained as the library itself would, named, averaged, and refused with a reason."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from click.testing import CliRunner
from safetensors.numpy import load_file

from diagc.cli.train import train

SPEC = """diag 1
axis i: 6, o: 3
learning l {{
  source s {{ x: f32[i], y: i32 in o }}
  train m: f32[i] -> f32[{result}] = python "modules_for_tests:{call}
  ema slow of m decay 0.5
  commute e: m(x) ~ s.y by cross_entropy
  commute f: m(x) ~ slow(x) by mse weight 0.1
  optimise by sgd(lr = 0.1)
  batch 200
  epochs 3
}}
"""


@pytest.fixture
def folder(samples: Path) -> Path:
    (samples / "modules_for_tests.py").write_text(
        (Path(__file__).parent / "modules_for_tests.py").read_text("utf-8"), "utf-8"
    )
    sys.modules.pop("modules_for_tests", None)
    return samples


def call(folder: Path, written: str, *more: str, result: str = "o") -> Any:
    (folder / "l.diag").write_text(SPEC.format(call=written, result=result), "utf-8")
    arguments = [
        str(folder / "l.diag"),
        "--data",
        str(folder / "s.npz"),
        "--quiet",
        "--out",
        str(folder / "out"),
    ]
    return CliRunner().invoke(train, [*arguments, *more])


def table(folder: Path) -> dict[str, Any]:
    with np.load(folder / "s.npz") as held:
        return dict(held)


def test_equinox_trains_as_it_would_by_itself(folder: Path) -> None:
    import equinox

    result = call(folder, 'Encoder"(width = 8)', "--allow-python")
    assert result.exit_code == 0, result.output
    found, slow = load_file(folder / "out" / "m.safetensors"), load_file(folder / "out" / "slow.safetensors")
    assert set(found) == {"first.weight", "first.bias", "layers.0.weight", "layers.0.bias"}

    from diagc.backends.training import emit_training
    from diagc.check.program import read_program
    from diagc.learn.session import bind, load_program

    learning = read_program(folder / "l.diag", allow_python=True).learnings["l"]
    program = load_program(emit_training(bind(learning, {}, {}), "l"))
    begun = program.initial(program.REGIME, 0)
    held, make = table(folder), sys.modules["modules_for_tests"].Encoder
    model = make(width=8, key=jax.random.key(0))
    where = lambda m: (m.first.weight, m.first.bias, m.layers[0].weight, m.layers[0].bias)  # noqa: E731
    names = ["m.first.weight", "m.first.bias", "m.layers.0.weight", "m.layers.0.bias"]
    model = equinox.tree_at(where, model, tuple(begun[name] for name in names))
    mean = model

    def loss(m: Any, fixed: Any) -> Any:
        logits = jax.vmap(m)(held["x"])
        far = jnp.mean((logits - jax.vmap(fixed)(held["x"])) ** 2)
        return optax.softmax_cross_entropy_with_integer_labels(logits, held["y"]).mean() + 0.1 * far

    for _ in range(3):
        gradient = equinox.filter_grad(loss)(model, mean)
        model = jax.tree.map(lambda p, g: p - 0.1 * g, model, gradient)
        mean = jax.tree.map(lambda s, p: 0.5 * s + 0.5 * p, mean, model)
    for name, wanted, averaged in zip(names, where(model), where(mean), strict=True):
        np.testing.assert_allclose(found[name[2:]], wanted, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(slow[name[2:]], averaged, rtol=1e-5, atol=1e-6)


def test_flax_trains(folder: Path) -> None:
    result = call(folder, 'Head"', "--allow-python", "--epochs", "60")
    assert result.exit_code == 0, result.output
    found, held = load_file(folder / "out" / "m.safetensors"), table(folder)
    assert set(found) == {"linear.kernel", "linear.bias"}
    guess = np.argmax(held["x"] @ found["linear.kernel"] + found["linear.bias"], 1)
    assert (guess == held["y"]).mean() > 0.8


@pytest.mark.parametrize(
    ("written", "options", "code", "text"),
    [
        ('Encoder"(width = 8)', [], "E0522", "--allow-python"),
        ('Encoder"', ["--allow-python"], "E0523", "width"),
        ('Encoder"(width = x)', ["--allow-python"], "E0523", "numbers by name"),
        ('Nothing"', ["--allow-python"], "E0523", "Nothing"),
        ('Plain"', ["--allow-python"], "E0523", "no module"),
        ('Broken"', ["--allow-python"], "E0523", "no licence"),
        ('Normalised"', ["--allow-python"], "E0523", "BatchStat"),
    ],
)
def test_what_cannot_be_a_model(folder: Path, written: str, options: list[str], code: str, text: str) -> None:
    result = call(folder, written, *options)
    assert result.exit_code == 1
    assert code in result.output
    assert text in result.output
    assert "help:" in result.output


def test_another_shape_is_the_declared_types_fault(folder: Path) -> None:
    result = call(folder, 'Encoder"(width = 8)', "--allow-python", result="i")
    assert result.exit_code == 1
    assert "E0509" in result.output
