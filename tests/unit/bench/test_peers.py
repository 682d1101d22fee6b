"""Peers are accepted and refused by numbers alone; counts; sizes; the whole of the CPU bench on tiny sizes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from diagc.backends.plans import normal_form
from diagc.bench import peers
from diagc.bench.counts import flops, least_bytes
from diagc.bench.cpu import bench_cpu
from diagc.bench.measurement import judge, sample
from diagc.bench.work import Work
from diagc.check.program import Program, check_source, read_program
from diagc.cli.bench import bench
from diagc.diagnostics import DiagnosticError
from diagc.source import Source
from diagc.verify.device import require_gpu
from diagc.verify.differential import Question

ROOT = Path(__file__).parents[3]
SPEC = ROOT / "specs" / "attention" / "attention_f32.diag"
SIZES = {"b": 1, "h": 2, "q": 24, "x": 24, "d": 16}
TEXT = """
diag 1
axis m, n, k
fn product(B: f32[k n], A: f32[m k]) -> f32[m n] { return sum[k](A * B) }
fn almost(A: f32[m k], B: f32[k n]) -> f32[m n] { return 1.001 * sum[k](A * B) }
"""


def program(text: str = TEXT) -> Program:
    return check_source(Source("a.diag", text))


def accepted(text: str, name: str) -> list[peers.Candidate]:
    torch: Any = pytest.importorskip("torch")
    diagram = program(text).entries[name].diagram
    small = sample(Question(diagram), {"m": 300, "n": 200, "k": 100})
    tensors = [torch.from_numpy(array).float() for array in small.arrays.values()]
    found: list[peers.Candidate] = []
    for candidate in peers.candidates(peers.TORCH, len(tensors)):
        try:
            made = candidate(tensors).double().numpy()
        except Exception:
            continue
        if judge(diagram, small, [made], peers.SLACK).problem is None:
            found.append(candidate)
    return found


def test_a_peer_is_found_whatever_the_order_of_the_inputs() -> None:
    assert [c.key for c in accepted(TEXT, "product")] == ["torch:matmul:1,0"]


def test_a_peer_that_computes_nearly_the_same_is_refused() -> None:
    assert not accepted(TEXT, "almost")


def test_a_candidate_is_found_by_its_key() -> None:
    candidate = peers.Candidate(peers.TORCH[0], (2, 0, 1))
    assert peers.find(peers.CPU, candidate.key) == candidate


def test_counts_of_a_product() -> None:
    entry = program().entries["product"]
    sizes = {"m": 3, "n": 5, "k": 7}
    assert flops(normal_form(entry)[0], sizes) == 2 * 3 * 5 * 7
    assert least_bytes(entry.diagram, sizes) == 4 * (7 * 5 + 3 * 7 + 3 * 5)


@pytest.mark.parametrize(
    "work", ["forward", *(pytest.param(w, marks=pytest.mark.slow) for w in ("backward", "both"))]
)
def test_the_bench_measures_both_forms_and_the_peers(work: Work) -> None:
    pytest.importorskip("torch")
    rows = bench_cpu(read_program(SPEC), ["mha"], SIZES, repeat=1, work=work)
    names = [(row.library, row.implementation) for row in rows]
    own = ["emitted, blockwise", "emitted, called from torch", "emitted, plain"]
    assert names[:3] == [("diagc", name) for name in own]
    assert ("torch", "scaled_dot_product_attention(is_causal)") in names
    assert ("torch", "scaled_dot_product_attention") not in names
    assert ("jax", "nn.dot_product_attention(is_causal)") in names
    for row in rows:
        assert row.problem is None
        assert 0 < row.error <= row.allowed
        assert row.cpu is not None
        assert row.first > 0


@pytest.mark.slow
def test_parameters_of_a_model_are_inputs_like_others() -> None:
    made = read_program(ROOT / "specs" / "learning" / "autoencoder.diag")
    rows = bench_cpu(made, ["encoder"], {"hidden": 12}, repeat=1, work="both")
    found = [(row.implementation, row.problem) for row in rows]
    assert found == [("emitted, plain", None), ("emitted, called from torch", None)]


@pytest.mark.slow
def test_the_command_writes_json(tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    options = ["--entry", "causal", "--size", "q=16,x=16,d=8", "--repeat", "1", "--json", str(target)]
    done = CliRunner().invoke(bench, [str(SPEC), *options], catch_exceptions=False)
    assert done.exit_code == 0
    assert json.loads(target.read_text())["measurements"][0]["entry"] == "causal"


@pytest.mark.parametrize("size", ["q", "q=0", "q=a", "nothing=3"])
def test_a_wrong_size_is_an_error_of_usage(size: str) -> None:
    assert CliRunner().invoke(bench, [str(SPEC), "--size", size]).exit_code == 2


def test_without_a_gpu_the_error_says_so() -> None:
    torch: Any = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(DiagnosticError) as caught:
        require_gpu()
    assert [d.code for d in caught.value.diagnostics] == ["E1001"]
