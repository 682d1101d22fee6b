"""PTX of what is launched at given sizes, and what it is called with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from diagc.backends.fitting import launched
from diagc.backends.plans import kernels
from diagc.cli.main import cli
from diagc.diagnostics import DiagnosticError
from tests.unit.specs import entry

ATTEND = """axis q, x, d
fn f(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> bf16[q d] { return sum[x](softmax[x](sum[d](Q * K)) * V) }"""


def test_the_sizes_decide_between_plans() -> None:
    made = kernels(entry(ATTEND))
    short, long = (
        {v.kernel.name for v, _ in launched(made, {"d": d, "q": 4096, "x": 65536})} for d in (64, 1024)
    )
    assert "f" in short
    assert "f_backward_d_Q" in short
    assert not any("long" in name for name in short)
    assert all("long" in name for name in long)


def test_a_size_that_is_missing_is_named() -> None:
    with pytest.raises(DiagnosticError, match="whose size `d` is not given"):
        launched(kernels(entry(ATTEND)), {})


def test_ptx_is_written_with_its_arguments_in_order(tmp_path: Path) -> None:
    spec = tmp_path / "plus.diag"
    spec.write_text("diag 1\naxis m, n\nfn f(X: f32[m n], y: i32[m]) -> f32[m n] { return X * y }")
    done = CliRunner().invoke(
        cli, ["compile", str(spec), "--ptx", "sm_90", "--target", "triton", "-o", str(tmp_path)]
    )
    assert done.exit_code == 0, done.output
    listed = json.loads((tmp_path / "plus_sm_90" / "kernels.json").read_text())
    for kernel in listed:
        text = (tmp_path / "plus_sm_90" / f"{kernel['kernel']}.ptx").read_text()
        assert ".target sm_90a" in text
        assert f".entry {kernel['function']}(" in text
    assert list(listed[0]["arguments"])[:3] == ["X_ptr", "y_ptr", "out_ptr"]
    assert listed[0]["arguments"]["y_ptr"] == "*i32"
