"""Runs an emitted file on given arrays, in a process of its own: Triton through its interpreter, or JAX.

Usage: `python -m diagc.verify.run_worker triton|jax FOLDER`. The folder holds `module.py`, `request.json` and one
`.npz` for each call; results are written beside them. The interpreter of triton 3.6 multiplies the raw bits of bf16
and truncates casts to it: both are replaced here by what the hardware does (round to nearest, float32 products).
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import numpy as np

from diagc.backends.writer import identifier


def main() -> None:
    """Run every call of the request and write `CALL.out.npz` or `CALL.error` for each."""
    kind, folder = sys.argv[1], Path(sys.argv[2])
    request = json.loads((folder / "request.json").read_text())
    run = _triton(folder) if kind == "triton" else _jax(folder)
    for call in request["calls"]:
        arrays = dict(np.load(folder / f"{call['name']}.npz"))
        try:
            results = run(call, arrays)
            np.savez(folder / f"{call['name']}.out.npz", *results)
        except Exception:  # the finding is reported by the parent
            (folder / f"{call['name']}.error").write_text(traceback.format_exc()[-1500:])


def _module(folder: Path) -> Any:
    spec = importlib.util.spec_from_file_location("emitted", folder / "module.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _several(made: Any) -> list[Any]:
    return [*made] if type(made) is tuple else [made]


def _jax(folder: Path) -> Any:
    os.environ["JAX_PLATFORMS"] = "cpu"
    module = _module(folder)

    def run(call: dict[str, Any], arrays: dict[str, Any]) -> list[Any]:
        params = {name: arrays.pop(name) for name in call["parameters"]}
        made: Any = getattr(module, call["function"])(**arrays, **({"params": params} if params else {}))
        return [np.asarray(result, np.float64) for result in _several(made)]

    return run


def _triton(folder: Path) -> Any:
    os.environ["TRITON_INTERPRET"] = "1"
    torch: Any = importlib.import_module("torch")
    _patch(importlib.import_module("triton.runtime.interpreter"))
    module = _module(folder)

    def run(call: dict[str, Any], arrays: dict[str, Any]) -> list[Any]:
        tensors = {
            identifier(name): torch.from_numpy(np.array(a)).to(getattr(torch, call["dtypes"][name]))
            for name, a in arrays.items()
        }
        made: Any = getattr(module, call["function"])(**tensors)
        return [result.to(torch.float64).numpy() for result in _several(made)]

    return run


def _patch(interpreter: Any) -> None:
    tl: Any = importlib.import_module("triton.language")
    bfloat16: Any = np.dtype(importlib.import_module("ml_dtypes").bfloat16)
    builder, handle = interpreter.InterpreterBuilder, interpreter.TensorHandle
    plain_cast, plain_dot = builder.cast_impl, builder.create_dot
    floats = (tl.float32, tl.float16, tl.float64)

    def cast(self: Any, source: Any, target: Any) -> Any:
        have, want = source.dtype.scalar, target.scalar
        if want == tl.bfloat16 and have in floats:
            return handle(source.data.astype(bfloat16).view(np.uint16), want)
        if have == tl.bfloat16 and want in floats:
            return handle(source.data.view(bfloat16).astype(interpreter._get_np_dtype(want)), want)
        return plain_cast(self, source, target)

    def widened(operand: Any) -> Any:
        if operand.dtype.scalar != tl.bfloat16:
            return operand
        return handle(operand.data.view(bfloat16).astype(np.float32), tl.float32)

    def dot(self: Any, left: Any, right: Any, start: Any, precision: Any, imprecise: Any) -> Any:
        return plain_dot(self, widened(left), widened(right), start, precision, imprecise)

    builder.cast_impl, builder.create_dot = cast, dot
    for name in ("fp_ext", "fp_trunc", "si_to_fp", "ui_to_fp", "fp_to_si", "fp_to_ui"):
        setattr(builder, f"create_{name}", cast)


if __name__ == "__main__":
    main()
