"""The rates of the GPU at hand, and a machine file with them in place of those of its datasheet.

Each rate is the best of several runs of a loop that does one thing: copies of two arrays that no cache holds, reads of
one that the second-level cache holds, lanes that change places through shared memory, products of matrices through the
vendor's library, exponentials and multiply-adds on registers, the start of a kernel that does nothing. What is not
measured keeps the number and the source of the file it is taken from.
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from diagc.bench.gpu import Clock, event_clock
from diagc.machine import parse_quantity
from diagc.modules import module_of

KERNELS: Final = """
import triton
import triton.language as tl


@triton.jit
def exponentials(out, rounds, BLOCK: tl.constexpr):
    place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    x = place.to(tl.float32) * 1e-9
    y = x + 1e-3
    for _ in range(rounds):
        x, y = tl.exp2(-x), tl.exp2(-y)
    tl.store(out + place, x + y)


@triton.jit
def multiply_adds(out, rounds, BLOCK: tl.constexpr):
    place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    x = place.to(tl.float32) * 1e-9
    y, z, w = x + 1.0, x + 2.0, x + 3.0
    for _ in range(rounds):
        x, y, z, w = x * 0.5 + 1.0, y * 0.5 + 1.0, z * 0.5 + 1.0, w * 0.5 + 1.0
    tl.store(out + place, x + y + z + w)


@triton.jit
def exchanges(out, rounds, BLOCK: tl.constexpr):
    lane = tl.arange(0, BLOCK)
    other = (lane + BLOCK // 2) % BLOCK
    x = lane.to(tl.float32)
    for _ in range(rounds):
        x = tl.gather(x, other, 0)
    tl.store(out + tl.program_id(0) * BLOCK + lane, x)


@triton.jit
def nothing(out):
    pass


@triton.jit
def reads(array, out, rounds, length, BLOCK: tl.constexpr):
    first = tl.program_id(0) * BLOCK
    held = tl.zeros([BLOCK], tl.float32)
    for turn in range(rounds):
        start = (first + turn * 7919 * BLOCK) % length
        held += tl.load(array + start + tl.arange(0, BLOCK))
    tl.store(out + first + tl.arange(0, BLOCK), held)
"""

_RUNS: Final = 10
_BLOCK: Final = 1024


@dataclass(frozen=True, slots=True)
class Scale:
    """How large the loops are: small on a machine that only tries them."""

    copied: int = 2**30
    side: int = 8192
    programs: int = 132 * 16
    rounds: int = 4096
    cached: int = 2**22


@dataclass(frozen=True, slots=True)
class Rate:
    """A measured number at its place in a machine file, in the unit that is written there."""

    place: tuple[str, ...]
    value: float
    unit: str

    @property
    def text(self) -> str:
        """As a machine file has it."""
        base, _ = parse_quantity(f"1 {self.unit}", _KINDS[self.place[min(1, len(self.place) - 1)]])
        return f"{self.value / base:.4g} {self.unit}"


_KINDS: Final = {
    "l0": "bandwidth", "l1": "bandwidth", "l2": "bandwidth", "launch": "time", "tensor": "rate", "vector": "rate",
    "special": "results",
}  # fmt: skip


def measured(device: str = "cuda", clock: Clock | None = None, scale: Scale | None = None) -> list[Rate]:
    """Bytes, operations and results per second of a device, and the seconds of an empty kernel."""
    torch: Any = importlib.import_module("torch")
    size, clock = scale or Scale(), clock or event_clock()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rates.py"
        path.write_text(KERNELS)
        kernels = module_of(path)
        found = [_copies(torch, device, clock, size), _cached(torch, kernels, device, clock, size)]
        found += [_products(torch, device, clock, size, name) for name in ("bf16", "f16", "tf32")]
        for kernel, place, unit, each in (
            (kernels.exchanges, ("levels", "l2", "bandwidth"), "TB/s", 8),
            (kernels.multiply_adds, ("pipelines", "vector", "f32"), "TFLOP/s", 8),
            (kernels.exponentials, ("pipelines", "special"), "Top/s", 2),
        ):
            out = torch.empty(size.programs * _BLOCK, device=device)
            seconds = _least(clock, lambda k=kernel, o=out: k[(size.programs,)](o, size.rounds, BLOCK=_BLOCK))
            found.append(Rate(place, each * size.programs * _BLOCK * size.rounds / seconds, unit))
        out = torch.empty(1, device=device)
        found.append(Rate(("launch",), _least(clock, lambda: kernels.nothing[(1,)](out)), "us"))
    return found


def _least(clock: Clock, call: Callable[[], Any]) -> float:
    """Seconds of the fastest of several runs, after one that compiles."""
    call()
    return min(clock(call) for _ in range(_RUNS))


def _copies(torch: Any, device: str, clock: Clock, size: Scale) -> Rate:
    source = torch.randint(0, 255, (size.copied,), dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    seconds = _least(clock, lambda: target.copy_(source))
    return Rate(("levels", "l0", "bandwidth"), 2 * size.copied / seconds, "TB/s")


def _cached(torch: Any, kernels: Any, device: str, clock: Clock, size: Scale) -> Rate:
    array, out = torch.rand(size.cached, device=device), torch.empty(size.programs * _BLOCK, device=device)
    rounds = max(size.rounds // 16, 1)

    def call() -> Any:
        return kernels.reads[(size.programs,)](array, out, rounds, size.cached, BLOCK=_BLOCK)

    moved = 4 * size.programs * _BLOCK * rounds
    return Rate(("levels", "l1", "bandwidth"), moved / _least(clock, call), "TB/s")


def _products(torch: Any, device: str, clock: Clock, size: Scale, name: str) -> Rate:
    dtype = {"bf16": torch.bfloat16, "f16": torch.float16, "tf32": torch.float32}[name]
    torch.backends.cuda.matmul.allow_tf32 = name == "tf32"
    left, right = (torch.randn(size.side, size.side, device=device).to(dtype) for _ in range(2))
    seconds = _least(clock, lambda: left @ right)
    return Rate(("pipelines", "tensor", name), 2 * size.side**3 / seconds, "TFLOP/s")


def machine_text(base: str, rates: list[Rate], name: str, facts: Mapping[str, str]) -> str:
    """The text of a machine file with measured rates in the place of its own; the other numbers keep their source."""
    _yaml: Any = yaml
    made: dict[str, Any] = _yaml.safe_load(base)
    made["name"], made["title"] = name, f"{made['title']}, measured"
    made["sources"]["measured"] = ", ".join(f"{key} {value}" for key, value in facts.items())
    for rate in rates:
        place = made
        for key in rate.place[:-1]:
            place = place[key]
        place[rate.place[-1]] = {"value": rate.text, "source": "measured"}
    return _yaml.safe_dump(made, sort_keys=False, allow_unicode=True, width=1000, default_flow_style=None)
