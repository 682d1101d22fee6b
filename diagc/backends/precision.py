"""How numbers are held while a diagram is evaluated on NumPy arrays.

The exact evaluation holds floats in float64 and integers in int64. The rounded one holds every value as its dtype
has it: a float below 32 bits is an f32 array of numbers that the dtype can hold, so that arithmetic is in f32.
"""

from __future__ import annotations

from typing import Any, Final

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from diagc.core.dtypes import DType

Tensor = NDArray[Any]

_NARROW: Final[dict[DType, Any]] = {
    DType.BF16: ml_dtypes.bfloat16,
    DType.F16: np.float16,
    DType.F8E4M3: ml_dtypes.float8_e4m3fn,
    DType.F8E5M2: ml_dtypes.float8_e5m2,
}
_INTEGERS: Final[dict[DType, Any]] = {
    DType.I64: np.int64, DType.I32: np.int32, DType.I16: np.int16, DType.I8: np.int8, DType.U8: np.uint8,
}  # fmt: skip


def storage(dtype: DType, rounding: bool) -> np.dtype[Any]:
    """The NumPy dtype that holds values of `dtype`."""
    match dtype.kind:
        case "bool":
            return np.dtype(np.bool_)
        case "int":
            return np.dtype(_INTEGERS[dtype] if rounding else np.int64)
        case "float":
            return np.dtype(np.float32 if rounding and dtype is not DType.F64 else np.float64)


def round_to(array: Tensor, dtype: DType) -> Tensor:
    """Numbers rounded to the nearest (ties to even) that a floating dtype has, held in its storage."""
    held = array.astype(storage(dtype, True), copy=False)
    if dtype is DType.TF32:
        return _round_tf32(held)
    with np.errstate(over="ignore", invalid="ignore"):
        return held.astype(_NARROW[dtype]).astype(np.float32) if dtype in _NARROW else held


def _round_tf32(array: Tensor) -> Tensor:
    bits = np.ascontiguousarray(array).view(np.uint32)
    even = (bits >> np.uint32(13)) & np.uint32(1)
    rounded = ((bits + np.uint32(0xFFF) + even) & np.uint32(0xFFFFE000)).view(np.float32)
    return np.where(np.isfinite(array), rounded, array).reshape(array.shape)


def stored(array: Tensor, dtype: DType, rounding: bool) -> Tensor:
    """A freshly computed value as a value of `dtype`; exact evaluation does not round floats or wrap integers."""
    if dtype.kind == "int" and array.dtype.kind == "f":
        return _truncated(array, dtype).astype(storage(dtype, rounding))
    if rounding and dtype.kind == "float":
        return round_to(array, dtype)
    return array.astype(storage(dtype, rounding), copy=False)


def cast(array: Tensor, dtype: DType, rounding: bool) -> Tensor:
    """The language's `cast`: floats to integers truncate and saturate, NaN gives 0; integers wrap."""
    if dtype.kind == "int" and array.dtype.kind != "f":
        array = array.astype(_INTEGERS[dtype])
    return stored(array, dtype, rounding)


def _truncated(array: Tensor, dtype: DType) -> Tensor:
    bounds = np.iinfo(_INTEGERS[dtype])
    low, high = (
        (float(bounds.min), float(bounds.max)) if dtype is not DType.I64 else (-(2.0**63), 2.0**63 - 1024.0)
    )
    return np.clip(np.trunc(np.nan_to_num(array.astype(np.float64), nan=0.0)), low, high).astype(np.int64)
