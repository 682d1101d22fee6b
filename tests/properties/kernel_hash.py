"""A hash of the kernels of a diagram that names do not change.

Kernels are printed, names are numbered by their first occurrence, and numbers are rounded to the 24 bits that a
kernel computes with, because other orders of the same constants differ in their last bits of float64.
"""

from __future__ import annotations

import hashlib
import random
import re
import struct
from typing import Final

from diagc.backends.plans import kernels
from diagc.check.entry import Entry
from diagc.core.diagram import Diagram
from diagc.kernel.text import print_kernel
from tests.properties.renaming import renamed

_NAME: Final = re.compile(r"\b([AIS])\d+_")
_HINT: Final = re.compile(r"(%\d+) \w+(?=: )")
_NUMBER: Final = re.compile(r"(?<![\w.])-?\d+\.\d+(?:e[+-]?\d+)?")


def kernel_text(diagram: Diagram, seed: int = 0) -> str:
    """Every variant of every plan with canonical names; the diagram is renamed first so that names can be told."""
    made = renamed(diagram, random.Random(seed))
    found = kernels(Entry(made, {}, {}, ()), gradients=False)
    return "\n".join(_canonical(print_kernel(variant.kernel)) for variant in found.variants)


def kernel_hash(diagram: Diagram, seed: int = 0) -> str:
    """Sixteen hexadecimal digits."""
    return hashlib.blake2b(kernel_text(diagram, seed).encode(), digest_size=8).hexdigest()


def _canonical(text: str) -> str:
    """Names by first occurrence in the statements; the extents of axes in that order."""
    lines = _HINT.sub(r"\1", text).splitlines()
    extents = [line for line in lines if line.startswith("  axis ")]
    body = "\n".join(line for line in lines[1:] if not line.startswith("  axis "))
    numbers: dict[str, str] = {}
    for match in _NAME.finditer(body):
        numbers.setdefault(match[0], f"{match[1]}{len(numbers)}")
    body = _NUMBER.sub(lambda m: repr(struct.unpack("f", struct.pack("f", float(m[0])))[0]), body)
    named = [
        _NAME.sub(lambda m: numbers.get(m[0], "A?"), text) for text in ("\n".join(sorted(extents)), body)
    ]
    return "\n".join([*sorted(named[0].splitlines()), named[1]])
