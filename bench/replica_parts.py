"""What the replicas share: specifications trained from a seed, their entries as functions, BLEU, figures as text."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from diagc.backends.jax_plain import emit_plain
from diagc.backends.training import emit_training
from diagc.check.program import read_program
from diagc.learn.data import Selection
from diagc.learn.session import Inputs, bind, load_program, run

SPECS = Path(__file__).parents[1] / "specs" / "learning"


def mean_and_spread(values: Sequence[float]) -> str:
    """Mean and standard deviation with one digit."""
    return f"{np.mean(values):.1f} ± {np.std(values, ddof=1):.1f}"


def paragraph(*sentences: str) -> str:
    """Sentences as lines of a page."""
    return textwrap.fill(" ".join(sentences), 118, break_on_hyphens=False) + "\n"


def trained(
    spec: str, learning: str, data: dict[str, Path], seed: int, weights: dict[str, Path] | None = None
) -> dict[str, Any]:
    """The parameters by path after training a learning diagram as its file says, from a seed."""
    found = read_program(SPECS / f"{spec}.diag").learnings[learning]
    found = replace(found, settings=replace(found.settings, seed=seed))
    inputs = Inputs({name: Selection(path) for name, path in data.items()}, weights=weights or {})
    return run(bind(found, {}, {}), inputs, SPECS).parameters


def untrained(spec: str, learning: str, seed: int) -> dict[str, Any]:
    """The parameters by path before training."""
    found = bind(read_program(SPECS / f"{spec}.diag").learnings[learning], {}, {})
    program = load_program(emit_training(found, spec))
    return program.initial(program.REGIME, seed)


def entry(spec: str, name: str) -> Callable[..., Any]:
    """An entry of a specification as a function of its operands and of its parameters by path."""
    diagram = read_program(SPECS / f"{spec}.diag").entries[name].diagram
    return getattr(load_program(emit_plain(diagram, name)), name)


def bleu(written: Sequence[Sequence[str]], wanted: Sequence[Sequence[str]], order: int = 4) -> float:
    """Corpus BLEU in percent with one reference for each text (Papineni et al. 2002), without smoothing.

    >>> bleu([["a", "b", "c", "d", "e"]], [["a", "b", "c", "d", "e"]])
    100.0
    """
    logs: list[float] = []
    for n in range(1, order + 1):
        hits = total = 0
        for text, reference in zip(written, wanted, strict=True):
            grams, known = (Counter(zip(*(t[i:] for i in range(n)), strict=False)) for t in (text, reference))
            hits += sum((grams & known).values())
            total += sum(grams.values())
        if not hits:
            return 0.0
        logs.append(math.log(hits / total))
    lengths = sum(map(len, written)), sum(map(len, wanted))
    return 100 * math.exp(sum(logs) / order + min(0.0, 1 - lengths[1] / lengths[0]))
