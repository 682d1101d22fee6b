"""What is shipped is what was checked: each configuration of kernels_out/ is in the committed table."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagc.verify.lint import Finding, read_table, shipped
from tests.unit.specs import ROOT, SPECS, spec_entries

TABLE = ROOT / "bench" / "results" / "kernels_sm_90.json"


@pytest.fixture(scope="module")
def known() -> set[str]:
    return {finding.digest for finding in table()}


def table() -> list[Finding]:
    return read_table(TABLE)


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_every_configuration_is_in_the_table(spec: Path, known: set[str]) -> None:
    """After a change of kernels `make lint-kernels` compiles what is new; read what it changed in the table."""
    wanted = shipped(spec.stem, spec_entries(spec).values(), "sm_90")
    unknown = [one.name for one in wanted if one.digest not in known]
    assert unknown == []


def test_no_configuration_spills_or_goes_without_matrix_instructions() -> None:
    """Where this fails after `make lint-kernels`, `python -m bench.spilling` finds what to take instead."""
    assert [finding.name for finding in table() if finding.problem is not None] == []
