"""Errors of learning diagrams: code, place and remedy of each; several in one run."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagc.check.program import check_source, collect
from diagc.core import ops
from diagc.core.diagram import walk
from diagc.core.learning import LearningDiagram, reached
from diagc.diagnostics import Diagnostic, Sink
from diagc.source import Source

HEAD = """diag 1
axis pixel: 4, class: 3, z: 2, i: 2, j: 5
fn net(X: f32[pixel]) -> f32[class] {
  return X |> dense[pixel class]
}
fn wide[h](X: f32[pixel]) -> f32[class] {
  model a = dense[pixel h]
  model b = dense[h class]
  return X |> a |> relu |> b
}
fn off(prediction, target) { return prediction > target }
"""
GOOD = """
  source lab { image: f32[pixel], label: i32 in class, soft: f32[class] }
  source unl { image: f32[pixel] }
  train student: f32[pixel] -> f32[class] = net
  frozen teacher: f32[pixel] -> f32[class] = wide(h = 7) from "t.safetensors"
"""


def errors(body: str, head: str = HEAD) -> list[Diagnostic]:
    _, sink = collect(Source("a.diag", f"{head}learning l {{{body}}}\n"))
    return sink.diagnostics


def learning(body: str) -> LearningDiagram:
    return check_source(Source("a.diag", f"{HEAD}learning l {{{body}}}\n")).learnings["l"]


EQUATIONS = [
    ("student(lab.imge) ~ lab.label by cross_entropy", "E0501", "lab.imge", "`image`"),
    ("student(lob.image) ~ lab.label by cross_entropy", "E0501", "lob.image", "lab.image"),
    ("student(lab.image) ~ lobel by cross_entropy", "E0501", "lobel", "label"),
    ("student(image) ~ lab.label by cross_entropy", "E0502", "image", "`lab.image` or `unl.image`"),
    ("studnet(lab.image) ~ lab.label by cross_entropy", "E0503", "studnet", "student"),
    ("lab.image |> studnet ~ lab.label by cross_entropy", "E0503", "studnet", "student"),
    ("student(lab.image) ~ lab.image by mse", "E0504", "student(lab.image)", "same axes"),
    ("student(lab.image) ~ lab.label by mse", "E0504", "lab.label", "cross_entropy"),
    ("student(lab.image) ~ lab.soft by mes", "E0505", "mes", "mse"),
    ("student(lab.image) ~ lab.soft by kl(temprature = 2)", "E0506", "temprature = 2", "temperature"),
    ("student(lab.image) ~ lab.soft by kl(2)", "E0506", "2", "temperature"),
    ("student(lab.image) ~ lab.soft by kl(temperature = pixel)", "E0506", "pixel", "temperature = 2"),
    ("student(lab.image) ~ lab.soft by logsumexp", "E0506", "logsumexp", "prediction and a target"),
    ("student(lab.image) ~ lab.soft by off", "E0506", "off", "where"),
    ("student(lab.image) ~ lab.soft by mse weight 1 weight 2", "E0507", "weight 2", "one"),
    ("student(lab.image) ~ teacher(unl.image) by mse", "E0508", "student(lab.image)", "each"),
    ("dense[pixel class](lab.image) ~ lab.soft by mse", "E0516", None, "declare a model"),
    ("student(lab.image) ~ lab.soft by mse weight linear(0, 1)", "E0507", "linear(0, 1)", "steps = 1000"),
    ("student(lab.image) ~ lab.soft by mse weight linaer(0, 1, steps = 9)", "E0507", "linaer", "linear"),
    ("student(lab.image) ~ lab.soft by mse updates teacher", "E0519", "teacher", "train"),
    ("student(lab.image) ~ lab.soft by mse updates studnet", "E0519", "studnet", "student"),
    (
        "stop(student(lab.image)) ~ lab.soft by mse updates student",
        "E0519",
        "student",
        "outside of `stop(…)`",
    ),
    ("student(lab.image) ~ lab.soft by mse against sudent", "E0519", "sudent", "student"),
    (
        "student(lab.image) ~ lab.soft by mse updates student updates student",
        "E0519",
        "updates student",
        "one",
    ),
    ("student(lab.image) ~ lab.soft by mse mask lab.label", "E0519", "lab.label", "bool"),
    ("student(lab.image) ~ lab.soft by mse mask lab.vlid", "E0519", "lab.vlid", "column"),
    ("student(lab.image) ~ lab.soft by mse mask unl.image", "E0508", "student(lab.image)", "each"),
    ("student(lab.image) ~ lab.soft by mse mask lab.image", "E0519", "mse", "axes"),
    ("teacher.a.W ~ 0 by infonce", "E0506", "infonce", "single samples"),
    ("teacher.a.V ~ 0 by sse", "E0201", "V", "it has W, c"),
    ("student(lab.image) > 0 ~ lab.soft by mse", "E0504", "student(lab.image) > 0", "cast(…, f32)"),
]


@pytest.mark.parametrize(("equation", "code", "place", "remedy"), EQUATIONS)
def test_equations(equation: str, code: str, place: str | None, remedy: str) -> None:
    good = "commute fine: student(lab.image) ~ lab.soft by mse"
    (found,) = errors(f"{GOOD}\n  commute bad: {equation}\n  {good}\n")
    assert found.code == code
    assert found.span is not None
    assert place is None or found.span.text == place
    assert remedy in f"{found.help} {found.message}"


EQUATION = "\n  commute e: student(lab.image) ~ lab.label by cross_entropy\n"
ITEMS = [
    ("train other: f32[pixel] -> f32[pixel] = net", "E0509", "net", "f32[pixel] -> f32[pixel]"),
    ("train other: f32[z] -> f32[class] = net", "E0509", "net", "f32[z] -> f32[class]"),
    ("train other: (f32[pixel], f32[z]) -> f32[class] = net", "E0509", "net", "takes 1"),
    ("train other: f32[pixel] -> f32[class]", "E0509", "other", "which `fn`"),
    ("train student: f32[pixel] -> f32[class] = net", "E0510", "student", "share"),
    ("source unl { a: f32[z] }", "E0510", "unl", "share"),
    ("source more { a: f32[z], a: f32[z] }", "E0510", "a", "name of its own"),
    ("train other: f32[pixel] -> f32[class] = net", "E0511", "other", "stop"),
    ("frozen other: f32[pixel] -> f32[class] = net", "E0512", "other", "other.safetensors"),
    ('frozen other: f32[pixel] -> f32[class] = net from "../t"', "E0513", '"../t"', "--weights"),
    ('frozen other: f32[pixel] -> f32[class] = net from "/t.safetensors"', "E0513", '"/t.safetensors"', "--weights"),
    ("optimise by adma(lr = 0.1)", "E0514", "adma", "adam"),
    ("optimise by adam(rate = 0.1)", "E0514", "rate = 0.1", "`lr`"),
    ("optimise by adam", "E0514", "adam", "learning rate"),
    ("optimise by adam(lr = cosine(1, 0))", "E0514", "cosine(1, 0)", "steps = 1000"),
    ("optimise by adam(lr = steep(1, 0, steps = 9))", "E0514", "steep(1, 0, steps = 9)", "cosine"),
    ("optimise by adam(lr = cosine(0, 1, steps = 9))", "E0514", "cosine(0, 1, steps = 9)", "warmup"),
    ("optimise by adam(lr = 1, warmup = 0.5)", "E0514", "0.5", "updates"),
    ("optimise by adam(lr = 1, clip = 0)", "E0514", "0", "positive"),
    ("optimise teacher by adam(lr = 0.1)", "E0514", "teacher", "train"),
    ("optimise studnet by adam(lr = 0.1)", "E0514", "studnet", "student"),
    ("optimise by sgd(lr = 1), student by sgd(lr = 1), by lion(lr = 1)", "E0514", "by lion(lr = 1)", "one"),
    ("epochs 3 epochs 4", "E0515", "epochs 4", "one"),
    ("epochs 3 steps 4", "E0515", "steps 4", "one"),
    ("batch 0", "E0515", "batch 0", "positive"),
    ("ema slow of student decay 0.9 optimise slow by adam(lr = 1)", "E0514", "slow", "average"),
    ("source s { u: f32[pixel], n: f32[class] ~ gauss } commute c: student(u) ~ n by mse", "E0517", "gauss", "normal"),
    ("ema slow of studnet decay 0.9", "E0518", "studnet", "student"),
    ("ema slow of teacher decay 0.9", "E0518", "teacher", "train"),
    ("ema slow of student decay 2", "E0518", "2", "0.99"),
    ("source drawn { n: f32[z] ~ gauss }", "E0517", "gauss", "normal"),
    ("source drawn { n: f32[z] ~ normal(sd = 2) }", "E0517", "sd = 2", "stddev"),
    ("source drawn { n: f32[z] ~ uniform(low = 2) }", "E0517", "uniform(low = 2)", "low"),
    ("source drawn { n: i32[z] ~ normal }", "E0517", "normal", "bernoulli"),
    ("source drawn { n: i32[z] ~ uniform }", "E0517", "uniform", "i32 in class"),
    ("commutes all up to 99999999 commutes all up to 1 train f: f32[z] -> f32[z] = net", "E0509", "net", "f32[z]"),
    ('train other: f32[pixel] -> f32[class] = python "a:B"', "E0522", 'python "a:B"', "--allow-python"),
]  # fmt: skip


@pytest.mark.parametrize(("item", "code", "place", "remedy"), ITEMS)
def test_items(item: str, code: str, place: str, remedy: str) -> None:
    (found,) = errors(f"{GOOD}\n  {item}\n{EQUATION}")
    assert found.code == code
    assert found.span is not None
    assert found.span.text == place
    assert remedy in f"{found.help} {found.message} {[label.text for label in found.labels]}"


@pytest.mark.parametrize("body", ["", GOOD, GOOD.replace("train student", "frozen other") + EQUATION])
def test_nothing_trains(body: str) -> None:
    assert {"E0511", "E0512", "E0503"} & {d.code for d in errors(body)}


def test_sides_that_differ_are_named_with_both_types() -> None:
    (found,) = errors(f"{GOOD}\n  commute e: student(lab.image) ~ lab.image by mse\n")
    assert "f32[class]" in found.message
    assert "f32[pixel]" in found.message
    assert [label.span.text for label in found.labels] == ["student(lab.image)", "lab.image"]


def test_all_errors_come_in_one_run_and_a_failed_model_is_reported_once() -> None:
    body = """
  source lab { image: f32[pixl], label: i32 in class }
  train student: f32[pixel] -> f32[class] = nett
  commute a: student(lab.image) ~ lab.label by cross_entropy
  commute b: lab.label ~ lab.label by mes
  optimise by adma(lr = 1)
"""
    assert [d.code for d in errors(body)] == ["E0202", "E0203", "E0505", "E0514"]


GLUED = [
    ("glue a, a over student", "E0521", None),
    ("glue a over student", "E0521", "at least two"),
    ("glue a, c over lab", "E0521", "no learning diagram"),
    ("glue a, other over lab", "E0521", "declares no"),
    ("glue a, twin over lab", "E0521", "both diagrams declare `student`"),
    ("glue a, changed over lab, student", "E0521", "do not agree on `student`"),
    ("glue a, twin over lab, nothing, student, unl, teacher", "E0521", "`nothing`"),
]


@pytest.mark.parametrize(("written", "code", "text"), GLUED)
def test_diagrams_that_cannot_be_glued(written: str, code: str, text: str | None) -> None:
    other = "source x { image: f32[pixel] } train m: f32[pixel] -> f32[pixel] = linear[pixel pixel]"
    parts = [
        f"learning a {{{GOOD}{EQUATION}}}",
        f"learning twin {{{GOOD}{EQUATION.replace('commute e', 'commute f')}}}",
        f"learning changed {{{GOOD.replace('class] = net', 'class] = wide(h = 3)')}{EQUATION}}}",
        f"learning other {{ {other} commute o: m(image) ~ image by mse }}",
    ]
    _, sink = collect(Source("a.diag", "\n".join([HEAD, *parts, f"learning glued = {written}\n"])))
    if text is None:
        assert not sink.diagnostics
        return
    assert {d.code for d in sink.diagnostics} == {code}
    assert any(text in d.message for d in sink.diagnostics)


def test_an_axis_made_for_a_size_is_not_that_of_the_file() -> None:
    text = "diag 1\naxis t: 3, i: 4, hidden: 5\nfn f(X: f32[t i], H: f32[hidden]) -> f32[t hidden] {\n"
    _, sink = collect(Source("a.diag", f"{text}  model g = gru(hidden = 5)\n  return g(X, H)\n}}\n"))
    (found,) = sink.diagnostics
    assert found.code == "E0305"
    assert "`gru[input hidden]`" in (found.help or "")


def test_a_model_used_twice_is_one_model() -> None:
    made = learning(f"{GOOD}{EQUATION}  commute f: student(unl.image) ~ stop(teacher(unl.image)) by mse\n")
    student, teacher = made.models
    assert len(student.parameters) == 2
    assert len(teacher.parameters) == 4
    paths = [reached((e.discrepancy,), through_stop=True) for e in made.equations]
    assert paths[0] & paths[1] == {"student.dense.W", "student.dense.c"}
    assert reached((made.equations[1].discrepancy,), through_stop=False) & {"teacher.a.W"} == set()


def test_several_axes_are_the_features_of_a_sum() -> None:
    body = """
  source s { x: f32[i j] }
  train m: f32[j] -> f32[j] = linear[j j]
  commute a: m(s.x) ~ s.x by sse
  commute b: m(s.x) ~ s.x by mse
  commute c: m(s.x) ~ s.x by cosine
"""
    assert all(not e.discrepancy.axes for e in learning(body).equations)


def test_a_fn_of_the_file_compares() -> None:
    hinge = "fn hinge[c](prediction: f32[c], target: i32 in c, margin) {"
    head = f"{HEAD}{hinge} return max(0, margin - prediction[c -> target]) }}\n"
    body = f"{GOOD}\n  commute e: student(lab.image) ~ lab.label by hinge(margin = 2)\n"
    made = check_source(Source("a.diag", f"{head}learning l {{{body}}}\n")).learnings["l"]
    assert made.equations[0].comparator == "hinge(margin = 2)"
    assert made.equations[0].class_axis is not None


USED = """diag 1
axis pixel: 4, z: 2, turn: 4
fn see[z](X: f32[pixel]) { return X |> dense[pixel z] }
fn twice(X) { return 2 * X }
learning turns {
  source s { image: f32[pixel], quarter: i32 in turn }
  train backbone: f32[pixel] -> f32[z] = see[z]
  frozen way: f32[z] -> f32[turn] = dense[z turn] from "way.safetensors"
  commute upright: s.image |> backbone |> twice |> way ~ s.quarter by cross_entropy
}
"""
USER = """diag 1
use "lib/turns.diag" as other
axis pixel: 4, z: 2, class: 3{axis}
learning classes {{
  source s {{ image: f32[pixel], quarter: i32 in turn }}
  source t {{ image: f32[pixel], label: i32 in class }}
  train backbone: f32[pixel] -> f32[z] = {see}
  train which: f32[z] -> f32[class] = dense[z class]
  commute named: t.image |> backbone |> which ~ t.label by cross_entropy
}}
learning both = glue classes, {part} over backbone, s
"""


def glued(
    tmp_path: Path, axis: str = ", turn: 4", see: str = "other.see[z]", part: str = "other.turns"
) -> Sink:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "turns.diag").write_text(USED, "utf-8")
    (tmp_path / "a.diag").write_text(USER.format(axis=axis, see=see, part=part), "utf-8")
    source = Source(str(tmp_path / "a.diag"), (tmp_path / "a.diag").read_text("utf-8"))
    program, sink = collect(source, tmp_path)
    if not sink.diagnostics:
        made = program.learnings["both"]
        assert [m.name for m in made.models] == ["backbone", "which", "way"]
        assert made.models[2].weights == "lib/way.safetensors"
        assert {e.label for e in made.equations} == {"named", "upright"}
        paths = {e.label: [s.label for s in e.paths[0].steps] for e in made.equations}
        assert paths["upright"] == ["image", "backbone", "other.twice", "way"]
    return sink


def test_a_diagram_of_another_file_is_glued(tmp_path: Path) -> None:
    assert not glued(tmp_path).diagnostics


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"axis": ", turn: 5"}, "size 5 here and 4"),
        ({"axis": ""}, "does not declare"),
        ({"see": "dense[pixel z]"}, "do not agree on `backbone`"),
        ({"part": "other.trns"}, "no learning diagram"),
        ({"part": "another.turns"}, "no file is used as `another`"),
    ],
)
def test_a_diagram_of_another_file_that_does_not_fit(
    tmp_path: Path, change: dict[str, str], text: str
) -> None:
    found = [d for d in glued(tmp_path, **change).diagnostics if d.code in ("E0521", "E0208")]
    assert any(text in d.message for d in found)
    assert all(d.help and d.span for d in found)


def test_a_call_is_made_once_for_the_same_operands_and_draws_anew_each_time() -> None:
    head = "diag 1\naxis i: 2\nfn net(X: f32[i]) -> f32[i] { return X |> dense[i i] |> relu }\n"
    head += "fn noisy(X: f32[i]) -> f32[i] { return X + normal[i]() |> dense[i i] }\n"
    for function, draws in (("net", 0), ("noisy", 2)):
        body = (
            f"source d {{ x: f32[i] }} train m: f32[i] -> f32[i] = {function} commute e: m(x) ~ m(x) by mse"
        )
        made = check_source(Source("a.diag", f"{head}learning l {{ {body} }}\n")).learnings["l"]
        (found,) = made.equations
        assert (found.prediction is found.target) == (draws == 0)
        random = [n for n in walk((found.prediction, found.target)) if isinstance(n.op, ops.Random)]
        assert len(random) == draws
