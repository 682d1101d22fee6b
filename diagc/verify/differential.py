"""Every back end against the float64 reference.

The tolerance is relative to what can be had: the error may be at most twice that of the same computation written
plainly in the same dtypes (the reference with rounding), plus one unit in the last place of the result's dtype and
the float32 roundings of the longest sum added in a tree.
Where the reference has an infinity or NaN the result must have the same.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from diagc.backends.differentiate import derivative, with_gradients
from diagc.backends.emit import jax_source, triton_source
from diagc.backends.launches import Form
from diagc.backends.plans import normal_form
from diagc.backends.reference import evaluate
from diagc.backends.sizes import input_name
from diagc.backends.writer import identifier
from diagc.check.entry import Entry
from diagc.core import ops
from diagc.core.diagram import Array, Diagram, walk
from diagc.diagnostics import DiagnosticError
from diagc.verify.cases import Case

Backend = Literal["triton", "cuda", "jax", "jax_plain"]
"""`triton` is its interpreter, `cuda` the same code on the GPU of this machine."""

MOVED = 4
"""Plain computations with results moved by a rounding, where the one without differs: a difference of equal numbers,
such as the gradient of saturated weights, may be 0 in one order of operations and a rounding in another.
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One comparison. Errors are relative to the norm of the reference; `problem` is None when all is well.

    `refused` is what the launcher says when sizes are beyond what the kernel is made for: no failure, but no result.
    """

    entry: str
    backend: Backend
    case: str
    sizes: str
    error: float
    allowed: float
    problem: str | None
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of an emitted function: the results of `diagram`, or with `cotangents` the gradients it has.

    `derived` are the diagrams, in order, by which a derivative that keeps results is computed: it may be less well
    conditioned than the derivative as written, so the error of either in the same dtypes is what can be had.
    """

    diagram: Diagram
    cotangents: tuple[str, ...] = ()
    derived: tuple[Diagram, ...] = ()


def results_of(entry: Entry) -> Question:
    """The results of an entry."""
    return Question(entry.diagram)


def gradients_of(entry: Entry) -> Question:
    """The gradients of an entry by its real inputs, at cotangents that are further inputs."""
    joint, cotangents = with_gradients(entry.diagram)
    count = len(entry.diagram.outputs)
    try:
        made = derivative(*normal_form(entry))
        derived = tuple(stage.diagram for stage in made.stages)
    except DiagnosticError:  # no kernels: the derivative is that of plain JAX
        derived = ()
    return Question(
        replace(
            joint, outputs=joint.outputs[count:], output_names=joint.output_names[count:],
            layouts=joint.layouts[count:],
        ),
        tuple(map(input_name, cotangents)),
        derived,
    )  # fmt: skip


def compare(
    entries: Mapping[str, Entry],
    cases: Mapping[str, Iterable[Case]],
    backend: Backend,
    file: str,
    ask: Callable[[Entry], Question] = results_of,
    form: Form = "pointers",
) -> list[Outcome]:
    """Run the cases of each entry on a back end and compare what is asked; one process runs them all.

    `form` is that of Triton kernels.
    """
    questions = {name: ask(entry) for name, entry in entries.items()}
    if backend.startswith("jax"):
        text = jax_source(entries, file)
    else:
        text = triton_source(entries.values(), file, form=form)
    calls = [(name, place, case) for name in entries for place, case in enumerate(cases[name])]
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path)
        (folder / "module.py").write_text(text)
        request = [
            _prepare(folder, questions[name], name, place, case, backend, text) for name, place, case in calls
        ]
        (folder / "request.json").write_text(json.dumps({"calls": request}))
        command = [
            sys.executable,
            "-m",
            "diagc.verify.run_worker",
            "jax" if backend.startswith("jax") else backend,
            path,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return [
            _judge(folder, questions[name], name, case, backend, call["name"], done.stderr)
            for (name, _, case), call in zip(calls, request, strict=True)
        ]


def _prepare(
    folder: Path, question: Question, name: str, place: int, case: Case, backend: Backend, text: str
) -> dict[str, Any]:
    call = f"{name}_{place}"
    np.savez(folder / f"{call}.npz", **case.arrays)  # pyright: ignore[reportArgumentType]
    function = identifier(name)
    if backend == "jax_plain" and f"def {function}_plain(" in text:
        function = f"{function}_plain"
    inputs = question.diagram.inputs
    dtypes = {input_name(n): n.dtype.array_name for n in inputs}
    learned = [input_name(n) for n in inputs if isinstance(n.op, ops.Input) and n.op.role != "tensor"]
    return {
        "name": call, "function": function, "dtypes": dtypes, "parameters": learned,
        "cotangents": list(question.cotangents),
    }  # fmt: skip


def _judge(
    folder: Path, question: Question, name: str, case: Case, backend: Backend, call: str, log: str
) -> Outcome:
    sizes = " ".join(f"{symbol}={size}" for symbol, size in case.sizes.items())
    diagram = question.diagram
    expected = evaluate(diagram, case.arrays, case.sizes)
    plain = plainly(question, case)
    result, failed = folder / f"{call}.out.npz", folder / f"{call}.error"
    if not result.exists():
        reason = failed.read_text().strip() if failed.exists() else log.strip()
        last = reason.splitlines()[-1] if reason else "no result"
        if last.endswith("held on chip"):
            return Outcome(name, backend, case.name, sizes, 0.0, 0.0, None, refused=last)
        return Outcome(name, backend, case.name, sizes, float("nan"), 0.0, last)
    got = list(np.load(result).values())
    depth = sum_depth(diagram, case.sizes)

    def judged_by(plain: list[tuple[NDArray[Any], ...]]) -> list[tuple[float, float, str | None]]:
        return [
            min(
                (judge_array(value, want, rough[place], layout, depth) for rough in plain),
                key=lambda found: found[2] or "",
            )
            for place, (value, want, layout) in enumerate(zip(got, expected, diagram.layouts, strict=True))
        ]

    judged = judged_by(plain)
    if any(trouble is not None for _, _, trouble in judged) and question.cotangents:
        random = np.random.default_rng(0)
        judged = judged_by([*plain, *(r for _ in range(MOVED) for r in plainly(question, case, random))])
    problem = next((trouble for _, _, trouble in judged if trouble is not None), None)
    error, allowed, _ = max(judged, key=lambda found: found[0] / found[1] if found[1] else found[0])
    return Outcome(name, backend, case.name, sizes, error, allowed, problem)


def plainly(
    question: Question, case: Case, moved: np.random.Generator | None = None
) -> list[tuple[NDArray[Any], ...]]:
    """What is asked as plain code computes it in its dtypes, and by the derived diagrams one after the other."""
    found = [evaluate(question.diagram, case.arrays, case.sizes, rounding=True, moved=moved)]
    if question.derived:
        known = dict(case.arrays)
        for diagram in question.derived:
            given = {input_name(n): known[input_name(n)] for n in diagram.inputs}
            results = evaluate(diagram, given, case.sizes, rounding=True, moved=moved)
            known |= dict(zip(diagram.output_names, results, strict=True))
        found.append(tuple(known[name] for name in question.diagram.output_names))
    return found


def sum_depth(diagram: Diagram, sizes: Mapping[str, int]) -> int:
    """log₂ of the longest sum: NumPy adds in a tree, others in a row, and a tree alone rounds this often."""
    consumed = (n.op.axes for n in walk(diagram.outputs) if isinstance(n.op, ops.Reduce))
    longest = max((math.prod(axis.size.evaluate(sizes) for axis in axes) for axes in consumed), default=1)
    return max(longest - 1, 0).bit_length()


def judge_array(
    value: NDArray[Any], want: NDArray[Any], rough: NDArray[Any], layout: Array, depth: int = 0
) -> tuple[float, float, str | None]:
    """Error, allowed error and problem of one result; `depth` is that of the deepest sum, see `sum_depth`."""
    if value.shape != want.shape:
        return float("nan"), 0.0, f"shape {value.shape}, expected {want.shape}"
    if layout.dtype.kind != "float":
        wrong = int(np.sum(value != want))
        return float(wrong), 0.0, f"{wrong} of {want.size} values differ" if wrong else None
    finite = np.isfinite(want) & np.isfinite(rough)
    special = ~np.isfinite(want)
    if np.any(~np.isfinite(value[finite])) or np.any(
        value[special & ~np.isnan(want)] != want[special & ~np.isnan(want)]
    ):
        return float("nan"), 0.0, "an infinity or NaN where the reference has none, or the reverse"
    error, plain = (_relative(array[finite], want[finite]) for array in (value, rough))
    allowed = 2.0 * plain + 2.0 ** (1 - layout.dtype.precision) + depth * 2.0**-24
    return error, allowed, f"error {error:.1e}, allowed {allowed:.1e}" if error > allowed else None


def _relative(value: NDArray[Any], want: NDArray[Any]) -> float:
    norm = float(np.linalg.norm(want))
    return (
        float(np.linalg.norm(np.asarray(value, np.float64) - want)) / norm
        if norm
        else float(np.linalg.norm(value))
    )
