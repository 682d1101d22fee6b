"""The page of the regimes: its table is current, and specifications take at most half the lines of plain JAX."""

from __future__ import annotations

import pytest

from bench.regimes import NEAR, PAGE, PLAIN, REGIMES, SPECS, lines_of_program, lines_of_spec, table
from tests.differential.test_regimes import NEAR as MEASURED

NAMES = sorted(path.stem for path in PLAIN.glob("[a-z]*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_a_specification_takes_half_the_lines(name: str) -> None:
    assert 2 * lines_of_spec(name) <= (lines_of_program(name) or 0)


def test_the_page_is_current() -> None:
    text = PAGE.read_text("utf-8")
    assert table() in text
    assert all(f"## {regime.title}\n" in text for regime in REGIMES)
    assert {regime.spec for regime in REGIMES} == {path.stem for path in SPECS.glob("*.diag")}
    assert set(NEAR) == MEASURED
