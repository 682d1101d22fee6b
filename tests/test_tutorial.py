"""The tutorial is true: its commands run in an empty folder, in order, and print what it says; its Python runs."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from diagc.cli.main import cli

pytest.importorskip("pygraphviz")
pytest.importorskip("torch")

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "tutorial.md").read_text("utf-8")


@pytest.mark.slow
def test_the_tutorial_from_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for kind, body in re.findall(r"^```(\S+).*?\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE):
        if kind == "diag":
            Path("mine.diag").write_text(body, "utf-8")
        elif kind == "python":
            subprocess.run([sys.executable, "-c", body], check=True)
        else:
            for step in re.findall(r"^\$ diagc ([^\n]*)\n((?:[^$\n][^\n]*\n)*)", body, re.MULTILINE):
                ran(*step)


def ran(command: str, lines: str) -> None:
    found = CliRunner().invoke(cli, shlex.split(command))
    assert found.exit_code == 0, (command, found.output, found.exception)
    assert all(line in found.output for line in lines.splitlines()), (command, found.output)
