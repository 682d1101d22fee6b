"""`diagc verify` as tables: a row for each entry and back end, results and gradients; then compiled configurations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from diagc.backends.differentiate import is_differentiable
from diagc.backends.launches import Form
from diagc.backends.plans import kernels
from diagc.check.entry import Entry
from diagc.core.dtypes import DType
from diagc.diagnostics import DiagnosticError
from diagc.verify.aot import Report, compile_variants
from diagc.verify.cases import Case, cases
from diagc.verify.differential import Backend, Outcome, compare, gradients_of
from diagc.verify.retype import retyped


def verify_program(
    entries: Mapping[str, Entry], file: str, thorough: bool, dtypes: Sequence[DType], targets: Sequence[str]
) -> Iterator[tuple[str, bool]]:
    """Tables in the order of the work, each with whether all of it was well.

    Every back end runs in the dtypes of the spec; Triton and JAX in blocks run in each of `dtypes` as well. Gradients
    are taken in the dtypes of the spec.
    """
    fused = {name: entry for name, entry in entries.items() if _is_fused(entry)}
    yield _compared("jax_plain", "as written", entries, file, thorough)
    for title, change in [("as written", None), *((dtype.value, dtype) for dtype in dtypes)]:
        backends: list[tuple[Backend, Mapping[str, Entry]]] = [("jax", entries), ("triton", fused)]
        for backend, chosen in backends:
            made = (
                chosen if change is None else {name: retyped(entry, change) for name, entry in chosen.items()}
            )
            if change is None or any(made[name].diagram != chosen[name].diagram for name in chosen):
                yield _compared(backend, title, made, file, thorough)
    yield from _gradients(entries, file, thorough)
    for name in entries.keys() - fused.keys():
        yield f"{name}: no fused kernel; it runs in plain JAX", True
    if targets:
        reports = [r for entry in fused.values() for r in compile_variants(kernels(entry).variants, targets)]
        yield _reports(reports), all(r.problem is None for r in reports)


def verify_on_gpu(
    entries: Mapping[str, Entry], file: str, thorough: bool, form: Form = "pointers"
) -> Iterator[tuple[str, bool]]:
    """Tables of what the kernels of a form give on the GPU of this machine: results, then gradients."""
    fused = {name: entry for name, entry in entries.items() if _is_fused(entry)}
    yield _compared("cuda", "as written", fused, file, thorough, form)
    yield from _gradients(fused, file, thorough, ("cuda",), form)


def gradient_cases(entry: Entry, thorough: bool = False) -> list[Case]:
    """The cases for gradients. Inputs that are infinite have none."""
    return [c for c in cases(gradients_of(entry).diagram, thorough) if c.name != "empty rows"]


def differentiated(entries: Mapping[str, Entry], backend: Backend) -> dict[str, Entry]:
    """The entries that have gradients on a back end; in Triton those with kernels of the derivative."""
    return {name: entry for name, entry in entries.items() if _has_gradients(entry, backend)}


def _has_gradients(entry: Entry, backend: Backend) -> bool:
    try:
        gradients_of(entry)
        return is_differentiable(entry.diagram) and (
            backend.startswith("jax") or bool(kernels(entry).differentiated)
        )
    except DiagnosticError:
        return False


def _gradients(
    entries: Mapping[str, Entry], file: str, thorough: bool,
    backends: Sequence[Backend] = ("jax_plain", "jax", "triton"), form: Form = "pointers",
) -> Iterator[tuple[str, bool]]:  # fmt: skip
    for backend in backends:
        chosen = differentiated(entries, backend)
        if chosen:
            made = {name: gradient_cases(entry, thorough) for name, entry in chosen.items()}
            outcomes = compare(chosen, made, backend, file, gradients_of, form)
            yield _table(f"gradients, {backend}", outcomes)


def _compared(
    backend: Backend,
    title: str,
    entries: Mapping[str, Entry],
    file: str,
    thorough: bool,
    form: Form = "pointers",
) -> tuple[str, bool]:
    chosen = {name: list(cases(entry.diagram, thorough)) for name, entry in entries.items()}
    outcomes = compare(entries, chosen, backend, file, form=form) if entries else []
    return _table(f"{backend}, {title}", outcomes)


def _table(title: str, outcomes: list[Outcome]) -> tuple[str, bool]:
    return _outcomes(title, outcomes), all(o.problem is None for o in outcomes)


def _is_fused(entry: Entry) -> bool:
    try:
        kernels(entry)
    except DiagnosticError:
        return False
    return True


def _outcomes(title: str, outcomes: list[Outcome]) -> str:
    rows: list[tuple[str, ...]] = [(title, "cases", "worst error", "allowed", "verdict")]
    for entry, group in groupby(outcomes, key=lambda o: o.entry):
        found = list(group)
        bad = [o for o in found if o.problem is not None]
        worst = max(found, key=lambda o: o.error / o.allowed if o.allowed else o.error)
        refused = [o for o in found if o.refused is not None]
        verdict = f"ok, {len(refused)} refused: {refused[0].refused}" if refused else "ok"
        if bad:
            verdict = f"{len(bad)} FAILED: {bad[0].case} ({bad[0].sizes}): {bad[0].problem}"
        rows.append((entry, str(len(found)), f"{worst.error:.1e}", f"{worst.allowed:.1e}", verdict))
    return table(rows)


def _reports(reports: list[Report]) -> str:
    header = (
        "kernel",
        "target",
        "blocks",
        "held",
        "warps",
        "stages",
        "registers",
        "spills",
        "shared",
        "wgmma",
        "verdict",
    )
    rows: list[tuple[str, ...]] = [header]
    for r in reports:
        amounts = (r.resident, r.warps, r.stages, r.registers, r.spills, r.shared, r.wgmma)
        rows.append((r.kernel, r.target, r.blocks or "-", *map(str, amounts), r.problem or "ok"))
    return table(rows)


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """Rows as text with aligned columns, the first row above a line."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:], ""])
