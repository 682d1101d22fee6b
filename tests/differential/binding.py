"""A spec whose kernels are carried by its JAX file, and what jaxlib is asked to launch by an exported function."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from functools import cache
from typing import Any

import jax

from diagc.backends.emit import Carried, jax_source
from diagc.verify.ptx import carried
from tests.unit.specs import entry

TEXT = """axis b, q, x, d
fn f(Q: bf16[b q d], K: bf16[b x d], V: bf16[b x d]) -> bf16[b q d] {
  return sum[x](softmax[x](rsqrt(size(d)) * sum[d](Q * K)) * V)
}"""
HELD = 64
"""The size of the axis that the kernels hold."""

TARGET = "triton_kernel_call_ffi"


@cache
def kernels() -> Carried:
    found, problems = carried({"f": entry(TEXT)}, {"d": HELD}, "sm_90")
    assert not problems
    return found


@cache
def source() -> str:
    return jax_source({"f": entry(TEXT)}, "f.diag", None, kernels())


def exported(function: Any, *arrays: Any) -> list[dict[int, list[Any]]]:
    """The messages `TritonKernelCall` of the launches in a function that is lowered for CUDA (jaxlib/gpu/triton.proto).

    Each is its fields by number: 1 the kernel, 2 to 4 the grid, 5 the parameters.
    """
    check = jax.export.DisabledSafetyCheck.custom_call(TARGET)
    made = jax.export.export(jax.jit(function), platforms=["cuda"], disabled_checks=[check])(*arrays)
    text = made.mlir_module()
    found = re.findall(rf'custom_call @{TARGET}\(.*opaque = "((?:[^"\\]|\\.)*)"', text)
    assert len(found) == text.count(f"@{TARGET}")
    return [_fields(_fields(zlib.decompress(_bytes(opaque)))[1][0]) for opaque in found]


def _bytes(escaped: str) -> bytes:
    """A string of MLIR: what cannot be printed is two hexadecimal digits."""
    return re.sub(
        rb"\\([0-9A-F]{2}|.)",
        lambda found: bytes.fromhex(found[1].decode()) if len(found[1]) == 2 else found[1],
        escaped.encode("latin1"),
    )


def kernel(launch: dict[int, list[Any]]) -> dict[int, list[Any]]:
    """The message `TritonKernel`: 1 its name, 2 warps, 3 bytes of shared memory, 4 PTX, 6 compute capability."""
    return _fields(launch[1][0])


def integers(launch: dict[int, list[Any]]) -> list[int]:
    """The parameters that are numbers of 32 bits."""
    return [field[3][0] for field in map(_fields, launch[5]) if 3 in field]


def _fields(message: bytes) -> dict[int, list[Any]]:
    """The wire format of protocol buffers, as far as varints and lengths go."""
    found: dict[int, list[Any]] = {}
    rest = iter(message)

    def varint() -> int:
        parts: list[int] = []
        for byte in rest:
            parts.append(byte & 127)
            if byte < 128:
                break
        return sum(part << 7 * place for place, part in enumerate(parts))

    for key in _keys(rest):
        assert key & 7 in (0, 2)
        value = varint() if key & 7 == 0 else bytes(next(rest) for _ in range(varint()))
        found.setdefault(key >> 3, []).append(value)
    return found


def _keys(rest: Iterator[int]) -> Iterator[int]:
    """Field numbers below 16 have keys of one byte."""
    yield from rest
