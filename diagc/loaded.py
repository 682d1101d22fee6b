"""The Python interface: a spec as an object that draws, prices, derives and runs itself.

>>> d = loads("diag 1 axis n fn total(X: f32[n]) -> f32 { return sum[n](X) }")
>>> d.name, d.signature, float(d.reference([1.0, 2.0, 3.5]))
('total', 'total(X: f32[n]) -> f32[]', 6.5)
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from diagc import api, pictures
from diagc.check.entry import Entry
from diagc.check.program import Program, check_source
from diagc.modules import module_of
from diagc.source import Source

if TYPE_CHECKING:
    from diagc.draw.scene import Scene


def load(path: str | Path, entry: str | None = None) -> Loaded:
    """A spec from a file, with the entry of this name or the last one of the file.

    Raises `DiagnosticError` with every error of the file, E0203 where no entry has the name.
    """
    return _chosen(api.load(Path(path)), str(path), entry)


def loads(text: str, entry: str | None = None, root: str | Path = ".") -> Loaded:
    """A spec from its text; `use` reads files below `root`. Raises as `load` does."""
    return _chosen(check_source(Source("<text>", text), Path(root)), "text.diag", entry)


def _chosen(program: Program, file: str, entry: str | None) -> Loaded:
    if entry is not None:
        pictures.chosen_entry(program, entry)
    return Loaded(program, file, entry)


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the cost model says of the best schedule on a machine: bytes through memory, FLOP, seconds."""

    machine: str
    seconds: float
    bytes_moved: int
    flops: int
    bound: str
    group: Mapping[str, int]
    stream: Mapping[str, int]

    def __str__(self) -> str:
        from diagc.cost.words import amount, rate, seconds

        speed = rate(self.flops, self.seconds)
        return f"{seconds(self.seconds)} on {self.machine}, {self.bound}; {amount(self.bytes_moved)}, {speed}"


class Loaded:
    """A checked spec and one of its entries, by default the last; `d["other"]` is the same spec with another.

    Where the file has learning diagrams and no entry was asked for, the picture is that of the last of these. A spec
    without entries draws, and what asks for one raises `ValueError`.
    """

    def __init__(self, program: Program, file: str, asked: str | None = None) -> None:
        self.program = program
        self.file = file
        self._asked = asked

    def __getitem__(self, name: str) -> Loaded:
        return _chosen(self.program, self.file, name)

    def __repr__(self) -> str:
        return f"<{self.file}: {self.signature if self.entries else ', '.join(self.learnings)}>"

    @property
    def entries(self) -> tuple[str, ...]:
        """The names of the entries of the file, in its order."""
        return tuple(self.program.entries)

    @property
    def learnings(self) -> tuple[str, ...]:
        """The names of the learning diagrams of the file."""
        return tuple(self.program.learnings)

    @property
    def entry(self) -> Entry:
        """The entry itself, with its diagram. Raises `ValueError` where the file has none."""
        if not self.program.entries:
            raise ValueError(f"{self.file} has no entry: a `fn` all of whose tensors have types")
        return pictures.chosen_entry(self.program, self._asked)

    @property
    def name(self) -> str:
        return self.entry.diagram.name

    @property
    def signature(self) -> str:
        """Inputs and results with their types, as `f(X: f32[n]) -> f32[]`."""
        from diagc.core.ops import Input

        diagram = self.entry.diagram
        inputs = (f"{n.op.name}: {n.array}" for n in diagram.inputs if isinstance(n.op, Input))
        return f"{self.name}({', '.join(inputs)}) -> {', '.join(map(str, diagram.layouts))}"

    # ---- what is known

    def cost(self, on: str = "h200", **sizes: int) -> Prediction:
        """The predicted cost on a machine at sizes by symbol: `d.cost("h200", q=4096, x=4096, d=128)`.

        Raises `DiagnosticError` E0602 where a size is missing, E0702 where there is no kernel.
        """
        from diagc.machine import machine

        device = machine(on)
        best = api.cost(self.entry, device, sizes, {}, {})[0]
        found = best.estimate
        return Prediction(
            device.title,
            found.predicted_seconds,
            found.bytes_moved,
            found.flops,
            found.bound,
            best.group,
            best.stream,
        )

    def derivation(self, **sizes: int) -> str:
        """The steps from the diagram to its kernel, each with its law."""
        return api.derivation_text({self.name: self.entry}, sizes)

    @property
    def triton(self) -> str:
        """The text of the Triton file. Raises `DiagnosticError` E0702 where no kernel is made."""
        return api.triton_source({self.name: self.entry}, self.file)

    @property
    def jax(self) -> str:
        """The text of the JAX file."""
        return api.jax_source({self.name: self.entry}, self.file)

    # ---- what runs

    def kernel(self, *arrays: Any, **params: Any) -> Any:
        """The results for arrays in the order of the signature, by what is emitted.

        Torch tensors run by the Triton file (on a CPU by the blocks of the JAX file), all others by JAX. Parameters of
        models are given by path: `d.kernel(X, **{"l1.W": W})`. Both are differentiable by their own library.
        """
        given = (*arrays, dict(params)) if params else arrays
        run = self._torch if _is_torch(arrays[0] if arrays else None) else self._jax
        return getattr(run, self.name)(*given)

    def reference(self, *arrays: Any, **sizes: int) -> Any:
        """The results in float64 by NumPy, for arrays in the order of the signature; the measure of all others."""
        import numpy as np

        from diagc.backends.reference import evaluate
        from diagc.backends.sizes import input_name

        names = [input_name(n) for n in self.entry.diagram.inputs]
        given = {name: np.asarray(array) for name, array in zip(names, arrays, strict=True)}
        results = evaluate(self.entry.diagram, given, sizes)
        return results[0] if len(results) == 1 else results

    @cached_property
    def _jax(self) -> ModuleType:
        return self._module("emitted_jax.py", self.jax)

    @cached_property
    def _torch(self) -> ModuleType:
        (self._folder / "emitted_jax.py").write_text(self.jax, "utf-8")
        return self._module("emitted_triton.py", api.triton_source({self.name: self.entry}, "emitted.diag"))

    def _module(self, name: str, text: str) -> ModuleType:
        path = self._folder / name
        path.write_text(text, "utf-8")
        return module_of(path)

    @cached_property
    def _folder(self) -> Path:
        made = Path(tempfile.mkdtemp(prefix="diagc-"))
        weakref.finalize(self, shutil.rmtree, made, ignore_errors=True)
        return made

    # ---- what is seen

    def scene(self, style: pictures.Style = "strands") -> Scene:
        """The geometry of the picture; with the style `kernels` that of the kernels."""
        return pictures.scene(self.program, self._asked, style=style)

    def draw(self, path: str | Path | None = None, style: pictures.Style = "strands") -> str:
        """The picture as SVG; with a path written to a file, .svg, .pdf, .tex or .html. Returns the SVG.

        `style` is `strands`, `open` (calls are), `kernels`, or for a learning diagram `overview`. Raises `ValueError`
        for another ending.
        """
        from diagc.draw import render_svg

        if path is not None:
            made = pictures.figure(self.program, Path(path).suffix, self._asked, style=style)
            Path(path).write_bytes(made)
        return render_svg(self.scene(style))

    def _repr_svg_(self) -> str:
        return self.draw()


def _is_torch(array: object) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(array, torch.Tensor)
