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

from diagc.backends.launches import Variant
from diagc.backends.plans import kernels
from diagc.check.entry import Entry
from diagc.core.diagram import Diagram
from diagc.kernel.text import print_kernel
from tests.properties.renaming import renamed

_NAME: Final = re.compile(r"(?<![A-Za-z0-9])([AIS])\d+_")
"""Also inside the names that are made of others, as `length_A7_` of the parts of an axis."""
_HINT: Final = re.compile(r"(%\d+) \w+(?=: )")
_NUMBER: Final = re.compile(r"(?<![\w.])-?\d+(?:\.\d+(?:e[+-]?\d+)?|e[+-]?\d+)")


def kernel_text(diagram: Diagram, seed: int = 0) -> str:
    """Every variant of every plan with canonical names; the diagram is renamed first so that names can be told."""
    made = renamed(diagram, random.Random(seed))
    found = kernels(Entry(made, {}, {}, ()), gradients=False)
    return "\n".join(_canonical(_printed(variant)) for variant in found.variants)


def _printed(variant: Variant) -> str:
    """The kernel with the tiles that it is shipped in."""
    made = (
        f"  config {config.max_resident} {config.warps} {config.stages} "
        + " ".join(f"{axis}={block}" for axis, block in config.blocks)
        for config in variant.configs
    )
    return print_kernel(variant.kernel) + "\n".join(made)


def kernel_hash(diagram: Diagram, seed: int = 0) -> str:
    """Sixteen hexadecimal digits."""
    return hashlib.blake2b(kernel_text(diagram, seed).encode(), digest_size=8).hexdigest()


def _canonical(text: str) -> str:
    """Names by first occurrence."""
    body = "\n".join(_HINT.sub(r"\1", text).splitlines()[1:])
    numbers: dict[str, str] = {}
    for match in _NAME.finditer(body):
        numbers.setdefault(match[0], f"{match[1]}{len(numbers)}")
    body = _NUMBER.sub(lambda m: repr(struct.unpack("f", struct.pack("f", float(m[0])))[0]), body)
    return _NAME.sub(lambda m: numbers[m[0]], body)
