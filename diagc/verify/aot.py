"""Ahead-of-time compilation of every configuration of a kernel, and what must hold of the result.

No GPU is needed. Configurations compile in other processes with a time limit, so that one that crashes the compiler is
reported and nothing else is lost.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from diagc.backends.launches import Variant
from diagc.backends.triton_descriptors import FLAG
from diagc.backends.triton_frame import block_name
from diagc.backends.triton_module import argument_names, blocked_axes, emit_kernels, kernel_function
from diagc.core.axes import Size
from diagc.core.dtypes import DType
from diagc.kernel.ir import Dot
from diagc.plan.config import Config
from diagc.plan.extent import held_axes
from diagc.verify import compiler

SHARED_LIMIT = {"sm_80": 163 * 1024, "sm_90": 227 * 1024, "sm_100": 227 * 1024, "gfx942": 64 * 1024}
"""Shared memory that one program may have, in bytes (CUDA programming guide 13, table of compute capabilities)."""

WARPGROUP_ROWS = 64
"""Rows of a product from which on wgmma takes it (PTX ISA 8.5, wgmma.mma_async: M is 64); shorter ones take mma."""

ALIGNED = 16
"""What Triton looks for in integers and pointers: multiples of 16 let it load 16 bytes at once."""

MAX_SPILLS = 16
"""Bytes that may be spilled: the assembler parks one or two scalars outside the loops; a tile that does not fit costs
hundreds of bytes and is refused."""

_TYPES = {
    DType.F64: "*fp64", DType.F32: "*fp32", DType.TF32: "*fp32", DType.BF16: "*bf16", DType.F16: "*fp16",
    DType.F8E4M3: "*fp8e4nv", DType.F8E5M2: "*fp8e5", DType.I64: "*i64", DType.I32: "*i32", DType.I16: "*i16",
    DType.I8: "*i8", DType.U8: "*u8", DType.BOOL: "*i1",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    """The resources of one compiled configuration. Bytes for `shared` and `spills`; no `problem` if all holds."""

    kernel: str
    target: str
    resident: int
    blocks: str
    warps: int
    stages: int
    seconds: float
    registers: int
    spills: int
    shared: int
    wgmma: int
    serialised: bool
    problem: str | None
    scratch: int = 0
    ptx: str = field(default="", repr=False)


def compile_variants(
    variants: Sequence[Variant],
    targets: Iterable[str],
    processes: int = 2,
    sizes: Mapping[str, int] | None = None,
    multiples: Collection[str] | None = None,
) -> list[Report]:
    """Every configuration of every kernel, for every target; the rest is as for `request`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kernels.py"
        path.write_text(emit_kernels(variants))
        asked = [
            (v, config, request(v, config, target, sizes, multiples))
            for v in variants
            for config in v.configs
            for target in targets
        ]
        with ThreadPoolExecutor(processes) as pool:
            return list(pool.map(_compile, [path] * len(asked), *zip(*asked, strict=True)))


def request(
    variant: Variant, config: Config, target: str, sizes: Mapping[str, int] | None = None,
    multiples: Collection[str] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What the worker compiles: arrays are dense, pointers and sizes are multiples of 16.

    An axis that is held fills its block, or has the size that `sizes` gives its symbols. Of sizes that are not given
    those in `multiples` are multiples of 16, by default all; strides and sizes for which that does not follow are any.
    """
    kernel = variant.kernel
    names, arguments, constants = argument_names(variant)
    signature: dict[str, str] = {}
    fixed: dict[str, Any] = {}
    integers: dict[str, Size] = {}
    for array, name in names.arrays.items():
        node_array = kernel.outputs[array][1] if isinstance(array, int) else array.array
        signature[name] = _TYPES[node_array.dtype]
        stride = Size.constant(1)
        for axis in reversed(node_array.axes):
            if axis == node_array.axes[-1]:
                fixed[names.stride(array, axis)] = 1
            else:
                integers[names.stride(array, axis)] = stride
            stride = stride * axis.size
    integers |= {name: Size.symbol(symbol) for symbol, name in names.sizes.items()}
    signature |= dict.fromkeys(integers, "i32")
    held = held_axes(kernel.extents)
    blocks = dict(config.blocks)
    for axis in blocked_axes(kernel):
        known = (
            axis.size.evaluate(sizes) if sizes and set(axis.size.symbols) <= sizes.keys() else axis.size.value
        )
        block = blocks.get(axis) or _resident_block(known, config, variant.multiplies or len(held) == 1)
        fixed[block_name(axis)] = block
        exact = f"EXACT_{block_name(axis).removeprefix('BLOCK_')}"
        if exact in constants:
            fixed[exact] = known in (None, block)
    if FLAG in constants:
        fixed[FLAG] = True
    if "STAGES" in constants:
        fixed["STAGES"] = config.stages
    given = [a for a in arguments if a in signature]
    return {
        "signature": {a: signature[a] for a in given}, "constants": fixed,
        "aligned": [a for a in given if a not in integers or _is_multiple(integers[a], sizes, multiples)],
        "target": target,
        "warps": config.warps, "stages": config.stages, "function": kernel_function(kernel.name),
    }  # fmt: skip


def _is_multiple(size: Size, sizes: Mapping[str, int] | None, multiples: Collection[str] | None) -> bool:
    """Whether a size is a multiple of 16 at the sizes that are given, if those in `multiples` are."""
    if sizes is None:
        return True
    left = size.substitute({name: Size.constant(value) for name, value in sizes.items()})
    return all(
        c % ALIGNED == 0 or any(multiples is None or symbol in multiples for symbol, _ in monomial)
        for monomial, c in left.terms
    )


def _resident_block(size: int | None, config: Config, alone: bool) -> int:
    if size is not None:
        return max(16, 1 << (size - 1).bit_length())
    return config.max_resident if alone else 16


def _compile(path: Path, variant: Variant, config: Config, asked: Mapping[str, Any]) -> Report:
    target: str = asked["target"]
    answer = compiler.answer({**asked, "file": str(path)})
    problem = _problem(variant, target, answer, asked["constants"])
    blocks = " ".join(f"{axis}={block}" for axis, block in config.blocks)
    return Report(
        variant.kernel.name, target, config.max_resident, blocks, config.warps, config.stages,
        seconds=float(answer.get("seconds", 0.0)), registers=int(answer.get("registers", 0)),
        spills=int(answer.get("spills", 0)), shared=int(answer.get("shared", 0)), wgmma=int(answer.get("HGMMA", 0)),
        serialised=bool(answer.get("serialised")), problem=problem, scratch=int(answer.get("scratch", 0)),
        ptx=str(answer.get("ptx", "")),
    )  # fmt: skip


def _problem(
    variant: Variant, target: str, answer: dict[str, Any], constants: Mapping[str, Any]
) -> str | None:
    """What is wrong with a compiled configuration, if anything.

    Configurations are chosen for sm_90. Elsewhere spilled registers cost time and nothing else: they are listed.
    """
    if "error" in answer:
        return str(answer["error"])
    if answer["shared"] > SHARED_LIMIT[target]:
        return f"{answer['shared']} bytes of shared memory, {SHARED_LIMIT[target]} are allowed"
    return _hopper_problem(variant, answer, constants) if target == "sm_90" else None


def _hopper_problem(variant: Variant, answer: dict[str, Any], constants: Mapping[str, Any]) -> str | None:
    if answer["spills"] > MAX_SPILLS:
        return f"{answer['spills']} bytes are spilled"
    dots = [s for s in variant.kernel.statements() if isinstance(s, Dot) and s.compute.bytes <= 2]
    rows = [variant.kernel.dims(dot.target.axes)[0] for dot in dots]
    planned = any(constants.get(block_name(axis), 1) >= WARPGROUP_ROWS for axis in rows)
    if planned and not answer["HGMMA"]:
        return "a contraction was planned, but no wgmma is issued"
    if answer["serialised"]:
        return "wgmma is serialised"
    return None
