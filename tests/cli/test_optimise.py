"""`diagc optimise`: a module with the same signature, and a report."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from diagc.cli.main import cli
from diagc.modules import module_of
from tests.differential import torch_functions as functions

FILE = functions.__file__


def run(*arguments: str) -> str:
    done = CliRunner().invoke(cli, ["optimise", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.slow
def test_a_module_stands_for_a_function_forward_and_backward(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shape = "f32[2,3,64,8]"
    said = run(f"{FILE}:causal", "--args", f"{shape} {shape} {shape}", "-o", str(tmp_path))
    assert "operations become 1 kernel" in said and "one pass over" in said
    monkeypatch.syspath_prepend(tmp_path)
    made = module_of(tmp_path / "causal_optimised.py")
    sys.modules.pop("causal_triton")
    arrays = [torch.randn(2, 3, 64, 8, requires_grad=True) for _ in range(3)]
    found, expected = made.causal(*arrays), functions.causal(*arrays)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    cotangent = torch.randn_like(found)
    for one, other in zip(
        torch.autograd.grad(found, arrays, cotangent),
        torch.autograd.grad(expected, arrays, cotangent),
        strict=True,
    ):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_nothing_found_is_said(tmp_path: Path) -> None:
    source = tmp_path / "plain.py"
    source.write_text("import torch\n\ndef product(a, b):\n    return a @ b\n")
    said = run(f"{source}:product", "--args", "f32[64,64] f32[64,64]", "-o", str(tmp_path / "out"))
    assert "Nothing found" in said
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["product.diag", "product.md"]
