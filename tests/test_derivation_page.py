"""The commands of docs/derivation.md are run; the lines below each stand in what it prints, in their order."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from diagc.cli.main import cli

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "derivation.md").read_text("utf-8")
FILES = dict(re.findall(r"^```diag file=(\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
BLOCKS = re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [
    (command, lines.splitlines())
    for block in BLOCKS
    for command, lines in re.findall(r"^\$ diagc ([^\n]*)\n((?:[^$\n][^\n]*\n)*)", block, re.MULTILINE)
]


def test_the_page_has_commands() -> None:
    assert len(COMMANDS) == PAGE.count("\n$ diagc ")
    assert {"derive", "trace", "cost", "pseudocode"} == {command.split()[0] for command, _ in COMMANDS}


@pytest.mark.parametrize(
    ("command", "lines"), COMMANDS, ids=lambda part: part if isinstance(part, str) else ""
)
def test_command(
    command: str,
    lines: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "specs").symlink_to(ROOT / "specs")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, shlex.split(command))
    output = result.output
    assert result.exit_code == 0 or output.startswith("error["), output
    place = 0
    for line in lines:
        found = output.find(line, place)
        assert found >= 0, f"`{line}` does not follow in:\n{output}"
        place = found
