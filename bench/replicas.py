"""The replica of distillation: `make replicas` trains it with its seeds and writes `docs/replicas.md`.

Digits of scikit-learn, 1,200 to train on and 597 to test; a teacher 64-256-256-10 and students 64-8-10. A student that
sees some labels alone is compared with one that also hears the teacher on the images without labels.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from diagc.check.program import read_program
from diagc.core.learning import LearningDiagram
from diagc.learn.data import Selection
from diagc.learn.digits import write_digits
from diagc.learn.session import Inputs, bind, run

ROOT = Path(__file__).parents[1]
SPECS, PAGE = ROOT / "specs" / "learning", ROOT / "docs" / "replicas.md"
SEEDS, LABELS, UPDATES = 10, (50, 100), 1200

HEAD = """# Replicas

`make replicas` trains what follows with its seeds and writes this page. Of the three experiments of the paper this page
has the distillation; captioning and few-shot learning are not here yet. The paper's own data sets are not public:
these are replicas of the method on other data, not of its figures.

## Distillation

"""


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


def rows(folder: Path) -> list[str]:
    """A line of the table for each number of labels."""
    train, test = folder / "digits_train.npz", folder / "digits_test.npz"
    weights = {"teacher": folder / "teacher" / "teacher.safetensors"}
    made: list[str] = []
    for labels in LABELS:
        some, rest = Selection(train, None, labels), Selection(train, labels)
        alone = [accuracy("supervised", {"digits": some}, test, seed, {}) for seed in range(SEEDS)]
        both = {"lab": some, "unl": rest}
        taught = [accuracy("distill", both, test, seed, weights) for seed in range(SEEDS)]
        gain = np.subtract(taught, alone)
        made.append(
            f"| {labels} | {np.mean(alone):.1f} ± {np.std(alone, ddof=1):.1f} "
            f"| {np.mean(taught):.1f} ± {np.std(taught, ddof=1):.1f} | {gain.mean():+.1f} | {gain.min():+.1f} |"
        )
        print(made[-1], flush=True)
    return made


def main() -> None:
    """Train everything and write the page."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_digits(folder)
        known = teacher(folder)
        table = rows(folder)
    PAGE.write_text(
        f"{HEAD}Test accuracy in percent, mean and standard deviation of {SEEDS} seeds after {UPDATES:,} updates. The "
        f"teacher, which saw all\nlabels, has {known:.2f}.\n\n"
        "| labels | student alone | student and teacher | mean gain | smallest gain |\n|---|---|---|---|---|\n"
        + "\n".join(table)
        + "\n\nWhat must hold: at 100 labels every seed gains at least 5 points.\n",
        "utf-8",
    )


if __name__ == "__main__":
    main()
