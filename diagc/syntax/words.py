"""Words and signs: how the terminals are spelled, and what habits from other languages are called here."""

from __future__ import annotations

from typing import Final

RESERVED: Final = frozenset(["PARAM", "MODEL", "RETURN", "AND", "OR", "NOT", "IN", "ELSE"])
"""Terminals of the words that never are names."""

_KEYWORDS = """
    against all and as axis batch by choice commute commutes component decay design diag else ema ensure epochs fn from
    frozen glue in learning mask model not of on optimise or over param poset primitive provides python requires return
    schedule seed size source steps to train up updates use weave weight
"""

SPELLINGS: Final[dict[str, str]] = {word.upper(): word for word in _KEYWORDS.split()} | {
    "_ARROW": "->",
    "_PIPE": "|>",
    "PLUS": "+",
    "MINUS": "-",
    "STAR": "*",
    "SLASH": "/",
    "SLASHES": "//",
    "PERCENT": "%",
    "CARET": "^",
    "COMPARISON": "<",
    "COMMA": ",",
    "COLON": ":",
    "DOT": ".",
    "LPAR": "(",
    "RPAR": ")",
    "LBRACE": "{",
    "RBRACE": "}",
    "LSQB": "[",
    "RSQB": "]",
    "EQUAL": "=",
    "AT": "@",
    "TILDE": "~",
    "SEMICOLON": ";",
}
"""The spelling of every terminal that is a word or a sign."""

FOREIGN_WORDS: Final[dict[str, str]] = {
    **dict.fromkeys(
        ["def", "function", "func", "fun"], "a function is declared with `fn`, as in `fn f(X) { return X }`"
    ),
    **dict.fromkeys(["let", "var", "const", "val"], "a statement is just `name = expression`"),
    **dict.fromkeys(
        ["for", "while"], "there are no loops: operations run along axes; a recurrence is `scan[t](…)`"
    ),
    **dict.fromkeys(["if", "elif", "then"], "a choice is an expression: `where(condition, a, b)`"),
    "lambda": "there are no anonymous functions; declare a `fn`",
    "import": 'another file is read with `use "file.diag" as name`',
    "class": "there are no classes; a `fn` with `param` is a layer",
    "struct": "there are no structures; a `fn` may return several results",
    "loss": "a loss is written as equations: `commute prediction ~ target by comparator`",
}
"""Remedies for words that start a construct elsewhere."""

FOREIGN_CHARACTERS: Final[dict[str, str]] = {
    **dict.fromkeys("'‘’“”", 'a text stands between double quotes `"`'),
    **dict.fromkeys("&∧", "the connective is the word `and`"),
    **dict.fromkeys("|∨", "the connective is the word `or`; a pipe is `|>`"),
    **dict.fromkeys("!¬", "the negation is the word `not`"),
    "?": "a choice is an expression: `where(condition, a, b)`",
    "→": "write `->`",
    "←": "write `=`",
    "⟶": "write `->`",
    "≤": "write `<=`",
    "≥": "write `>=`",
    "≠": "write `!=`",
    "≈": "write `~`",
    "−": "write `-`",
    "–": "write `-`",
    "·": "write `*`",
    "×": "write `*`",
    "⋅": "write `*`",
    "÷": "write `/`",
    "∞": "write `inf`",
    "∑": "a sum is `sum[axis](expression)`",
    "√": "write `sqrt(x)`",
    "\\": "a line needs no `\\` to be continued",
    "\u00a0": "this is a non-breaking space; write a plain space",
    "\ufeff": "save the file without a byte order mark",
    "`": "names need no quotes",
    "$": "names need no `$`",
}
"""Remedies for characters outside the language."""
