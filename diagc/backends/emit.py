"""From a checked entry to source text: the one way through passes, plan and lowering that every command takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePath

from diagc import __version__
from diagc.backends.jax_helpers import helpers_text
from diagc.backends.jax_plain import (
    Naming,
    emit_function,
    module_text,
)  # fmt: skip
from diagc.backends.jax_program import blockwise, program_text
from diagc.backends.plans import kernels
from diagc.backends.triton_program import emit_module
from diagc.backends.writer import Writer
from diagc.check.entry import Entry


def triton_source(entries: Iterable[Entry], file: str, sizes: Mapping[str, int] | None = None) -> str:
    """The Triton file of entries."""
    return emit_module([kernels(entry, sizes) for entry in entries], file, __version__)


def jax_source(entries: Mapping[str, Entry], file: str, sizes: Mapping[str, int] | None = None) -> str:
    """The JAX file of entries: each in the form that runs best, and as `…_plain` where that is another one."""
    functions: dict[str, str] = {}
    helpers: set[str] = set()
    for name, entry in entries.items():
        plan = blockwise(entry, sizes)
        if plan is not None:
            functions[name] = program_text(entry.diagram, plan, name, helpers)
        plain = name if plan is None else f"{name}_plain"
        writer = Writer()
        emit_function(writer, entry.diagram, plain, naming=_naming(entry))
        functions[plain] = writer.text
        helpers |= writer.helpers
    header = f"Made by diagc {__version__} from {PurePath(file).name}. Runs on JAX alone."
    return module_text(functions, helpers_text(helpers), header)


def _naming(entry: Entry) -> Naming:
    sources = {node: f"{PurePath(span.source.name).name}:{span.line}" for node, span in entry.spans.items()}
    return Naming(entry.names, sources)
