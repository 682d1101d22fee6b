"""`diagc optimise`: a module with the same signature, and a report."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from diagc.cli.main import cli
from diagc.diagnostics import DiagnosticError
from diagc.modules import module_of
from diagc.optimise.command import optimised_file
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


BAD = {
    "a file that is read when it is imported": (
        "import torch\nTEXT = open('/etc/hostname').read()\n",
        "opens the file",
    ),
    "100 GB when it is imported": (
        "import numpy as np\nimport torch\nX = np.ones(12_500_000_000)\n",
        "8 GiB of memory",
    ),
    "a program that is started": (
        "import subprocess\nimport torch\nsubprocess.run(['true'])\n",
        "subprocess.Popen",
    ),
    "no end": ("import torch\nwhile True:\n    pass\n", "did not end in"),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", BAD)
def test_a_function_is_stopped_with_one_error(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, said = BAD[what]
    if what == "no end":
        monkeypatch.setattr("diagc.importers.function.IMPORT_SECONDS", 5)
    source = tmp_path / "bad.py"
    source.write_text(f"{text}\n\ndef soft(x):\n    return torch.softmax(x, -1)\n")
    with pytest.raises(DiagnosticError) as caught:
        optimised_file(source, "soft", [("f32", (4, 8))], None, None, 0, tmp_path)
    (found,) = caught.value.diagnostics
    assert found.code == "E1401" and said in found.message
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["bad.py"]


SORTED = """import torch
from torch import nn


class Sorted(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm, self.inner = nn.LayerNorm(width), nn.Linear(width, width)

    def forward(self, x):
        s = self.inner(self.norm(x)) @ x.mT
        return torch.sort(s.softmax(-1) @ x, -1)[0]
"""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_a_module_with_a_sort_is_optimised_around_it_and_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = tmp_path / "sorted_rows.py", tmp_path / "out"
    source.write_text(SORTED)
    arguments = ("--args", "f32[2,64,32]", "--least-bytes", "0", "--measure", "-o", str(out))
    said = run(f"{source}:Sorted(32)", *arguments)
    assert "Found: 2 regions" in said and "| line 12 | 1 | `sort` has no diagram |" in said
    (errors,) = (line for line in said.splitlines() if line.startswith("| error of gradients"))
    assert all(float(number) < 1e-4 for number in errors.split("|")[2:4])
    module = module_of(source).Sorted(32)
    fast = module_of(out / "Sorted_optimised.py").Sorted(module)
    x = torch.randn(2, 64, 32)
    torch.testing.assert_close(fast(x), module(x), rtol=1e-4, atol=1e-5)
