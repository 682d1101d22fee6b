"""The house rules that no linter knows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "diagc").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
TEXTS = [
    path
    for folder in ("diagc", "grammar", "specs", "tests", "bench", "docs", ".ci", "kernels_out")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in {".py", ".md", ".diag", ".lark", ".yaml", ".toml", ".json", ".sh", ".txt", ""}
    and path.is_file()
    and "__pycache__" not in path.parts
]

NEUTRAL_ROOMS = ("core", "check", "cost", "passes", "plan", "kernel", "backends")
ALGORITHMS = re.compile(r"softmax|attention|flash", re.IGNORECASE)
MACHINE_PATHS = re.compile(r"(?<![\w.])/(work|root|home)/")
FORBIDDEN_CALLS = {"eval", "exec"}
FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle"}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", [*MODULES, *TESTS], ids=named)
def test_files_and_functions_are_short(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 400
    long = [f.name for f in functions(path) if (f.end_lineno or f.lineno) - f.lineno >= 60]
    assert not long


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_every_module_states_its_contract(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text("utf-8")))


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_nothing_evaluates_text_or_unpickles(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id=name)):
                assert name not in FORBIDDEN_CALLS
            case ast.Import(names=names):
                assert not FORBIDDEN_MODULES & {alias.name.split(".")[0] for alias in names}
            case ast.ImportFrom(module=str(module)):
                assert module.split(".")[0] not in FORBIDDEN_MODULES
            case _:
                pass


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if path.relative_to(ROOT / "diagc").parts[0] in NEUTRAL_ROOMS],
    ids=named,
)
def test_rules_name_no_algorithm(path: Path) -> None:
    """What the compiler finds, it finds from laws: no room that derives knows the name of what it derives."""
    assert not ALGORITHMS.search(path.read_text("utf-8"))


def test_no_file_mentions_a_machine() -> None:
    guilty = [
        named(path) for path in TEXTS if MACHINE_PATHS.search(path.read_text("utf-8", errors="replace"))
    ]
    assert not guilty
