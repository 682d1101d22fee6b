"""Commands of the docs: those of some pages run and print what stands below them; others can be read."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from click.testing import CliRunner

from diagc.cli.main import cli
from tests.cli.test_manners import parse

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
ALL = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
RUN = [
    ROOT / "README.md",
    DOCS / "derivation.md",
    DOCS / "cost.md",
    DOCS / "flow.md",
    *sorted((DOCS / "ideas").glob("*.md")),
]
FENCE = re.compile(r"^```(\S+)(?: file=(\S+))?.*?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Command(NamedTuple):
    """A command of a page, the lines below it, and the files that the page gives."""

    page: Path
    line: str
    output: list[str]
    files: dict[str, str]


def commands(page: Path) -> list[Command]:
    """The commands of a page in its order."""
    fences = FENCE.findall(page.read_text("utf-8"))
    files = {name: body for _, name, body in fences if name}
    return [
        Command(page, re.split(r"\s+#", line)[0], output.splitlines(), files)
        for kind, _, body in fences
        if kind == "console"
        for line, output in re.findall(r"^\$ diagc ([^\n]*)\n((?:[^$\n][^\n]*\n)*)", body, re.MULTILINE)
    ]


def name(found: Command) -> str:
    return f"{found.page.stem}: {found.line}"


@pytest.mark.parametrize("command", [c for page in RUN for c in commands(page)], ids=name)
def test_command(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file, text in command.files.items():
        (tmp_path / file).write_text(text, "utf-8")
    (tmp_path / "specs").symlink_to(ROOT / "specs")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, shlex.split(command.line))
    output = result.output
    assert result.exit_code == 0 or output.startswith("error["), output
    place = 0
    for line in command.output:
        found = output.find(line, place)
        assert found >= 0, f"`{line}` does not follow in:\n{output}"
        place = found


@pytest.mark.parametrize("command", [c for page in ALL if page not in RUN for c in commands(page)], ids=name)
def test_command_can_be_read(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    words = shlex.split(command.line)
    assert all(Path(word).exists() for word in words if re.fullmatch(r"specs/[\w/]+\.diag", word))
    if "…" not in words:
        parse(cli, words)


def test_the_pages_have_commands() -> None:
    derive = {command.line.split()[0] for command in commands(DOCS / "derivation.md")}
    assert derive == {"derive", "trace", "cost", "pseudocode"}
    assert all(commands(page) for page in RUN)


# ---- the site


def nav(part: object) -> list[str]:
    """The pages that a part of the navigation names."""
    if isinstance(part, str):
        return [part]
    assert isinstance(part, list | dict)
    return [page for each in (part.values() if isinstance(part, dict) else part) for page in nav(each)]


def test_the_site_has_every_page_and_every_folder_of_specs() -> None:
    named = nav(yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"])
    pages = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")}
    folders = {f"gallery/{spec.parent.name}.md" for spec in (ROOT / "specs").rglob("*.diag")}
    assert sorted(named) == sorted(pages | folders | {"index.md", "changes.md"})


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    prose = FENCE.sub("", page.read_text("utf-8"))
    prose = re.sub(r"`[^`\n]*`", "", prose)
    for target in re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", prose):
        assert target.startswith("https://") or (page.parent / target).exists(), target


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build = pytest.importorskip("mkdocs.commands.build")
    config = pytest.importorskip("mkdocs.config")
    monkeypatch.chdir(ROOT)
    build.build(config.load_config(str(ROOT / "mkdocs.yml"), strict=True, site_dir=str(tmp_path)))
    front = (tmp_path / "index.html").read_text("utf-8")
    assert "figures/attention.svg" in front and (tmp_path / "figures" / "attention.svg").exists()
    for gallery in (tmp_path / "gallery").glob("*.html"):
        for image in re.findall(r'<img[^>]* src="([^"]+)"', gallery.read_text("utf-8")):
            assert (gallery.parent / image).exists(), image
    for page in tmp_path.rglob("*.html"):  # no script, style or font of another host
        assert not re.search(r'<(?:script|link)[^>]*(?:src|href)="https?://', page.read_text("utf-8")), page
