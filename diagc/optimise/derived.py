"""Regions as code that runs: derived, checked against the operations that they stand for, and kept by what they are."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final, Literal

from diagc import api
from diagc.bench.coverage import Cover
from diagc.check.entry import Entry
from diagc.check.program import check_source
from diagc.cost.words import amount
from diagc.diagnostics import DiagnosticError
from diagc.importers.traced import Traced
from diagc.importers.values import NoDiagram
from diagc.importers.written import named, write
from diagc.limits import LEAST_REGION_BYTES
from diagc.modules import module_of
from diagc.optimise.predicted import Predicted, by_kernels, by_operations, predictions
from diagc.source import Source

LEAST: Final = 0.8
"""Where a region moves this share of the bytes at most, and on some machine takes no more time, it is replaced."""

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


@dataclass(frozen=True, slots=True)
class Judged:
    """A region with its specification and what it costs, or why it stays as it is."""

    entry: Entry | None
    text: str
    stays: str
    predicted: Sequence[Predicted] = ()


def judged(traced: Traced, least_bytes: int = LEAST_REGION_BYTES) -> Judged:
    """Whether a region has a diagram by whose kernels something is gained."""
    before = by_operations(traced)
    if before[0].bytes_moved < least_bytes:
        return Judged(None, "", f"moves {amount(before[0].bytes_moved)}, less than {amount(least_bytes)}")
    try:
        text = write(replace(named(traced), name=_NAME), "a region")
    except NoDiagram as error:
        return Judged(None, "", error.message)
    try:
        entry, after = _priced(text)
    except DiagnosticError as error:
        return Judged(None, text, error.diagnostics[0].message)
    predicted = predictions(before, after)
    if any(p.share <= LEAST and p.slower <= 1 for p in predicted):
        return Judged(entry, text, "", predicted)
    return Judged(None, text, f"derived code {predicted[0].words}")


@cache
def _priced(text: str) -> tuple[Entry, list[Cover]]:
    """The entry of a specification, and what its kernels cost on each machine. Raises `DiagnosticError`."""
    entry = check_source(Source(f"{_NAME}.diag", text)).entries[_NAME]
    return entry, by_kernels(entry)


def derived(traced: Traced, target: Target, least_bytes: int = LEAST_REGION_BYTES) -> Derived | None:
    """A region as derived code; None where it has no diagram, or nothing is gained by one."""
    found = judged(traced, least_bytes)
    if found.text and (found.text, target) not in _KNOWN:
        _KNOWN[found.text, target] = _derived(found, target)
    return _KNOWN.get((found.text, target))


def _derived(found: Judged, target: Target) -> Derived | None:
    try:
        return None if found.entry is None else Derived(found.text, _loaded(found.entry, target))
    except DiagnosticError:
        return None


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
