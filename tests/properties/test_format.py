"""The formatter keeps the tree and the comments, and the parser answers any text with a tree or with diagnostics."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings, strategies as st

from diagc.diagnostics import DiagnosticError
from diagc.rendered import render_text
from diagc.source import Source
from diagc.syntax import tree
from diagc.syntax.format import format_source
from diagc.syntax.parse import parse
from tests.properties.corpus import EVERYTHING, corpus

CORPUS = corpus()
TOKEN = re.compile(r'"[^"\n]*"|#[^\n]*\n|\w+(?:\.\d+)?|\s+|[<>=!]=|//|->|\|>|.')


@pytest.mark.parametrize("name", CORPUS)
def test_corpus_is_kept(name: str) -> None:
    """`format_source` proves itself that tree and comments stay and that its output is stable."""
    format_source(Source(name, CORPUS[name]))


def mutated(text: str, chance: random.Random) -> str:
    """The text with a few tokens removed, repeated, exchanged or replaced by others of the corpus."""
    tokens = TOKEN.findall(text)
    for _ in range(chance.randint(1, 4)):
        tokens = tokens or [""]
        here, there = chance.randrange(len(tokens)), chance.randrange(len(tokens))
        match chance.randrange(5):
            case 0:
                del tokens[here]
            case 1:
                tokens.insert(here, tokens[there])
            case 2:
                tokens[here], tokens[there] = tokens[there], tokens[here]
            case 3:
                tokens.insert(here, chance.choice('()[]{}#,;:=@~\n\0é"+-<'))
            case _:
                tokens = tokens[: max(1, here)]
    return "".join(tokens)


@pytest.mark.parametrize(
    "seed", [*range(15), *(pytest.param(s, marks=pytest.mark.slow) for s in range(15, 40))]
)
def test_mutations_give_trees_or_diagnostics(seed: int) -> None:
    chance = random.Random(seed)
    texts = sorted(CORPUS.values())
    codes: set[str] = set()
    for _ in range(60):
        source = Source("mutated.diag", mutated(chance.choice(texts), chance))
        try:
            format_source(source)
        except DiagnosticError as error:
            codes |= {diagnostic.code for diagnostic in error.diagnostics}
            render_text(error.diagnostics)
    assert codes
    assert all(code.startswith("E01") for code in codes)


@pytest.mark.parametrize("seed", range(20))
def test_comments_may_stand_anywhere(seed: int) -> None:
    """Comments between any two tokens are kept, and the layout is stable: `format_source` raises otherwise."""
    chance = random.Random(seed)
    pieces = TOKEN.findall(EVERYTHING)
    commented = "".join(
        p + (f" # c{i}\n" if p.isspace() and chance.random() < 0.1 else "") for i, p in enumerate(pieces)
    )
    format_source(Source("commented.diag", commented))


NAMES = st.sampled_from(["a", "b", "X", "weight", "by", "size", "weave"]).map(tree.Name)
QNAMES = st.lists(NAMES, min_size=1, max_size=2).map(lambda parts: tree.QName(tuple(parts)))
AXES = st.none() | st.lists(NAMES, max_size=2).map(tuple)
NUMBERS = st.sampled_from([tree.Number("0", 0), tree.Number("1e-5", 1e-5), tree.Number("2.5", 2.5)])
BINARY = st.sampled_from(["+", "-", "*", "/", "//", "%", "^", "and", "or", "<", "<=", ">", ">=", "==", "!="])


def _larger(smaller: st.SearchStrategy[tree.Expr]) -> st.SearchStrategy[tree.Expr]:
    arguments = st.lists(st.builds(tree.Argument, st.none() | NAMES, smaller), max_size=3).map(tuple)
    axes_attribute = st.builds(tree.Attribute, NAMES, st.lists(NAMES, max_size=2).map(tuple), st.none())
    args_attribute = st.builds(tree.Attribute, NAMES, st.none(), arguments)
    attributes = st.lists(axes_attribute | args_attribute, max_size=2).map(tuple)
    factors = st.lists(NAMES, min_size=2, max_size=3).map(tuple)
    entries = (
        st.builds(tree.Reindex, NAMES, smaller, st.none() | smaller)
        | st.builds(tree.Split, NAMES, factors)
        | st.builds(tree.Merge, factors, NAMES)
    )
    some = st.lists(smaller, min_size=1, max_size=2).map(tuple)
    states = st.lists(st.builds(tree.Argument, NAMES, smaller), min_size=1, max_size=2).map(tuple)
    return (
        st.builds(tree.Unary, st.sampled_from(["-", "not"]), smaller)
        | st.builds(tree.Binary, BINARY, smaller, smaller)
        | st.builds(tree.Pipe, smaller, QNAMES, AXES, st.none() | arguments, attributes)
        | st.builds(tree.Call, QNAMES, AXES, arguments, attributes)
        | st.builds(tree.Scan, QNAMES, AXES.map(lambda axes: axes or ()), states, some)
        | st.builds(tree.Index, smaller, st.lists(entries, min_size=1, max_size=2).map(tuple))
        | st.lists(smaller, min_size=2, max_size=3).map(lambda items: tree.TupleExpr(tuple(items)))
    )


EXPRESSIONS = st.recursive(NUMBERS | QNAMES.map(tree.Ref), _larger, max_leaves=12)


def explicit(expr: tree.Expr) -> str:
    """The expression with parentheses around every operand: a second, independent printer."""
    match expr:
        case tree.Number(text):
            return text
        case tree.Ref(name):
            return name.text
        case tree.Unary(operator, operand):
            return f"({operator} ({explicit(operand)}))"
        case tree.Binary(operator, left, right):
            return f"(({explicit(left)}) {operator} ({explicit(right)}))"
        case tree.Pipe(value, callee, axes, args, attributes):
            written = "" if args is None else _args(args)
            return f"(({explicit(value)}) |> {callee.text}{_axes(axes)}{written}{_attributes(attributes)})"
        case tree.Call(callee, axes, args, attributes):
            return f"({callee.text}{_axes(axes)}{_args(args)}{_attributes(attributes)})"
        case tree.Scan(callee, axes, states, steps):
            return f"{callee.text}{_axes(axes)}({_args(states)[1:-1]}; {', '.join(map(explicit, steps))})"
        case tree.Index(base, entries):
            inside = explicit(base) if isinstance(base, tree.Ref) else f"({explicit(base)})"
            return f"{inside}[{', '.join(map(_entry, entries))}]"
        case tree.TupleExpr(items):
            return f"({', '.join(map(explicit, items))})"


def _axes(axes: tuple[tree.Name, ...] | None) -> str:
    return "" if axes is None else f"[{' '.join(axis.text for axis in axes)}]"


def _args(args: tuple[tree.Argument, ...]) -> str:
    return f"({', '.join((f'{a.name.text} = ' if a.name else '') + explicit(a.value) for a in args)})"


def _attributes(attributes: tuple[tree.Attribute, ...]) -> str:
    return "".join(
        f" @{a.name.text}{_axes(a.axes)}{'' if a.args is None else _args(a.args)}" for a in attributes
    )


def _entry(entry: tree.Reindex | tree.Split | tree.Merge) -> str:
    match entry:
        case tree.Reindex(axis, target, fill):
            return f"{axis.text} -> {explicit(target)}" + ("" if fill is None else f" else {explicit(fill)}")
        case tree.Split(axis, factors):
            return f"{axis.text} -> ({_axes(factors)[1:-1]})"
        case tree.Merge(factors, axis):
            return f"({_axes(factors)[1:-1]}) -> {axis.text}"


@settings(max_examples=300, deadline=None)
@given(EXPRESSIONS)
def test_random_expressions_keep_their_tree(expr: tree.Expr) -> None:
    source = Source("random.diag", f"diag 1\nfn f(X) {{\n  y = {explicit(expr)}\n  return y\n}}\n")
    parsed = parse(source).items[0]
    assert isinstance(parsed, tree.Fn)
    assert isinstance(parsed.body[0], tree.Let)
    assert parsed.body[0].value == expr
    format_source(source)
