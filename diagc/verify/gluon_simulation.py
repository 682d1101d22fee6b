"""Kernels in Gluon on NumPy arrays, with every order in which their partitions may run a possible one.

Triton's interpreter has no Gluon. Here each partition of a program is a thread of which one runs at a time; which one
goes on after an operation on memory or barriers is drawn by chance, and so is when a copy arrives. What the hardware
leaves undefined is an error: a product that reads a tile while it is written, a copy to a tile that a product still
reads, a result that is used before it is waited for, partitions that wait for each other forever. Barriers behave as
in PTX ISA 8.5, `mbarrier`: a phase ends when all arrivals and all bytes that were announced have come. Layouts are not
simulated: the compiler refuses wrong ones.
"""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from itertools import product
from types import ModuleType
from typing import Any, Final

import numpy

from diagc.verify.partitions import HASTES, Program, Undefined, here

np: Any = numpy  # tiles of any dtype
bfloat16: Any = np.dtype(importlib.import_module("ml_dtypes").bfloat16)


class Tile(numpy.ndarray[Any, Any]):
    """A tile in registers, or a number."""

    def to(self, dtype: Any) -> Tile:
        return _tile(self.astype(dtype))

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        return _tile(array)


def _tile(array: Any) -> Any:
    return np.asarray(array).view(Tile)


# ---- memory


class _Pointer:
    """Addresses in one array, counted in elements."""

    def __init__(self, memory: Any, offset: Any = 0) -> None:
        self.memory, self.offset = memory, offset

    def __add__(self, more: Any) -> _Pointer:
        return _Pointer(self.memory, self.offset + more)

    @staticmethod
    def of(tensor: Any) -> _Pointer:
        torch: Any = importlib.import_module("torch")
        span = 1 + sum(
            (size - 1) * stride for size, stride in zip(tensor.shape, tensor.stride(), strict=True)
        )
        flat = tensor.detach().as_strided((span if tensor.numel() else 0,), (1,))
        if tensor.dtype is torch.bfloat16:
            return _Pointer(flat.view(torch.int16).numpy().view(bfloat16))
        return _Pointer(flat.numpy())


class _Slot:
    """A tile in shared memory."""

    def __init__(self, shape: Sequence[int], dtype: Any) -> None:
        self.data = np.full(shape, np.nan, np.float32).astype(dtype)
        self.is_written, self.readers = False, 0


class _View:
    """A tile in shared memory in some shape."""

    def __init__(self, slot: _Slot, change: Callable[[Any], Any] = lambda data: data) -> None:
        self.slot, self.change = slot, change

    def permute(self, order: Sequence[int]) -> _View:
        return _View(self.slot, lambda data: np.transpose(self.change(data), order))

    def reshape(self, shape: Sequence[int]) -> _View:
        return _View(self.slot, lambda data: np.reshape(self.change(data), shape))


class _Barrier:
    def __init__(self) -> None:
        self.expected = self.left = self.bytes = self.phase = 0

    def change(self, arrivals: int, moved: int) -> None:
        """Arrivals and bytes that come; a phase ends when none is left."""
        self.left, self.bytes = self.left - arrivals, self.bytes - moved
        if self.left < 0:
            raise Undefined("more arrivals at a barrier than it counts")
        if self.left == 0 and self.bytes == 0:
            self.phase, self.left = self.phase ^ 1, self.expected


class _Row:
    """Tiles or barriers side by side."""

    def __init__(self, members: list[Any]) -> None:
        self.members = members

    def index(self, place: int) -> Any:
        member = self.members[place]
        return _View(member) if isinstance(member, _Slot) else member


class _Tiles:
    """A tensor descriptor: tiles of an array, zero outside."""

    def __init__(
        self, pointer: _Pointer, sizes: list[int], strides: list[int], block: list[int], _layout: Any
    ) -> None:
        if any(s * pointer.memory.itemsize % 16 for s in strides[:-1]):
            raise Undefined("a descriptor of strides that are no multiples of 16 bytes")
        self.pointer, self.sizes, self.strides, self.block = pointer, sizes, strides, block
        self.block_type = self
        self.nbytes = math.prod(block) * pointer.memory.itemsize

    def read(self, start: Sequence[int]) -> Any:
        """The tile from some indices on."""
        lines = [int(first) + np.arange(length) for first, length in zip(start, self.block, strict=True)]
        grid = np.meshgrid(*lines, indexing="ij")
        inside = np.all(
            [(line >= 0) & (line < size) for line, size in zip(grid, self.sizes, strict=True)], axis=0
        )
        places = sum(line * int(stride) for line, stride in zip(grid, self.strides, strict=True))
        found = self.pointer.memory[np.where(inside, places, 0)]
        return np.where(inside, found, np.zeros((), found.dtype))


# ---- operations


def _copy(tiles: _Tiles, start: Sequence[int], ready: _Barrier, target: _View, pred: bool = True) -> None:
    if not pred:
        return
    slot = target.slot
    if slot.is_written or slot.readers:
        raise Undefined("a copy to a tile that is still read or written")
    slot.is_written, slot.data[...] = True, np.nan

    def arrive() -> None:
        slot.data[...], slot.is_written = tiles.read(start), False
        ready.change(0, tiles.nbytes)

    here.program.copies.append(arrive)
    here.program.pause()


def _wait(barrier: _Barrier, parity: int, pred: bool = True) -> None:
    if pred:
        here.program.pause(lambda: barrier.phase != parity)


def _arrive(barrier: _Barrier, count: int = 1, pred: bool = True) -> None:
    if pred:
        barrier.change(count, 0)
    here.program.pause()


def _initialise(barrier: _Barrier, count: int) -> None:
    barrier.expected = barrier.left = count


class _Product:
    """A product on its way: nothing but a wait may touch it."""

    def __init__(self, value: Tile, slots: list[_Slot]) -> None:
        self.value, self.slots = value, slots


def _multiply(left: Any, right: Any, start: Any, use_acc: bool = True, is_async: bool = False) -> Any:
    views = [side for side in (left, right) if isinstance(side, _View)]
    if any(view.slot.is_written for view in views):
        raise Undefined("a product reads a tile that is being written")
    first, second = (s.change(s.slot.data) if isinstance(s, _View) else s for s in (left, right))
    with np.errstate(all="ignore"):
        value = np.matmul(first.astype(np.float32), second.astype(np.float32)) + (start if use_acc else 0)
    made = _Product(_tile(value), [view.slot for view in views])
    for slot in made.slots:
        slot.readers += 1
    _flying().append(made)
    here.program.pause()
    return made if is_async else _finish(0, [made])


def _flying() -> list[_Product]:
    """The products of this partition that are not waited for, oldest first."""
    here.__dict__.setdefault("flying", [])
    return here.flying


def _finish(num_outstanding: int, deps: list[Any]) -> Any:
    flying = _flying()
    while len(flying) > num_outstanding:
        for slot in flying.pop(0).slots:
            slot.readers -= 1
    if any(dep in flying for dep in deps if isinstance(dep, _Product)):
        raise Undefined("a product is used before it is there")
    found = [dep.value if isinstance(dep, _Product) else dep for dep in deps]
    here.program.pause()
    return found[0] if len(found) == 1 else tuple(found)


def _load(pointer: _Pointer, mask: Any = True, other: Any = 0) -> Any:
    mask, offset = np.broadcast_arrays(mask, pointer.offset)
    found = np.where(
        mask, pointer.memory[np.where(mask, offset, 0)], np.asarray(other).astype(pointer.memory.dtype)
    )
    return _tile(found)


def _store(pointer: _Pointer, value: Any, mask: Any = True) -> None:
    mask, offset, value = np.broadcast_arrays(mask, pointer.offset, value)
    pointer.memory[offset[mask]] = value[mask]


def _allocate(dtype: Any, shape: Sequence[int], layout: Any) -> _Row:
    if layout == "barriers":
        return _Row([_Barrier() for _ in range(shape[0])])
    return _Row([_Slot(shape[1:], dtype) for _ in range(shape[0])])


def _specialise(partitions: Sequence[tuple[Any, Sequence[Any]]], _warps: Any, _registers: Any) -> None:
    here.program.run([lambda f=f, a=a: f(*a) for f, a in partitions])


class _Function:
    """A function that is called by others, or started for a grid."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self.function(*arguments, **named)

    def __getitem__(self, grid: tuple[int]) -> Callable[..., None]:
        def start(*arguments: Any, num_warps: int, num_stages: int, **constants: Any) -> None:
            here.warps = num_warps
            given = [_Pointer.of(a) if hasattr(a, "stride") else a for a in arguments]
            for place, haste in product(range(grid[0]), HASTES):
                here.program = Program(place, place, haste)
                self.function(*given, **constants)

        return start


# ---- the modules


def _elementwise(function: Callable[..., Any]) -> Callable[..., Any]:
    def apply(*operands: Any) -> Any:
        with np.errstate(all="ignore"):
            return _tile(function(*operands))

    return apply


def _single(function: Callable[[Any], Any]) -> Callable[..., Any]:
    def apply(x: Any) -> Any:
        return function(np.asarray(x, np.float32))

    return _elementwise(apply)


def _folded(function: Callable[..., Any]) -> Callable[..., Any]:
    def apply(value: Tile, axis: int) -> Tile:
        return _tile(function(value, axis))

    return apply


def _rsqrt(x: Any) -> Any:
    return 1 / np.sqrt(x)


def _cast(value: Any, dtype: Any) -> Tile:
    return _tile(value).to(dtype)


def _full(shape: Sequence[int], value: Any, dtype: Any, _: Any) -> Tile:
    return _tile(np.full(shape, value, dtype))


def _arange(start: int, stop: int, _: Any) -> Tile:
    return _tile(np.arange(start, stop))


def _converted(value: Tile, _: Any) -> Tile:
    return value


def _cdiv(a: Any, b: Any) -> Any:
    return -(-a // b)


def _place(_: int) -> Tile:
    return _tile(here.program.place)


def _layout(*_: Any) -> str:
    return "layout"


def _barriers() -> str:
    return "barriers"


def _expect(barrier: _Barrier, moved: int) -> None:
    barrier.change(1, -moved)


_LANGUAGE: Final[dict[str, Any]] = {
    "bfloat16": bfloat16, "float16": np.dtype("f2"), "float32": np.dtype("f4"), "float64": np.dtype("f8"),
    "int1": np.dtype("?"), "int8": np.dtype("i1"), "int16": np.dtype("i2"), "int32": np.dtype("i4"),
    "int64": np.dtype("i8"), "uint8": np.dtype("u1"), "constexpr": object,
    "program_id": _place, "num_warps": _layout, "static_range": range, "cdiv": _cdiv, "arange": _arange, "full": _full,
    "cast": _cast, "convert_layout": _converted, "sum": _folded(np.sum), "max": _folded(np.max), "min": _folded(np.min),
    "where": _elementwise(np.where), "maximum": _elementwise(np.fmax), "minimum": _elementwise(np.fmin),
    "exp": _single(np.exp), "exp2": _single(np.exp2), "log": _single(np.log), "log2": _single(np.log2),
    "sqrt": _single(np.sqrt), "rsqrt": _single(_rsqrt), "floor": _single(np.floor), "sin": _single(np.sin),
    "cos": _single(np.cos), "abs": _elementwise(np.abs),
    "load": _load, "store": _store, "allocate_shared_memory": _allocate, "warp_specialize": _specialise,
    "NVMMADistributedLayout": _layout, "SliceLayout": _layout, "DotOperandLayout": _layout,
}  # fmt: skip


@contextmanager
def simulated() -> Generator[None]:
    """Files that import Gluon meanwhile find this in its place."""
    shared = _module("layout", get_default_for=_layout)
    barriers = _module(
        "mbarrier", init=_initialise, expect=_expect, wait=_wait, arrive=_arrive,
        MBarrierLayout=_barriers,
    )  # fmt: skip
    copies = _module("tma", make_tensor_descriptor=_Tiles, async_copy_global_to_shared=_copy)
    language = _module("triton.experimental.gluon.language", NVMMASharedLayout=shared, **_LANGUAGE)
    gluon = _module("triton.experimental.gluon", jit=_Function, language=language, simulated=True)
    products = {"warpgroup_mma": _multiply, "warpgroup_mma_wait": _finish}
    hopper = _module(f"{language.__name__}.nvidia.hopper", mbarrier=barriers, tma=copies, **products)
    made = {module.__name__: module for module in (gluon, language, hopper)}
    before = {name: sys.modules.get(name) for name in made}
    sys.modules |= made
    try:
        yield
    finally:
        for name, module in before.items():
            sys.modules.pop(name)
            sys.modules |= {} if module is None else {name: module}


def _module(name: str, **members: Any) -> Any:
    made = ModuleType(name)
    made.__dict__.update(members)
    return made
