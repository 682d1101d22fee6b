"""The LALR parser, loaded from the generated `tables.json`; nothing is computed from the grammar at run time."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from lark import Lark

TABLES = Path(__file__).with_name("tables.json")


@cache
def load_parser() -> Lark:
    """The parser of language version 1. One object serves any number of parses."""
    content = json.loads(TABLES.read_text("utf-8"))
    data: dict[str, Any] = content["data"]
    memo = {int(key): value for key, value in content["memo"].items()}
    table = data["parser"]["parser"]
    table["states"] = {int(state): actions for state, actions in table["states"].items()}
    load: Callable[[dict[str, Any], dict[int, Any]], Lark] = getattr(Lark, "_load_from_dict")  # noqa: B009 (untyped)
    return load(data, memo)
