"""Each construct of the language against its tree."""

from __future__ import annotations

import pytest

from diagc.diagnostics import DiagnosticError
from diagc.source import NOWHERE, Source
from diagc.syntax import tree
from diagc.syntax.parse import parse
from diagc.syntax.tree import (
    Argument,
    Attribute,
    Binary,
    Call,
    Index,
    Instance,
    Merge,
    Name,
    Number,
    Pipe,
    QName,
    Ref,
    Reindex,
    Scan,
    Split,
    TupleExpr,
    Type,
    Unary,
    Weave,
)
from diagc.syntax.words import RESERVED, SPELLINGS


def file_of(text: str) -> tree.File:
    return parse(Source("test.diag", f"diag 1\n{text}"))


def item(text: str) -> tree.Item:
    (only,) = file_of(text).items
    return only


def expr(text: str) -> tree.Expr:
    fn = item(f"fn f(X) {{ return {text} }}")
    assert isinstance(fn, tree.Fn)
    (only,) = fn.returns
    return only


def statement(text: str) -> tree.Statement:
    fn = item(f"fn f(X) {{ {text} return X }}")
    assert isinstance(fn, tree.Fn)
    (only,) = fn.body
    return only


def learning_item(text: str) -> tree.LearningItem:
    learning = item(f"learning l {{ {text} }}")
    assert isinstance(learning, tree.Learning)
    (only,) = learning.items
    return only


def n(*words: str) -> tuple[Name, ...]:
    return tuple(map(Name, words))


def q(text: str) -> QName:
    return QName(n(*text.split(".")))


def ref(text: str) -> Ref:
    return Ref(q(text))


def num(value: float) -> Number:
    return Number(str(value), value)


def pos(value: tree.Expr) -> Argument:
    return Argument(None, value)


a, b, c, x = ref("a"), ref("b"), ref("c"), ref("x")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", a),
        ("enc.l1.W", ref("enc.l1.W")),
        ("3", num(3)),
        ("1e-5", Number("1e-5", 1e-5)),
        ("0.25", num(0.25)),
        ("true", ref("true")),
        ("((a))", a),
        ("(a, b)", TupleExpr((a, b))),
        ("a + b - c", Binary("-", Binary("+", a, b), c)),
        ("a + b * c", Binary("+", a, Binary("*", b, c))),
        ("(a + b) * c", Binary("*", Binary("+", a, b), c)),
        ("a // b % c", Binary("%", Binary("//", a, b), c)),
        ("a ^ b ^ c", Binary("^", a, Binary("^", b, c))),
        ("-a ^ -b", Unary("-", Binary("^", a, Unary("-", b)))),
        ("-a * b", Binary("*", Unary("-", a), b)),
        ("not a == b and c", Binary("and", Unary("not", Binary("==", a, b)), c)),
        ("a or b and c", Binary("or", a, Binary("and", b, c))),
        ("a <= b", Binary("<=", a, b)),
        ("f()", Call(q("f"), None, ())),
        ("blocks.mlp(a, p = b,)", Call(q("blocks.mlp"), None, (pos(a), Argument(Name("p"), b)))),
        ("sum[k j](a * b)", Call(q("sum"), n("k", "j"), (pos(Binary("*", a, b)),))),
        ("f[](a)", Call(q("f"), (), (pos(a),))),
        (
            "f(a) @acc(f32) @order[i j]",
            Call(
                q("f"),
                None,
                (pos(a),),
                (
                    Attribute(Name("acc"), None, (pos(ref("f32")),)),
                    Attribute(Name("order"), n("i", "j"), None),
                ),
            ),
        ),
        ("scan[t](h = a; b)", Scan(q("scan"), n("t"), (Argument(Name("h"), a),), (b,))),
        (
            "scan[t](h = a, c = b; x, a)",
            Scan(q("scan"), n("t"), (Argument(Name("h"), a), Argument(Name("c"), b)), (x, a)),
        ),
        ("a[q -> x]", Index(a, (Reindex(Name("q"), x),))),
        ("a[q -> x + 1 else 0]", Index(a, (Reindex(Name("q"), Binary("+", x, num(1)), num(0)),))),
        ("a[i -> x, j -> x]", Index(a, (Reindex(Name("i"), x), Reindex(Name("j"), x)))),
        ("a[h -> (k g)]", Index(a, (Split(Name("h"), n("k", "g")),))),
        ("a[(k g) -> h]", Index(a, (Merge(n("k", "g"), Name("h")),))),
        (
            "a[i -> x][j -> (b + c)]",
            Index(Index(a, (Reindex(Name("i"), x),)), (Reindex(Name("j"), Binary("+", b, c)),)),
        ),
        ("f(a)[i -> x]", Index(Call(q("f"), None, (pos(a),)), (Reindex(Name("i"), x),))),
        ("(a + b)[i -> x]", Index(Binary("+", a, b), (Reindex(Name("i"), x),))),
        (
            "a |> f |> g[k](b)",
            Pipe(Pipe(a, q("f"), None, None), q("g"), n("k"), (pos(b),)),
        ),
        ("a or b |> f", Pipe(Binary("or", a, b), q("f"), None, None)),
        ("g(f, wrt = (a, b))", Call(q("g"), None, (pos(ref("f")), Argument(Name("wrt"), TupleExpr((a, b)))))),
    ],
)
def test_expression(text: str, expected: tree.Expr) -> None:
    assert expr(text) == expected


f32 = Type(Name("f32"), None)
f32q = Type(Name("f32"), n("q"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('use "b.diag"', tree.Use("b.diag", NOWHERE, None)),
        ('use "b.diag" as b', tree.Use("b.diag", NOWHERE, Name("b"))),
        ("size n, m", tree.Sizes(n("n", "m"))),
        (
            "axis b, q: a, d: 64",
            tree.Axes(
                (
                    tree.AxisDecl(Name("b"), None),
                    tree.AxisDecl(Name("q"), a),
                    tree.AxisDecl(Name("d"), num(64)),
                )
            ),
        ),
        ("fn f = g", tree.Alias(Name("f"), Instance(q("g"), None, None))),
        (
            "fn f = weave[b h] weave[c] m.g[i](k = 3)",
            tree.Alias(
                Name("f"),
                Weave(n("b", "h"), Weave(n("c"), Instance(q("m.g"), n("i"), (Argument(Name("k"), num(3)),)))),
            ),
        ),
        (
            'schedule f on "h" { group[q p] = 128 warps = 8 stages K, V = 2 }',
            tree.Schedule(
                Name("f"),
                "h",
                (
                    tree.Tile(Name("group"), n("q", "p"), 128),
                    tree.Option(Name("warps"), 8),
                    tree.Stages(Name("stages"), n("K", "V"), 2),
                ),
            ),
        ),
        ("learning l = glue a, b over c, d", tree.Glue(Name("l"), n("a", "b"), n("c", "d"))),
        ("learning l = glue a, f.b over c", tree.Glue(Name("l"), n("a", "f.b"), n("c"))),
        (
            "fn f() -> f32 { return a, b }",
            tree.Fn(Name("f"), None, (), (tree.Result(None, f32),), (), (a, b)),
        ),
        (
            "fn f[i](X, Y: f32[q],) -> (A: f32, B: f32[q]) { return a }",
            tree.Fn(
                Name("f"),
                n("i"),
                (tree.Parameter(Name("X"), None), tree.Parameter(Name("Y"), f32q)),
                (tree.Result(Name("A"), f32), tree.Result(Name("B"), f32q)),
                (),
                (a,),
            ),
        ),
    ],
)
def test_declaration(text: str, expected: tree.Item) -> None:
    assert item(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("y = a", tree.Let(n("y"), None, a)),
        ("y, z: f32[q] = a", tree.Let(n("y", "z"), f32q, a)),
        ("y: i32[] in vocab = a", tree.Let(n("y"), Type(Name("i32"), (), Name("vocab")), a)),
        ("param W: f32[q] ~ zeros", tree.ParamDecl(Name("W"), f32q, tree.Init(Name("zeros"), None))),
        (
            "param W: f32 ~ normal(stddev = a)",
            tree.ParamDecl(Name("W"), f32, tree.Init(Name("normal"), (Argument(Name("stddev"), a),))),
        ),
        ("model l = f[i o]", tree.ModelDecl(Name("l"), Instance(q("f"), n("i", "o"), None))),
    ],
)
def test_statement(text: str, expected: tree.Statement) -> None:
    assert statement(text) == expected


mse = tree.Comparator(Name("mse"), None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "source s { a: f32, b: f32[q], }",
            tree.SourceDecl(
                Name("s"), (tree.ColumnDecl(Name("a"), f32, None), tree.ColumnDecl(Name("b"), f32q, None))
            ),
        ),
        (
            "source s { n: f32[q] ~ normal(stddev = 2) }",
            tree.SourceDecl(
                Name("s"),
                (
                    tree.ColumnDecl(
                        Name("n"),
                        f32q,
                        tree.Init(Name("normal"), (tree.Argument(Name("stddev"), tree.Number("2", 2)),)),
                    ),
                ),
            ),
        ),
        (
            "train m: f32 -> f32[q]",
            tree.Model("train", Name("m"), (f32,), (tree.Result(None, f32q),), None, None),
        ),
        (
            'frozen m: (f32, f32[q]) -> f32 = f(k = a) from "w"',
            tree.Model(
                "frozen",
                Name("m"),
                (f32, f32q),
                (tree.Result(None, f32),),
                Instance(q("f"), None, (Argument(Name("k"), a),)),
                "w",
            ),
        ),
        (
            "train m: () -> f32 = f()",
            tree.Model("train", Name("m"), (), (tree.Result(None, f32),), Instance(q("f"), None, ()), None),
        ),
        (
            'train m: f32 -> f32 = python "p:C"(k = a)',
            tree.Model(
                "train",
                Name("m"),
                (f32,),
                (tree.Result(None, f32),),
                tree.PythonModel("p:C", (Argument(Name("k"), a),)),
                None,
            ),
        ),
        ("ema s of m decay 0.9", tree.Ema(Name("s"), Name("m"), num(0.9))),
        ("commute a ~ b by mse", tree.Equation(None, a, b, mse, ())),
        (
            "commute l: a ~ b by mse weight 2 updates m, k against d mask s.v",
            tree.Equation(
                Name("l"),
                a,
                b,
                mse,
                (
                    tree.Weight(num(2)),
                    tree.Updates(n("m", "k")),
                    tree.Against(Name("d")),
                    tree.Mask(q("s.v")),
                ),
            ),
        ),
        (
            "commute a ~ b by mse weight linear(0)",
            tree.Equation(None, a, b, mse, (tree.Weight(tree.Comparator(Name("linear"), (pos(num(0)),))),)),
        ),
        ("commutes primitive", tree.Policy("primitive", None)),
        ("commutes all up to 4", tree.Policy("all", 4)),
        (
            "optimise by adam, m by sgd()",
            tree.Optimise(
                (
                    tree.Optimiser(None, tree.Comparator(Name("adam"), None)),
                    tree.Optimiser(Name("m"), tree.Comparator(Name("sgd"), ())),
                )
            ),
        ),
        ("epochs 20", tree.Setting(Name("epochs"), 20)),
    ],
)
def test_learning(text: str, expected: tree.LearningItem) -> None:
    assert learning_item(text) == expected


def test_spans_cover_what_was_written() -> None:
    call = expr("sum[k](a * (b + c)) @acc(f32)")
    assert call.span.text == "sum[k](a * (b + c)) @acc(f32)"
    assert isinstance(call, Call)
    assert call.args[0].value.span.text == "a * (b + c)"


def test_spans_do_not_count() -> None:
    assert file_of("axis   a,b") == file_of("# why\naxis a, b")


KEYWORDS = {text for terminal, text in SPELLINGS.items() if text.isalpha() and terminal not in RESERVED}


@pytest.mark.parametrize("word", sorted(KEYWORDS | {"true", "inf", "pi"}))
def test_keywords_are_names_where_names_are_expected(word: str) -> None:
    parsed = file_of(
        f"size {word} axis {word}: {word} fn {word}[{word}]({word}: {word}[{word}] in {word}) -> ({word}: f32) {{\n"
        f"  param {word}: f32 ~ {word}\n  model {word} = m.{word}[{word}]({word} = 1)\n"
        f"  {word}, {word} = {word}.{word}[{word}]({word}, {word} = {word})\n"
        f"  {word} = {word}[{word} -> {word}, {word} -> ({word} {word})]\n"
        f"  return {word} |> {word}({word}) @{word}[{word}]\n}}\n"
        f'schedule {word} on "" {{ {word}[{word}] = 1 {word} = 1 {word} {word}, {word} = 1 }}\n'
        f"learning {word} {{ source {word} {{ {word}: f32 }} train {word}: f32 -> f32 = m\n"
        f"commute {word}: {word} ~ {word} by {word} weight {word}() updates {word} against {word} mask {word}.{word} }}"
    )
    assert len(parsed.items) == 5


@pytest.mark.parametrize("word", sorted(RESERVED))
def test_reserved_words_are_not_names(word: str) -> None:
    with pytest.raises(DiagnosticError):
        file_of(f"axis {word.lower()}")
