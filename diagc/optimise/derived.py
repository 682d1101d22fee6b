"""Regions as code that runs: derived, checked against the operations that they stand for, and kept by what they are."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

from diagc import api
from diagc.check.entry import Entry
from diagc.check.program import check_source
from diagc.diagnostics import DiagnosticError
from diagc.importers.traced import Traced
from diagc.importers.values import NoDiagram
from diagc.importers.written import named, write
from diagc.machine import machine
from diagc.modules import module_of
from diagc.optimise.operations import one_by_one
from diagc.source import Source

LEAST: Final = 0.8
"""A region stands for its operations where it moves at most this share of their bytes."""

LEAST_BYTES: Final = 1 << 25
"""Bytes that operations move by themselves from which a region is looked at: what is less stays in the caches of a CPU,
where starting blocks costs more than it saves (docs/import.md has figures)."""

_NAME: Final = "region"
Target = Literal["jax", "torch"]


@dataclass(frozen=True, slots=True)
class Derived:
    """A region as a function of its inputs, and its specification."""

    text: str
    run: Callable[..., Any]


_KNOWN: Final[dict[tuple[str, Target], Derived | None]] = {}
"""Regions by their specification: alike layers are derived once."""


@lru_cache(maxsize=1)
def _folder() -> Path:
    """Where emitted files lie while the process runs."""
    path = Path(tempfile.mkdtemp(prefix="diagc-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def derived(traced: Traced, target: Target, least_bytes: int = LEAST_BYTES) -> Derived | None:
    """A region as derived code; None where it has no diagram, or nothing is gained by one."""
    if one_by_one(traced, machine("h200")).bytes_moved < least_bytes:
        return None
    try:
        text = write(replace(named(traced), name=_NAME), "a region")
    except NoDiagram:
        return None
    if (text, target) not in _KNOWN:
        _KNOWN[text, target] = _derived(text, traced, target)
    return _KNOWN[text, target]


def _derived(text: str, traced: Traced, target: Target) -> Derived | None:
    try:
        entry = check_source(Source(f"{_NAME}.diag", text)).entries[_NAME]
        return Derived(text, _loaded(entry, target)) if _gains(entry, traced) else None
    except DiagnosticError:
        return None


def _gains(entry: Entry, traced: Traced) -> bool:
    """Whether the kernels of a region move less than its operations one by one."""
    device = machine("h200")
    made = api.emitted(entry, device, {})
    return made is not None and made.bytes_moved <= LEAST * one_by_one(traced, device).bytes_moved


def _loaded(entry: Entry, target: Target) -> Callable[..., Any]:
    stem = f"{_NAME}_{len(_KNOWN)}"
    path = _folder() / f"{stem}_jax.py"
    path.write_text(api.jax_source({_NAME: entry}, f"{stem}.diag"), "utf-8")
    if target == "torch":
        path = path.with_name(f"{stem}_triton.py")
        path.write_text(api.triton_source({_NAME: entry}, f"{stem}.diag"), "utf-8")
    return getattr(module_of(path), _NAME)


def known() -> list[Derived | None]:
    """The regions that were looked at in this process, None for those that gain nothing, in their order."""
    return list(_KNOWN.values())
