"""Schedules of a file: they decide what is emitted and priced, and are refused with a place and a remedy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from diagc.api import cost as predict
from diagc.backends.emit import triton_source
from diagc.backends.plans import kernels
from diagc.cli.cost import cost
from diagc.diagnostics import DiagnosticError
from diagc.machine import machine
from tests.unit.cost.textbook import MATMUL, SCORES
from tests.unit.specs import entry

HEAD = {"q": 4096, "x": 4096, "d": 128}
CHOSEN = 'schedule f on "h200" { group[q] = 32 stream[x] = 32 stages K, V = 1 warps = 2 }'


def test_the_emitted_configurations_are_those_of_the_schedule() -> None:
    free, bound = (kernels(entry(text)).variants[0].configs for text in (SCORES, f"{SCORES}\n{CHOSEN}"))
    assert {(c.warps, c.stages, *(b for _, b in c.blocks)) for c in bound} == {(2, 1, 32, 32)}
    assert [c.max_resident for c in bound] == [c.max_resident for c in free]
    assert (32, 32) not in {tuple(b for _, b in c.blocks) for c in free}
    assert "= 32, 32, 2, 1" in triton_source([entry(f"{SCORES}\n{CHOSEN}")], "f.diag")


def test_what_a_schedule_leaves_open_stays() -> None:
    part = kernels(entry(f'{MATMUL}\nschedule f on "h200" {{ group[c] = 32 }}')).variants[0].configs
    whole = kernels(entry(MATMUL)).variants[0].configs
    for before, after in zip(whole, part, strict=True):
        assert {a.name: b for a, b in after.blocks} == {a.name: b for a, b in before.blocks} | {"c": 32}
        assert (after.warps, after.stages) == (before.warps, before.stages)


def test_a_schedule_fixes_what_is_priced_on_its_machine_only() -> None:
    scheduled = entry(f"{SCORES}\n{CHOSEN}")
    on_own, *_ = predict(scheduled, machine("h200"), HEAD, {}, {})
    assert (dict(on_own.group), dict(on_own.stream), on_own.estimate.stages) == ({"q": 32}, {"x": 32}, 1)
    elsewhere = predict(scheduled, machine("a100"), HEAD, {}, {})
    assert elsewhere == predict(entry(SCORES), machine("a100"), HEAD, {}, {})
    given, *_ = predict(scheduled, machine("h200"), HEAD, {"q": 64}, {})
    assert (dict(given.group), dict(given.stream)) == ({"q": 64}, {"x": 32})


def test_the_command_takes_the_schedule_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "f.diag"
    path.write_text(f"diag 1\n{SCORES}\n{CHOSEN}\n", "utf-8")
    result = CliRunner().invoke(
        cost, [str(path), "--on", "h200", "--size", "q=64,x=64,d=64", "--format", "json"]
    )
    found = json.loads(result.output)["schedule"]
    assert (found["group"], found["stream"], found["stages"]) == ({"q": 32}, {"x": 32}, 1)


@pytest.mark.parametrize(
    ("text", "schedule", "said"),
    [
        (SCORES, "group[x] = 64", "`group[x]` is not possible"),
        (SCORES, "stream[q] = 64", "`stream[q]` is not possible"),
        (SCORES, "group[d] = 64", "`group[d]` is not possible"),
        (SCORES, "group[q] = 8", "beside a matrix product"),
        (SCORES, "group[q] = 4096 stream[x] = 4096", "does not fit on chip"),
        (MATMUL, "group[a] = 1024 group[c] = 1024", "does not fit on chip"),
    ],
)
def test_impossible_choices(text: str, schedule: str, said: str) -> None:
    """Both where code is made and where it is priced; the place is in the schedule, and there is a remedy."""
    found = entry(f'{text}\nschedule f on "h200" {{ {schedule} }}')
    sizes = dict.fromkeys(found.diagram.size_symbols, 4096) | ({"d": 128} if text is SCORES else {})
    for use in (lambda: kernels(found), lambda: predict(found, machine("h200"), sizes, {}, {})):
        with pytest.raises(DiagnosticError, match="E0703") as refused:
            use()
        (one,) = refused.value.diagnostics
        assert said in one.message
        assert one.help
        assert one.span is not None and one.span.source.text[one.span.start :].startswith(
            ("schedule", "group", "stream")
        )


def test_a_tile_that_fits_short_rows_only_is_taken_for_those() -> None:
    """256 × 256 accumulators in float32 fill the registers: rows of that length keep their tiles."""
    tall = 'schedule f on "h200" { group[q] = 256 stream[x] = 16 }'
    configs = kernels(entry(f"{SCORES}\n{tall}")).variants[0].configs
    rows = {c.max_resident: {a.name: b for a, b in c.blocks}["q"] for c in configs}
    assert rows[64] == 256
    assert rows[256] < 256
