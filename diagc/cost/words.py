"""Times, amounts and rates as a person writes them.

>>> seconds(1.5e-6), amount(34_603_008), rate(10**12, 0.5)
('1.5 µs', '34.6 MB', '2 TFLOP/s')
"""

from __future__ import annotations


def seconds(value: float) -> str:
    """A time in the largest unit of which it is at least one."""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if value * factor >= 1:
            return f"{value * factor:.4g} {unit}"
    return f"{value * 1e9:.4g} ns"


def amount(value: int) -> str:
    """Bytes in decimal units."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if value >= factor:
            return f"{value / factor:.4g} {unit}"
    return f"{value} B"


def rate(flops: int, time: float) -> str:
    """Operations in a time, as TFLOP/s."""
    return f"{flops / time / 1e12:.4g} TFLOP/s" if time else "no time"
