"""Random numbers as a function of (key, place, index), so that every back end draws the same ones.

The generator is the 32-bit finaliser `lowbias32` of Chris Wellons (2018, "Prospecting for Hash Functions"), applied
to a mix of key, place in the diagram and row-major index. It is a mask generator for dropout and initial noise, not
a source for cryptography.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

GOLDEN = 0x9E3779B9


def _lowbias32(x: NDArray[np.uint32]) -> NDArray[np.uint32]:
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x7FEB352D)
    x = (x ^ (x >> np.uint32(15))) * np.uint32(0x846CA68B)
    return x ^ (x >> np.uint32(16))


def bits(key: int, place: int, count: int) -> NDArray[np.uint32]:
    """`count` 32-bit words of the stream at `place` of run `key`.

    >>> bool((bits(0, 1, 4) == bits(0, 1, 4)).all() and (bits(0, 1, 4) != bits(0, 2, 4)).any())
    True
    """
    start = np.array([(key * GOLDEN + place) & 0xFFFFFFFF], np.uint32)
    return _lowbias32(np.arange(count, dtype=np.uint32) + _lowbias32(start))


def uniform(key: int, place: int, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Numbers in [0, 1) with 24 bits, so that f32 holds them exactly."""
    words = bits(key, place, int(np.prod(shape, dtype=np.int64)))
    return (words >> np.uint32(8)).astype(np.float64).reshape(shape) / float(1 << 24)


def normal(key: int, place: int, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Standard normal numbers by Box and Muller from two uniform streams of the place."""
    first = uniform(key, 2 * place + (1 << 20), shape)
    second = uniform(key, 2 * place + (1 << 20) + 1, shape)
    return np.sqrt(-2.0 * np.log1p(-first)) * np.cos(2.0 * np.pi * second)
