"""The replica of distillation.

Digits of scikit-learn, 1,200 to train on and 597 to test; a teacher 64-256-256-10 and students 64-8-10. A student that
sees some labels alone is compared with one that also hears the teacher on the images without labels.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.replica_parts import SPECS, mean_and_spread, paragraph
from diagc.check.program import read_program
from diagc.core.learning import LearningDiagram
from diagc.learn.data import Selection
from diagc.learn.digits import write_digits
from diagc.learn.session import Inputs, bind, run

SEEDS, LABELS, UPDATES = 10, (50, 100), 1200


def accuracy(spec: str, data: dict[str, Selection], test: Path, seed: int, weights: dict[str, Path]) -> float:
    """The accuracy on the test images, in percent, after training a specification."""
    learning: LearningDiagram = next(iter(read_program(SPECS / f"{spec}.diag").learnings.values()))
    settings = replace(learning.settings, seed=seed, epochs=None, steps=UPDATES)
    inputs = Inputs(data, dict.fromkeys(data, Selection(test)), None, weights)
    last: Any = run(bind(replace(learning, settings=settings), {}, {}), inputs, SPECS).records[-1]
    return 100 * last["validation"][next(iter(data))]["hard.accuracy"]


def teacher(folder: Path) -> float:
    """Train the teacher; its accuracy in percent."""
    learning = next(iter(read_program(SPECS / "teacher.diag").learnings.values()))
    files = {"digits": Selection(folder / "digits_train.npz")}
    test = {"digits": Selection(folder / "digits_test.npz")}
    found = run(bind(learning, {}, {}), Inputs(files, test), SPECS, out=folder / "teacher")
    return 100 * found.records[-1]["validation"]["digits"]["label.accuracy"]


def measure(folder: Path) -> dict[str, Any]:
    """Accuracies by number of labels and seed, and that of the teacher."""
    write_digits(folder)
    train, test = folder / "digits_train.npz", folder / "digits_test.npz"
    found: dict[str, Any] = {"teacher": teacher(folder)}
    weights = {"teacher": folder / "teacher" / "teacher.safetensors"}
    for labels in LABELS:
        some, rest = Selection(train, None, labels), Selection(train, labels)
        both = {"lab": some, "unl": rest}
        found[str(labels)] = {
            "alone": [accuracy("supervised", {"digits": some}, test, seed, {}) for seed in range(SEEDS)],
            "taught": [accuracy("distill", both, test, seed, weights) for seed in range(SEEDS)],
        }
        print(
            "distillation",
            labels,
            "labels",
            {k: np.mean(v) for k, v in found[str(labels)].items()},
            flush=True,
        )
    return found


def section(found: dict[str, Any]) -> str:
    """The replica as a section of the page."""
    rows = [
        "| labels | student alone | student and teacher | mean gain | smallest gain |",
        "|---|---|---|---|---|",
    ]
    for labels in LABELS:
        alone, taught = found[str(labels)]["alone"], found[str(labels)]["taught"]
        gain = np.subtract(taught, alone)
        pair = f"{mean_and_spread(alone)} | {mean_and_spread(taught)}"
        rows.append(f"| {labels} | {pair} | {gain.mean():+.1f} | {gain.min():+.1f} |")
    held = np.min(np.subtract(found["100"]["taught"], found["100"]["alone"])) >= 5
    about = paragraph(
        "Scikit-learn digits, 1,200 to train on and 597 to test; `specs/learning/teacher.diag`, `supervised.diag` and",
        f"`distill.diag`. Test accuracy in percent, mean and standard deviation of {SEEDS} seeds",
        f"after {UPDATES:,} updates.",
        f"The teacher, which saw all labels, has {found['teacher']:.2f}.",
    )
    holds = f"What must hold: at 100 labels every seed gains at least 5 points. It {'holds' if held else 'fails'}.\n"
    table = "\n".join(rows)
    return f"## Distillation\n\n{about}\n{table}\n\n{holds}"
