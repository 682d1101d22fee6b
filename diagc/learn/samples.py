"""Data for the regimes of `specs/learning` as files: `python -m diagc.learn.samples data/`.

Views of the handwritten digits, and points and motions that are made from a fixed seed: the same bytes each time.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagc.learn.digits import Table, digits, write_digits, write_tables
from diagc.learn.scenes import glyphs, scenes

STEP: Final = 0.1
"""Seconds between two states of the pendulum."""


def views(table: Table) -> dict[str, Table]:
    """The digits in two halves, as squares and turned by a quarter, with a second label: whether they are odd."""
    image, label = table["image"], table["label"]
    halves: Table = {"image": image, "upper": image[:, :32], "lower": image[:, 32:], "label": label}
    return {
        "views": {**halves, "odd": (label % 2).astype(np.int32)},
        "squares": {"image": image.reshape(-1, 8, 8), "label": label},
        "turned": {"image": np.rot90(image.reshape(-1, 8, 8), axes=(1, 2)).reshape(-1, 64), "label": label},
    }


def moons(rows: int = 2048) -> Table:
    """Points `x: f32[2]` on two half circles, with a little noise."""
    generator = np.random.default_rng(1)
    angle, side = np.pi * generator.random(rows), generator.integers(0, 2, rows)
    x = np.where(side, 1 - np.cos(angle), np.cos(angle)) - 0.5
    y = np.where(side, 0.5 - np.sin(angle), np.sin(angle)) - 0.25
    points = np.stack([x, y], 1) + 0.05 * generator.standard_normal((rows, 2))
    return {"x": points.astype(np.float32)}


def clouds(rows: int = 2048) -> dict[str, Table]:
    """Two clouds of points without pairs: a ring `x` and four clusters `y`."""
    generator = np.random.default_rng(2)
    angle = 2 * np.pi * generator.random(rows)
    ring = np.stack([np.cos(angle), np.sin(angle)], 1) + 0.1 * generator.standard_normal((rows, 2))
    corner = generator.integers(0, 2, (rows, 2)) * 2 - 1
    clusters = corner + 0.15 * generator.standard_normal((rows, 2))
    return {"ring": {"x": ring.astype(np.float32)}, "clusters": {"y": clusters.astype(np.float32)}}


def swing(state: NDArray[Any], force: NDArray[Any]) -> NDArray[Any]:
    """The state (angle, speed) of a pendulum one step later, by ten explicit steps in float64."""
    angle, speed = state[:, 0], state[:, 1]
    for _ in range(10):
        speed = speed + STEP / 10 * (force - np.sin(angle) - 0.1 * speed)
        angle = angle + STEP / 10 * speed
    return np.stack([angle, speed], 1)


def motions(rows: int = 2048, length: int = 12) -> dict[str, Table]:
    """Free steps of a pendulum, rollouts under forces, and rewarded moves."""
    generator = np.random.default_rng(3)
    now = generator.uniform(-1.5, 1.5, (rows, 2))
    force = generator.uniform(-1, 1, (rows, length))
    states, state = list[NDArray[Any]](), now
    for t in range(length):
        state = swing(state, force[:, t])
        states.append(state)
    move = generator.uniform(-1, 1, (rows, 1))
    after = swing(now, 2 * move[:, 0])
    reward = -(after[:, :1] ** 2 + 0.1 * after[:, 1:] ** 2)
    made = {
        "pendulum": {"now": now, "next": swing(now, np.zeros(rows))},
        "rollouts": {"first": now, "force": force, "later": np.stack(states, 1)},
        "moves": {"state": now, "move": move, "reward": reward, "next": after},
    }
    return {name: {c: a.astype(np.float32) for c, a in table.items()} for name, table in made.items()}


def pictures() -> dict[str, Table]:
    """Pairs of digits with captions, and glyphs, as the replicas train on them."""
    return {
        "scenes": scenes(8000, 0, test=False, withheld=False),
        "scenes_withheld": scenes(1000, 2, test=True, withheld=True),
        "glyphs": glyphs(0, novel=False),
    }


def write_samples(folder: Path) -> tuple[Path, ...]:
    """Write the digits and every table of this module as `NAME.npz`."""
    tables = {**views(digits()), "moons": moons(), **clouds(), **motions(), **pictures()}
    return (*write_digits(folder), *write_tables(folder, tables))


if __name__ == "__main__":
    for made in write_samples(Path(sys.argv[1] if len(sys.argv) > 1 else "data")):
        print(made)
