"""Step time of emitted training programs against the plain JAX loop: `python -m bench.training`.

Small models are regimes of `specs/learning` against the programs of `tests/differential/regimes`, the large ones wide
networks against the same loop. Median of five interleaved runs, each of both programs, on the CPU; the table goes to
`bench/results/training.json`.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from diagc.backends.training import emit_training
from diagc.bench.host import cores, processor
from diagc.check.program import check_source
from diagc.learn.session import bind, load_program
from diagc.source import Source
from tests.differential.test_regimes import plain_of, program_of

RESULTS = Path(__file__).parent / "results" / "training.json"
ROUNDS = 5
SMALL = {
    "multitask": (64, 400), "agreement": (64, 400), "denoising": (64, 400), "koopman": (128, 400), "flow": (128, 400),
    "world": (128, 200), "actor_critic": (128, 400), "clip": (128, 200),
}  # fmt: skip
WIDE = """diag 1
axis pixel: 512, wide: {wide}, again: {wide}, class: 10
fn net(X: f32[pixel]) -> f32[class] {{
  model l1 = dense[pixel wide]
  model l2 = dense[wide again]
  model l3 = dense[again class]
  return X |> l1 |> relu |> l2 |> relu |> l3
}}
learning large {{
  source s {{ x: f32[pixel], y: i32 in class }}
  train m: f32[pixel] -> f32[class] = net
  commute e: m(x) ~ s.y by cross_entropy
  optimise by adam(lr = 1e-3)
}}
"""


def wide_loss(p: Any, fixed: Any, batch: Any) -> Any:
    """The loss of `WIDE` in plain JAX."""
    x = batch["s"]["x"]
    for name in ("l1", "l2"):
        x = jax.nn.relu(x @ p[f"m.{name}.W"] + p[f"m.{name}.c"])
    logits = x @ p["m.l3.W"] + p["m.l3.c"]
    return optax.softmax_cross_entropy_with_integer_labels(logits, batch["s"]["y"]).mean()


def step_of(loss: Callable[..., Any], optimiser: optax.GradientTransformation) -> Callable[..., Any]:
    """One compiled update, as one writes it."""

    @partial(jax.jit, donate_argnums=(0, 1))
    def step(p: Any, state: Any, fixed: Any, batch: Any) -> Any:
        value, gradient = jax.value_and_grad(loss)(p, fixed, batch)
        change, state = optimiser.update(gradient, state, p)
        return optax.apply_updates(p, change), state, value

    return step


def made_up(program: ModuleType, rows: int = 1024) -> dict[str, dict[str, Any]]:
    """Tables of random numbers for the columns that are read."""
    generator = np.random.default_rng(0)
    return {
        source: {
            name: generator.integers(0, limit, (rows, *shape)).astype(dtype)
            if limit
            else generator.standard_normal((rows, *shape)).astype(dtype)
            for name, (dtype, shape, limit) in columns.items()
        }
        for source, columns in program.REGIME.columns.items()
    }


def emitted_seconds(program: ModuleType, data: Any, size: int, steps: int) -> Callable[[], float]:
    """A run of the emitted program; it returns the seconds of an update."""
    options = program.Options(1, steps, size, 0)
    batches = program.Batches(data, options)
    updates = program.make_updates(program.REGIME, options, batches.sizes)
    params = program.initial(program.REGIME, 0)

    def run() -> float:
        moving, step = program.begin(program.REGIME, options, params).moving, 0
        start = time.perf_counter()
        while step < steps:
            count = min(batches.length, steps - step)
            moving, _ = updates(moving, {}, batches.chunk(step), np.int32(step), np.int32(count))
            step += count
        jax.block_until_ready(moving)
        return (time.perf_counter() - start) / steps

    return run


def plain_seconds(
    step: Callable[..., Any], optimiser: Any, params: Any, data: Any, size: int, steps: int, more: Any
) -> Callable[[], float]:
    """The same updates by a loop in Python; `more` makes what is drawn, or follows what moves."""
    ((source, table),) = data.items()

    def run() -> float:
        p = {path: jnp.array(value) for path, value in params.items()}
        state, generator = optimiser.init(p), np.random.default_rng(0)
        fixed = more.follow(p, {}) if hasattr(more, "follow") else {}
        order = generator.permutation(len(next(iter(table.values()))))
        places = len(order) // size
        start = time.perf_counter()
        for number in range(steps):
            rows = order[number % places * size : (number % places + 1) * size]
            batch = {source: {c: a[rows] for c, a in table.items()}}
            if hasattr(more, "draw"):
                batch[source] |= more.draw(generator, size)
            p, state, _ = step(p, state, fixed, batch)
            fixed = more.follow(p, fixed) if hasattr(more, "follow") else fixed
        jax.block_until_ready(p)
        return (time.perf_counter() - start) / steps

    return run


def compared(name: str, own: Callable[[], float], plain: Callable[[], float], size: int) -> dict[str, Any]:
    """Medians of interleaved runs, in microseconds, after one of each to warm up."""
    own(), plain()
    pairs = [(own(), plain()) for _ in range(ROUNDS)]
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    row = {"regime": name, "batch": size, "emitted_us": round(ours * 1e6), "plain_us": round(theirs * 1e6)}
    row["ratio"] = round(ours / theirs, 2)
    print(row, flush=True)
    return row


def main() -> None:
    """Measure everything and write the table."""
    rows: list[dict[str, Any]] = []
    for name, (size, steps) in SMALL.items():
        program, plain = program_of(name), plain_of(name)
        data, params = made_up(program), program.initial(program.REGIME, 0)
        own = emitted_seconds(program, data, size, steps)
        rows.append(
            compared(
                name, own, plain_seconds(plain.step, plain.optimiser, params, data, size, steps, plain), size
            )
        )
    for wide in (1024, 2048):
        learning = check_source(Source("wide.diag", WIDE.format(wide=wide))).learnings["large"]
        program = load_program(emit_training(bind(learning, {}, {}), "wide"))
        data, params, optimiser = made_up(program), program.initial(program.REGIME, 0), optax.adam(1e-3)
        own = emitted_seconds(program, data, 256, 12)
        loop = plain_seconds(step_of(wide_loss, optimiser), optimiser, params, data, 256, 12, None)
        rows.append(compared(f"three layers of {wide}", own, loop, 256))
    machine = {"processor": processor(), "cores": cores(), "jax": jax.__version__}
    RESULTS.write_text(
        json.dumps({"machine": machine, "rounds": ROUNDS, "rows": rows}, indent=1) + "\n", "utf-8"
    )


if __name__ == "__main__":
    main()
