"""What the functions of other libraries are called here: the help for a name that is unknown."""

from __future__ import annotations

from typing import Final

_CONTRACTION: Final = "write a contraction as `sum[k](A * B)`"
_FACTORS: Final = "split or merge axes: `X[head -> (kv g)]`, `X[(kv g) -> head]`"
_NAMED: Final = "axes have names: nothing has to be transposed"
_SHARED: Final = "an operand that lacks an axis is shared along it"
_JOIN: Final = "write `concat[t](A, B)`"
_CLAMP: Final = "write `min(max(a, low), high)`"
_INDEX: Final = "an axis name used as a value is the index along that axis"
_CAST: Final = "write `cast(X, f32)`"
_GATHER: Final = "write `E[vocab -> index]`"
_STOP: Final = "write `stop(X)`"

SPELLINGS: Final = {
    "einsum": _CONTRACTION, "matmul": _CONTRACTION, "dot": _CONTRACTION, "mm": _CONTRACTION, "bmm": _CONTRACTION,
    "tensordot": _CONTRACTION, "inner": _CONTRACTION, "permute": _NAMED, "transpose": _NAMED, "swapaxes": _NAMED,
    "reshape": _FACTORS, "view": _FACTORS, "rearrange": _FACTORS, "flatten": _FACTORS, "unflatten": _FACTORS,
    "unsqueeze": _SHARED, "expand": _SHARED, "expand_dims": _SHARED, "broadcast_to": _SHARED, "expand_as": _SHARED,
    "squeeze": "slice with `X[a -> 0]`", "repeat": "repeat along `a` by adding `zeros[a]()`",
    "tile": "repeat along `a` by adding `zeros[a]()`", "stack": _JOIN, "cat": _JOIN, "concatenate": _JOIN,
    "hstack": _JOIN, "vstack": _JOIN, "pow": "write `a ^ b`", "power": "write `a ^ b`", "square": "write `a ^ 2`",
    "maximum": "write `max(a, b)`", "minimum": "write `min(a, b)`", "amax": "write `max[x](a)`",
    "amin": "write `min[x](a)`", "clamp": _CLAMP, "clip": _CLAMP, "masked_fill": "write `where(mask, -inf, X)`",
    "arange": _INDEX, "range": _INDEX, "linspace": _INDEX, "len": "write `size(a)`", "shape": "write `size(a)`",
    "std": "write `sqrt(variance[a](X))`", "var": "write `variance[a](X)`", "average": "write `mean[a](X)`",
    "float": _CAST, "astype": _CAST, "to": _CAST, "half": "write `cast(X, f16)`", "int": "write `cast(X, i32)`",
    "gather": _GATHER, "take": _GATHER, "take_along_axis": _GATHER, "index_select": _GATHER, "detach": _STOP,
    "stop_gradient": _STOP, "vmap": "arguments with more axes are woven; no map is written",
    "full": "write the number; it is shared along every axis", "zeros_like": "write `0 * X`",
    "ones_like": "write `0 * X + 1`", "None": "leave it out", "True": "write `true`", "False": "write `false`",
    "nan": "there is no literal for NaN", "infinity": "write `inf`", "rand": "write `uniform[a]()`",
    "randn": "write `normal[a]()`",
}  # fmt: skip
