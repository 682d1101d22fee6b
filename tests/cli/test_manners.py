"""Manners of the command line: examples that parse in every help, suggestions, formats, completion, doctor, watch."""

from __future__ import annotations

import json
import re
import shlex
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from diagc.cli.main import cli
from tests.cli.test_commands import ROOT, WRONG, diagc


def commands(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path}{name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path}{name} ")


EVERY = list(commands(cli))


@pytest.mark.parametrize(("name", "command"), EVERY, ids=[name for name, _ in EVERY])
def test_every_help_has_examples_that_parse(
    name: str, command: click.Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    text = command.get_help(click.Context(command, info_name=name))
    examples = re.findall(r"^\s+(diagc .*)$", text, re.MULTILINE)
    assert examples, name
    for line in examples:
        words = shlex.split(re.split(r" #| >", line)[0].rstrip("\\"))[1:]
        spec = [
            word for word in words if word.endswith(".diag") and word.startswith("specs/") and "*" not in word
        ]
        assert all(Path(word).exists() for word in spec), line
        parse(cli, words)


def parse(command: click.Command, words: list[str]) -> None:
    """Read the words as the command does, without running it; files that are to be there need not be."""
    context = click.Context(command)
    if isinstance(command, click.Group) and words:
        while words[0].startswith("--"):
            words = words[2:]
        found = command.get_command(context, words[0])
        assert found is not None, words
        parse(found, words[1:])
        return
    for parameter in command.params:
        if isinstance(parameter.type, click.Path):
            parameter.type.exists = False
    command.make_context("diagc", list(words))


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (("chek", "a.diag"), "did you mean `check`?"),
        (("draw", "--entyr", "x"), "--entry"),
        (("explain", "E031"), "did you mean `E03"),
        (("derive", "specs/attention/attention.diag", "--entry", "casual"), "did you mean `causal`?"),
        (
            ("draw", "specs/attention/attention.diag", "--entry", "casual", "-o", "x.svg"),
            "did you mean `causal`?",
        ),
    ],
)
def test_what_was_probably_meant_is_said(arguments: tuple[str, ...], meant: str) -> None:
    found = diagc(*arguments, cwd=ROOT)
    assert found.returncode in (1, 2) and meant in found.stderr


def test_every_command_prints_errors_for_programs(tmp_path: Path) -> None:
    path = tmp_path / "wrong.diag"
    path.write_text(WRONG)
    for command in ("check", "compile", "derive"):
        found = diagc("--format", "json", command, path)
        assert found.returncode == 1
        assert [d["code"] for d in json.loads(found.stdout)] == ["E0301"]
    assert diagc("--format", "sarif", "check", path).stdout.startswith("{")
    assert diagc("check", path).stderr.count("\x1b") == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_for_the_shell(shell: str) -> None:
    found = CliRunner().invoke(cli, ["completion", shell])
    assert found.exit_code == 0 and "_DIAGC_COMPLETE" in found.output


def test_doctor_names_what_is_missing_and_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diagc.cli.setup._version", lambda name: None if name == "matplotlib" else "1.0")
    found = CliRunner().invoke(cli, ["doctor"])
    assert found.exit_code == 0
    assert "pip install 'diagc[figures]'" in found.output
    assert re.search(r"--\s+matplotlib\s+missing\s+draw -o figure.pdf", found.output)


def test_watch_draws_again_after_a_change(tmp_path: Path) -> None:
    from diagc.cli.watch import watched

    path = tmp_path / "a.diag"
    path.write_text("diag 1\n")
    seen: list[str] = []
    stop = threading.Event()
    work = threading.Thread(
        target=watched, args=([path], lambda: seen.append(path.read_text()), lambda: not stop.is_set())
    )
    work.start()
    try:
        wait(lambda: len(seen) == 1)
        path.write_text("diag 1\naxis q\n")
        wait(lambda: len(seen) == 2)
    finally:
        stop.set()
        work.join()
    assert seen == ["diag 1\n", "diag 1\naxis q\n"]


def wait(done: object) -> None:
    assert callable(done)
    until = time.monotonic() + 10
    while not done():
        assert time.monotonic() < until
        time.sleep(0.02)
