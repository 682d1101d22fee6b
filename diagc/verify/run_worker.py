"""Runs an emitted file on given arrays, in a process of its own: Triton through its interpreter or on a GPU, or JAX.

Usage: `python -m diagc.verify.run_worker triton|cuda|jax FOLDER`. The folder holds `module.py`, `request.json` and one
`.npz` for each call; results are written beside them. The interpreter of triton 3.6 multiplies the raw bits of bf16
and truncates casts to it: both are replaced here by what the hardware does (round to nearest, float32 products).
Kernels in Gluon, which it does not have, are simulated.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import numpy as np

from diagc.backends.writer import identifier
from diagc.modules import module_of
from diagc.verify.gluon_simulation import simulated


def main() -> None:
    """Run every call of the request and write `CALL.out.npz` or `CALL.error` for each."""
    kind, folder = sys.argv[1], Path(sys.argv[2])
    request = json.loads((folder / "request.json").read_text())
    run = (
        _jax(folder)
        if kind == "jax"
        else _interpreted(folder)
        if kind == "triton"
        else _torch(folder, "cuda")
    )
    for call in request["calls"]:
        arrays = dict(np.load(folder / f"{call['name']}.npz"))
        try:
            results = run(call, arrays)
            np.savez(folder / f"{call['name']}.out.npz", *results)
        except Exception:  # the finding is reported by the parent
            (folder / f"{call['name']}.error").write_text(traceback.format_exc()[-1500:])


def several(made: Any) -> list[Any]:
    """The results of a function, of which one alone is no sequence."""
    return [*made] if type(made) in (tuple, list) else [made]


def _jax(folder: Path) -> Any:
    os.environ["JAX_PLATFORMS"] = "cpu"
    module = module_of(folder / "module.py")

    def run(call: dict[str, Any], arrays: dict[str, Any]) -> list[Any]:
        cotangents = [arrays.pop(name) for name in call["cotangents"]]
        function: Any = getattr(module, call["function"])
        if cotangents:
            return [np.asarray(g, np.float64) for g in _pulled(function, call, arrays, cotangents)]
        params = {name: arrays.pop(name) for name in call["parameters"]}
        made: Any = function(**_named(arrays), **({"params": params} if params else {}))
        return [np.asarray(result, np.float64) for result in several(made)]

    return run


def _named(arrays: dict[str, Any]) -> dict[str, Any]:
    """The arrays by the names of arguments: a name of a specification may be a word of Python."""
    return {identifier(name): array for name, array in arrays.items()}


def _pulled(function: Any, call: dict[str, Any], arrays: dict[str, Any], cotangents: list[Any]) -> list[Any]:
    """The gradients by the real arguments, in the dtypes of the specification."""
    jax: Any = importlib.import_module("jax")
    jnp: Any = importlib.import_module("jax.numpy")
    given = {name: jnp.asarray(a, call["dtypes"][name]) for name, a in arrays.items()}
    real = {name: a for name, a in given.items() if jnp.issubdtype(a.dtype, jnp.floating)}

    def of_reals(chosen: dict[str, Any]) -> list[Any]:
        every = {**given, **chosen}
        params = {name: every.pop(name) for name in call["parameters"]}
        made = several(function(**_named(every), **({"params": params} if params else {})))
        return [result for result in made if jnp.issubdtype(result.dtype, jnp.floating)]

    results, pull = jax.vjp(of_reals, real)
    (found,) = pull([jnp.asarray(c, r.dtype) for c, r in zip(cotangents, results, strict=True)])
    return [found[name] for name in real]


def _interpreted(folder: Path) -> Any:
    os.environ["TRITON_INTERPRET"] = "1"
    _patch(importlib.import_module("triton.runtime.interpreter"))
    with simulated():
        return _torch(folder, "cpu")


def _torch(folder: Path, device: str) -> Any:
    torch: Any = importlib.import_module("torch")
    module = module_of(folder / "module.py")

    def run(call: dict[str, Any], arrays: dict[str, Any]) -> list[Any]:
        tensors = {
            identifier(name): torch.from_numpy(np.array(a)).to(device, getattr(torch, call["dtypes"][name]))
            for name, a in arrays.items()
        }
        cotangents = [tensors.pop(identifier(name)) for name in call["cotangents"]]
        real = [t for t in tensors.values() if t.is_floating_point() and cotangents]
        for tensor in real:
            tensor.requires_grad_()
        made = several(getattr(module, call["function"])(**tensors))
        if cotangents:
            made = torch.autograd.grad([r for r in made if r.is_floating_point()], real, cotangents)
        return [result.detach().to(torch.float64).cpu().numpy() for result in made]

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
