"""Writes docs/coverage.md: for every entry of specs/ its kernels, passes, predictions and verification.

`python -m bench.coverage` measures what has changed and writes the page; `--only NAME` measures entries whose file or
name contains NAME. What was run is kept in bench/results/coverage.json with a hash of the emitted code, so a second run
is short.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any, Final

from diagc.api import load
from diagc.backends.emit import jax_source, triton_source
from diagc.backends.plans import kernels
from diagc.check.entry import Entry
from diagc.cli.options import write_text
from diagc.diagnostics import DiagnosticError
from diagc.verify.cases import cases
from diagc.verify.differential import Backend, Outcome, compare, gradients_of, results_of
from diagc.verify.summary import differentiated, gradient_cases

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "results" / "coverage.json"
PAGE = ROOT / "docs" / "coverage.md"
SMALL = 4096
"""Elements of all arrays of a small case together."""

PARTS = ("triton", "triton gradients", "jax", "jax gradients")


def entries() -> Iterator[tuple[Path, str, Entry]]:
    """Every entry that kernels are made for or that JAX runs, by file."""
    for path in sorted((ROOT / "specs").rglob("*.diag")):
        if not {"learning", "flow", "runs"} & set(path.parts):
            for name, entry in load(path).entries.items():
                yield path, name, entry


def codes(entry: Entry, file: str) -> dict[str, str]:
    """By part a hash of the emitted code that it is about."""
    texts = {"jax": jax_source({entry.diagram.name: entry}, file)}
    try:
        texts["triton"] = triton_source([entry], file)
    except DiagnosticError:
        texts["triton"] = ""
    hashes = {backend: hashlib.sha256(text.encode()).hexdigest()[:16] for backend, text in texts.items()}
    return {part: hashes["jax" if part.startswith("jax") else "triton"] for part in PARTS}


Results = dict[str, dict[str, dict[str, Any]]]
"""By entry and part what was found, and the hash of the code that it was found of."""

_WRITING: Final = Lock()


def read() -> Results:
    """The findings that are kept."""
    return json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}


def known(path: Path, name: str, entry: Entry, kept: Results) -> dict[str, dict[str, Any]]:
    """The findings about the code that is emitted now, by part."""
    parts = kept.get(f"{path.stem}.{name}", {})
    return {
        part: parts[part]
        for part, code in codes(entry, path.name).items()
        if parts.get(part, {}).get("code") == code
    }


def keep(path: Path, name: str, part: str, found: dict[str, Any]) -> None:
    """Add a finding to what is kept; one about other code gives way."""
    with _WRITING:
        kept = read()
        kept.setdefault(f"{path.stem}.{name}", {})[part] = found
        write_text(RESULTS, json.dumps(kept, indent=1, sort_keys=True) + "\n")


# ---- what is run, each part in a process of its own


def measure(path: Path, name: str, part: str) -> Iterator[dict[str, Any]]:
    """One part of the findings about an entry: of small cases, then of all."""
    entry = load(path).entries[name]
    backend: Backend = "triton" if part.startswith("triton") else "jax"
    gradients = part.endswith("gradients")
    if gradients and not differentiated({name: entry}, backend):
        yield {"missing": "no gradient"}
        return
    if backend == "triton" and not gradients:
        kernels(entry)  # refuses what has no kernel
    ask, chosen = (
        (gradients_of, gradient_cases(entry)) if gradients else (results_of, list(cases(entry.diagram)))
    )
    small = [c for c in chosen if sum(array.size for array in c.arrays.values()) <= SMALL]
    outcomes: list[Outcome] = []
    for some in (small, [c for c in chosen if c not in small]):
        if some:
            outcomes += compare({name: entry}, {name: some}, backend, path.name, ask)
            yield {**_judged(outcomes), "of": len(chosen)}


def _judged(outcomes: list[Outcome]) -> dict[str, Any]:
    bad = [o for o in outcomes if o.problem is not None]
    worst = max(outcomes, key=lambda o: o.error / o.allowed if o.allowed else o.error)
    found: dict[str, Any] = {"cases": len(outcomes), "error": worst.error, "allowed": worst.allowed}
    found["refused"] = sum(o.refused is not None for o in outcomes)
    if bad:
        found["failed"] = f"{len(bad)} of {len(outcomes)} cases, `{bad[0].case}`: {bad[0].problem}"[:200]
    return found


def _answer(command: list[str], limit: float) -> dict[str, Any]:
    """What a process of its own finds within the limit; those that it has started end with it."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdout=pipe, stderr=pipe, text=True, cwd=ROOT, start_new_session=True
    ) as run:
        try:
            printed, said = run.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            return _last(run.communicate()[0]) or {"missing": f"not finished in {limit:.0f} s"}
    why = (said.strip().splitlines() or ["no answer"])[-1]
    return _last(printed) if run.returncode == 0 else {"missing": why[:200]}


def _last(printed: str) -> dict[str, Any]:
    """The last whole line of findings; empty where there is none."""
    lines = [line for line in printed.split("\n")[:-1] if line.startswith("{")]
    return json.loads(lines[-1]) if lines else {}


def _finished(found: dict[str, Any]) -> bool:
    """Whether a part was run to its end: it may have taken longer than it was given."""
    return (
        bool(found)
        and "not finished" not in found.get("missing", "")
        and found.get("cases", 0) >= found.get("of", 0)
    )


def refresh(path: Path, name: str, entry: Entry, again: bool, limit: float) -> None:
    """Run the parts that are not known for the code that is emitted now, each for `limit` seconds at most.

    What did not finish is run again.

    Small cases come first, so that what does not finish has something to show.
    """
    there = {} if again else known(path, name, entry, read())
    for part, code in codes(entry, path.name).items():
        if not _finished(there.get(part, {})):
            command = [sys.executable, "-m", "bench.coverage", "--measure", str(path), name, part]
            found = {"code": code, **_answer(command, limit)}
            keep(path, name, part, found)
            print(path.stem, name, part, json.dumps(found)[:160], flush=True)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="measure entries whose file or name contains this")
    parser.add_argument("--again", action="store_true", help="measure what is known as well")
    parser.add_argument("--page", action="store_true", help="write the page from what is known, run nothing")
    parser.add_argument(
        "--seconds", type=float, default=150, help="the longest that one part of an entry may take"
    )
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--measure", nargs=3, metavar=("SPEC", "ENTRY", "PART"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        spec, name, part = options.measure
        try:
            for found in measure(Path(spec), name, part):
                print(json.dumps(found), flush=True)
        except DiagnosticError as error:
            print(json.dumps({"missing": error.diagnostics[0].message}))
        return
    found = list(entries())
    if not options.page:
        chosen = [e for e in found if options.only in f"{e[0].stem} {e[1]}"]
        with ThreadPoolExecutor(options.processes) as pool:
            list(pool.map(lambda e: refresh(*e, options.again, options.seconds), chosen))
    from bench.coverage_page import page

    kept = read()
    PAGE.write_text(page(found, lambda path, name, entry: known(path, name, entry, kept)))


if __name__ == "__main__":
    main()
