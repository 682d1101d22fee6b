"""A self-contained Triton file: kernels, and for each entry a launcher on torch tensors with checked arguments.

The text imports only torch and triton. Shapes and strides are run-time arguments; ragged sizes are masked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Final

from diagc.backends.gluon_form import schedule
from diagc.backends.gluon_kernel import IMPORTS, in_gluon, kernel_text
from diagc.backends.launches import Form, Variant, resident_axes
from diagc.backends.sizes import input_name
from diagc.backends.torch_on_cpu import ON_CPU
from diagc.backends.triton_descriptors import FLAG
from diagc.backends.triton_frame import Names, block_name
from diagc.backends.triton_kernel import KernelWriter
from diagc.backends.triton_terms import HELPERS
from diagc.backends.writer import Writer, identifier
from diagc.core.axes import Axis
from diagc.core.diagram import Node
from diagc.kernel.ir import Kernel, Load, Number

_HEADER = '''"""{title}

Made by diagc {version} from {source}. {note}
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import pathlib

import torch
import triton
import triton.language as tl
{more}
__all__ = [{exported}]
'''

_CHECK = '''
def _check(name: str, array: torch.Tensor, dtype: torch.dtype, rank: int, device: torch.device) -> None:
    """Refuse an array that the kernel would misread, or could not reach."""
    if array.device.type == "cpu" and not triton.knobs.runtime.interpret:
        raise ValueError(f"{name}: on a CPU, where no kernel runs; the functions of ELSEWHERE do, on NumPy arrays")
    if array.dtype is not dtype or array.dim() != rank:
        raise ValueError(f"{name}: expected {rank} axes of {dtype}, got {array.dim()} of {array.dtype}")
    if array.device != device:
        raise ValueError(f"{name}: on {array.device}, but the first array is on {device}")
    span = sum((size - 1) * abs(stride) for size, stride in zip(array.shape, array.stride()))
    if span >= 2**31:
        raise ValueError(f"{name}: spans {span} elements; the kernel counts to 2**31")
'''

_OPERATOR = '''
def _is_traced(tensor: object) -> bool:
    """Whether this stands for a tensor and holds none: torch reads off it what a function does."""
    return isinstance(tensor, torch.Tensor) and type(tensor) not in (torch.Tensor, torch.nn.Parameter)


def _operator(launch):
    """A launcher that is one operator to what traces: torch.compile, torch.export, fake tensors."""
    name = "".join(c if c.isalnum() else "_" for c in __name__)
    operator = torch.library.custom_op(f"{name}::{launch.__name__}", launch, mutates_args=())
    operator.register_fake(launch)

    @functools.wraps(launch)
    def call(*arrays, **named):
        if torch.compiler.is_compiling() or any(map(_is_traced, (*arrays, *named.values()))):
            return operator(*arrays, **named)
        return launch(*arrays, **named)

    return call
'''


def emit_kernels(variants: Sequence[Variant]) -> str:
    """Kernels alone, without launchers: a text that needs triton only."""
    texts, helpers = kernel_texts(variants)
    head = "import triton\nimport triton.language as tl\n" + imports(variants)
    return "\n\n".join([head, *helper_texts(helpers), *texts])


def imports(variants: Iterable[Variant]) -> str:
    """What kernels in Gluon need besides."""
    return IMPORTS if any(variant.form == "gluon" for variant in variants) else ""


def kernel_texts(variants: Iterable[Variant]) -> tuple[list[str], set[str]]:
    """The text of each kernel, and the helpers that they call."""
    helpers: set[str] = set()
    texts: list[str] = []
    for variant in variants:
        for text, used in (
            (_kernel(variant),)
            if variant.otherwise is None
            else (_kernel(variant.otherwise), _kernel(variant))
        ):
            texts.append(text)
            helpers |= used
    return texts, helpers


def helper_texts(helpers: set[str]) -> list[str]:
    """The functions that kernels call, in Triton and in Gluon."""
    found = [HELPERS[name] for name in HELPERS if name in helpers]
    return found + [in_gluon(HELPERS[name], [name]) for name in HELPERS if f"gluon_{name}" in helpers]


def module_text(
    exported: Iterable[str],
    parts: Iterable[str],
    helpers: set[str],
    source: str,
    version: str,
    more: str = "",
) -> str:
    """The text of a file: header, helpers and parts, laid out."""
    names = list(exported)
    header = _HEADER.format(
        title=f"Fused kernels for {', '.join(names)}.", version=version, source=PurePath(source).name,
        note="Tiles are masked at ragged ends; arithmetic is float32.", exported=", ".join(f'"{n}"' for n in names),
        more=more,
    )  # fmt: skip
    beside = f"{PurePath(source).stem}_jax.py"
    host = [text.replace("ELSEWHERE", beside).lstrip("\n") for text in (_CHECK, _OPERATOR, ON_CPU)]
    texts = (*helper_texts(helpers), *host, *parts)
    return "\n\n".join(text.rstrip("\n") + "\n" for text in (header, *texts))


def kernel_function(variant_name: str) -> str:
    """The name of the `@triton.jit` function of a kernel."""
    return f"{identifier(variant_name)}_kernel"


def arrays_read(kernel: Kernel) -> tuple[Node, ...]:
    """The inputs that the kernel loads, in the order of the signature."""
    loaded = {s.source for s in kernel.statements() if isinstance(s, Load)}
    return tuple(node for node in kernel.inputs if node in loaded)


def size_symbols(kernel: Kernel) -> tuple[str, ...]:
    """The size symbols that the kernel needs, in order of first occurrence."""
    axes = [a for n in kernel.inputs for a in n.axes] + [a for _, array in kernel.outputs for a in array.axes]
    sizes = [axis.size for axis in (*axes, *kernel.extents)]
    sizes += [
        s.value for s in kernel.statements() if isinstance(s, Number) and not isinstance(s.value, int | float)
    ]
    return tuple(dict.fromkeys(symbol for size in sizes for symbol in size.symbols))


def _names(kernel: Kernel, writer: Writer) -> Names:
    arrays: dict[Node | int, str] = {
        node: writer.fresh(f"{input_name(node)}_ptr") for node in arrays_read(kernel)
    }
    for place, (name, _) in enumerate(kernel.outputs):
        arrays[place] = writer.fresh(f"{name}_ptr")
    sizes = {symbol: writer.fresh(f"size_{symbol}") for symbol in size_symbols(kernel)}
    return Names(arrays, sizes)


def blocked_axes(kernel: Kernel) -> list[Axis]:
    """The axes whose blocks are compile-time constants; a twin has the block of its axis."""
    return [axis for axis, extent in kernel.extents.items() if extent.blocked and extent.of is None]


def argument_names(variant: Variant) -> tuple[Names, list[str], list[str]]:
    """The names in a kernel, its run-time arguments and its compile-time ones, in order."""
    kernel = variant.kernel
    names = _names(kernel, Writer())
    arguments = list(names.arrays.values())
    for array in names.arrays:
        axes = kernel.outputs[array][1].axes if isinstance(array, int) else array.axes
        arguments += [names.stride(array, axis) for axis in axes]
    arguments += names.sizes.values()
    constants = [block_name(axis) for axis in blocked_axes(kernel)]
    constants += [f"EXACT_{block_name(axis)[6:]}" for axis in resident_axes(kernel)]
    constants += _FORM_CONSTANTS.get(variant.form, [FLAG])
    return names, arguments, constants


_FORM_CONSTANTS: Final[Mapping[Form, list[str]]] = {"pointers": [], "gluon": ["STAGES"]}


def _kernel(variant: Variant) -> tuple[str, set[str]]:
    """The text of a kernel, and the helpers that it calls."""
    kernel, writer = variant.kernel, Writer()
    names, arguments, constants = argument_names(variant)
    found = schedule(kernel) if variant.form == "gluon" else None
    if found is not None:
        function = kernel_function(kernel.name)
        return kernel_text(kernel, found, function, lambda: argument_names(variant)[0], arguments, constants)
    writer.taken.update({*arguments, *constants, "program", "tl", "triton", "torch"})
    writer.line("@triton.jit")
    lines = [*arguments, *(f"{name}: tl.constexpr" for name in constants)]
    writer.call(f"def {kernel_function(kernel.name)}", lines, ":")
    with writer.indented():
        KernelWriter(kernel, names, writer, variant.form).write()
    return writer.text, writer.helpers
