"""Derivations: every step holds in numbers, a broken one is caught, and refusals have reasons."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from diagc import api
from diagc.backends import plans
from diagc.backends.reference import evaluate
from diagc.check.entry import Entry
from diagc.cli.derive import derive
from diagc.core.diagram import Diagram, Node, apply, constant
from diagc.core.fold import FoldAlgebra, Rescale
from diagc.core.rewrite import Record, Rule
from diagc.diagnostics import DiagnosticError
from diagc.machine import machine
from diagc.passes.normalise import RULES, Normalise, function
from diagc.plan.search import Fixed, choose
from diagc.verify.derivation import check_folds, check_result
from tests.unit.cost.textbook import MASKED, MATMUL, SCORES, plan
from tests.unit.specs import ROOT, SPECS, entry

ATTENTION = str(ROOT / "specs" / "attention" / "attention.diag")


@pytest.mark.parametrize(
    "spec", [pytest.param(p, id=p.stem, marks=[pytest.mark.slow] * (p.stem == "block")) for p in SPECS]
)
def test_every_step_of_the_specs_holds(spec: Path) -> None:
    for each in api.load(spec).entries.values():
        found, passed = api.derive(each, check=True)
        assert passed, found.checks
        assert len(found.checks) >= len(found.laws) + len(found.hardware) + 1


def _broken(current: Node) -> Node | None:
    """1 / a = a, which no one should believe."""
    return current.inputs[0] if function(current) == "recip" else None


def test_a_wrong_rule_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Rule("wrong", "a⁻¹ = a", _broken)

    def normal_form(each: Entry, *_: object) -> tuple[Diagram, Record]:
        record = Record(spans=dict(each.spans), names=dict(each.names))
        return Normalise((*RULES, wrong)).run(each.diagram, record), record

    monkeypatch.setattr(plans, "normal_form", normal_form)
    result = CliRunner().invoke(derive, [ATTENTION, "--entry", "attention", "--verify"])
    assert result.exit_code == 1
    lines = [line for line in result.output.splitlines() if "WRONG" in line]
    assert any(line.endswith("a⁻¹ = a") for line in lines)
    assert any("written diagram" in line for line in lines)
    assert not any("associativity" in line for line in lines)


def test_a_fold_without_its_rescaling_is_caught() -> None:
    sound = plan(SCORES)
    assert check_folds(sound).passed
    assert check_folds(plan(MASKED)).passed
    (step,) = sound.passes
    components = tuple(replace(c, rescale=Rescale()) for c in step.algebra.components)
    broken = replace(step, algebra=FoldAlgebra(step.algebra.axes, components))
    assert not check_folds(replace(sound, passes=(broken,))).passed


def test_the_fold_is_written_out() -> None:
    """Running maximum, sum and weighted sum: unit, lift, merge as in the literature on streaming."""
    found, _ = api.derive(entry(SCORES))
    (loop,) = found.loops
    top, total, weighted = loop.states
    assert (top.unit, top.merge, top.rescale) == ("-inf", "max(r1_a, r1_b)", None)
    assert (total.unit, total.rescale) == ("0", "r2 * exp(r1_old - r1_new)")
    assert total.merge == "r2_a * exp(r1_a - r1) + r2_b * exp(r1_b - r1)"
    assert weighted.merge == "r3_a * exp(r1_a - r1) + r3_b * exp(r1_b - r1)"
    (masked,) = api.derive(entry(MASKED))[0].loops
    assert any("x ≤ q" in bound for bound in masked.bounds)


def test_moments_are_written_out() -> None:
    """The merge of Chan, Golub and LeVeque (1979), with the centre as the mean so far."""
    centred = "axis q, x\nfn f(S: f32[q x]) -> f32[q] { return sum[x]((S - mean[x](S)) ^ 2) }"
    (loop,) = api.derive(entry(centred))[0].loops
    squares = next(state for state in loop.states if state.lift == "sum[x]((S - c1) * (S - c1))")
    count = next(state.name for state in loop.states if state.lift == "sum[x](1)")
    first = next(state.name for state in loop.states if state.lift == "sum[x](S - c1)")
    name, change = squares.name, "(c1_new - c1_old)"
    assert squares.rescale == f"{name} - 2 * {change} * {first}_old + {change} ^ 2 * {count}_old"
    (centre,) = loop.centres
    assert (centre.name, centre.formula) == ("c1", "1 / cast(size(x), f32) * r1")
    assert centre.held is not None and "abs" in centre.held


def test_a_state_that_starts_over_is_written_out() -> None:
    """The place of a maximum belongs to it: where a chunk has a larger one, what the other chunks found is dropped."""
    best = "axis q, x\nfn f(S: f32[q x]) -> i32[q] in x { return argmax[x](S) }"
    (loop,) = api.derive(entry(best))[0].loops
    place = loop.states[1]
    fill = "cast(size(x - 1), i32)"
    assert place.merge == f"min(where(r1_a == r1, r2_a, {fill}), where(r1_b == r1, r2_b, {fill}))"


def test_a_pass_of_its_own_has_a_reason() -> None:
    """∑ max(x − m, 0) does not follow a change of m, so the maximum needs a pass before."""
    clipped = "axis q, x\nfn f(S: f32[q x]) -> f32[q] { return sum[x](relu(S - max[x](S))) }"
    first, second = api.derive(entry(clipped))[0].loops
    assert first.reason is None
    assert (
        second.reason is not None
        and "`relu(S - max[x](S))` mixes the streamed axis with an earlier result" in second.reason
    )


# ---- refusals


def test_a_result_that_carries_the_streamed_axis_needs_a_second_pass() -> None:
    rows = "axis q, x\nfn f(S: f32[q x]) -> f32[q x] { return softmax[x](S) }"
    found, passed = api.derive(entry(rows), check=True)
    assert passed
    assert found.second is not None
    assert "the result carries `x`" in found.second and "streamed once more" in found.second
    assert api.derive(entry(SCORES))[0].second is None


@pytest.mark.parametrize(
    ("text", "axis", "sizes"),
    [(SCORES, "x", {"q": 4096, "x": 4096, "d": 128}), (MATMUL, "b", {"a": 512, "b": 512, "c": 512})],
)
def test_a_contracted_axis_is_not_grouped_without_partial_states(
    text: str, axis: str, sizes: dict[str, int]
) -> None:
    with pytest.raises(DiagnosticError, match="E1105") as refused:
        choose(plan(text), machine("h200"), sizes, Fixed({axis: 64}, {}))
    (found,) = refused.value.diagnostics
    assert f"axis `{axis}` is contracted" in found.message and "partial state" in found.message
    assert found.help is not None
    assert "split partition" in found.help and f"--stream {axis}=64" in found.help


WINDOWS = "axis i, k: 2, n: i + k - 1\n"


@pytest.mark.parametrize(
    "body",
    ["normal[n]()[n -> i + k]", "(X * (0.5 + uniform[n]()))[n -> i + k]", "dropout(X, p = 0.5)[n -> i + k]"],
)
def test_random_numbers_are_drawn_before_windows_slide_over_them(body: str) -> None:
    """Windows that overlap read one draw: after normalising, neighbours still agree where they overlap."""
    each = entry(f"{WINDOWS}fn f(X: f32[n]) -> f32[i k] {{ return 0 * X[n -> i + k] + {body} }}")
    found, passed = api.derive(each, check=True)
    assert passed
    assert any("stays after the random numbers" in note for note in found.notes)
    assert found.refusal is not None and "random numbers" in found.refusal
    normal, _ = plans.normal_form(each)
    (value,) = evaluate(normal, {"X": np.arange(1.0, 10.0)})
    np.testing.assert_array_equal(value[:-1, 1], value[1:, 0])
    assert len(np.unique(value)) > 2


def test_a_duplicated_draw_would_be_noticed() -> None:
    """The law that is not applied, applied: drawing at the new indices gives windows that disagree."""
    drawn = "axis i, k: 2\nfn f(X: f32[i]) -> f32[i k] { return 0 * X + normal[i k]() }"
    (value,) = evaluate(entry(drawn).diagram, {"X": np.ones(8)})
    assert (value[:-1, 1] != value[1:, 0]).any()


# ---- pages


class _Page(HTMLParser):
    """Elements that are open at the end, headings, and what a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.fetched: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.fetched += [v for k, v in attrs if v and k in ("src", "href") and not v.startswith("#")]
        if found.get("id"):
            self.ids.append(str(found["id"]))
        if tag not in ("meta", "rect", "path", "line", "circle") or tag == "svg":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_stands_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    sizes = ["--on", "h200", "--size", "b=1,h=8,q=4096,x=4096,d=128"]
    result = CliRunner().invoke(derive, [ATTENTION, "--format", "html", "-o", str(path), "--verify", *sizes])
    assert result.exit_code == 0, result.output
    content = path.read_text("utf-8")
    page = _Page()
    page.feed(content)
    assert page.fetched == []
    assert "<script" not in content and "@import" not in content and "url(" not in content
    assert [t for t in page.open if t not in ("html", "body", "head")] == []
    assert len(set(page.ids)) == len(page.ids)
    assert {"causal", "attention", "mha", "causal-0", "causal-1"} <= set(page.ids)
    assert "prefers-color-scheme:dark" in content
    for part in (
        "∑ₐ c·e = c·∑ₐ e",
        "exp(r1_a - r1)",
        "only tiles with x ≤ q",
        "NVIDIA H200",
        "is the limit",
        "holds, error",
    ):
        assert part in page.text


def test_markdown_has_the_same_laws_as_text() -> None:
    shown = {
        style: CliRunner().invoke(derive, [ATTENTION, "--entry", "causal", "--format", style]).output
        for style in ("text", "markdown")
    }
    found, _ = api.derive(api.load(Path(ATTENTION)).entries["causal"])
    for law in found.laws:
        assert all(law.law in output and law.before in output for output in shown.values())


def test_a_size_that_no_entry_has_is_a_mistake() -> None:
    result = CliRunner().invoke(derive, [ATTENTION, "--size", "nobody=1"])
    assert result.exit_code == 2
    assert "`nobody`" in result.output


def test_a_step_that_makes_an_infinity_finite_is_wrong() -> None:
    text = "axis q\nfn f(X: f32[q]) -> f32[q] { return 1 / (0 * X) }"
    written = entry(text).diagram
    clipped = written.with_outputs(tuple(apply("min", n, constant(1e300)) for n in written.outputs))
    assert check_result(written, written, "the same").passed
    assert not check_result(written, clipped, "clipped").passed


def test_several_kernels_are_listed_and_the_single_one_is_said_not_to_be_emitted() -> None:
    found = entry("""axis row, n, o
        fn f(X: bf16[row n], w: f32[n], b: f32[n], W: bf16[n o]) -> bf16[row o] {
          return sum[n](layer_norm[n](X, w, b) * W)
        }""")
    text = api.derivation_text({"f": found})
    assert "2 kernels\n  1. X -> " in text
    assert "as one kernel, which is not emitted" in text
