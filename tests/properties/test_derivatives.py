"""Forward and reverse derivatives of random diagrams are transposes of each other, before and after normalisation."""

from __future__ import annotations

import numpy as np
import pytest

from diagc.backends.reference import evaluate
from diagc.passes.normalise import Normalise
from tests.properties.diagrams import random_case
from tests.unit.core.derivative.numeric import forward_diagram, name_of, reverse_diagram


@pytest.mark.parametrize("seed", range(150))
def test_reverse_is_the_transpose_of_forward(seed: int) -> None:
    case = random_case(seed)
    reverse, forward = reverse_diagram(case.diagram), forward_diagram(case.diagram)
    generator = np.random.default_rng(seed)
    arrays = dict(case.arrays)
    for current in (*reverse.inputs, *forward.inputs):
        shape = tuple(axis.size.evaluate(case.sizes) for axis in current.axes)
        arrays.setdefault(name_of(current), generator.uniform(-1.0, 1.0, shape))
    backward = [evaluate(d, {name_of(n): arrays[name_of(n)] for n in d.inputs}, case.sizes) for d in
                (reverse, Normalise().run(reverse))]  # fmt: skip
    (tangents,) = [evaluate(forward, {name_of(n): arrays[name_of(n)] for n in forward.inputs}, case.sizes)]
    outer = sum(np.sum(arrays[f"ct{place}"] * value) for place, value in enumerate(tangents))
    for found in backward:
        pairs = zip(reverse.output_names, found, strict=True)
        inner = sum(np.sum(arrays[f"t{name[1:]}"] * value) for name, value in pairs)
        scale = max(1.0, sum(float(np.sum(np.abs(value))) for value in found))
        np.testing.assert_allclose(inner, outer, rtol=1e-8, atol=1e-9 * scale)
