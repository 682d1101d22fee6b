"""What a JAX file that carries kernels needs to launch them: its helpers, and the table of its kernels as PTX.

jaxlib's CUDA plugin launches them (`triton_kernel_call_ffi`, which jax-triton calls as well); neither Triton nor torch
is imported. Where a kernel was compiled for other sizes than it is asked for, it is not called.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from diagc.backends.triton_parts import ASSUMED
from diagc.backends.writer import tuple_text

COLUMNS: Final = 100
"""Characters of PTX on a line."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A kernel as PTX for one architecture, with its constants. `shared` is in bytes.

    `arrays` are the dtypes of what it reads and makes. `multiples` are places among its integers (strides but the
    innermost of each array, then sizes) at which it takes multiples of 16 only.
    """

    function: str
    arrays: tuple[str, ...]
    constants: Mapping[str, int | bool]
    warps: int
    stages: int
    shared: int
    multiples: tuple[int, ...]
    ptx: str


RUNTIME: Final = f'''
class _NotCarried(Exception):
    """This file has no kernel for these sizes."""


class _Compiled(NamedTuple):
    """A kernel as PTX with its constants; `multiples` are places among its strides and sizes that 16 divides."""

    constants: dict
    warps: int
    stages: int
    shared: int
    multiples: tuple
    ptx: str


def _gpus():
    try:
        return jax.devices("cuda")
    except RuntimeError:
        return []


def _processors():
    """How many programs the GPU runs at once at least; without one those of an H100 are assumed."""
    gpus = _gpus()
    return gpus[0].core_count if gpus else {ASSUMED}


@functools.cache
def _plugin():
    """What launches kernels in jaxlib; None without its CUDA plugin, or on a GPU that the PTX is not for."""
    try:
        from jax._src.lib import gpu_triton

        known = gpu_triton._cuda_triton.registrations()
    except (ImportError, AttributeError):
        return None
    gpus = _gpus()
    suits = not gpus or gpus[0].compute_capability.replace(".", "") == str(_ARCHITECTURE)
    return gpu_triton if suits and "triton_kernel_call_ffi" in known else None


@functools.cache
def _opaque(name, place, programs, integers):
    """The launch of a kernel as jaxlib reads it."""
    arrays, compiled = _KERNELS[name]
    one, plugin = compiled[place], _plugin()
    ptx = zlib.decompress(base64.b64decode(one.ptx)).decode()
    kernel = (name, one.warps, 1, one.shared, ptx, "", _ARCHITECTURE)
    try:
        kernel = plugin.TritonKernel(*kernel)
    except TypeError:  # later versions take the size and the alignment of scratch memory, too
        kernel = plugin.TritonKernel(*kernel, None, None)
    parameters = [plugin.create_array_parameter(0, 16)] * len(arrays)
    parameters += [plugin.create_scalar_parameter(integer, "i32") for integer in integers]
    launch = plugin.TritonKernelCall(kernel, programs, 1, 1, parameters)
    return zlib.compress(launch.to_proto(name, b""))


def _launch(name, grid, arrays, made, sizes, warps, stages, **constants):
    """The results of a kernel on dense arrays. Raises _NotCarried where it was not compiled for such sizes."""
    whole = (*arrays, *made)
    dtypes, compiled = _KERNELS[name]
    if tuple(str(jax.dtypes.canonicalize_dtype(array.dtype)) for array in whole) != dtypes:
        raise _NotCarried(name)
    if 0 in grid or not all(0 < array.size < 2**31 for array in whole):
        raise _NotCarried(name)
    strides = [math.prod(array.shape[axis + 1 :]) for array in whole for axis in range(array.ndim - 1)]
    integers = (*strides, *sizes)
    for place, one in enumerate(compiled):
        # with EXACT false a tile is masked, which is right at every size
        same = all(one.constants[key] in (value, False) for key, value in constants.items())
        fits = same and (one.warps, one.stages) == (warps, stages)
        if fits and all(integers[multiple] % 16 == 0 for multiple in one.multiples):
            call = jax.ffi.ffi_call("triton_kernel_call_ffi", made, vmap_method="sequential")
            found = call(*arrays, opaque=_opaque(name, place, *grid, integers))
            found = _alike(*arrays, *found)[len(arrays) :]
            return found if len(made) > 1 else found[0]
    raise _NotCarried(name)


def _cdiv(size, block):
    return -(-size // block)


def _power_of_two(size):
    return 1 << max(size - 1, 0).bit_length()


def _fits(kernels, *arrays):
    """Whether a function of kernels may be lowered for arrays of these shapes."""
    if _plugin() is None:
        return False
    try:
        jax.eval_shape(kernels, *arrays)
    except _NotCarried:
        return False
    return True


def _either(kernels, blocks, *arrays):
    """`kernels` where this is lowered for CUDA and they fit, `blocks` elsewhere."""
    if not _fits(kernels, *arrays):
        return blocks(*arrays)
    return lax.platform_dependent(*arrays, cuda=kernels, default=blocks)
'''.lstrip()

DERIVATIVE: Final = '''
def _keep(whole, kernels, blocks, *arrays):
    """Results, and what the derivative reads: of the kernels and of the blocks, of which one is zeros.

    The former is None where kernels do not take these shapes forward and backward, which `whole` does.
    """
    if not _fits(whole, *arrays):
        made, states = blocks(*arrays)
        return made, (None, states)

    def unused(function):
        states = jax.eval_shape(function, *arrays)[1]
        return tuple(jnp.zeros_like(arrays[0], state.dtype, state.shape) for state in states)

    def on_cuda(*arrays):
        made, states = kernels(*arrays)
        return made, (states, unused(blocks))

    def elsewhere(*arrays):
        made, states = blocks(*arrays)
        return made, (unused(kernels), states)

    return lax.platform_dependent(*arrays, cuda=on_cuda, default=elsewhere)


def _pull(kernels, blocks, states, *arrays):
    """Gradients from the states that `_keep` gave."""
    if states[0] is None:
        return blocks(states[1], *arrays)
    return lax.platform_dependent(
        states,
        *arrays,
        cuda=lambda states, *arrays: kernels(states[0], *arrays),
        default=lambda states, *arrays: blocks(states[1], *arrays),
    )
'''.lstrip()


def table_text(kernels: Sequence[Compiled], architecture: str) -> str:
    """The kernels of a file as data, at its end."""
    by_name: dict[str, list[Compiled]] = {}
    for one in kernels:
        by_name.setdefault(one.function, []).append(one)
    lines = [f"_ARCHITECTURE = {architecture.removeprefix('sm_')}", "", "_KERNELS = {"]
    for name, found in by_name.items():
        dtypes = tuple_text([f'"{dtype}"' for dtype in found[0].arrays])
        lines += [f'    "{name}": (', f"        {dtypes},", "        ["]
        for one in found:
            constants = ", ".join(f"{key}={value}" for key, value in one.constants.items())
            lines += [
                "            _Compiled(",
                f"                dict({constants}), {one.warps}, {one.stages}, {one.shared}, {one.multiples},",
                *_literal(one.ptx),
                "            ),",
            ]
        lines += ["        ],", "    ),"]
    return "\n".join([*lines, "}"]) + "\n"


def _literal(ptx: str) -> list[str]:
    """Compressed text as lines of a string literal."""
    text = base64.b64encode(zlib.compress(ptx.encode(), 9)).decode()
    return [f'                "{text[at : at + COLUMNS]}"' for at in range(0, len(text), COLUMNS)]
