"""The replica of few-shot multi-task learning: a backbone that names glyphs and tells how they are turned.

The diagrams of `specs/learning/fewshot.diag`: classes alone, and both tasks glued on the backbone. Novel classes are
told apart by the nearest mean of the features of a few drawings (Snell et al. 1703.05175).
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.replica_parts import entry, mean_and_spread, paragraph, trained, untrained
from diagc.learn.scenes import BASE_CLASSES, NOVEL_CLASSES, PER_CLASS, glyphs

SEEDS, EPISODES, WAYS, QUERIES, SHOTS = 5, 600, 5, 15, (1, 5)
KINDS = {"pixels": "raw pixels", "random": "random backbone", "classes": "classes", "both": "both, glued"}


def accuracy(features: Any, shots: int) -> float:
    """The accuracy in percent over episodes of the nearest mean among five novel classes."""
    generator = np.random.default_rng(shots)
    grouped = (features / np.linalg.norm(features, axis=1, keepdims=True)).reshape(
        NOVEL_CLASSES, PER_CLASS, -1
    )
    hits: list[float] = []
    for _ in range(EPISODES):
        classes = generator.choice(NOVEL_CLASSES, WAYS, replace=False)
        rows = np.stack([generator.permutation(PER_CLASS)[: shots + QUERIES] for _ in classes])
        taken = grouped[classes[:, None], rows]
        means, asked = taken[:, :shots].mean(1), taken[:, shots:].reshape(WAYS * QUERIES, -1)
        nearest = ((asked[:, None] - means) ** 2).sum(-1).argmin(1)
        hits.append(float((nearest == np.repeat(np.arange(WAYS), QUERIES)).mean()))
    return 100 * float(np.mean(hits))


def one_seed(folder: Path, seed: int) -> dict[str, float]:
    """Accuracies of the backbones on glyphs of this seed."""
    held: Any = glyphs(seed, novel=False)
    np.savez(folder / "glyphs.npz", **held)
    image, data = glyphs(seed, novel=True)["image"], {"glyphs": folder / "glyphs.npz"}
    features = entry("fewshot", "features")
    found = {
        "pixels": image.reshape(len(image), -1),
        "random": features(image, untrained("fewshot", "both", seed)),
        "classes": features(image, trained("fewshot", "classes", data, seed)),
        "both": features(image, trained("fewshot", "both", data, seed)),
    }
    return {f"{kind} {k}": accuracy(np.asarray(made), k) for kind, made in found.items() for k in SHOTS}


def measure(folder: Path) -> dict[str, Any]:
    """Accuracies by backbone, by number of drawings and by seed, and the seconds of each seed."""
    found: dict[str, Any] = {"seconds": []}
    for seed in range(SEEDS):
        start = time.perf_counter()
        for name, value in one_seed(folder, seed).items():
            found.setdefault(name, []).append(value)
        found["seconds"].append(round(time.perf_counter() - start, 1))
        print("few-shot", seed, {k: round(v[-1], 1) for k, v in found.items()}, flush=True)
    return found


def section(found: dict[str, Any]) -> str:
    """The replica as a section of the page."""
    rows = [
        f"| {text} | " + " | ".join(mean_and_spread(found[f"{kind} {k}"]) for k in SHOTS) + " |"
        for kind, text in KINDS.items()
    ]
    gain = min(float(np.min(np.subtract(found[f"both {k}"], found[f"random {k}"]))) for k in SHOTS)
    more = [np.subtract(found[f"both {k}"], found[f"classes {k}"]) for k in SHOTS]
    text = ", ".join(f"{mean_and_spread(list(m))} points with {k}" for m, k in zip(more, SHOTS, strict=True))
    clear = all(abs(m.mean()) > 2 * m.std(ddof=1) / np.sqrt(SEEDS) for m in more)
    about = paragraph(
        f"Glyphs of three strokes, 20 × 20 pixels, {BASE_CLASSES} classes to train on and {NOVEL_CLASSES} novel ones,",
        f"{PER_CLASS} drawings each; `specs/learning/fewshot.diag`. Accuracy in percent among {WAYS} novel classes by",
        f"the nearest mean of one or five drawings, over {EPISODES} episodes, mean and standard deviation of {SEEDS}",
        f"seeds; a seed takes {max(found['seconds']):.0f} s at most.",
    )
    holds = paragraph(
        "What must hold: the glued diagram has 15 points more than a random backbone. The smallest gain of a seed is",
        f"{gain:.1f}: it {'holds' if gain >= 15 else 'fails'}. What the second task adds to the first: {text}"
        + (
            "."
            if clear
            else "; no result, since it lies within two standard errors of zero for one of them or both."
        ),
    )
    table = "\n".join(["| backbone | 1 drawing | 5 drawings |", "|---|---|---|", *rows])
    return f"## Few-shot multi-task\n\n{about}\n{table}\n\n{holds}"
