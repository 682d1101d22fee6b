"""The networks of the standard library against the same in plain JAX: values and gradients, in float32."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diagc.backends.training import emit_training
from diagc.check.program import check_source
from diagc.diagnostics import DiagnosticError
from diagc.learn.session import bind, load_program
from diagc.source import Source

ROWS = 3
HEAD = """diag 1
axis t: 6, mem: 5, w: 12, v: 7, row: 8, column: 12, colour: 3, class: 10, word: 20, patch: 5
axis tap: 3, five: 5, depth: 2, channel: 4, wide: 6, wider: 8, head: 3, feature: 4, hidden: 9, i: 5
axis half: 4, half_column: 6
"""
WRAP = """
fn net({operands}) -> {result} {{
  model m = {term}
  return m({names})
}}
learning l {{
  source s {{ {columns}, y: {result} }}
  train m: ({types}) -> {result} = net
  commute e: m({columns_read}) ~ s.y by mse
}}
"""


def program_of(term: str, result: str, **operands: str) -> ModuleType:
    """A training program whose one equation compares the network with a column `y` by `mse`."""
    text = HEAD + WRAP.format(
        operands=", ".join(f"{n.upper()}: {t}" for n, t in operands.items()), result=result, term=term,
        names=", ".join(n.upper() for n in operands), columns=", ".join(f"{n}: {t}" for n, t in operands.items()),
        types=", ".join(operands.values()), columns_read=", ".join(f"s.{n}" for n in operands),
    )  # fmt: skip
    learning = check_source(Source("a.diag", text)).learnings["l"]
    return load_program(emit_training(bind(learning, {}, {}), "a.diag"))


def dense(p: Any, name: str, x: Any) -> Any:
    return x @ p[f"{name}.W"] + p[f"{name}.c"]


def conv(p: Any, name: str, x: Any, stride: int = 1) -> Any:
    """Padded as PyTorch does it: half a window on each side."""
    W = p[f"{name}.W"]
    pad = [(W.shape[k] // 2, W.shape[k] // 2) for k in range(x.ndim - 2)]
    numbers = ("NHWC", "HWIO", "NHWC") if x.ndim == 4 else ("NWC", "WIO", "NWC")
    strides = (stride,) * (x.ndim - 2)
    made = jax.lax.conv_general_dilated(x, W, strides, pad, dimension_numbers=numbers, precision="highest")
    return made + p[f"{name}.c"]


def layer_norm(p: Any, name: str, x: Any, axes: Any = -1) -> Any:
    spread = x - x.mean(axes, keepdims=True)
    scaled = spread / jnp.sqrt((spread**2).mean(axes, keepdims=True) + 1e-5)
    return scaled * p[f"{name}.weight"] + p[f"{name}.bias"]


def attention(p: Any, name: str, x: Any, y: Any, causal: bool = False) -> Any:
    q = jnp.einsum("btw,whd->bhtd", x, p[f"{name}.Q"])
    k = jnp.einsum("btw,whd->bhtd", y, p[f"{name}.K"])
    v = jnp.einsum("btw,whd->bhtd", y, p[f"{name}.V"])
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    if causal:
        scores = jnp.where(jnp.tril(jnp.ones(scores.shape[-2:], bool)), scores, -jnp.inf)
    return jnp.einsum("bhtd,hdw->btw", jax.nn.softmax(scores) @ v, p[f"{name}.O"])


def block(p: Any, name: str, x: Any, causal: bool = False) -> Any:
    n = layer_norm(p, f"{name}.attention.norm", x)
    x = x + attention(p, f"{name}.attention.mix", n, n, causal)
    n = layer_norm(p, f"{name}.net.norm", x)
    return x + dense(
        p, f"{name}.net.net.down", jax.nn.gelu(dense(p, f"{name}.net.net.up", n), approximate=False)
    )


def residual(p: Any, name: str, x: Any, stride: int = 1) -> Any:
    n = jax.nn.relu(layer_norm(p, f"{name}.norm1", x, (1, 2, 3)))
    short = x if stride == 1 else conv(p, f"{name}.short", n, stride)
    n = conv(p, f"{name}.conv1", n, stride)
    return short + conv(p, f"{name}.conv2", jax.nn.relu(layer_norm(p, f"{name}.norm2", n, (1, 2, 3))))


def resnet(p: Any, x: Any) -> Any:
    x = conv(p, "m.m.stem", x)
    for stage in (1, 2, 3):
        x = x if stage == 1 else residual(p, f"m.m.half{stage - 1}", x, 2)
        for copy in range(2):
            x = residual(p, f"m.m.stage{stage}.{copy}", x)
    x = jax.nn.relu(layer_norm(p, "m.m.norm", x, (1, 2, 3)))
    return dense(p, "m.m.read", x.mean((1, 2)))


def transformer(p: Any, tokens: Any) -> Any:
    x = p["m.m.embed.E"][tokens] + p["m.m.place"]
    for copy in range(2):
        x = block(p, f"m.m.tower.{copy}", x, causal=True)
    return layer_norm(p, "m.m.norm", x) @ p["m.m.read.W"]


def vision_transformer(p: Any, x: Any) -> Any:
    x = dense(p, "m.m.embed", x) + p["m.m.place"]
    for copy in range(2):
        x = block(p, f"m.m.tower.{copy}", x)
    return dense(p, "m.m.read", layer_norm(p, "m.m.norm", x).mean(1))


def gru(p: Any, x: Any, start: Any) -> Any:
    n, h, states = "m.m.cell", start, []
    for t in range(x.shape[1]):
        r = jax.nn.sigmoid(dense(p, f"{n}.reset_x", x[:, t]) + h @ p[f"{n}.reset_h.W"])
        z = jax.nn.sigmoid(dense(p, f"{n}.keep_x", x[:, t]) + h @ p[f"{n}.keep_h.W"])
        new = jnp.tanh(dense(p, f"{n}.new_x", x[:, t]) + r * dense(p, f"{n}.new_h", h))
        h = (1 - z) * new + z * h
        states.append(h)
    return jnp.stack(states, 1)


IMAGE, TOKENS = "f32[row column colour]", "f32[t w]"
NETWORKS: dict[str, tuple[str, str, dict[str, str], Callable[..., Any]]] = {
    "conv1d": ("conv1d[five w v]", "f32[t v]", {"a": TOKENS}, lambda p, a: conv(p, "m.m", a)),
    "conv2d": ("conv2d[tap five colour channel]", "f32[row column channel]", {"a": IMAGE},
               lambda p, a: conv(p, "m.m", a)),
    "gru": ("gru[i hidden]", "f32[t hidden]", {"a": "f32[t i]", "b": "f32[hidden]"}, gru),
    "attention": ("attention_block[head feature]", TOKENS, {"a": TOKENS},
                  lambda p, a: a + attention(p, "m.m.mix", *[layer_norm(p, "m.m.norm", a)] * 2)),
    "cross_attention": ("cross_attention[head feature]", TOKENS, {"a": TOKENS, "b": "f32[mem v]"},
                        lambda p, a, b: attention(p, "m.m", a, b)),
    "transformer": ("transformer[word depth w head feature hidden]", "f32[t word]", {"a": "i32[t] in word"},
                    transformer),
    "vision_transformer": ("vision_transformer[depth w head feature hidden class]", "f32[class]",
                           {"a": "f32[t patch]"}, vision_transformer),
    "resnet": ("resnet[tap depth channel wide wider class]", "f32[class]", {"a": IMAGE}, resnet),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_values_and_gradients_are_those_of_plain_jax(name: str) -> None:
    term, result, operands, plain = NETWORKS[name]
    program = program_of(term, result, **operands)
    generator = np.random.default_rng(3)
    params = {
        path: (0.4 * generator.standard_normal(shape)).astype(np.float32)
        for path, (_, shape, _) in program.REGIME.trained.items()
    }
    batch = {"s": {
        column: generator.integers(0, limit, (ROWS, *shape), np.int32) if limit
        else generator.standard_normal((ROWS, *shape)).astype(np.float32)
        for column, (_, shape, limit) in program.REGIME.columns["s"].items()
    }}  # fmt: skip
    given = [batch["s"][column] for column in operands]

    def wanted(p: Any) -> Any:
        return jnp.mean((plain(p, *given) - batch["s"]["y"]) ** 2)

    own = jax.jit(jax.value_and_grad(lambda p: program.REGIME.loss(p, {}, batch)[0]))(params)
    with jax.default_matmul_precision("highest"):
        other = jax.jit(jax.value_and_grad(wanted))(params)
    np.testing.assert_allclose(own[0], other[0], rtol=3e-6)
    for path in params:
        scale = float(np.abs(other[1][path]).max())
        assert scale > 0, f"{path} is not used"
        np.testing.assert_allclose(own[1][path], other[1][path], rtol=0, atol=3e-5 * scale, err_msg=path)


def test_sides_that_do_not_halve_are_refused() -> None:
    with pytest.raises(DiagnosticError) as error:
        program_of("conv2d_half[tap five patch channel]", "f32[channel]", a="f32[i t patch]")
    assert error.value.diagnostics[0].code == "E0322"


def test_windows_read_by_slices_are_those_read_by_indices() -> None:
    """Strides, dilation, shifts and several axes, with and without filling."""
    text = """diag 1
axis i: 9, j: 7, k: 3, u: 2, out: 4, row: 5
fn windows(X: f32[i j]) -> {result} {{
  param a: f32[] ~ ones
  return a * X{index}
}}
learning l {{
  source s {{ x: f32[i j], y: {result} }}
  train m: f32[i j] -> {result} = windows
  commute e: m(x) ~ s.y by mse
}}
"""
    cases: list[tuple[str, str, Callable[[Any], Any]]] = [
        (
            "[i -> 2 * out + k - 1 else 5]",
            "f32[out k j]",
            lambda x: _read(x, 0, lambda o, k: 2 * o + k - 1, (4, 3), 5),
        ),
        ("[i -> row + 2 * u]", "f32[row u j]", lambda x: _read(x, 0, lambda r, c: r + 2 * c, (5, 2), 0)),
        ("[i -> i - 4 else -1]", "f32[i j]", lambda x: _read(x, 0, lambda r, _: r - 4, (9, 1), -1)[:, 0]),
        ("[i -> i + k + 3 else 0]", "f32[i k j]", lambda x: _read(x, 0, lambda r, c: r + c + 3, (9, 3), 0)),
    ]
    x = np.random.default_rng(0).standard_normal((2, 9, 7)).astype(np.float32)
    for index, result, wanted in cases:
        learning = check_source(Source("a.diag", text.format(index=index, result=result))).learnings["l"]
        emitted = emit_training(bind(learning, {}, {}), "a.diag")
        assert "_slide(" in emitted
        program = load_program(emitted)
        y = np.stack([wanted(one) for one in x])
        params = {path: np.ones((), np.float32) for path in program.REGIME.trained}
        value, _ = program.REGIME.loss(params, {}, {"s": {"x": x, "y": y.astype(np.float32)}})
        assert float(value) == 0, index


def _read(x: Any, axis: int, place: Callable[[int, int], int], counts: tuple[int, int], fill: float) -> Any:
    def at(p: int) -> Any:
        return x[p] if 0 <= p < x.shape[axis] else np.full(x.shape[1:], fill, x.dtype)

    return np.stack([np.stack([at(place(a, b)) for b in range(counts[1])]) for a in range(counts[0])])
