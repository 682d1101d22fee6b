"""The parse tables are those of the grammar, and loading them is light."""

from __future__ import annotations

import subprocess
import sys

from diagc.syntax.generate import render
from diagc.syntax.tables import TABLES, load_parser
from diagc.syntax.words import SPELLINGS


def test_tables_are_current() -> None:
    assert TABLES.read_text("utf-8") == render(), "run `python -m diagc.syntax.generate`"


def test_the_parser_imports_nothing_heavy() -> None:
    heavy = "{'numpy', 'jax', 'torch', 'triton', 'rich', 'click'}"
    program = f"import sys, diagc.syntax.parse; assert not {heavy} & set(sys.modules), sys.modules.keys()"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_every_terminal_has_a_spelling() -> None:
    unspelled = {"NAME", "INT", "NUMBER", "STRING", "__IGNORE_0", "__IGNORE_1"}
    assert {terminal.name for terminal in load_parser().terminals} == SPELLINGS.keys() | unspelled
