"""Measures one implementation in a process of its own, or tries peers on a small size.

Usage: `python -m diagc.bench.worker run FOLDER` or `try FOLDER ANSWERS`. The folder holds `request.json`, the emitted
files and the arrays. `run` writes `answer.json` there, `try` one `.npz` among the answers for each candidate that ran.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from diagc.bench import peers
from diagc.bench.host import forget_peak, resident
from diagc.bench.work import Call, compiled, prepared
from diagc.modules import module_of
from diagc.verify.run_worker import several


def main() -> None:
    """Answer the request of a folder."""
    os.environ["JAX_PLATFORMS"] = "cpu"
    folder = Path(sys.argv[2])
    request = json.loads((folder / "request.json").read_text())
    if sys.argv[1] == "try":
        _try(folder, request, Path(sys.argv[3]))
    else:
        (folder / "answer.json").write_text(json.dumps(_measure(folder, request)))


def _try(folder: Path, request: dict[str, Any], answers: Path) -> None:
    """Results of every implementation and candidate, each in `N.npz` among the answers; what fails says why."""
    for place, name in enumerate(request["implementations"]):
        try:
            convert, prepare = _library(folder, name, request)
            results = prepare(convert(_arrays(folder, request), request["dtypes"]))()
            np.savez(answers / f"{place}.npz", *map(_numpy, several(results)))
        except Exception as error:  # what does not fit is no peer
            (answers / f"{place}.error").write_text(f"{type(error).__name__}: {error}"[:300])


def _measure(folder: Path, request: dict[str, Any]) -> dict[str, Any]:
    convert, prepare = _library(folder, request["implementation"], request)
    arrays = convert(_arrays(folder, request), request["dtypes"])
    before, start = resident("VmRSS"), time.perf_counter()
    run = prepare(arrays)
    compiled, peak = resident("VmRSS"), resident("VmHWM")
    forget_peak()
    run()
    first = time.perf_counter() - start
    used = resident("VmHWM")
    answer: dict[str, Any] = {
        "first": first, "memory": max(peak, used) - before, "run_memory": max(0, used - compiled),
        "cpu": [], "wall": [],
    }  # fmt: skip
    for _ in range(request["calls"]):
        wall, cpu = time.perf_counter(), time.process_time()
        run()
        answer["cpu"].append(time.process_time() - cpu)
        answer["wall"].append(time.perf_counter() - wall)
    return answer


def _arrays(folder: Path, request: dict[str, Any]) -> list[Any]:
    with np.load(folder / request["arrays"]) as stored:
        return [stored[name] for name in request["names"]]


def _library(folder: Path, name: str, request: dict[str, Any]) -> tuple[Any, Callable[[list[Any]], Call]]:
    """Conversion of arrays, and the call on them made ready: compiled where the library compiles."""
    inputs, work = len(request["roles"]), request["work"]
    if name.startswith("diagc-torch:"):
        called = getattr(module_of(folder / "bench_triton.py"), name.removeprefix("diagc-torch:"))
        return _to_torch, lambda arrays: prepared(lambda given: called(*given), arrays, inputs, work)
    if name.startswith("torch:"):
        candidate = peers.find(peers.CPU, name)
        return _to_torch, lambda arrays: prepared(candidate, arrays, inputs, work)
    function: Callable[[Sequence[Any]], Any]
    if name.startswith("jax:"):
        function = peers.find(peers.CPU, name)
    else:
        emitted = getattr(module_of(folder / "bench_jax.py"), name.removeprefix("diagc:"))
        function = _positional(emitted, request)
    return _to_jax, lambda arrays: compiled(function, arrays, inputs, work)


def _positional(emitted: Callable[..., Any], request: dict[str, Any]) -> Callable[..., Any]:
    """The emitted function of all inputs in order: parameters go into their dict, free sizes into keywords."""
    roles: list[str] = request["roles"]
    keywords = {
        name: request["sizes"][name]
        for name, parameter in inspect.signature(emitted).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY and name in request["sizes"]
    }

    def call(arrays: Sequence[Any]) -> Any:
        tensors = [a for a, role in zip(arrays, roles, strict=True) if role != "parameter"]
        named = zip(request["names"], arrays, roles, strict=False)
        params = {name: a for name, a, role in named if role == "parameter"}
        return emitted(*tensors, *([params] if params else []), **keywords)

    return call


def _to_jax(arrays: list[Any], dtypes: list[str]) -> list[Any]:
    jnp: Any = importlib.import_module("jax.numpy")
    narrow = {"float64": "float32", "int64": "int32"}  # JAX has no others unless it is told so
    names = [narrow.get(dtype, dtype) for dtype in dtypes]
    return [jnp.asarray(a, getattr(jnp, name)) for a, name in zip(arrays, names, strict=True)]


def _to_torch(arrays: list[Any], dtypes: list[str]) -> list[Any]:
    torch = importlib.import_module("torch")
    return [torch.from_numpy(a).to(getattr(torch, dtype)) for a, dtype in zip(arrays, dtypes, strict=True)]


def _numpy(result: Any) -> Any:
    return np.asarray(result.double() if hasattr(result, "double") else result, np.float64)


if __name__ == "__main__":
    main()
