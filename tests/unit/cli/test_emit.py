"""`diagc compile`: what its options decide."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from diagc.cli.emit import compile

CHAIN = """diag 1
axis q, x, d, e
fn chain(Q: f32[q d], K: f32[x d], V: f32[x e]) -> f32[q e] { return sum[x](sum[d](Q * K) * V) }
"""


def plan(folder: Path, *options: str) -> str:
    spec = folder / "chain.diag"
    spec.write_text(CHAIN)
    result = CliRunner().invoke(compile, [str(spec), "--emit", "kernel", *options])
    assert result.exit_code == 0, result.output
    return result.output


def test_sizes_decide_the_order_of_contractions(tmp_path: Path) -> None:
    """(Q Kᵀ) V is q·x·(d + e) products, Q (Kᵀ V) is d·e·(q + x): with long q and x the second is far less."""
    long = plan(tmp_path, "--size", "q=65536,x=65536", "--size", "d=64,e=64")
    assert long != plan(tmp_path)
    assert long == plan(tmp_path, "--size", "q=32768,x=65536,d=64,e=64")


def test_a_size_that_no_entry_has_and_one_that_is_no_number_are_mistakes(tmp_path: Path) -> None:
    spec = tmp_path / "chain.diag"
    spec.write_text(CHAIN)
    for option, word in (("nobody=3", "`nobody`"), ("q=0", "`q=0`"), ("q=1.5", "`q=1.5`"), ("q", "`q`")):
        result = CliRunner().invoke(compile, [str(spec), "--size", option])
        assert result.exit_code == 2
        assert word in result.output
