"""Training steps of a small GPT on a CPU, as frameworks run it and with derived regions: `python -m bench.gpt`.

The model is that of `tests/differential/small_gpt.py`, in PyTorch and in JAX. Each way of running it has a process of
its own; processes take turns, a few steps each, so that what else the machine does meets them alike. Times are medians
of processor seconds per step, of all threads; memory is how far the resident set grew at most from before the second
step. The table goes to `bench/results/cpu/gpt.json`.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from diagc.bench.host import cores, forget_peak, processor, resident

RESULTS = Path(__file__).parent / "results" / "cpu" / "gpt.json"
WAYS = {
    "torch": {
        "eager": {},
        "inductor": {},
        "diagc": {"rest": "eager"},
        "diagc, rest by inductor": {"rest": "inductor"},
    },
    "jax": {"jit": {}, "jit of diagc.jax.fuse": {"fuse": True}},
}
SIZES = {"64 letters": (64, 8, 0), "512 letters": (512, 1, 1 << 25), "2048 letters": (2048, 1, 1 << 25)}
"""Letters, rows, and the least bytes of a region."""

ROUNDS, STEPS, RATE = 7, 3, 0.3


# ---- one way, in its own process


def torch_step(way: str, length: int, rows: int, least_bytes: int) -> Callable[[int], float]:
    """A training step that returns its loss."""
    import torch

    import diagc.dynamo  # noqa: F401
    from tests.differential import small_gpt as gpt

    gpt.LENGTH = length
    torch.manual_seed(0)
    model = gpt.GPT()
    run: Any = model
    if way == "inductor":
        run = torch.compile(model, backend="inductor")
    elif way != "eager":
        options = {"least_bytes": least_bytes, **WAYS["torch"][way]}
        run = torch.compile(model, backend="diagc", options=options)
    optimiser = torch.optim.SGD(model.parameters(), RATE)

    def step(seed: int) -> float:
        value = run(*map(torch.as_tensor, gpt.text(rows, seed)))
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        return value.item()

    return step


def jax_step(way: str, length: int, rows: int, least_bytes: int) -> Callable[[int], float]:
    """A training step that returns its loss."""
    import jax
    import jax.numpy as jnp

    import diagc.jax
    from tests.differential import small_gpt as gpt

    gpt.LENGTH = length
    function = diagc.jax.fuse(gpt.loss, least_bytes=least_bytes) if WAYS["jax"][way] else gpt.loss
    of = jax.jit(jax.value_and_grad(function))
    params = [gpt.parameters()]

    def step(seed: int) -> float:
        value, slopes = of(params[0], *map(jnp.asarray, gpt.text(rows, seed)))
        params[0] = jax.tree.map(lambda p, g: p - RATE * g, params[0], slopes)
        return float(value)

    return step


def child(framework: str, way: str, size: str) -> None:
    """Take steps when asked, by a line on the input; answer with a line of JSON."""
    step = (torch_step if framework == "torch" else jax_step)(way, *SIZES[size])
    start = time.process_time()
    losses = [step(0)]
    from diagc.optimise.derived import known

    first = time.process_time() - start
    forget_peak()
    before = resident("VmRSS")
    print(json.dumps({"first": first, "regions": sum(r is not None for r in known())}), flush=True)
    for line in sys.stdin:
        start, wall = time.process_time(), time.perf_counter()
        losses += [step(len(losses) + n) for n in range(int(line))]
        used, passed = time.process_time() - start, time.perf_counter() - wall
        grown = resident("VmHWM") - before
        print(json.dumps({"cpu": used, "wall": passed, "grown": grown, "losses": losses}), flush=True)


# ---- all of them


def measured(size: str, framework: str) -> list[dict[str, Any]]:
    """What each way of a framework takes at a size."""
    own = [sys.executable, "-m", "bench.gpt", "--child", framework, size]
    running = {}
    for way in WAYS[framework]:
        running[way] = subprocess.Popen([*own, way], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    ready = {way: json.loads(process.stdout.readline()) for way, process in running.items()}
    rounds: dict[str, list[dict[str, Any]]] = {way: [] for way in running}
    for _ in range(ROUNDS):
        for way, process in running.items():
            process.stdin.write(f"{STEPS}\n")
            process.stdin.flush()
            rounds[way].append(json.loads(process.stdout.readline()))
    for process in running.values():
        process.stdin.close()
        process.wait()
    plain = rounds[next(iter(rounds))][-1]["losses"]
    rows = []
    for way, found in rounds.items():
        losses = found[-1]["losses"]
        rows.append({
            "framework": framework, "way": way, "size": size,
            "cpu_seconds_per_step": statistics.median(r["cpu"] for r in found) / STEPS,
            "cpu_seconds_least_most": [f(r["cpu"] for r in found) / STEPS for f in (min, max)],
            "wall_seconds_per_step": statistics.median(r["wall"] for r in found) / STEPS,
            "bytes_grown": found[-1]["grown"], "first_step_cpu_seconds": ready[way]["first"],
            "regions": ready[way]["regions"], "steps": len(losses), "last_loss": losses[-1],
            "largest_difference_of_losses": max(abs(a - b) / abs(b) for a, b in zip(losses, plain, strict=True)),
        })  # fmt: skip
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--child", nargs=3, metavar=("FRAMEWORK", "SIZE", "WAY"))
    parser.add_argument(
        "--size", choices=list(SIZES), action="append", help="Only these; others stay in the file."
    )
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    if given.child:
        framework, size, way = given.child
        child(framework, way, size)
        return
    before = json.loads(given.out.read_text())["measurements"] if given.size else []
    rows = [row for row in before if row["size"] not in given.size]
    rows += [row for size in given.size or SIZES for framework in WAYS for row in measured(size, framework)]
    rows.sort(key=lambda row: list(SIZES).index(row["size"]))
    about = {
        "processor": processor(), "cores": cores(),
        "versions": {package: importlib.metadata.version(package) for package in ("torch", "jax", "jaxlib")},
        "rounds": ROUNDS, "steps_per_round": STEPS,
        "sizes": {n: dict(zip(("letters", "rows", "least_bytes"), size, strict=True)) for n, size in SIZES.items()},
    }  # fmt: skip
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps({"provenance": about, "measurements": rows}, indent=1) + "\n")
    for row in rows:
        print(f"{row['size']:14}{row['framework']:7}{row['way']:26}{row['cpu_seconds_per_step'] * 1e3:9.1f} ms "
              f"{row['bytes_grown'] / 1e6:8.1f} MB {row['regions']} regions "
              f"{row['largest_difference_of_losses']:.1e}")  # fmt: skip


if __name__ == "__main__":
    main()
