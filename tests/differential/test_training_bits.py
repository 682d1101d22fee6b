"""The emitted loss and its gradients against plain JAX, bit for bit on CPU."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from diagc.backends.training import emit_training
from diagc.check.program import check_source
from diagc.core.canonical import diagram_hash
from diagc.core.learning import LearningDiagram
from diagc.learn.session import bind, load_program
from diagc.passes.commute import commute
from diagc.source import Source
from tests.differential.test_regimes import plain_of

SPECS = Path(__file__).parents[2] / "specs" / "learning"
ROWS = {"digits": 37, "lab": 19, "unl": 37, "x": 23, "y": 11}


def learning_of(text: str) -> LearningDiagram:
    return next(iter(check_source(Source("a.diag", text)).learnings.values()))


def program_of(learning: LearningDiagram) -> ModuleType:
    return load_program(emit_training(bind(learning, {}, {}), "a.diag"))


def arrays(program: ModuleType, seed: int = 0) -> tuple[Any, Any, Any]:
    """Random parameters, frozen parameters and a batch, by name."""
    regime = program.REGIME

    def draw(path: str, shape: tuple[int, ...], limit: int | None = None) -> Any:
        generator = np.random.default_rng([seed, *path.encode()])
        if limit is not None:
            return generator.integers(0, limit, shape, np.int32)
        return (0.3 * generator.standard_normal(shape)).astype(np.float32)

    params = {p: draw(p, shape) for p, (_, shape, _) in regime.trained.items()}
    frozen = {p: draw(p, shape) for p, (_, shape, _) in regime.frozen.items()}
    batch = {
        source: {
            name: draw(f"{source}.{name}", (ROWS[source], *shape), limit)
            for name, (_, shape, limit) in columns.items()
        }
        for source, columns in regime.columns.items()
    }
    return params, frozen, batch


def bits(value: Any) -> bytes:
    return np.asarray(value).tobytes()


def compiled(loss: Callable[..., Any]) -> Callable[..., Any]:
    return jax.jit(jax.value_and_grad(loss))


def assert_same_bits(program: ModuleType, plain: Callable[..., Any]) -> None:
    params, frozen, batch = arrays(program)
    value, gradient = compiled(lambda *given: program.REGIME.loss(*given)[0])(params, frozen, batch)
    expected, wanted = compiled(plain)(params, frozen, batch)
    assert np.isfinite(value)
    assert bits(value) == bits(expected)
    for path in wanted:
        assert bits(gradient[path]) == bits(wanted[path]), path


@pytest.mark.parametrize("spec", ["teacher", "distill", "autoencoder"])
def test_loss_and_gradients_have_the_bits_of_plain_jax(spec: str) -> None:
    """Of sources with odd numbers of samples, each its own."""
    plain = plain_of(spec).loss
    assert_same_bits(program_of(learning_of((SPECS / f"{spec}.diag").read_text("utf-8"))), plain)


COMPARATORS: dict[str, Callable[[Any, Any], Any]] = {
    "mse": lambda a, b: jnp.mean((a - b) ** 2, axis=-1),
    "l1": lambda a, b: jnp.mean(jnp.abs(a - b), axis=-1),
    "sse": lambda a, b: 0.5 * jnp.sum((a - b) ** 2, axis=-1),
    "huber(delta = 0.5)": lambda a, b: jnp.mean(optax.huber_loss(a, b, delta=0.5), axis=-1),
    "bce": lambda a, b: jnp.mean(optax.sigmoid_binary_cross_entropy(a, b), axis=-1),
    "cosine": lambda a, b: optax.cosine_distance(a, b),
    "cross_entropy": lambda a, b: -jnp.sum(b * jax.nn.log_softmax(a), axis=-1),
    "kl": lambda a, b: optax.kl_divergence(jax.nn.log_softmax(a), jax.nn.softmax(b)),
    "kl(temperature = 3)": lambda a, b: (
        9 * optax.kl_divergence(jax.nn.log_softmax(a / 3), jax.nn.softmax(b / 3))
    ),
}


@pytest.mark.parametrize("comparator", COMPARATORS)
def test_comparators_are_the_usual_ones(comparator: str) -> None:
    """Here the plain formulas are of other libraries, so values agree to rounding only."""
    program = program_of(
        learning_of(f"""diag 1
axis i: 5, o: 4
learning one {{
  source x {{ a: f32[i], b: f32[o] }}
  train m: f32[i] -> f32[o] = linear[i o]
  commute e: m(a) ~ b by {comparator}
}}
""")
    )
    params, frozen, batch = arrays(program)
    value = program.REGIME.loss(params, frozen, batch)[0]
    expected = COMPARATORS[comparator](batch["x"]["a"] @ params["m.W"], batch["x"]["b"]).mean()
    np.testing.assert_allclose(value, expected, rtol=2e-5)


THREE = """diag 1
axis i: 6, h: 5, o: 4
fn net[wide](X: f32[i]) -> f32[o] {{
  model a = dense[i wide]
  model b = dense[wide o]
  return X |> a |> tanh |> b
}}
learning three {{
{items}
}}
"""
ITEMS = [
    "source x { p: f32[i], q: f32[o] }",
    "source y { p: f32[i] }",
    "train f: f32[i] -> f32[o] = net(wide = 5)",
    "train g: f32[i] -> f32[o] = net(wide = 7)",
    "commute one: f(x.p) ~ x.q by mse",
    "commute two: g(y.p) ~ f(y.p) by l1 weight 0.5",
    "commute three: f(x.p) ~ g(x.p) by huber weight 2",
    "commute four: f(x.p) + g(x.p) ~ x.q by sse weight 0.1",
]


def gradients(program: ModuleType, params: Any, frozen: Any, batch: Any) -> tuple[bytes, dict[str, bytes]]:
    value, found = compiled(lambda *given: program.REGIME.loss(*given)[0])(params, frozen, batch)
    return bits(value), {path: bits(found[path]) for path in found}


@pytest.mark.parametrize(
    "order", [[3, 1, 7, 0, 5, 2, 6, 4], [7, 6, 5, 4, 3, 2, 1, 0], [2, 3, 6, 7, 4, 5, 1, 0]]
)
def test_permuted_declarations_change_neither_hash_nor_bits(order: list[int]) -> None:
    first = learning_of(THREE.format(items="\n".join(sorted(ITEMS, key=lambda i: i.startswith("commute")))))
    ranked = sorted((ITEMS[i] for i in order), key=lambda i: i.startswith("commute"))
    second = learning_of(THREE.format(items="\n".join(ranked)))
    assert diagram_hash(commute(first)) == diagram_hash(commute(second))
    given = arrays(program_of(first))
    assert gradients(program_of(first), *given) == gradients(program_of(second), *given)


def test_renamed_declarations_change_neither_hash_nor_bits() -> None:
    new = {
        "x": "y",
        "y": "x",
        "f": "zeta",
        "g": "alpha",
        "p": "u",
        "q": "v",
        "one": "w4",
        "two": "w3",
        "three": "w2",
        "four": "w1",
    }
    text = THREE.format(items="\n".join(ITEMS))
    words = re.sub(
        r"\b(x|y|f|g|p|q|one|two|three|four)\b", lambda m: new[m[0]], text.partition("learning")[2]
    )
    first = learning_of(text)
    second = learning_of(text.partition("learning")[0] + "learning" + words)
    assert diagram_hash(commute(first)) == diagram_hash(commute(second))
    params, frozen, batch = arrays(program_of(first))
    renamed_params = {
        f"{new[path.partition('.')[0]]}.{path.partition('.')[2]}": v for path, v in params.items()
    }
    renamed_batch = {new[s]: {new[c]: a for c, a in table.items()} for s, table in batch.items()}
    value, found = gradients(program_of(first), params, frozen, batch)
    other, renamed = gradients(program_of(second), renamed_params, frozen, renamed_batch)
    assert value == other
    assert list(found.values()) == [
        renamed[f"{new[p.partition('.')[0]]}.{p.partition('.')[2]}"] for p in found
    ]


def test_a_shared_prefix_is_computed_once() -> None:
    text = emit_training(learning_of(THREE.format(items="\n".join(ITEMS))), "a.diag")
    loss = text.partition("def loss")[2].partition("\ndef ")[0]
    assert loss.count("x_p, f_a_W") == 1
    assert loss.count("jnp.tanh") == 4


def test_stop_cuts_the_gradient_exactly() -> None:
    items = [
        *ITEMS[:4],
        "commute one: f(x.p) ~ stop(g(x.p)) by mse",
        "commute two: g(y.p) ~ stop(g(y.p)) by mse",
    ]
    program = program_of(learning_of(THREE.format(items="\n".join(items))))
    params, frozen, batch = arrays(program)
    found = jax.grad(lambda *given: program.REGIME.loss(*given)[0])(params, frozen, batch)
    assert all(not np.asarray(v).any() for path, v in found.items() if path.startswith("g."))
    assert all(np.asarray(v).any() for path, v in found.items() if path.startswith("f."))
