"""Triton files under torch.compile, torch.export and fake tensors, and on a CPU."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from diagc.backends.emit import triton_source
from tests.unit.specs import entry

TEXT = """axis q, x, d
fn f(Q: f32[q d], K: f32[x d], V: f32[x d]) -> f32[q d] {
  return sum[x](softmax[x](sum[d](Q * K)) * V)
}"""

START = """
import sys
sys.path.insert(0, {folder!r})
import torch
import module_triton
f = module_triton.f
torch.manual_seed(0)
def draw(q, x):
    return [torch.randn(n, 16, requires_grad=True) for n in (q, x, x)]
def plain(Q, K, V):
    return torch.softmax(Q @ K.T, 1) @ V
def check(function, arrays):
    for got, want in ((function(*arrays), plain(*arrays)), *zip(
        torch.autograd.grad(function(*arrays).square().sum(), arrays),
        torch.autograd.grad(plain(*arrays).square().sum(), arrays),
    )):
        torch.testing.assert_close(got, want, rtol=1e-3, atol=1e-3)
"""

COMPILED = """
compiled = torch.compile(f, fullgraph=True, backend="aot_eager", dynamic={dynamic})
for q, x in ((40, 32), (24, 48)):
    check(compiled, draw(q, x))
"""

EXPORTED = """
class Module(torch.nn.Module):
    def forward(self, Q, K, V):
        return f(Q, K, V)
given = [array.detach() for array in draw(40, 32)]
exported = torch.export.export(Module(), tuple(given), strict={strict})
calls = [str(node.target) for node in exported.graph.nodes if node.op == "call_function"]
assert calls == ["module_triton._f.default"], calls
torch.testing.assert_close(exported.module()(*given), plain(*given), rtol=1e-3, atol=1e-3)
"""

FAKE = """
from torch._subclasses.fake_tensor import FakeTensorMode
with FakeTensorMode():
    made = f(*(torch.empty(n, 16, device="cuda") for n in (40, 32, 32)))
assert made.shape == (40, 16) and made.dtype == torch.float32 and made.device.type == "cuda"
"""

ON_CPU = """
try:
    f(*draw(40, 32))
except ValueError as error:
    assert "Q: on a CPU" in str(error) and "module_jax.py" in str(error), error
else:
    raise AssertionError
"""


def run(folder: Path, text: str, interpret: bool) -> None:
    """Run a text after the file was emitted; kernels in Triton's interpreter if asked."""
    (folder / "module_triton.py").write_text(triton_source([entry(TEXT)], "module.diag"))
    environment = {**os.environ, "TRITON_INTERPRET": "1" if interpret else "0"}
    command = [sys.executable, "-c", START.format(folder=str(folder)) + text]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("dynamic", [pytest.param(False, marks=pytest.mark.slow), True])
def test_compiling_keeps_one_graph_and_its_gradients(dynamic: bool, tmp_path: Path) -> None:
    run(tmp_path, COMPILED.format(dynamic=dynamic), interpret=True)


@pytest.mark.parametrize("strict", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_an_exported_graph_calls_the_operator(strict: bool, tmp_path: Path) -> None:
    run(tmp_path, EXPORTED.format(strict=strict), interpret=True)


def test_without_a_gpu_fake_tensors_have_results_and_others_an_error(tmp_path: Path) -> None:
    run(tmp_path, FAKE + ON_CPU, interpret=False)
