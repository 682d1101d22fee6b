"""The work behind the page, in child processes with limits: a hostile spec ends its child and nothing else.

A child is asked one thing at a time and has so many seconds; one that takes longer is ended, and the next question
starts another.
"""

from __future__ import annotations

import multiprocessing
import resource
import threading
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

SECONDS: Final = 10.0
"""For one answer: the largest spec of the library takes three."""

MEMORY: Final = 4 << 30
"""Bytes of address space of a child: NumPy, SciPy and a diagram of 20,000 nodes take less than half."""

Answer = dict[str, Any]


class Child:
    """One process that answers questions in turn; `seconds` bounds each answer."""

    def __init__(self, root: Path, seconds: float = SECONDS) -> None:
        self.root, self.seconds = root, seconds
        self._lock = threading.Lock()
        self._process: Any = None
        self._pipe: Connection | None = None

    def ask(self, question: Mapping[str, Any]) -> Answer:
        """The answer, or `{"failed": why}`."""
        with self._lock:
            pipe = self._started()
            try:
                pipe.send(dict(question))
                if pipe.poll(self.seconds):
                    return pipe.recv()
                reason = f"this took more than {self.seconds:g} seconds and was stopped"
            except (EOFError, OSError):
                reason = "this took more memory than a page may use"
            self.stop()
            return {"failed": reason}

    def _started(self) -> Connection:
        if self._pipe is None or not self._process.is_alive():
            context = multiprocessing.get_context("spawn")
            self._pipe, other = context.Pipe()
            self._process = context.Process(target=_serve, args=(other, str(self.root)), daemon=True)
            self._process.start()
            other.close()
        return self._pipe

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None


def _serve(pipe: Connection, root: str) -> None:
    """What a child does: answer until the pipe closes."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    while True:
        try:
            question = pipe.recv()
        except (EOFError, KeyboardInterrupt):
            return
        try:
            pipe.send(answer(question, Path(root)))
        except Exception as error:  # a bug must not end the page; it is shown there
            pipe.send({"failed": f"{type(error).__name__}: {error}"})


def answer(question: Mapping[str, Any], root: Path) -> Answer:
    """The answer to one question about a text; files that it uses are read below `root` alone."""
    from diagc.check.program import collect
    from diagc.diagnostics import DiagnosticError
    from diagc.source import Source

    source = Source(str(root / "page.diag"), str(question["text"]))
    try:
        program, sink = collect(source, root)
        found = tuple(sink.diagnostics)
    except DiagnosticError as error:
        return {"errors": [_said(d, source) for d in error.diagnostics]}
    errors = [_said(d, source) for d in found]
    names = {"entries": list(program.entries), "learnings": list(program.learnings)}
    wanted = question.get("show")
    if errors or not wanted:
        return {"errors": errors, **names}
    try:
        return {"errors": [], **names, **_VIEWS[wanted](program, question)}
    except DiagnosticError as error:
        return {"errors": [], **names, "refused": "\n".join(map(_spoken, error.diagnostics))}


def _said(diagnostic: Any, source: Any) -> Answer:
    """A diagnostic with its place in the text, as offsets in characters."""
    own = [label for label in diagnostic.labels if label.span.source == source]
    start, end = (own[0].span.start, own[0].span.end) if own else (0, 0)
    line, column = source.position(start)
    return {
        "code": diagnostic.code,
        "message": _spoken(diagnostic),
        "from": start,
        "to": end,
        "line": line,
        "column": column,
    }


def _spoken(diagnostic: Any) -> str:
    labels = [label.text for label in diagnostic.labels[1:] if label.text]
    more = [*labels, *([f"help: {diagnostic.help}"] if diagnostic.help else [])]
    return "\n".join((f"{diagnostic.code}: {diagnostic.message}", *more))


def _figure(program: Any, question: Mapping[str, Any]) -> Answer:
    from diagc import pictures
    from diagc.draw import render_svg

    return {
        "svg": render_svg(pictures.scene(program, question.get("entry"), question.get("learning")), "figure")
    }


def _kernels(program: Any, question: Mapping[str, Any]) -> Answer:
    from diagc import pictures
    from diagc.draw import render_svg

    return {"svg": render_svg(pictures.kernel_scene(_entry(program, question)), "figure")}


def _cost(program: Any, question: Mapping[str, Any]) -> Answer:
    """The best schedules; sizes that are not given are 1024."""
    from diagc import api
    from diagc.cost.words import amount, rate, seconds
    from diagc.machine import machine
    from diagc.plan.search import spoken

    entry, device = _entry(program, question), machine(str(question.get("machine", "h200")))
    sizes = dict.fromkeys(entry.diagram.size_symbols, 1024) | _sizes(question)
    lines = [f"{device.title}: {', '.join(f'{k} = {v}' for k, v in sizes.items())}", ""]
    for number, choice in enumerate(api.cost(entry, device, sizes, {}, {}), 1):
        cost = choice.estimate
        lines.append(f"{number}. {seconds(cost.predicted_seconds)}, {cost.bound}")
        lines.append(f"   {spoken(choice)}")
        moved = ", ".join(f"{level} {amount(b)}" for level, b in cost.level_bytes.items())
        lines.append(f"   {moved}; {cost.flops:,} FLOP, {rate(cost.flops, cost.predicted_seconds)}")
        lines.append(f"   {choice.reason}")
    return {"text": "\n".join(lines) + "\n"}


def _sizes(question: Mapping[str, Any]) -> dict[str, int]:
    """Sizes as written on the page, `q=4096, d=128`; what is no number above 0 is left out."""
    pairs = (part.partition("=") for part in str(question.get("sizes", "")).split(","))
    return {n.strip(): int(v) for n, _, v in pairs if v.strip().isdigit() and 0 < int(v) < 2**40}


def _derivation(program: Any, question: Mapping[str, Any]) -> Answer:
    from diagc import api

    return {"text": api.derivation_text({"": _entry(program, question)})}


def _triton(program: Any, question: Mapping[str, Any]) -> Answer:
    from diagc import api

    entry = _entry(program, question)
    return {"text": api.triton_source({entry.diagram.name: entry}, "page.diag")}


def _jax(program: Any, question: Mapping[str, Any]) -> Answer:
    from diagc import api

    entry = _entry(program, question)
    return {"text": api.jax_source({entry.diagram.name: entry}, "page.diag")}


def _entry(program: Any, question: Mapping[str, Any]) -> Any:
    from diagc import pictures

    return pictures.chosen_entry(program, question.get("entry"))


_VIEWS: Final[dict[str, Callable[[Any, Mapping[str, Any]], Answer]]] = {
    "figure": _figure, "kernels": _kernels, "cost": _cost, "derivation": _derivation, "triton": _triton, "jax": _jax,
}  # fmt: skip
VIEWS: Final = tuple(_VIEWS)
