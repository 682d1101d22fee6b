"""PTX of what is launched at given sizes, and what it is called with."""

from __future__ import annotations

import base64
import json
import re
import zlib
from pathlib import Path

import pytest
from click.testing import CliRunner

from diagc.backends.fitting import fixed, launched, taken
from diagc.backends.plans import kernels
from diagc.cli.main import cli
from diagc.diagnostics import DiagnosticError
from diagc.verify.aot import request
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


def test_the_jax_file_carries_the_kernels(tmp_path: Path) -> None:
    spec = tmp_path / "plus.diag"
    spec.write_text("diag 1\naxis m, n\nfn f(X: f32[m n], y: i32[m]) -> f32[m n] { return X * y }")
    done = CliRunner().invoke(
        cli, ["compile", str(spec), "--ptx", "sm_80", "--target", "jax", "-o", str(tmp_path)]
    )
    assert done.exit_code == 0, done.output
    assert [path.name for path in tmp_path.iterdir() if path != spec] == ["plus_jax.py"]
    text = (tmp_path / "plus_jax.py").read_text()
    assert "_ARCHITECTURE = 80" in text
    assert '"f_kernel": (' in text
    first = text[text.index("_KERNELS") :].split("_Compiled(")[1]
    packed = "".join(re.findall(r'^ +"([^"]+)"$', first, re.MULTILINE))
    assert ".target sm_80" in zlib.decompress(base64.b64decode(packed)).decode()


def test_what_holds_an_axis_is_kept_for_its_size_and_beside_it_what_holds_none() -> None:
    made = kernels(entry("axis m, n\nfn f(X: f32[m n]) -> f32[m n] { return softmax[n](X) }"))
    (short,), (any_size,) = (fixed(made, sizes).plans[0].launches for sizes in ({"n": 512}, {}))
    assert [v.kernel.name for v in short.variants] == ["f_rows", "f"]
    assert [v.kernel.name for v in any_size.variants] == ["f"]
    assert all(len(v.configs) == 1 for v in short.variants)
    with pytest.raises(DiagnosticError, match="whose size `d` is not given"):
        fixed(kernels(entry(ATTEND)), {"q": 64})


def test_a_row_of_two_axes_is_as_long_as_both() -> None:
    """128 · 256 elements are more than a program holds, though neither axis is."""
    made = kernels(entry("axis m, a, b\nfn f(X: f32[m a b]) -> f32[m] { return max[a b](X) }"))
    (step,) = made.plans[0].launches
    names = [
        found[0].kernel.name
        for a in (64, 128)
        if (found := taken(step, {"m": 4, "a": a, "b": 256})) is not None
    ]
    assert names == ["f_rows", "f"]


def test_only_what_is_a_multiple_is_assumed_to_be_one() -> None:
    (step,) = kernels(entry(ATTEND)).plans[0].launches
    (variant,) = step.variants
    for d, free, expected in (
        (64, None, {"Q_stride_q", "K_stride_x", "V_stride_x", "out_stride_q", "size_d", "size_q", "size_x"}),
        (64, {"q"}, {"Q_stride_q", "K_stride_x", "V_stride_x", "out_stride_q", "size_d", "size_q"}),
        (20, {"q"}, {"size_q"}),
        (20, (), set()),
    ):
        asked = request(variant, variant.configs[0], "sm_90", {"d": d}, free)
        assert {name for name in asked["aligned"] if not name.endswith("_ptr")} == expected
