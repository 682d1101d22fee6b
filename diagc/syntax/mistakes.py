"""What to say about a syntax error: what was found, what could stand there, and a remedy for the common mistakes.

A remedy is a rule: a test on the `Context` of the error and a sentence. The first rule that applies is the help.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lark import Token

from diagc.diagnostics import Diagnostic, Label
from diagc.source import Span
from diagc.syntax.words import FOREIGN_CHARACTERS, FOREIGN_WORDS, RESERVED, SPELLINGS

_CLOSERS = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Context:
    """An error seen from the parser. `kind` is the terminal found, empty for a character outside the language."""

    span: Span
    kind: str
    accepts: frozenset[str]
    recent: tuple[Token, ...]
    opener: Span | None

    @property
    def found(self) -> str:
        return self.span.text

    @property
    def previous(self) -> str:
        return str(self.recent[-1]) if self.recent else ""

    @property
    def starts_line(self) -> bool:
        """Nothing stands before the error on its line."""
        source = self.span.source
        line, column = source.position(self.span.start)
        return not source.line(line)[: column - 1].strip()

    @property
    def nearby(self) -> str:
        """The text from the line of the token before the error to the end of the error."""
        source = self.span.source
        start = self.recent[-1].start_pos if self.recent else None
        line, _ = source.position(self.span.start if start is None else start)
        return source.text[source.line_starts[line - 1] : self.span.end]

    @property
    def following(self) -> str:
        """The character right after the error."""
        return self.span.source.text[self.span.end : self.span.end + 1]

    @property
    def after_value(self) -> bool:
        """An expression stands before the error and could be continued."""
        return "PLUS" in self.accepts

    def expects(self, *terminals: str) -> bool:
        return self.accepts.issuperset(terminals)


_FALLBACK = "put what is expected before it, or take it out"


def explain(context: Context) -> Diagnostic:
    """The diagnostic for an error: E0101 for a character, E0102 for a token."""
    labels = [Label(context.span, _expected(context.accepts))]
    if context.opener and _is_about_opener(context):
        labels.append(Label(context.opener, "opened here and not closed"))
    remedy = next((text for rule in RULES if (text := rule(context))), _FALLBACK)
    if context.kind == "":
        return Diagnostic(
            "E0101", f"unexpected character {_quoted(context.found)}", tuple(labels[:1]), remedy
        )
    found = "end of the file" if context.kind == "$END" else _quoted(context.found)
    return Diagnostic("E0102", f"unexpected {found}", tuple(labels), remedy)


def _quoted(text: str) -> str:
    if text.isprintable():
        return f"`{text[:30]}…`" if len(text) > 30 else f"`{text}`"
    return " ".join(f"U+{ord(character):04X}" for character in text[:4])


def _is_about_opener(context: Context) -> bool:
    """A closing bracket is among what could stand here, and what was found cannot belong inside the bracket."""
    if context.found in _CLOSERS:
        return context.opener is not None and context.opener.text != "{"
    ends = context.starts_line or context.kind in ("$END", "RETURN", "ITEM")
    return ends and bool({"RPAR", "RSQB", "RBRACE"} & context.accepts)


# ---- what could stand here


def _expected(accepts: frozenset[str]) -> str:
    """The accepted terminals in words, at most five of them."""
    if accepts == frozenset({"DIAG"}):
        return "expected the header `diag 1`"
    rest = set(accepts)
    words: list[str] = []
    for needed, covered, word in _GROUPS:
        if needed <= rest:
            words.append(word)
            rest -= covered
    words += sorted(f"`{SPELLINGS[terminal]}`" for terminal in rest if terminal in SPELLINGS)
    if not words:
        return ""
    listed = words[:5]
    return "expected " + (listed[0] if len(listed) == 1 else ", ".join(listed[:-1]) + " or " + listed[-1])


_KEYWORDS = frozenset(terminal for terminal, text in SPELLINGS.items() if text.isalpha()) - RESERVED
_OPERATORS = frozenset(
    ["PLUS", "MINUS", "STAR", "SLASH", "SLASHES", "PERCENT", "CARET", "COMPARISON", "AND", "OR", "_PIPE"]
)
_VALUE = frozenset(["NAME", "INT", "NUMBER", "LPAR", "MINUS"])
_GROUPS: tuple[tuple[frozenset[str], frozenset[str], str], ...] = (
    (frozenset(["RETURN", "PARAM", "NAME"]), _KEYWORDS | {"RETURN", "PARAM", "MODEL", "NAME"}, "a statement"),
    (_VALUE, _KEYWORDS | _VALUE | {"NOT"}, "an expression"),
    (frozenset(["NAME"]), _KEYWORDS | {"NAME"}, "a name"),
    (
        frozenset(["FN", "AXIS"]),
        frozenset(["FN", "USE", "AXIS", "SIZE", "SCHEDULE", "LEARNING", "DESIGN"]),
        "a declaration",
    ),
    (frozenset(["COMMUTE", "TRAIN"]), _KEYWORDS, "an item of the learning diagram"),
    (frozenset(["ENSURE", "COMPONENT"]), _KEYWORDS, "an item of the design"),
    (frozenset(["ENSURE", "CHOICE"]), _KEYWORDS, "an item of the component"),
    (frozenset(["PLUS"]), _OPERATORS | {"LPAR", "LSQB", "DOT", "AT"}, "an operator"),
    (frozenset(["INT", "NUMBER"]), frozenset(["INT", "NUMBER"]), "a number"),
    (frozenset(["INT"]), frozenset(["INT"]), "a whole number"),
    (frozenset(["STRING"]), frozenset(["STRING"]), "a text in double quotes"),
    (frozenset(["$END"]), frozenset(["$END"]), "the end of the file"),
)


# ---- remedies, the most specific first

_RETURN_MISSING = "the body of a `fn` ends with `return` and its result"


def _header(context: Context) -> str | None:
    if context.accepts == frozenset({"DIAG"}):
        return "every file starts with the line `diag 1`, the version of the language"
    if context.recent and len(context.recent) == 1 and context.accepts == frozenset({"INT"}):
        return "the header is `diag 1`"
    return None


def _character(context: Context) -> str | None:
    if context.kind != "":
        return None
    if context.found == '"':
        return 'close the text with `"` on the same line'
    if context.found.isalpha():
        return "names consist of the letters a-z and A-Z, digits and `_`"
    return FOREIGN_CHARACTERS.get(context.found)


def _comment(context: Context) -> str | None:
    if "//" in context.nearby:
        return "a comment starts with `#`; `//` divides integers and rounds down"
    if "/*" in context.nearby + context.following or "*/" in context.nearby:
        return "a comment starts with `#` and ends with the line"
    return None


def _foreign_word(context: Context) -> str | None:
    return FOREIGN_WORDS.get(context.found) or FOREIGN_WORDS.get(context.previous)


def _item(context: Context) -> str | None:
    if context.kind == "ITEM":
        if "RETURN" in context.accepts:
            return _RETURN_MISSING
        return f"finish the declaration before this one{', which needs a `}`' if context.opener else ''}"
    return None


def _reserved(context: Context) -> str | None:
    if context.kind == "RETURN" and context.starts_line:
        return None
    if context.kind in RESERVED and context.expects("NAME") and not context.expects("RETURN"):
        return f"`{context.found}` is reserved; choose another name"
    return None


def _assignment(context: Context) -> str | None:
    if context.found != "=":
        return None
    if context.previous == ":":
        return "a name gets its value with `=`"
    if context.expects("TILDE", "PLUS"):
        return "an equation is written `prediction ~ target by comparator`"
    if context.expects("TILDE"):
        return "a parameter names its initialiser after `~`, as in `param W: f32[i o] ~ glorot`"
    if context.expects("COLON"):
        return "an axis gets its size after `:`, as in `axis d: 64`"
    if context.after_value:
        return "`==` compares; `=` only gives a name to a value"
    return None


def _operator(context: Context) -> str | None:
    if context.following == "=" and context.found in ("+", "-", "*", "/") and context.expects("EQUAL"):
        return f"there is no `{context.found}=`: write `a = a {context.found} b`"
    if context.found == "*" and context.previous == "*":
        return "a power is written `a ^ b`"
    if context.kind == "COMPARISON":
        if context.after_value:
            return "comparisons do not chain: write `a < b and b < c`"
        if context.found == "==":
            return "`=` gives a name to a value, `==` compares two values"
    if context.kind == "AT" and context.after_value:
        return "`@` carries annotations of a type or a call; a matrix product is `sum[k](A * B)`"
    return None


def _axis_list(context: Context) -> str | None:
    in_brackets = context.opener is not None and context.opener.text == "["
    if context.kind == "COMMA" and in_brackets and context.expects("RSQB"):
        return "axes in brackets are separated by spaces, as in `[a b]`"
    if (in_brackets and context.kind in ("INT", "COLON", "MINUS", "NUMBER")) or context.accepts == frozenset(
        {"LPAR"}
    ):
        return "an array is indexed along a named axis, as in `x[axis -> i]`; a call is `f[axis](x)`"
    return None


def _signature(context: Context) -> str | None:
    if context.kind == "COLON" and context.expects("LBRACE"):
        return "the body of a `fn` stands in braces: `fn f(X) { return X }`"
    if context.expects("_ARROW") and context.previous == ")":
        return "the type of the result follows `->`, as in `fn f(X: f32[q]) -> f32[q] { … }`"
    if context.expects("_ARROW") and context.found != "]":
        return "write `->` between the two"
    if context.kind == "_ARROW" and context.after_value:
        return "`->` stands in the signature of a `fn`, or renames an axis, as in `X[q -> x]`"
    if context.kind == "RBRACE" and context.expects("RETURN"):
        return _RETURN_MISSING
    if context.kind == "EQUAL" and context.expects("RETURN"):
        return "a statement is `name = expression`"
    return None


def _equation(context: Context) -> str | None:
    if context.expects("BY", "PLUS") and not context.expects("RETURN"):
        return "an equation names its comparator, as in `student(x) ~ y by mse`"
    if context.expects("TILDE", "PLUS"):
        return "an equation is written `prediction ~ target by comparator`"
    return None


def _number(context: Context) -> str | None:
    if context.kind == "WORD" and context.found[0].isdigit():
        return "a product is written with `*`, as in `2 * x`; a name cannot start with a digit"
    if context.found == "." or context.kind == "DOT":
        return "a decimal number has digits on both sides of the point, as in `0.5`"
    if context.kind == "NUMBER" and context.expects("INT"):
        return "this must be a whole number"
    return None


def _bracket(context: Context) -> str | None:
    opener = context.opener.text if context.opener else None
    if context.found in _CLOSERS:
        if opener is None or (opener == "{" and context.found != "}"):
            return f"there is no open `{_CLOSERS[context.found]}` for it"
        return None if opener == _CLOSERS[context.found] else f"close the `{opener}` first"
    if opener and _is_about_opener(context):
        return _RETURN_MISSING if "RETURN" in context.accepts else f"close the `{opener}`"
    return None


def _separator(context: Context) -> str | None:
    if context.kind == "SEMICOLON":
        return "statements need no `;`: start a new line"
    if context.after_value and context.kind in ("NAME", "INT", "NUMBER", "LPAR") and not context.starts_line:
        return "a product is written with `*`, arguments are separated by `,`"
    return None


RULES: tuple[Callable[[Context], str | None], ...] = (
    _header,
    _character,
    _foreign_word,
    _comment,
    _item,
    _reserved,
    _assignment,
    _operator,
    _number,
    _axis_list,
    _signature,
    _separator,
    _bracket,
    _equation,
)
