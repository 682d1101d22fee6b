"""Pictures of two handwritten digits with a caption, and of glyphs that are drawn by strokes; each from a seed.

A caption is `a three left of a seven .` or `a three above a seven . .`: seven words with the stops. The words of a
caption shifted by one, with `.` in front, are what a decoder has read before it says each.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagc.learn.digits import TRAIN_ROWS, Table, digits

WORDS: Final = (
    ".", "a", "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "left", "of", "above",
)  # fmt: skip
LENGTH: Final = 7
WITHHELD: Final = 10
"""Ordered pairs of digits that no picture to train on shows."""

BASE_CLASSES, NOVEL_CLASSES, PER_CLASS = 24, 20, 40


def withheld_pairs() -> set[tuple[int, int]]:
    """Each digit once first and once second, never with itself."""
    generator = np.random.default_rng(17)
    while True:
        order = generator.permutation(10)
        if (order != np.arange(10)).all():
            return {(i, int(k)) for i, k in enumerate(order)}


def caption(first: int, second: int, beside: bool) -> list[int]:
    """The words that name a picture, as places in `WORDS`."""
    relation = ["left", "of"] if beside else ["above"]
    words = ["a", WORDS[2 + first], *relation, "a", WORDS[2 + second]]
    return [WORDS.index(word) for word in [*words, *["."] * (LENGTH - len(words))]]


def scenes(rows: int, seed: int, test: bool, withheld: bool) -> Table:
    """`image: f32[16 16]`, `caption: i32[7]`, `before: i32[7]`; `withheld` pictures show withheld pairs only."""
    generator, held, hidden = np.random.default_rng([5, seed]), digits(), withheld_pairs()
    part = slice(TRAIN_ROWS, None) if test else slice(TRAIN_ROWS)
    images, labels = held["image"][part].reshape(-1, 8, 8), held["label"][part]
    table: dict[str, list[Any]] = {"image": [], "caption": []}
    while len(table["image"]) < rows:
        one, two = generator.integers(0, len(labels), 2)
        if ((int(labels[one]), int(labels[two])) in hidden) is not withheld:
            continue
        beside, shifts = bool(generator.integers(2)), generator.integers(0, 9, 2)
        picture = np.zeros((16, 16), np.float32)
        for number, (digit, shift) in enumerate(zip((one, two), shifts, strict=True)):
            y, x = (shift, 8 * number) if beside else (8 * number, shift)
            picture[y : y + 8, x : x + 8] = images[digit]
        table["image"].append(picture)
        table["caption"].append(caption(int(labels[one]), int(labels[two]), beside))
    said = np.array(table["caption"], np.int32)
    before = np.concatenate([np.zeros((rows, 1), np.int32), said[:, :-1]], axis=1)
    return {"image": np.stack(table["image"]), "caption": said, "before": before}


def strokes(classes: int, seed: int) -> NDArray[Any]:
    """The glyphs of some classes: `(classes, 3 strokes, 3 points of a quadratic curve, 2)` in the unit square."""
    generator = np.random.default_rng([11, seed])
    return generator.uniform(0.08, 0.92, (classes, 3, 3, 2))


def glyph(points: NDArray[Any], generator: np.random.Generator) -> NDArray[Any]:
    """A glyph as a hand draws it once, 20 × 20: its points shaken, turned a little, scaled and moved."""
    angle, scale = generator.normal(0, 0.3), generator.normal(1, 0.15, 2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * scale
    moved = (points + generator.normal(0, 0.05, points.shape) - 0.5) @ turn.T + 0.5
    moved = moved + generator.normal(0, 0.1, 2)
    t = np.linspace(0, 1, 16)[:, None]
    weights = np.concatenate([(1 - t) ** 2, 2 * t * (1 - t), t**2], axis=1)
    ink = np.einsum("tp,spc->stc", weights, moved).reshape(-1, 2) * 20
    grid = np.stack(np.meshgrid(np.arange(20) + 0.5, np.arange(20) + 0.5, indexing="ij"), -1)
    distance = np.sqrt(((grid[:, :, None] - ink) ** 2).sum(-1)).min(-1)
    return np.clip(generator.uniform(1.2, 1.8) - distance, 0, 1).astype(np.float32)


def glyphs(seed: int, novel: bool) -> Table:
    """Forty drawings of each class: `image`, `label`, the image turned by quarters `turned`, and how often, `turn`."""
    classes = NOVEL_CLASSES if novel else BASE_CLASSES
    shapes = strokes(BASE_CLASSES + NOVEL_CLASSES, seed)[BASE_CLASSES if novel else 0 :][:classes]
    generator = np.random.default_rng([13, seed, int(novel)])
    label = np.repeat(np.arange(classes, dtype=np.int32), PER_CLASS)
    image = np.stack([glyph(shapes[c], generator) for c in label])
    turn = generator.integers(0, 4, len(label)).astype(np.int32)
    turned = np.stack([np.rot90(one, k) for one, k in zip(image, turn, strict=True)])
    return {"image": image, "label": label, "turned": np.ascontiguousarray(turned), "turn": turn}
