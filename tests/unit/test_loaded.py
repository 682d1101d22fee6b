"""The Python interface: costs, kernels on arrays of several libraries, pictures, and a notebook that uses it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import diagc
from diagc.diagnostics import DiagnosticError

SPEC = Path("specs/attention/attention.diag")
CELL = """%%diag --name d --entry f
diag 1
axis q, d, k
fn f(A: f32[q d], B: f32[d k]) -> f32[q k] { return sum[d](A * B) }
fn g(A: f32[q d]) -> f32[q] { return max[d](A) }"""


def attention(Q: np.ndarray, K: np.ndarray, V: np.ndarray) -> np.ndarray:
    """Causal attention in float64, written out."""
    scores = Q @ K.T / np.sqrt(Q.shape[1])
    scores = np.where(np.arange(len(K))[None] <= np.arange(len(Q))[:, None], scores, -np.inf)
    weights = np.exp(scores - scores.max(1, keepdims=True))
    return weights @ V / weights.sum(1, keepdims=True)


def arrays() -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [random.standard_normal((32, 16)).astype(np.float32) for _ in range(3)]


def test_a_kernel_runs_on_numpy_and_on_torch() -> None:
    torch = pytest.importorskip("torch")
    d = diagc.load("specs/attention/attention_f32.diag", "causal")
    Q, K, V = arrays()
    wanted = attention(*(a.astype(np.float64) for a in (Q, K, V)))
    np.testing.assert_allclose(np.asarray(d.kernel(Q, K, V)), wanted, atol=1e-5)
    np.testing.assert_allclose(d.reference(Q, K, V), wanted, atol=1e-12)
    tensors = [torch.tensor(a, requires_grad=True) for a in (Q, K, V)]
    result = d.kernel(*tensors)
    np.testing.assert_allclose(result.detach().numpy(), wanted, atol=1e-5)
    result.sum().backward()
    np.testing.assert_allclose(tensors[2].grad.sum(), 32 * 16, rtol=1e-5)  # rows of weights sum to one


def test_parameters_go_by_path() -> None:
    text = """diag 1
axis b, i, o
fn dense(X: f32[b i]) -> f32[b o] { param W: f32[i o] ~ glorot return sum[i](X * W) }"""
    X, W = np.ones((2, 3), np.float32), np.arange(12, dtype=np.float32).reshape(3, 4)
    np.testing.assert_allclose(diagc.loads(text).kernel(X, W=W), X @ W)


def test_cost_is_a_number_with_its_units() -> None:
    found = diagc.load(SPEC, "causal").cost("h200", q=4096, x=4096, d=128)
    # at least what goes through memory, at most what the arithmetic of the whole square needs
    assert found.bytes_moved >= 4 * 4096 * 128 * 2 and 0 < found.flops <= 6 * 4096**2 * 128
    assert "on NVIDIA H200" in str(found) and found.seconds > 0


def test_entries_and_errors() -> None:
    d = diagc.load(SPEC)
    assert d.name == d.entries[-1] and d["causal"].name == "causal"
    with pytest.raises(DiagnosticError) as caught:
        d["casual"]
    assert caught.value.diagnostics[0].help == "did you mean `causal`?"
    learning = diagc.load("specs/learning/distill.diag")
    assert learning.learnings == ("distill",) and "cross_entropy" in learning.draw()


def test_pictures_go_to_files(tmp_path: Path) -> None:
    pytest.importorskip("pygraphviz")
    d = diagc.load(SPEC, "causal")
    ElementTree.fromstring(d._repr_svg_())
    for name, start in (("a.svg", "<svg"), ("a.tex", "% causal"), ("a.html", "<!doctype html>")):
        d.draw(tmp_path / name)
        assert (tmp_path / name).read_text().startswith(start)
    assert "a loop streams x" in d.draw(style="kernels")
    with pytest.raises(ValueError, match=r"name one of \.svg"):
        d.draw(tmp_path / "a.png")
    assert "def causal" in d.triton and "def causal" in d.jax and "associativity" in d.derivation()


def test_what_the_magic_keeps_and_prints(capsys: pytest.CaptureFixture[str]) -> None:
    shells = pytest.importorskip("IPython.core.interactiveshell")
    shell = shells.InteractiveShell()
    shell.extension_manager.load_extension("diagc")
    magic, line, body = CELL.split("\n")[0], *CELL.partition("\n")[::2]
    assert magic == line
    shown = shell.run_cell_magic("diag", "--name d --entry f", body)
    assert shell.user_ns["d"] is shown and shown.name == "f"
    assert shell.run_cell_magic("diag", "", body.replace("sum[d]", "sum[z]")) is None
    assert "E0202" in capsys.readouterr().err


@pytest.mark.slow
def test_a_notebook_runs() -> None:
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    code = ["%load_ext diagc", CELL, "import numpy as np\nd.kernel(np.eye(2, 3), np.ones((3, 2))).tolist()"]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(part) for part in code])
    nbclient.NotebookClient(book, timeout=120, kernel_name="python3").execute()
    (picture,), (numbers,) = (book.cells[k].outputs for k in (1, 2))
    assert picture.data["image/svg+xml"].startswith("<svg")
    assert numbers.data["text/plain"] == "[[1.0, 1.0], [1.0, 1.0]]"
