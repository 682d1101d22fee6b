"""The static check of shipped kernels: what it compiles, what it takes as known, what it calls a regression."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from diagc.cli.lint import lint_kernels
from diagc.cli.main import cli
from diagc.diagnostics import DiagnosticError
from diagc.verify.lint import Finding, checked, read_table, regressions, shipped, table_text
from tests.unit.specs import entry

ROWS = "axis m, n\nfn f(X: f32[m n]) -> f32[m] { return sum[n](X * X) }"
FINDING = Finding("s", "k", "m=16 warps=4 stages=1", "d", 40, 0, 1024, 0, 8, None)


def test_what_is_known_by_its_text_is_not_compiled() -> None:
    wanted = shipped("s", [entry(ROWS)], "sm_90")
    known = {one.digest: replace(FINDING, digest=one.digest) for one in wanted}
    assert len(known) == len(wanted) > 1
    assert [f.digest for f in checked(wanted, known, "sm_90", 1)] == [one.digest for one in wanted]


def test_what_is_known_of_one_spec_is_said_of_another_with_the_same_kernel() -> None:
    known = {one.digest: replace(FINDING, digest=one.digest) for one in shipped("a", [entry(ROWS)], "sm_90")}
    wanted = shipped("b", [entry(ROWS)], "sm_90")
    assert [f.name for f in checked(wanted, known, "sm_90", 1)] == [one.name for one in wanted]


def test_another_kernel_or_configuration_is_not_known() -> None:
    digests = [
        {one.digest for one in shipped("s", [entry(text)], target) if one.variant.kernel.name == "f"}
        for text, target in ((ROWS, "sm_90"), (ROWS.replace("X * X", "X"), "sm_90"), (ROWS, "sm_80"))
    ]
    assert not set.intersection(digests[0], digests[1])
    assert not set.intersection(digests[0], digests[2])


def test_a_configuration_is_compiled_and_has_an_occupancy() -> None:
    smallest = shipped("s", [entry("axis n\nfn f(X: f32[n]) -> f32[n] { return X + 1 }")], "sm_90")[:1]
    (found,) = checked(smallest, {}, "sm_90", 1)
    assert found.problem is None
    assert found.registers > 0
    assert found.programs is not None
    assert 1 <= found.programs <= 64


def test_a_new_problem_is_a_regression_and_a_listed_one_is_not() -> None:
    bad = replace(FINDING, problem="80 bytes are spilled")
    assert regressions([bad], []) == [bad]
    assert regressions([bad], [FINDING]) == [bad]
    assert regressions([replace(bad, digest="other")], [bad]) == []
    assert regressions([FINDING], [bad]) == []


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    assert read_table(path) == []
    path.write_text(table_text([FINDING, replace(FINDING, kernel="a", problem="!")], "sm_90"))
    assert read_table(path) == [replace(FINDING, kernel="a", problem="!"), FINDING]


def test_emitted_code_that_is_not_of_its_spec_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.diag").write_text(f"diag 1\n{ROWS}")
    run = CliRunner()
    assert run.invoke(cli, ["compile", str(tmp_path / "rows.diag"), "-o", str(tmp_path)]).exit_code == 0
    emitted = tmp_path / "rows_triton.py"
    emitted.write_text(emitted.read_text().replace("tl.sum", "tl.max"))
    with pytest.raises(DiagnosticError, match="is not what"):
        run.invoke(lint_kernels, [str(emitted), "--specs", str(tmp_path)], catch_exceptions=False)
    with pytest.raises(DiagnosticError, match=r"no files `rows\.diag`"):
        run.invoke(lint_kernels, [str(emitted), "--specs", str(tmp_path / "none")], catch_exceptions=False)
