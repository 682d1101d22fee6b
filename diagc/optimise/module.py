"""The module that stands for a function: the same signature, the derived code beside it behind it."""

from __future__ import annotations

import os
from pathlib import Path

from diagc.importers.function import Imported, ImportedParts
from diagc.importers.written import named
from diagc.version import __version__

_FUNCTION = '''"""{name} of {file}, by the code that diagc {version} derived from it; forward and backward."""

import {made} as derived


def {name}({arguments}):
    """At the shapes for which it was derived: {types}."""
    return derived.{entry}({arguments})
'''

_MODULE = '''"""{name} of {file}, by the code that diagc {version} derived from it; forward and backward."""

import torch
import {made} as derived

PARAMETERS = {parameters}


class {name}(torch.nn.Module):
    """A module in place of one of {file}: its parameters, the derived code.

    It was derived as in evaluation, at {types}.
    """

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, {arguments}):
        held = {{**dict(self.module.named_parameters()), **dict(self.module.named_buffers())}}
        return derived.{entry}({arguments}, *(held[path] for path in PARAMETERS))
'''


def module_text(imported: Imported, file: Path, name: str) -> str:
    """The text of `NAME_optimised.py`, beside the derived `NAME_jax.py` or `NAME_triton.py`."""
    traced = named(imported.traced)
    own = [(n, v) for n, v, _ in traced.inputs[: imported.arguments]]
    types = ", ".join(f"{n}: {v.dtype}[{', '.join(map(str, v.shape))}]" for n, v in own)
    made = f"{name}_{'triton' if imported.framework == 'torch' else 'jax'}"
    return (_MODULE if imported.parameters else _FUNCTION).format(
        name=name, file=file.name, version=__version__, made=made,
        entry=f"{traced.name}", arguments=", ".join(n for n, _ in own), types=types,
        parameters=list(imported.parameters),
    )  # fmt: skip


_REGIONS = '''"""{name} of {file}: {regions} by code that diagc {version} derives, all else as it is ({name}.md)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / {folder!r}))

{body}'''
_JAX = """import diagc.jax
import {stem}

{name} = diagc.jax.fuse({stem}.{name}, least_bytes={least})
"""
_TORCH = """import {stem}
import torch

import diagc.dynamo

OPTIONS = {{"least_bytes": {least}}}
{name} = torch.compile({stem}.{name}, backend="diagc", options=OPTIONS)
"""
_TORCH_MODULE = """import torch

import diagc.dynamo

OPTIONS = {{"least_bytes": {least}}}


def {name}(module):
    \"\"\"A module of {stem}.{name} whose regions are derived code.\"\"\"
    return torch.compile(module, backend="diagc", options=OPTIONS)
"""


def regions_text(
    imported: ImportedParts, file: Path, name: str, regions: str, least_bytes: int, out: Path
) -> str:
    """The text of `NAME_optimised.py` where regions of a function are replaced when it runs; it lies in `out`."""
    body = _JAX if imported.framework == "jax" else _TORCH_MODULE if imported.is_module else _TORCH
    return _REGIONS.format(
        name=name, file=file.name, regions=regions, version=__version__,
        folder=os.path.relpath(file.resolve().parent, out.resolve()),
        body=body.format(name=name, stem=file.stem, least=least_bytes),
    )  # fmt: skip
