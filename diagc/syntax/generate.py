"""The parse tables of `grammar/diag.lark`, as JSON: `python -m diagc.syntax.generate` writes `tables.json`.

Building tables from the grammar costs a second of start-up, loading them some milliseconds. A test compares the file
with `render()`, so the grammar cannot change without its tables.
"""

from __future__ import annotations

import json
import os
from collections import deque
from pathlib import Path
from typing import Any, cast

from lark import Lark
from lark.grammar import Rule
from lark.lexer import TerminalDef

from diagc.syntax.tables import TABLES

_SHIFT = 0
GRAMMAR = Path(__file__).parents[2] / "grammar" / "diag.lark"


def render() -> str:
    """The text of `tables.json`. Raises `lark.GrammarError` unless the grammar is LALR(1) without any conflict."""
    grammar = GRAMMAR.read_text("utf-8")
    lark = cast(Any, Lark(grammar, parser="lalr", lexer="contextual", strict=True, propagate_positions=True))
    data, memo = lark.memo_serialize([TerminalDef, Rule])
    data["options"]["strict"] = False  # the checks of strict mode are done here, once
    data["parser"]["parser"] = _canonical(data["parser"]["parser"])
    return json.dumps({"data": data, "memo": memo}, separators=(",", ":"), sort_keys=True) + "\n"


def _canonical(table: dict[str, Any]) -> dict[str, Any]:
    """The same table with tokens and states numbered in an order that no hash seed can change."""
    actions = {
        state: dict(sorted((table["tokens"][token], action) for token, action in row.items()))
        for state, row in table["states"].items()
    }
    numbers: dict[int, int] = {}
    waiting = deque(table["start_states"].values())
    while waiting:
        state = waiting.popleft()
        if state not in numbers:
            numbers[state] = len(numbers)
            waiting.extend(target for kind, target in actions[state].values() if kind == _SHIFT)
    tokens = {token: number for number, token in enumerate(sorted(table["tokens"].values()))}
    return {
        "tokens": {number: token for token, number in tokens.items()},
        "states": {
            numbers[state]: {
                tokens[token]: (kind, numbers[target] if kind == _SHIFT else target)
                for token, (kind, target) in actions[state].items()
            }
            for state in numbers
        },
        "start_states": {start: numbers[state] for start, state in table["start_states"].items()},
        "end_states": {start: numbers[state] for start, state in table["end_states"].items()},
    }


def main() -> None:
    """Rewrite the tables next to this module, in one step."""
    temporary = TABLES.with_suffix(".tmp")
    temporary.write_text(render(), "utf-8")
    os.replace(temporary, TABLES)


if __name__ == "__main__":
    main()
