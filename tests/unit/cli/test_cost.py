"""The command `cost`: the figure everybody knows, its keys, and what is refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from diagc.cli.cost import cost
from tests.unit.specs import ROOT

SPEC = str(ROOT / "specs" / "attention" / "attention.diag")
HEAD = [SPEC, "--entry", "attention", "--on", "h200", "--size", "q=4096,x=4096,d=128"]
KEYS = {"elements_moved", "bytes_moved", "flops", "predicted_seconds", "bound", "level_bytes", "schedule"}


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cost, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_json() -> None:
    found = json.loads(run(*HEAD, "--group", "q=128", "--format", "json"))
    assert set(found) >= KEYS
    assert found["elements_moved"] == 34_603_008
    assert found["bytes_moved"] == 69_206_016
    assert found["schedule"]["group"] == {"q": 128}
    assert found["level_bytes"]["l0"] == 4 * 4096 * 128 * 2


def test_fixed_stream_and_text() -> None:
    text = run(*HEAD, "--group", "q=128", "--stream", "x=64")
    assert "group q = 128, stream x = 64, 3 stages; 32 programs" in text
    assert "34,603,008 values" in text


def test_all_entries_of_a_file() -> None:
    norms = str(ROOT / "specs" / "norm" / "norms.diag")
    found = json.loads(run(norms, "--on", "h100", "--size", "row=4096,n=4096", "--format", "json"))
    assert [each["entry"] for each in found] == ["softmax_rows", "logsumexp_rows", "rmsnorm", "layernorm"]
    assert all(each["schedule"]["stream"] == {} for each in found)  # rows of this length are held


def test_sweep(tmp_path: Path) -> None:
    arguments = [*HEAD, "--sweep", "q,x=512:4096"]
    assert len(run(*arguments).splitlines()) == 4
    assert [r["sizes"]["q"] for r in json.loads(run(*arguments, "--format", "json"))] == [
        512,
        1024,
        2048,
        4096,
    ]
    out = tmp_path / "sweep.svg"
    run(*arguments, "-o", str(out))
    assert ElementTree.parse(out).getroot().tag.endswith("svg")
    first = out.read_bytes()
    run(*arguments, "-o", str(out))
    assert out.read_bytes() == first


def test_sweep_of_several_sizes(tmp_path: Path) -> None:
    """Every combination, in the order of the ranges; bytes of one pass are those of the arrays."""
    arguments = [*HEAD[:-1], "q=64", "--sweep", "q,x=512:2048", "--sweep", "d=64,128,256"]
    found = json.loads(run(*arguments, "--format", "json"))
    assert [(r["sizes"]["q"], r["sizes"]["d"]) for r in found] == [
        (q, d) for q in (512, 1024, 2048) for d in (64, 128, 256)
    ]
    assert all(r["level_bytes"]["l0"] == 4 * r["sizes"]["q"] * r["sizes"]["d"] * 2 for r in found)
    rows = list(csv.DictReader(run(*arguments, "--format", "csv").splitlines()))
    assert [float(row["predicted_seconds"]) for row in rows] == [r["predicted_seconds"] for r in found]
    assert {row["entry"] for row in rows} == {"attention"}
    assert len(run(*arguments).splitlines()) == 9
    out = tmp_path / "sweep.svg"
    run(*arguments, "--plot", str(out))
    text = " ".join(ElementTree.parse(out).getroot().itertext())
    for part in ("seconds", "bytes moved", "d = 64", "d = 256 l0"):
        assert part in text


def test_the_plot_names_the_bound(tmp_path: Path) -> None:
    product = [str(ROOT / "specs" / "dense" / "matmul.diag"), "--entry", "matmul", "--on", "h100"]
    sweep = [*product, "--size", "m=4096,n=4096", "--sweep", "k=16:8192"]
    bounds = list(dict.fromkeys(r["bound"] for r in json.loads(run(*sweep, "--format", "json"))))
    assert len(bounds) > 1  # short products are bound by memory, long ones by computing
    out = tmp_path / "k.svg"
    run(*sweep, "--plot", str(out))
    text = " ".join(ElementTree.parse(out).getroot().itertext())
    assert all(f"limit: {bound}" in text for bound in bounds)


@pytest.mark.parametrize(
    ("arguments", "best"),
    [
        ([SPEC, "--entry", "attention", "--size", "q=4096,x=4096,d=128"], "2"),
        (
            [str(ROOT / "specs/dense/matmul.diag"), "--entry", "matmul", "--size", "m=4096,n=4096,k=4096"],
            "4",
        ),
    ],
)
def test_clusters(arguments: list[str], best: str) -> None:
    """Figures of arXiv 2412.03317: a fold over keys is best in pairs, a matrix product in fours."""
    found = json.loads(run(*arguments, "--on", "h100", "--cluster", "2", "--format", "json"))
    times = found["cluster_seconds"]
    assert min(times, key=lambda size: times[size]) == best
    assert f"best: {best}" in run(*arguments, "--on", "h100", "--cluster", "2")


@pytest.mark.parametrize(
    "more",
    [
        ["--cluster", "2"],
        ["--sweep", "d=64,"],
        ["--size", "q"],
        ["--group", "q=x"],
        ["--sweep", "q=9:1"],
        ["-o", "x.svg"],
        ["--sweep", "q=1:2", "-o", "x.png"],
    ],
)
def test_usage(more: list[str]) -> None:
    assert CliRunner().invoke(cost, [*HEAD, *more]).exit_code == 2


def test_tiles_that_data_leave_are_counted_as_far_as_they_are_given() -> None:
    masks = str(ROOT / "specs" / "attention" / "masks.diag")
    head = [masks, "--entry", "padding", "--on", "h200", "--size", "q=4096,x=4096,d=128"]
    tiles = ["--group", "q=128", "--stream", "x=64"]
    every, some = (
        json.loads(run(*head, *tiles, *more, "--format", "json")) for more in ([], ["--visited", "0.25"])
    )
    assert (every["data"], every["visited"], some["visited"]) == (["real"], None, 0.25)
    stays = 2 * 4096 * 128  # the queries and the result
    streamed = (
        32 * 4096 * (2 * 128 + 2)
    )  # keys and values for each tile of queries, flags for it and the search
    assert every["elements_moved"] == stays + streamed
    assert some["elements_moved"] == stays + streamed // 4
    assert "data decide real: all tiles count" in run(*head)
    assert "25 % of the tiles" in run(*head, "--visited", "0.25")


def test_nothing_is_assumed_where_indices_decide() -> None:
    assert "assumed" not in run(*HEAD)
    assert "data" not in json.loads(run(*HEAD, "--format", "json"))


def test_kernels_that_are_emitted_are_listed_and_priced() -> None:
    options = ["--entry", "layernorm_matmul", "--on", "h200", "--size", "row=8192,n=8192,o=8192"]
    found = json.loads(run(str(ROOT / "specs/norm/fused.diag"), *options, "--format", "json"))["emitted"]
    assert len(found["kernels"]) == 2
    assert found["predicted_seconds"] == pytest.approx(sum(k["predicted_seconds"] for k in found["kernels"]))


def test_several_kernels_are_priced_where_no_single_one_holds_it() -> None:
    options = ["--entry", "mla", "--on", "h200", "--size", "b=2,h=16,q=8192,x=8192"]
    text = run(str(ROOT / "specs/attention/latent.diag"), *options)
    assert "no one kernel holds all of it" in text
    assert "emitted    3 kernels" in text
