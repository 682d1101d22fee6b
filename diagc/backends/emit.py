"""From a checked entry to source text: the one way through passes, plan and lowering that every command takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from diagc.backends.differentiate import is_differentiable
from diagc.backends.jax_binding import Elsewhere, binding_text
from diagc.backends.jax_helpers import helpers_text
from diagc.backends.jax_plain import (
    Naming,
    emit_function,
    module_text,
)  # fmt: skip
from diagc.backends.jax_program import blockwise, program_text
from diagc.backends.jax_runtime import DERIVATIVE, RUNTIME, Compiled, table_text
from diagc.backends.launches import EntryKernels, Form
from diagc.backends.plans import kernels
from diagc.backends.triton_program import emit_module
from diagc.backends.writer import Writer
from diagc.check.entry import Entry
from diagc.version import __version__


def triton_source(
    entries: Iterable[Entry], file: str, sizes: Mapping[str, int] | None = None, form: Form = "pointers"
) -> str:
    """The Triton file of entries, with kernels in a form."""
    return emit_module([kernels(entry, sizes) for entry in entries], file, __version__, form)


@dataclass(frozen=True, slots=True)
class Carried:
    """Kernels as PTX for a JAX file to carry, with the launches of each entry that they are of."""

    entries: Mapping[str, EntryKernels]
    kernels: Sequence[Compiled]
    architecture: str


def jax_source(
    entries: Mapping[str, Entry],
    file: str,
    sizes: Mapping[str, int] | None = None,
    carried: Carried | None = None,
) -> str:
    """The JAX file of entries: each in the form that runs best, and as `…_plain` where that is another one.

    An entry whose kernels are carried is these on CUDA; what it is elsewhere is called `…_blocks` or `…_plain`.
    """
    functions: dict[str, str] = {}
    helpers: set[str] = set()
    bound: Mapping[str, EntryKernels] = carried.entries if carried is not None else {}
    for name, entry in entries.items():
        plan = blockwise(entry, sizes)
        best = f"{name}_blocks" if name in bound else name
        if plan is not None:
            functions[best] = program_text(entry.diagram, plan, best, helpers)
        plain = name if plan is None and name not in bound else f"{name}_plain"
        writer = Writer()
        emit_function(writer, entry.diagram, plain, naming=_naming(entry))
        functions[plain] = writer.text
        helpers |= writer.helpers
        if name in bound:
            elsewhere = Elsewhere(best if plan is not None else plain, plan, plain)
            functions[name] = binding_text(
                bound[name], name, elsewhere, is_differentiable(entry.diagram), helpers
            )
    header = f"Made by diagc {__version__} from {PurePath(file).name}. Runs on JAX alone."
    text, data = helpers_text(helpers), ""
    if carried is not None and bound:
        derived = any(is_differentiable(entries[name].diagram) for name in bound)
        text += "".join(f"\n\n{part}" for part in (RUNTIME, *([DERIVATIVE] if derived else [])))
        data = table_text(carried.kernels, carried.architecture)
        header += f" Carries kernels for {carried.architecture}, which jaxlib's CUDA plugin launches."
    return module_text(functions, text, header, data)


def _naming(entry: Entry) -> Naming:
    sources = {node: f"{PurePath(span.source.name).name}:{span.line}" for node, span in entry.spans.items()}
    return Naming(entry.names, sources)
