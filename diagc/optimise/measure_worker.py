# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false
"""Runs a user's function and the module that stands for it, in a process of its own with the limits of the importer.

Usage: `python -m diagc.optimise.measure_worker FOLDER`; it writes `measured.json`, or `error.json`.
"""

from __future__ import annotations

import contextlib
import copy
import importlib
import importlib.metadata
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import jax
import jax.numpy as jnp
import numpy as np

from diagc.bench.host import cores, forget_peak, processor, resident
from diagc.importers.function import difference
from diagc.importers.worker import answer, arrays_of, limited
from diagc.modules import module_of

ROUNDS: Final = 5
Results = list[Any]


@dataclass(frozen=True, slots=True)
class Side:
    """A function in two ways: its results, and these with its gradients by what is real; each waits for the end."""

    forward: Callable[[], Results]
    both: Callable[[], tuple[Results, Results]]


def main() -> None:
    """Answer the request of a folder."""
    folder = Path(sys.argv[1])
    request = json.loads((folder / "request.json").read_text())
    answer(folder, request, lambda: _write(folder, request))


def _write(folder: Path, request: dict[str, Any]) -> None:
    is_torch = request["framework"] == "torch"
    jnp.zeros(1).block_until_ready()
    packages = ["jax"]
    if is_torch:
        packages = ["torch", "jax"]
        _start_torch()
    function = limited(request, folder)
    arrays = arrays_of(np.random.default_rng(0), request)
    path = Path(request["module"])
    sys.path.insert(0, str(path.parent))
    made = getattr(module_of(path), request["function"])
    sides, exact = (_torch if is_torch else _jax)(function, made, arrays, request)
    found = _timed(sides)
    reference, name = _reference(exact, sides[0])
    for side, own in zip(sides, found, strict=True):
        errors = (
            max(map(difference, *pair), default=0.0) for pair in zip(_numbers(side), reference, strict=True)
        )
        own["values"], own["gradients"] = errors
    versions = ", ".join(f"{package} {importlib.metadata.version(package)}" for package in packages)
    (folder / "measured.json").write_text(json.dumps({
        "function": found[0], "derived": found[1], "versions": versions, "rounds": ROUNDS,
        "machine": f"{processor()}, {cores()} cores",
        "reference": name, "peer": "function, by torch as it is" if is_torch else "function, by jax.jit",
    }))  # fmt: skip


def _numbers(side: Side) -> tuple[Results, Results]:
    values, gradients = side.both()
    return [np.asarray(a, np.float64) for a in values], [np.asarray(a, np.float64) for a in gradients]


def _reference(exact: Side, plain: Side) -> tuple[tuple[Results, Results], str]:
    """The results of the function in float64; where it has dtypes of its own and cannot be run so, as it is."""
    try:
        return _numbers(exact), "the function in float64"
    except (TypeError, ValueError, RuntimeError):
        return _numbers(plain), "the function itself"


def _timed(sides: Sequence[Side]) -> list[dict[str, Any]]:
    """Medians of seconds, and bytes by which memory grows; sides take turns."""
    found: list[dict[str, Any]] = [{}, {}]
    for what in ("forward", "both"):
        runs = [getattr(side, what) for side in sides]
        for own, run in zip(found, runs, strict=True):
            run()
            own[f"{what}_bytes"] = _growth(run)
        times: list[list[float]] = [[], []]
        for _ in range(ROUNDS):
            for own, run in zip(times, runs, strict=True):
                start = time.perf_counter()
                run()
                own.append(time.perf_counter() - start)
        for own, seconds in zip(found, times, strict=True):
            own[what] = statistics.median(seconds)
    return found


def _growth(run: Callable[[], Any]) -> int:
    """Bytes by which the resident set grows at most."""
    forget_peak()
    before = resident("VmRSS")
    run()
    return max(0, resident("VmHWM") - before)


# ---- JAX


def _jax(function: Any, made: Any, arrays: Results, request: dict[str, Any]) -> tuple[list[Side], Side]:
    given = [jnp.asarray(a, dtype) for a, (dtype, _) in zip(arrays, request["arguments"], strict=True)]
    return [_jax_side(function, given), _jax_side(made, given)], _exact(function, given)


def _jax_side(function: Any, given: Results) -> Side:
    real = [i for i, a in enumerate(given) if jnp.issubdtype(a.dtype, jnp.floating)]

    def flat(*chosen: Any) -> Results:
        every = dict(zip(real, chosen, strict=True))
        results = jax.tree.leaves(function(*(every.get(i, a) for i, a in enumerate(given))))
        return [r for r in results if jnp.issubdtype(r.dtype, jnp.floating)]

    def both(*chosen: Any) -> tuple[Results, Results]:
        results, pull = jax.vjp(flat, *chosen)
        return results, list(
            pull([jnp.cos(jnp.arange(r.size, dtype=r.dtype)).reshape(r.shape) for r in results])
        )

    forward, pulled, chosen = jax.jit(flat), jax.jit(both), [given[i] for i in real]

    def ready(run: Any) -> Any:
        return jax.block_until_ready(run(*chosen))

    return Side(partial(ready, forward), partial(ready, pulled))


def _exact(function: Any, given: Results) -> Side:
    def wide(run: str) -> Any:
        with jax.enable_x64(True):
            exact = [
                jnp.asarray(np.asarray(a, np.float64)) if jnp.issubdtype(a.dtype, jnp.floating) else a
                for a in given
            ]
            return jax.tree.map(np.asarray, getattr(_jax_side(function, exact), run)())

    return Side(lambda: wide("forward"), lambda: wide("both"))


# ---- PyTorch


def _start_torch() -> None:
    """Import what modules for torch import, before files may no longer be opened."""
    import torch

    with contextlib.suppress(ImportError):  # where there is none, emitted code does without
        importlib.import_module("triton")
    torch.relu(torch.zeros(1))


def _torch(function: Any, made: Any, arrays: Results, request: dict[str, Any]) -> tuple[list[Side], Side]:
    import torch

    def wide(array: Any) -> Any:
        return array.double() if array.is_floating_point() else array

    given = [
        torch.as_tensor(a).to(getattr(torch, dtype))
        for a, (dtype, _) in zip(arrays, request["arguments"], strict=True)
    ]
    is_module = isinstance(function, torch.nn.Module)
    exact = copy.deepcopy(function).eval().double() if is_module else function
    plain = function.eval() if is_module else function
    stands = made(plain) if is_module else made
    return [_torch_side(plain, given), _torch_side(stands, given, plain)], _torch_side(
        exact, list(map(wide, given))
    )


def _torch_side(run: Any, given: Results, holder: Any = None) -> Side:
    """`holder` is the module whose parameters `run` has, where it is none itself."""
    import torch
    from torch.utils._pytree import tree_leaves

    holder = run if holder is None else holder
    held = list(holder.parameters()) if isinstance(holder, torch.nn.Module) else []
    own = [a.clone().requires_grad_() if a.is_floating_point() else a for a in given]
    real = [a for a in (*own, *held) if a.requires_grad]

    def forward() -> Results:
        with torch.no_grad():
            return [a for a in tree_leaves(run(*given)) if a.is_floating_point()]

    def both() -> tuple[Results, Results]:
        results = [a for a in tree_leaves(run(*own)) if a.is_floating_point()]
        pairs = [(r, torch.arange(r.numel(), dtype=r.dtype).cos().view(r.shape)) for r in results]
        slopes = torch.autograd.grad(
            [r for r, _ in pairs], real, [c for _, c in pairs], allow_unused=True, materialize_grads=True
        )
        return [_array(r) for r in results], [_array(g) for g in slopes]

    return Side(forward, both)


def _array(tensor: Any) -> Any:
    import torch

    return tensor.detach().to(torch.float64 if tensor.is_floating_point() else tensor.dtype).numpy()


if __name__ == "__main__":
    main()
