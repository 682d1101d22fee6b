"""What `make docs` adds to the files of docs/: the front page, the changes, and a gallery of every specification.

MkDocs calls the functions that begin with `on_`. Nothing here is written into the source tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar, Final

from mkdocs.structure.files import File
from pygments import lexers, token
from pygments.lexer import RegexLexer, words

from bench.figures import SPECS, figures, specs
from diagc.draw import render_svg

__all__ = ["DiagLexer"]  # what Pygments looks for

ROOT = Path(__file__).parents[1]

_KEYWORDS: Final = (
    "axis", "batch", "by", "commute", "data", "diag", "ema", "epochs", "fn", "freeze", "frozen", "from", "glue", "in",
    "learning", "model", "optimise", "over", "param", "return", "schedule", "size", "source", "to", "train", "use",
    "weave", "weight",
)  # fmt: skip


class DiagLexer(RegexLexer):
    """Highlighting of the language."""

    name = "diag"
    aliases: ClassVar[list[str]] = ["diag"]
    filenames: ClassVar[list[str]] = ["*.diag"]
    tokens: ClassVar[dict[str, Any]] = {
        "root": [
            (r"#.*", token.Comment),
            (r'"[^"\n]*"', token.String),
            (words(_KEYWORDS, r"\b", r"\b"), token.Keyword),
            (r"\b(bool|b?f(8|16|32|64)|f8e4m3|f8e5m2|bf16|i(8|16|32|64))\b", token.Keyword.Type),
            (r"\d+(\.\d+)?(e-?\d+)?", token.Number),
            (r"[A-Za-z_]\w*(?=[\[(])", token.Name.Function),
            (r"\w+", token.Name),
            (r"[-+*/^<>=~|!%]+", token.Operator),
            (r"\s+|.", token.Text),
        ]
    }


def on_config(config: Any) -> Any:
    """Highlighting knows the language."""
    found = ("bench.site", DiagLexer.name, tuple(DiagLexer.aliases), tuple(DiagLexer.filenames), ())
    lexers.LEXERS["DiagLexer"] = found
    return config


def on_files(files: Any, config: Any) -> Any:
    """The pages and pictures that are made here."""
    files.append(File.generated(config, "index.md", content=front((ROOT / "README.md").read_text("utf-8"))))
    files.append(File.generated(config, "changes.md", content=(ROOT / "CHANGELOG.md").read_text("utf-8")))
    for name, content in gallery():
        files.append(File.generated(config, f"gallery/{name}", content=content))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Fences as the highlighter reads them: `diag file=a.diag` is titled, other words are for tests."""
    titled = re.sub(r"^```(\w+) file=(\S+)$", r'```\1 title="\2"', markdown, flags=re.MULTILINE)
    return re.sub(r"^```diag raw.*$", "```diag", titled, flags=re.MULTILINE)


def front(readme: str) -> str:
    """The README with links from the root of the site."""
    return readme.replace("](docs/", "](")


def gallery() -> Iterator[tuple[str, str]]:
    """Pages and pictures by path: a page for each folder of specs/, with every specification of it."""
    for folder, paths in groupby(specs(), key=lambda path: path.parent.name):
        parts = [f"# {folder}", ""]
        for spec in paths:
            source = spec.read_text("utf-8")
            parts += [f"## {spec.stem}", "", about(source), ""]
            for figure in figures(spec):
                yield f"{figure.name}.svg", render_svg(figure.scene)
                parts += picture(figure.name, figure.title)
            indented = "\n".join(f"    {line}".rstrip() for line in source.splitlines())
            parts += [
                f'??? note "specs/{spec.relative_to(SPECS)}"',
                "",
                "    ```diag",
                indented,
                "    ```",
                "",
            ]
        yield f"{folder}.md", "\n".join(parts)


def about(source: str) -> str:
    """The comment at the top of a specification."""
    lines = source.splitlines()[1:]
    comment = lines[: next((n for n, line in enumerate(lines) if not line.startswith("#")), len(lines))]
    return " ".join(line.removeprefix("#").strip() for line in comment)


def picture(name: str, title: str) -> list[str]:
    """A figure; that of kernels is folded."""
    image = f"![{title}]({name}.svg)"
    if not name.endswith(".kernels"):
        return [f"`{title}`", "", image, ""]
    return [f'??? abstract "{title}"', "", f"    {image}", ""]
