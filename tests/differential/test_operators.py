"""Triton files under torch.compile, torch.export and fake tensors, and on a CPU."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from diagc.backends.emit import jax_source, triton_source
from tests.unit.specs import entry

TEXT = """axis q, x, d
fn f(Q: f32[q d], K: f32[x d], V: f32[x d]) -> f32[q d] {
  return sum[x](softmax[x](sum[d](Q * K)) * V)
}"""

TOP = """axis q, x, place: 3
fn f(X: f32[q x]) -> (D: f32[q place], I: i32[q place] in x) {
  return topk[x](X, k = place)
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
def twice(function, Q, K, V):
    (once,) = torch.autograd.grad(function(Q, K, V).square().sum(), V, create_graph=True)
    once.sum().backward()
def check(function, arrays):
    for got, want in ((function(*arrays), plain(*arrays)), *zip(
        torch.autograd.grad(function(*arrays).square().sum(), arrays),
        torch.autograd.grad(plain(*arrays).square().sum(), arrays),
    )):
        torch.testing.assert_close(got, want, rtol=1e-3, atol=1e-3)
"""

TWICE = """
try:
    twice(f, *draw(40, 32))
except RuntimeError as error:
    assert "differentiate twice" in str(error), error
else:
    raise AssertionError
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

ALONE = """
try:
    f(*draw(40, 32))
except FileNotFoundError as error:
    assert "module_jax.py" in str(error), error
else:
    raise AssertionError
"""

ON_CPU = """
for q, x in ((40, 32), (24, 48), (0, 8)):
    check(f, draw(q, x))
Q, K, V = draw(40, 32)
torch.testing.assert_close(f(V=V, Q=Q, K=K.detach().t().contiguous().t()), plain(Q, K, V), rtol=1e-5, atol=1e-5)
f(Q, K, V).sum().backward()  # a cotangent without strides
assert V.grad.sum().isclose(torch.tensor(40.0 * 16))
made = f(Q, K, V)
with torch.no_grad():
    K.add_(1)
for wrong, why in (
    (lambda: made.sum().backward(), "modified by an inplace operation"),
    (lambda: f(Q.double(), K, V), "Q: expected torch.float32, got torch.float64"),
    (lambda: f(Q, K[:, :8], V), "K: f32[x d] has shape"),
    (lambda: twice(f, Q, K, V), "differentiate twice"),
):
    try:
        wrong()
    except (RuntimeError, ValueError) as error:
        assert why in str(error), error
    else:
        raise AssertionError(why)
"""

SEVERAL = """
X = torch.randn(5, 40, requires_grad=True)
D, I = f(X)
want, places = torch.topk(X, 3)
assert torch.equal(D, want) and torch.equal(I, places.int()) and not I.requires_grad
assert torch.equal(torch.autograd.grad(D.sum(), X)[0], torch.autograd.grad(want.sum(), X)[0])
"""


def run(folder: Path, text: str, interpret: bool, source: str = TEXT) -> None:
    """Run a text after the file was emitted; kernels in Triton's interpreter if asked."""
    (folder / "module_triton.py").write_text(triton_source([entry(source)], "module.diag"))
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


def test_a_second_derivative_is_refused_rather_than_zero(tmp_path: Path) -> None:
    run(tmp_path, TWICE, interpret=True)


def test_without_a_gpu_fake_tensors_have_results_and_others_need_the_file_of_blocks(tmp_path: Path) -> None:
    run(tmp_path, FAKE + ALONE, interpret=False)


@pytest.mark.parametrize(("source", "text"), [(TEXT, ON_CPU), (TOP, SEVERAL)])
def test_on_a_cpu_a_function_is_its_blocks_with_gradients(source: str, text: str, tmp_path: Path) -> None:
    asked = entry(source)
    (tmp_path / "module_jax.py").write_text(jax_source({asked.diagram.name: asked}, "module.diag"))
    run(tmp_path, text, interpret=False, source=source)


@pytest.mark.slow
def test_on_a_cpu_torch_compile_takes_the_blocks_as_they_are(tmp_path: Path) -> None:
    asked = entry(TEXT)
    (tmp_path / "module_jax.py").write_text(jax_source({asked.diagram.name: asked}, "module.diag"))
    text = "check(torch.compile(lambda Q, K, V: 1 * f(Q + 0, K, V), backend='aot_eager'), draw(40, 32))"
    run(tmp_path, text, interpret=False)
