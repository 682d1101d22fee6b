"""The command line as a process: exit codes, files written whole, what is imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPEC = ROOT / "specs" / "attention" / "attention.diag"
WRONG = "diag 1\naxis q, d, e\nfn f(Q: f32[q e]) -> f32[q] { return sum[d](Q) }\n"


def diagc(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "diagc.cli.main", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, check=False)


def test_help_lists_every_command_and_each_has_its_own() -> None:
    listed = diagc("--help")
    assert listed.returncode == 0
    for command in (
        "check",
        "fmt",
        "explain",
        "compile",
        "derive",
        "trace",
        "draw",
        "verify",
        "bench",
        "train",
    ):
        assert f"  {command} " in listed.stdout
        assert diagc(command, "--help").returncode == 0


def test_check_is_silent_on_a_sound_spec_and_shows_every_error_of_a_wrong_one(tmp_path: Path) -> None:
    assert diagc("check", SPEC).stdout == ""
    path = tmp_path / "wrong.diag"
    path.write_text(WRONG + "fn g(Q: f32[q e]) -> f32[q] { return summ[e](Q) }\n")
    found = diagc("check", path)
    assert found.returncode == 1
    assert "error[E0301]" in found.stderr
    assert "error[E0203]" in found.stderr
    assert "did you mean `sum[e]`?" in found.stderr
    reported = json.loads(diagc("check", path, "--format", "json").stdout)
    assert len(reported if isinstance(reported, list) else reported["diagnostics"]) == 2


def test_explain_prints_the_page_of_a_code() -> None:
    page = diagc("explain", "E0301")
    assert (page.returncode, "Remedy:" in page.stdout) == (0, True)
    assert diagc("explain", "E9999").returncode == 2


def test_fmt_check_diff_and_write(tmp_path: Path) -> None:
    path = tmp_path / "a.diag"
    path.write_text("diag 1\naxis   q   # kept\nfn f(X:f32[q])->f32[q]{return X+1}\n")
    assert diagc("fmt", "--check", path).returncode == 1
    assert "+axis q" in diagc("fmt", "--diff", path).stdout
    assert diagc("fmt", path).returncode == 0
    assert "# kept" in path.read_text()
    assert diagc("fmt", "--check", path).returncode == 0
    assert diagc("fmt", "--check", *sorted((ROOT / "specs").rglob("*.diag"))).returncode == 0


def test_compile_writes_both_files_and_the_same_bytes_twice(tmp_path: Path) -> None:
    made = diagc("compile", SPEC, "-o", tmp_path)
    assert made.returncode == 0
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert sorted(first) == ["attention_jax.py", "attention_triton.py"]
    diagc("compile", SPEC, "-o", tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first
    text = first["attention_triton.py"].decode()
    assert "tl.maximum(max_x" in text  # a running maximum
    assert "z * scale" in text  # and a rescaled sum


def test_compile_prints_stages_and_refuses_unknown_ones() -> None:
    stages = diagc("compile", SPEC, "--entry", "causal", "--emit", "tree,diagram,plan,kernel,triton,jax")
    assert stages.returncode == 0
    for part in (
        "AxisDecl",
        'diagram "causal"',
        "pass 1 streams x",
        "kernel causal",
        "@triton.jit",
        "import jax",
    ):
        assert part in stages.stdout
    assert diagc("compile", SPEC, "--emit", "assembly").returncode == 2
    assert diagc("compile", SPEC, "--entry", "nothing").returncode == 2


def test_draw_writes_svg_only(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    assert diagc("draw", SPEC, "-o", path).returncode == 0
    assert path.read_text().startswith("<svg")
    assert path.stat().st_size < 20_000
    assert diagc("draw", SPEC, "-o", tmp_path / "a.bmp").returncode == 2


def test_a_missing_file_and_what_is_not_built_are_one_error(tmp_path: Path) -> None:
    missing = diagc("check", tmp_path / "none.diag")
    assert (missing.returncode, missing.stderr.count("error[")) == (1, 1)
    path = tmp_path / "scan.diag"
    path.write_text("diag 1\naxis t\nfn f(X: f32[t]) -> f32[t] { return X + normal[t]() }\n")
    refused = diagc("compile", path, "-o", tmp_path)
    assert (refused.returncode, "error[E0702]" in refused.stderr) == (1, True)
    assert diagc("compile", path, "-o", tmp_path, "--target", "jax").returncode == 0


@pytest.mark.parametrize("command", [["--help"], ["check", str(SPEC)], ["compile", str(SPEC), "-o", "."]])
def test_text_is_made_without_the_frameworks(command: list[str], tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv = ['diagc', *sys.argv[1:]]\n"
        "from diagc.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'jax', 'triton', 'torch', 'matplotlib'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code, *command],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        check=True,
    )
    assert done.stdout.strip().endswith("[]")
