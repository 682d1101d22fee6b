"""Element types and how they combine.

>>> promote([DType.BF16, DType.BF16]).value
'f32'
>>> narrowest_float([DType.F32, DType.BF16]).value
'bf16'
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Final, Literal

Kind = Literal["float", "int", "bool"]


class DType(Enum):
    """The dtypes of the language; the value is the name as written."""

    F64 = "f64"
    F32 = "f32"
    TF32 = "tf32"
    BF16 = "bf16"
    F16 = "f16"
    F8E4M3 = "f8e4m3"
    F8E5M2 = "f8e5m2"
    I64 = "i64"
    I32 = "i32"
    I16 = "i16"
    I8 = "i8"
    U8 = "u8"
    BOOL = "bool"

    @property
    def kind(self) -> Kind:
        if self is DType.BOOL:
            return "bool"
        return "int" if self.value[0] in "iu" else "float"

    @property
    def bytes(self) -> int:
        """Bytes of one element in memory."""
        return _BYTES[self]

    @property
    def precision(self) -> int:
        """Bits of the significand, the leading one included; 0 for integers and bool."""
        return _PRECISION.get(self, 0)

    @property
    def array_name(self) -> str:
        """What NumPy (with ml_dtypes), JAX and PyTorch call it, all three alike."""
        return _ARRAY_NAMES[self]


_BYTES: Final = {
    DType.F64: 8, DType.F32: 4, DType.TF32: 4, DType.BF16: 2, DType.F16: 2, DType.F8E4M3: 1, DType.F8E5M2: 1,
    DType.I64: 8, DType.I32: 4, DType.I16: 2, DType.I8: 1, DType.U8: 1, DType.BOOL: 1,
}  # fmt: skip
_PRECISION: Final = {
    DType.F64: 53, DType.F32: 24, DType.TF32: 11, DType.F16: 11, DType.BF16: 8, DType.F8E4M3: 4, DType.F8E5M2: 3,
}  # fmt: skip
_ARRAY_NAMES: Final = {
    DType.F64: "float64", DType.F32: "float32", DType.TF32: "float32", DType.BF16: "bfloat16", DType.F16: "float16",
    DType.F8E4M3: "float8_e4m3fn", DType.F8E5M2: "float8_e5m2", DType.I64: "int64", DType.I32: "int32",
    DType.I16: "int16", DType.I8: "int8", DType.U8: "uint8", DType.BOOL: "bool",
}  # fmt: skip
_INTEGERS: Final = (DType.U8, DType.I8, DType.I16, DType.I32, DType.I64)

BY_ARRAY_NAME: Final = {name: dtype for dtype, name in _ARRAY_NAMES.items() if dtype is not DType.TF32}
"""The dtypes by `array_name`."""


def promote(dtypes: Iterable[DType]) -> DType:
    """The dtype in which a pointwise operation on these is computed: at least f32 for floats (language §2)."""
    found = tuple(dtypes)
    floats = [dtype for dtype in found if dtype.kind == "float"]
    if floats:
        return DType.F64 if DType.F64 in floats else DType.F32
    integers = [dtype for dtype in found if dtype.kind == "int"]
    return max(integers, key=_INTEGERS.index) if integers else DType.BOOL


def narrowest_float(dtypes: Iterable[DType]) -> DType:
    """The floating dtype of fewest significant bits, in which a contraction of these runs; f32 if there is none."""
    floats = [dtype for dtype in dtypes if dtype.kind == "float"]
    return min(floats, key=lambda dtype: (dtype.precision, dtype.bytes)) if floats else DType.F32
