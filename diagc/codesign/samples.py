"""Which designs of a family are looked at: all of them where they are few, else points that fill the space evenly.

The points are those of an unscrambled Sobol sequence, so the same number gives the same designs, and a power of two
covers every parameter evenly. Each design comes once.
"""

from __future__ import annotations

from importlib import import_module
from math import prod
from typing import Any

import numpy as np

from diagc.codesign.amounts import Values
from diagc.codesign.family import Family


def designs(family: Family, most: int) -> Values:
    """Designs [n f] with a column for each free parameter, at most `most` of them."""
    free = family.free
    if not free:
        return np.zeros((1, 0))
    if not any(f.continuous for f in free) and prod(len(f.values) for f in free) <= most:
        grid = np.meshgrid(*(np.asarray(f.values) for f in free), indexing="ij")
        return np.stack([axis.ravel() for axis in grid], axis=1)
    sequences: Any = import_module("scipy.stats.qmc")
    shares: Values = np.asarray(
        sequences.Sobol(len(free), scramble=False).random_base2((most - 1).bit_length())
    )[:most]
    found = np.stack([f.at(shares[:, place]) for place, f in enumerate(free)], axis=1)
    _, first = np.unique(found, axis=0, return_index=True)
    return found[np.sort(first)]
