"""What the parts of a learning diagram mean, against numbers that are computed by hand."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diagc.backends.training import emit_training
from diagc.check.program import check_source
from diagc.core.canonical import diagram_hash
from diagc.core.learning import LearningDiagram
from diagc.learn.session import Inputs, bind, load_program, run
from diagc.passes.collapse import idle, trivial
from diagc.passes.commute import commute, term_hash, terms
from diagc.source import Source
from diagc.syntax import tree
from diagc.syntax.parse import parse

HEAD = """diag 1
axis i: 4, o: 3, t: 5, one: 1
fn gap[f](a: f32[f], b: f32[f]) { return sum[f](a - b) }
"""
ROWS = 8


def learnings(text: str) -> dict[str, LearningDiagram]:
    return check_source(Source("a.diag", HEAD + text)).learnings


def program_of(learning: LearningDiagram) -> ModuleType:
    return load_program(emit_training(bind(learning, {}, {}), "a.diag"))


def given(program: ModuleType) -> tuple[Any, Any, Any]:
    regime, generator = program.REGIME, np.random.default_rng(0)
    params = {p: generator.standard_normal(s).astype("f4") for p, (_, s, _) in regime.trained.items()}
    fixed = {p: generator.standard_normal(s).astype("f4") for p, (_, s, _) in regime.frozen.items()}
    fixed |= {p: params[of] for p, (of, _) in regime.averages.items()}
    batch = {
        source: {
            name: generator.integers(0, limit or 2, (ROWS, *shape)).astype(dtype)
            if limit or dtype == "bool"
            else generator.standard_normal((ROWS, *shape)).astype(dtype)
            for name, (dtype, shape, limit) in columns.items()
        }
        | program.draw(regime, source, ROWS, 0, 0)
        for source, columns in regime.columns.items()
    }
    return params, fixed, batch


def one(equation: str, source: str = "x: f32[i], y: f32[o], valid: bool, marked: f32[o]") -> ModuleType:
    return program_of(learnings(f"""learning l {{
  source s {{ {source} }}
  train m: f32[i] -> f32[o] = linear[i o]
  train n: f32[i] -> f32[o] = linear[i o]
  commute e: {equation}
  commute rest: n(x) - m(x) ~ y by mse
}}""")["l"])  # fmt: skip


def term(program: ModuleType, params: Any, fixed: Any, batch: Any, **more: Any) -> Any:
    return program.REGIME.loss(params, fixed, batch, **more)[1]["e"]


def test_a_mask_of_samples_weighs_them() -> None:
    program = one("m(x) ~ y by mse mask valid")
    params, fixed, batch = given(program)
    table = batch["s"]
    errors = ((table["x"] @ params["m.W"] - table["y"]) ** 2).mean(1)
    np.testing.assert_allclose(term(program, params, fixed, batch), errors[table["valid"]].mean(), rtol=1e-6)
    table["valid"] = np.zeros(ROWS, bool)
    value, gradient = jax.value_and_grad(lambda p: term(program, p, fixed, batch))(params)
    assert value == 0
    assert not np.asarray(gradient["m.W"]).any()


def test_a_mask_with_axes_weighs_single_features() -> None:
    program = one("m(x) ~ y by l1 mask marked")
    params, fixed, batch = given(program)
    table = batch["s"]
    table["marked"] = np.abs(table["marked"])
    errors = np.abs(table["x"] @ params["m.W"] - table["y"])
    wanted = (errors * table["marked"]).sum() / table["marked"].sum()
    np.testing.assert_allclose(term(program, params, fixed, batch), wanted, rtol=1e-5)


def test_who_moves() -> None:
    """`updates` cuts the gradient of the other models, `against` turns that of one; no value changes."""
    plain, only, turned = (one(f"m(x) ~ n(x) by sse {o}") for o in ("", "updates m", "against n"))
    params, fixed, batch = given(plain)
    values, gradients = [], []
    for program in (plain, only, turned):
        value, gradient = jax.value_and_grad(lambda p, q=program: term(q, p, fixed, batch))(params)
        values.append(np.asarray(value).tobytes())
        gradients.append(gradient)
    assert len(set(values)) == 1
    for gradient in gradients[1:]:
        np.testing.assert_array_equal(gradient["m.W"], gradients[0]["m.W"])
    assert not np.asarray(gradients[1]["n.W"]).any()
    np.testing.assert_array_equal(gradients[2]["n.W"], -gradients[0]["n.W"])


@pytest.mark.parametrize(
    ("weight", "at"),
    [
        ("linear(0, 1, steps = 10)", {0: 0.0, 4: 0.4, 10: 1.0, 99: 1.0}),
        ("cosine(2, 1, steps = 10)", {0: 2.0, 5: 1.5, 10: 1.0, 20: 1.0}),
    ],
)
def test_a_weight_changes_with_the_step(weight: str, at: dict[int, float]) -> None:
    program = one(f"m(x) ~ y by mse weight {weight}")
    params, fixed, batch = given(program)
    rest = program.REGIME.loss(params, fixed, batch)[1]["rest"]
    for step, share in at.items():
        total, found = program.REGIME.loss(params, fixed, batch, 0, step)
        np.testing.assert_allclose(total, share * found["e"] + rest, rtol=1e-6)


def test_comparators_of_a_batch() -> None:
    params, fixed, batch = given(one("m(x) ~ y by mse"))
    a, b = batch["s"]["x"] @ params["m.W"], batch["s"]["y"]
    p, q = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (a, b))
    scores = p @ q.T / 0.5
    infonce = np.mean(np.log(np.exp(scores).sum(1)) - np.diag(scores))

    def kernel(u: Any, v: Any) -> Any:
        return np.exp(-((u[:, None] - v[None]) ** 2).sum(-1) / (2 * 2.0**2)).mean()

    def penalty(v: Any) -> Any:
        c = v - v.mean(0)
        covariance = c.T @ c / (ROWS - 1)
        off = (covariance**2).sum() - (np.diag(covariance) ** 2).sum()
        return np.maximum(0, 1 - np.sqrt(c.var(0, ddof=1) * 1.0 + 1e-4)).mean() + 0.04 * off / v.shape[1]

    wanted = {
        "infonce(temperature = 0.5)": infonce,
        "mmd(width = 2)": kernel(a, a) + kernel(b, b) - 2 * kernel(a, b),
        "vicreg": ((a - b) ** 2).mean() + penalty(a) + penalty(b),
    }
    for comparator, value in wanted.items():
        program = one(f"m(x) ~ y by {comparator}")
        np.testing.assert_allclose(term(program, params, fixed, batch), value, rtol=2e-4, err_msg=comparator)


def test_a_comparator_of_a_batch_written_in_the_file() -> None:
    program = program_of(learnings("""fn centred[batch f](p, q) {
  return mean[f]((mean[batch](p) - mean[batch](q)) ^ 2)
}
learning l {
  source s { x: f32[i], y: f32[t o] }
  train m: f32[i] -> f32[o] = linear[i o]
  commute e: m(x) ~ y[t -> 0] by centred
}""")["l"])  # fmt: skip
    params, fixed, batch = given(program)
    means = (batch["s"]["x"] @ params["m.W"]).mean(0) - batch["s"]["y"][:, 0].mean(0)
    np.testing.assert_allclose(term(program, params, fixed, batch), (means**2).mean(), rtol=1e-5)


def test_an_average_follows_its_closed_form(tmp_path: Path) -> None:
    """After k updates a slow copy is decay^k times its start, and the weighted sum of what it followed."""
    learning = learnings("""learning l {
  source s { x: f32[i], y: f32[o] }
  train m: f32[i] -> f32[o] = linear[i o]
  ema slow of m decay 0.9
  commute e: m(x) ~ y by mse
  commute f: slow(x) ~ y by mse
  optimise by sgd(lr = 0.1)
}""")["l"]  # fmt: skip
    program = program_of(learning)
    params, _, batch = given(program)
    options = program.Options(1, 6, None, 0)
    progress = program.begin(program.REGIME, options, params)
    trail = [params["m.W"]]
    for step in range(6):
        _, gradient = jax.value_and_grad(lambda p: term(program, p, {"slow.W": trail[0]}, batch))(
            {"m.W": trail[-1]}
        )
        trail.append(trail[-1] - 0.1 * gradient["m.W"])
        del step
    for _ in program.train(program.REGIME, batch, options, progress, {}, {}):
        pass
    moved, slow, _ = progress.moving
    wanted = 0.9**6 * trail[0] + sum(0.1 * 0.9 ** (6 - k) * trail[k] for k in range(1, 7))
    np.testing.assert_allclose(moved["m.W"], trail[-1], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(slow["slow.W"], wanted, rtol=1e-6, atol=1e-6)
    path = tmp_path / "t.npz"
    np.savez(path, **batch["s"])
    assert {"m.W", "slow.W"} == set(
        run(bind(learning, {}, {}), Inputs({"s": _file(path)}), tmp_path).parameters
    )


def _file(path: Path) -> Any:
    from diagc.learn.data import Selection

    return Selection(path)


DRAWN = """learning l {
  source s {
    x: f32[i], n: f32[i] ~ normal(mean = 2, stddev = 3),
    u: f32 ~ uniform(low = -1, high = 3), k: i32 in o ~ uniform
  }
  source b { c: bool[i] ~ bernoulli(p = 0.25) }
  train m: f32[i] -> f32[o] = linear[i o]
  commute e: m(x + n) * u ~ s.k by cross_entropy
  commute f: m(where(c, 1.0, 0.0)) ~ 0 by mse
}"""


def test_drawn_columns_have_their_distribution_and_a_key_of_their_own() -> None:
    program = program_of(learnings(DRAWN)["l"])
    regime = program.REGIME
    table = program.draw(regime, "s", 20_000, 0, 5) | program.draw(regime, "b", 20_000, 0, 5)
    np.testing.assert_allclose(table["n"].mean(), 2, atol=0.05)
    np.testing.assert_allclose(table["n"].std(), 3, atol=0.05)
    np.testing.assert_allclose([table["u"].min(), table["u"].max(), table["u"].mean()], [-1, 3, 1], atol=0.05)
    np.testing.assert_allclose(table["c"].mean(), 0.25, atol=0.01)
    assert set(np.unique(table["k"])) == {0, 1, 2}
    ahead = program.drawn_ahead(regime, {"s": 7}, 0, jnp.arange(3, 9))
    for name, array in program.draw(regime, "s", 7, 0, 5).items():
        assert np.asarray(ahead("s", 2)[name]).tobytes() == np.asarray(array).tobytes()
    again = program.draw(regime, "s", 20_000, 0, 5)
    assert np.array_equal(again["n"], table["n"])
    for other in (program.draw(regime, "s", 20_000, 0, 6), program.draw(regime, "s", 20_000, 1, 5)):
        assert not np.array_equal(other["n"], table["n"])


def test_inline_draws_of_two_equations_differ() -> None:
    program = program_of(learnings("""learning l {
  source s { x: f32[i], y: f32[o] }
  train m: f32[i] -> f32[o] = linear[i o]
  commute e: m(x + normal[i]()) ~ y by mse
  commute f: m(x + normal[i]()) ~ y by mse
}""")["l"])  # fmt: skip
    _, found = program.REGIME.loss(*given(program))
    assert found["e"] != found["f"]


PARTS = """learning left {
  source s { x: f32[i], y: f32[o] }
  train m: f32[i] -> f32[o] = linear[i o]
  train a: f32[o] -> f32[o] = linear[o o]
  commute shared: m(x) ~ y by mse
  commute one: a(m(x)) ~ y by l1
}
learning right {
  source s { x: f32[i], y: f32[o] }
  train m: f32[i] -> f32[o] = linear[i o]
  train b: f32[o] -> f32[i] = linear[o i]
  commute shared: m(x) ~ y by mse
  commute two: b(m(x)) ~ x by huber
}
learning overlap {
  source s { x: f32[i], y: f32[o] }
  train m: f32[i] -> f32[o] = linear[i o]
  commute shared: m(x) ~ y by mse
}
learning both = glue left, right over s, m, shared
"""


def test_glued_losses_add_up_but_for_the_overlap() -> None:
    found = learnings(PARTS)
    assert [m.name for m in found["both"].models] == ["m", "a", "b"]
    programs = {name: program_of(learning) for name, learning in found.items()}
    params, fixed, batch = given(programs["both"])
    value = {n: float(p.REGIME.loss(params, fixed, batch)[0]) for n, p in programs.items()}
    np.testing.assert_allclose(value["both"], value["left"] + value["right"] - value["overlap"], rtol=1e-6)
    parts = {term_hash(t) for n in ("left", "right") for t in terms(found[n])}
    assert {term_hash(t) for t in terms(found["both"])} == parts


def test_distillation_is_the_cross_term_of_gluing_teacher_and_student() -> None:
    def half(name: str, model: str) -> str:
        return f"""learning {name} {{
  source s {{ x: f32[i], y: i32 in o }}
  train {model}: f32[i] -> f32[o] = linear[i o]
  commutes primitive
}}
"""

    found = learnings(
        f"{half('left', 'student')}{half('right', 'teacher')}learning both = glue left, right over s\n"
    )
    assert [len(found[n].equations) for n in ("left", "right", "both")] == [1, 1, 3]
    parts = {term_hash(t) for n in ("left", "right") for t in terms(found[n])}
    (cross,) = [t.equation for t in terms(found["both"]) if term_hash(t) not in parts]
    assert {step.label for path in cross.paths for step in path.steps} == {"x", "student", "teacher"}


def test_a_policy_leaves_out_what_is_written() -> None:
    text = """learning l {
  source s { x: f32[i], y: i32 in o }
  train f: f32[i] -> f32[o] = linear[i o]
  frozen t: f32[i] -> f32[o] = linear[i o] from "t.safetensors"
  commute mine: f(x) ~ stop(t(x)) by kl weight 0.5
  commutes all up to 3
}"""  # fmt: skip
    equations = learnings(text)["l"].equations
    assert [e.comparator for e in equations] == ["kl", "cross_entropy"]
    assert diagram_hash(commute(learnings(text)["l"])) == diagram_hash(
        commute(learnings(text.replace("up to 3", "up to 2"))["l"])
    )


COLLAPSE = [
    ("commute e: p(f(x)) ~ f(z) by mse", {"e"}),
    ("commute e: p(f(x)) ~ stop(f(z)) by mse", set[str]()),
    ("commute e: p(f(x)) ~ f(z) by infonce", set[str]()),
    ("ema slow of f decay 0.9 commute e: p(f(x)) ~ slow(z) by mse", set[str]()),
    ("commute e: f(2 * x) ~ p(f(x)) by mse", {"e"}),
    ("commute e: f(2 * x) ~ p(f(x)) by mse commute g: f(x) ~ y by mse", set[str]()),
    ("commute e: p(f(x)) ~ 0 by mse", {"e"}),
    ("commute e: p(f(x)) ~ 0 by mse commute g: p(f(z)) ~ 1 by mse", set[str]()),
    ("commute e: f(x) ~ 1 by mse updates f commute g: p(f(x)) ~ 0 by mse against f", set[str]()),
]


@pytest.mark.parametrize(("body", "warned"), COLLAPSE)
def test_a_constant_model_is_warned_of(body: str, warned: set[str]) -> None:
    text = f"""learning l {{
  source s {{ x: f32[i], z: f32[i], y: f32[o] }}
  train f: f32[i] -> f32[o] = linear[i o]
  train p: f32[o] -> f32[o] = linear[o o]
  {body}
}}"""
    if "p(" not in body:
        text = text.replace("  train p: f32[o] -> f32[o] = linear[o o]\n", "")
    assert {e.label for e in trivial(learnings(text)["l"])} == warned


def test_an_equation_of_a_value_with_itself_is_warned_of() -> None:
    text = """learning l {{
  source s {{ x: f32[i], y: f32[o] }}
  train f: f32[i] -> f32[o] = linear[i o]
  commute e: f(2 * x) ~ f(2 * x) by {0}
  commute g: f(x) ~ y by mse
}}"""
    for comparator, warned in (("mse", ["e"]), ("infonce(temperature = 0.5)", [])):
        assert [e.label for e in idle(learnings(text.format(comparator))["l"])] == warned


def test_a_frozen_model_has_no_gradient_and_no_slot() -> None:
    program = program_of(learnings("""learning l {
  source s { x: f32[i], y: f32[o] }
  train m: f32[i] -> f32[o] = linear[i o]
  frozen t: f32[i] -> f32[o] = linear[i o] from "t.safetensors"
  commute e: m(x) ~ t(x) by mse
}""")["l"])  # fmt: skip
    params, fixed, batch = given(program)
    assert set(params) == {"m.W"}
    state = program.make_optimiser(program.REGIME, program.Options(1, 1, None, 0)).init(params)
    assert {np.shape(leaf) for leaf in jax.tree.leaves(state)} == {(), (4, 3)}
    assert len(jax.tree.leaves(state)) == 3
    text = str(jax.make_jaxpr(jax.grad(lambda p: term(program, p, fixed, batch)))(params))
    assert text.count("dot_general") == 3  # two products forward, one backward
    assert jnp.isfinite(term(program, params, fixed, batch))
    options = program.Options(1, 1000, None, 0)
    progress, before = program.begin(program.REGIME, options, params), fixed["t.W"].tobytes()
    kept = {path: jnp.array(value) for path, value in fixed.items()}
    for _ in program.train(program.REGIME, batch, options, progress, kept, {}):
        pass
    assert progress.step == 1000
    assert np.asarray(kept["t.W"]).tobytes() == before
    assert set(progress.moving[0]) == {"m.W"}


@pytest.mark.parametrize("name", ["byol", "cyclegan", "gan", "masked", "pinn", "sharing", "world"])
def test_the_order_of_declarations_does_not_change_the_hash(name: str) -> None:
    path = Path(__file__).parents[3] / "specs" / "learning" / f"{name}.diag"
    source = Source(f"{name}.diag", path.read_text("utf-8"))
    items = next(i for i in parse(source).items if isinstance(i, tree.Learning)).items
    start, end = items[0].span.start, items[-1].span.end
    plain = diagram_hash(commute(check_source(source).learnings[name]))
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(len(items))
        body = "\n".join(items[i].span.text for i in order)
        shuffled = Source(source.name, source.text[:start] + body + source.text[end:])
        assert diagram_hash(commute(check_source(shuffled).learnings[name])) == plain
