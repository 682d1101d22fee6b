"""A configuration that is known to spill is left out for the next lighter one, whatever the kernel is called."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from diagc.backends.plans import kernels
from diagc.core.canonical import diagram_hash
from diagc.core.diagram import Diagram
from diagc.plan import spilling
from diagc.plan.spilling import Numbers, Spilling, numbers
from tests.unit.specs import entry

SCORES = (
    "axis q, x, d\nfn {0}({1}: bf16[q d], {2}: bf16[x d]) -> f32[q] {{ return max[x](sum[d]({2} * {1})) }}"
)
PLAIN = SCORES.format("nearest", "A", "B")
Refuse = Callable[[Iterable[Numbers]], None]


def _configurations(text: str, name: str) -> tuple[Diagram, list[Numbers]]:
    plan = kernels(entry(text, name), gradients=False).plans[0]
    return plan.launches[0].diagram, [numbers(c) for c in plan.launches[0].variants[-1].configs]


@pytest.fixture
def refuse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterable[Refuse]:
    """Replaces the table by one in which the plain kernel spills in some configurations."""
    monkeypatch.setattr(spilling, "TABLE", tmp_path / "spilling.json")
    spilling.refuse([])
    kernel = diagram_hash(_configurations(PLAIN, "nearest")[0])
    yield lambda found: spilling.refuse(Spilling(kernel, *one, 100) for one in found)
    spilling.known.cache_clear()


def test_more_warps_then_shorter_steps_then_fewer_rows_are_tried(refuse: Refuse) -> None:
    _, offered = _configurations(PLAIN, "nearest")
    held, (rows, step), warps, stages = offered[0]
    assert (rows, step, warps) == (64, 64, 4)
    expected = [
        (held, (rows, step), 8, stages),
        *((held, (rows, shorter), 4, stages) for shorter in (32, 16)),
        (held, (32, step), 4, stages),
    ]
    for place, lighter in enumerate(expected):
        refuse([offered[0], *expected[:place]])
        assert _configurations(PLAIN, "nearest")[1] == [lighter, *offered[1:]]


def test_names_do_not_matter_and_other_kernels_do(refuse: Refuse) -> None:
    _, offered = _configurations(PLAIN, "nearest")
    refuse(offered[:1])
    assert (
        _configurations(SCORES.format("score", "Q", "K"), "score")[1] == _configurations(PLAIN, "nearest")[1]
    )
    other = PLAIN.replace("max[x]", "min[x]")
    assert _configurations(other, "nearest")[1] == offered


def test_a_length_without_any_configuration_is_not_held(refuse: Refuse) -> None:
    _, offered = _configurations(PLAIN, "nearest")
    held, _, _, stages = offered[-1]
    sizes = (16, 32, 64, 128)
    every = [(held, (r, s), w, stages) for r in sizes for s in sizes for w in (4, 8)]
    refuse(every)
    assert _configurations(PLAIN, "nearest")[1] == offered[:-1]
