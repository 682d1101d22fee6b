"""Laws done one after the other on the written diagram: each changes it, none its value; the normal form is last."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from diagc.api import load
from diagc.backends.plans import normal_form
from diagc.backends.reference import evaluate
from diagc.plan.replay import replay

ENTRIES = (
    ("attention/attention_f32", "causal", 9), ("novel/moments", "kurtosis", 15),
    ("search/nearest", "kernel_regression", 8), ("norm/norms", "layernorm", 6), ("transformer/block", "block", 30),
)  # fmt: skip


@pytest.mark.parametrize(("spec", "name", "least"), ENTRIES, ids=lambda part: str(part))
def test_every_step_to_the_normal_form_is_a_diagram(spec: str, name: str, least: int) -> None:
    entry = load(Path(f"specs/{spec}.diag")).entries[name]
    normal, record = normal_form(entry)
    found = list(replay(entry.diagram, record.steps, normal))
    assert found[0] == (None, entry.diagram) and found[-1][1].outputs == normal.outputs
    assert len(found) >= least and all(step is not None for step, _ in found[1:])
    assert all(a.outputs != b.outputs for (_, a), (_, b) in pairwise(found))


def test_every_diagram_has_the_same_value() -> None:
    entry = load(Path("specs/novel/moments.diag")).entries["kurtosis"]
    normal, record = normal_form(entry)
    random = np.random.default_rng(0)
    arrays = {"Q": random.standard_normal((3, 4)), "K": random.standard_normal((5, 4))}
    wanted = evaluate(entry.diagram, arrays)[0]
    for _, diagram in replay(entry.diagram, record.steps, normal):
        np.testing.assert_allclose(evaluate(diagram, arrays)[0], wanted, rtol=1e-9)
