"""Functions of JAX as specifications: the importer compares each with the function itself before it writes anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagc.backends.plans import normal_form
from diagc.check.program import check_source
from diagc.diagnostics import DiagnosticError
from diagc.importers.function import import_function, parse_arguments
from diagc.plan.structure import structure
from diagc.source import Source

HEADS = "f32[2,3,16,8] f32[2,3,16,8] f32[2,3,16,8]"
FUNCTIONS = """
import jax, jax.numpy as jnp

def causal(q, k, v):
    s = jnp.einsum("bhqd,bhkd->bhqk", q, k) / jnp.sqrt(q.shape[-1])
    s = jnp.where(jnp.tril(jnp.ones(s.shape[-2:], bool)), s, -jnp.inf)
    return jnp.einsum("bhqk,bhkd->bhqd", jax.nn.softmax(s, axis=-1), v)

def mapped(q, k, v):
    def head(q, k, v):
        s = jnp.where(jnp.tri(16, dtype=bool), q @ k.T / jnp.sqrt(8.0), -jnp.inf)
        return jax.nn.softmax(s) @ v
    return jax.vmap(jax.vmap(head))(q, k, v)

def additive(q, k, v):
    i = jnp.arange(16)
    s = (q * 8 ** -0.5) @ k.swapaxes(-1, -2) + jnp.where(i[:, None] >= i[None, :], 0.0, -jnp.inf)
    return jax.nn.softmax(s, -1) @ v

def by_hand(q, k, v):
    s = jnp.where(jnp.arange(16)[:, None] < jnp.arange(16), -jnp.inf, jnp.einsum("bhqd,bhkd->bhqk", q, k))
    e = jnp.exp(s - s.max(-1, keepdims=True))
    return (e @ v) / e.sum(-1, keepdims=True)

def repeated(q, k, v):
    return causal(q, jnp.repeat(k, 2, axis=1), jnp.repeat(v, 2, axis=1))

def packed(x, w, wo):
    b, t, d = x.shape
    q, k, v = (part[:, :, 0] for part in jnp.split((x @ w).reshape(b, t, 3, 4, d // 4), 3, axis=2))
    s = jnp.einsum("bthd,bshd->bhts", q, k) * (d // 4) ** -0.5
    return jnp.einsum("bhts,bshd->bthd", jax.nn.softmax(s, -1), v).reshape(b, t, d) @ wo

def layernorm(x, g, b):
    m = x.mean(-1, keepdims=True)
    v = ((x - m) ** 2).mean(-1, keepdims=True)
    return (x - m) / jnp.sqrt(v + 1e-5) * g + b

def likelihood(x, w, y):
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(x @ w), y[:, None], 1))

def smoothed(x, w, y):
    l = x @ w
    return jnp.mean(jax.nn.logsumexp(l, -1) - jnp.sum(l * jax.nn.one_hot(y, l.shape[-1]), -1))

def embedded(table, tok):
    return jnp.take(table, tok, axis=0) * 2

def gated(x, a, b, c):
    return (jax.nn.silu(x @ a) * jax.nn.gelu(x @ b)) @ c

def rotated(x):
    t, d = x.shape
    a = jnp.arange(t)[:, None] * 10000.0 ** (-jnp.arange(d // 2) / (d // 2))
    x1, x2 = x[:, : d // 2], x[:, d // 2 :]
    return jnp.concatenate([x1 * jnp.cos(a) - x2 * jnp.sin(a), x1 * jnp.sin(a) + x2 * jnp.cos(a)], -1)

def gram(x):
    return x @ x.T + 1, jnp.flip(x, 0), jnp.pad(x, ((1, 2), (0, 0)))

def convolved(x, w):
    y = jax.lax.conv_general_dilated(x, w, (2,), "SAME", rhs_dilation=(2,))
    return y, jax.lax.reduce_window(y, -jnp.inf, jax.lax.max, (1, 1, 3), (1, 1, 1), "SAME")

def best(x, y):
    values, places = jax.lax.top_k(x, 2)
    return values, places, x[jnp.arange(4), y]

def backwards(x, a):
    def step(h, now):
        return a * h + now, h
    return jax.lax.scan(step, jnp.ones_like(x[0]), x, reverse=True)

def counted(x):
    def step(carry, now):
        i, h = carry
        return (i + 1, jnp.where(i < 3, h + now, h * 0.5)), h + i
    (_, h), out = jax.lax.scan(step, (0, jnp.zeros(x.shape[1])), x)
    return h, out

def repeatedly(x):
    return jax.lax.fori_loop(0, 5, lambda i, h: h * 0.9 + x * i, x)

def running(x, a):
    def row(x):
        return jax.lax.scan(lambda h, now: (jnp.maximum(h, now),) * 2, -jnp.inf, x)[1]
    return jax.vmap(row)(x) * a

def regrouped(x):
    y = x.reshape(2, 3, -1)
    return jnp.square(y).sum(-1, keepdims=True) * y, y.reshape(x.shape)

def ordered(x):
    return jnp.sort(x)

def counting(x):
    return x * len(open("/etc/hostname").read())

def endless(x):
    while True:
        pass

def huge(x):
    import numpy as np
    return x + np.ones(100_000_000_000, np.int8).sum()

def failing(x):
    return x @ jnp.ones((3, 3))
"""
SOUND = {
    "causal": HEADS, "mapped": HEADS, "additive": HEADS, "by_hand": HEADS,
    "repeated": "f32[2,4,16,8] f32[2,2,16,8] f32[2,2,16,8]", "packed": "f32[2,16,32] f32[32,96] f32[32,32]",
    "layernorm": "f32[4,32] f32[32] f32[32]", "likelihood": "f32[4,8] f32[8,10] i32[4]",
    "smoothed": "f32[4,8] f32[8,10] i32[4]", "embedded": "f32[10,8] i32[2,5]",
    "gated": "f32[4,8] f32[8,16] f32[8,16] f32[16,8]", "rotated": "f32[16,8]", "gram": "f32[6,3]",
    "convolved": "f32[2,3,16] f32[4,3,5]", "backwards": "f32[7,3] f32[3]", "counted": "f32[7,3]",
    "repeatedly": "f32[4]", "running": "f32[2,6] f32[6]", "regrouped": "f32[2,12,5]", "best": "f32[4,8] i32[4]",
}  # fmt: skip
QUICK = ("causal", "packed", "counted")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("functions") / "functions.py"
    path.write_text(FUNCTIONS)
    return path


def marked(name: str) -> object:
    return pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)


@pytest.mark.parametrize("name", [marked(name) for name in SOUND])
def test_a_function_and_its_specification_agree(name: str, file: Path) -> None:
    made = import_function(file, name, parse_arguments(SOUND[name]))
    assert made.error < 1e-4
    assert name in check_source(Source(f"{name}.diag", made.text)).entries


@pytest.mark.parametrize("name", [marked(n) for n in ("causal", "mapped", "additive", "by_hand")])
def test_spellings_of_one_thing_stream_in_one_pass(name: str, file: Path) -> None:
    text = import_function(file, name, parse_arguments(SOUND[name])).text
    found = structure(normal_form(check_source(Source("f.diag", text)).entries[name])[0])
    (only,) = found.passes
    assert [c.monoid for c in only.algebra.components] == ["max", "sum", "sum"]


WRONG = {
    "ordered": ("f32[4]", "E1402", "sort"),
    "counting": ("f32[4]", "E1401", "opens the file /etc/hostname"),
    "huge": ("f32[4]", "E1401", "GiB of memory"),
    "failing": ("f32[4]", "E1401", "TypeError"),
    "absent": ("f32[4]", "E1401", "no function is called `absent`; there are causal"),
}


@pytest.mark.parametrize("name", list(WRONG))
def test_what_cannot_be_imported_is_said_with_its_line(name: str, file: Path) -> None:
    arguments, code, said = WRONG[name]
    with pytest.raises(DiagnosticError) as caught:
        import_function(file, name, parse_arguments(arguments))
    (found,) = caught.value.diagnostics
    assert found.code == code and said in found.message
    if name not in ("huge", "absent"):
        assert found.span is not None and FUNCTIONS[found.span.start : found.span.end].strip().startswith(
            "return"
        )


@pytest.mark.slow
def test_a_function_that_never_ends_is_stopped(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diagc.importers.function.IMPORT_SECONDS", 5)
    with pytest.raises(DiagnosticError, match="did not end"):
        import_function(file, "endless", parse_arguments("f32[4]"))


def test_arguments_are_dtypes_and_shapes() -> None:
    assert parse_arguments("f32[4,128] i32[], bf16[2]") == [("f32", (4, 128)), ("i32", ()), ("bf16", (2,))]
    for wrong in ("f32", "f31[2]", "f32[2] and"):
        with pytest.raises(ValueError, match="write arguments"):
            parse_arguments(wrong)


def test_nothing_is_written_beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytecode is not, whatever the environment says: a file that the function's process opens is refused."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    path = tmp_path / "functions.py"
    path.write_text(FUNCTIONS)
    import_function(path, "causal", parse_arguments(SOUND["causal"]))
    assert list(tmp_path.iterdir()) == [path]
