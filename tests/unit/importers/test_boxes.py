"""What has no diagram is a box; the regions around it are entries, and all of them together are the function."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from click.testing import CliRunner

from diagc.backends.reference import evaluate
from diagc.check.program import check_source
from diagc.cli.main import cli
from diagc.diagnostics import DiagnosticError
from diagc.importers import jax_trace, torch_trace
from diagc.importers.boxed import import_with_boxes
from diagc.importers.composed import Composed, composed
from diagc.importers.cuts import Whole
from diagc.importers.function import parse_arguments
from diagc.importers.traced import NAMES, Parts
from diagc.importers.written import named, write
from diagc.source import Source
from tests.unit.importers import box_functions as functions, torch_box_functions as torch_functions

FILE = Path(functions.__file__)
Arrays = dict[str, np.ndarray[Any, Any]]


def whole_of(name: str, arguments: str) -> Whole:
    asked = [(NAMES[dtype], shape) for dtype, shape in parse_arguments(arguments)]
    framework, file = of(name)
    found: Whole = framework.boxes(getattr(file, name), name, file.__file__, asked)
    return replace(found, traced=named(found.traced))


def of(name: str) -> tuple[Any, Any]:
    """The framework and the file of a function."""
    return (torch_trace, torch_functions) if name.startswith("torch") else (jax_trace, functions)


def file_of(name: str, arguments: str) -> Composed:
    file = Path(of(name)[1].__file__)
    made = composed(whole_of(name, arguments), file.read_text("utf-8"), file.name)
    assert made is not None
    return made


def boxes_of(made: Composed) -> list[str]:
    return [line for line in made.text.splitlines() if line.startswith("# box: ")]


def chained(made: Composed, given: Arrays, box: Callable[..., Any], reads: Sequence[str]) -> Arrays:
    """All arrays of a file, by its entries one after the other, and by a stand-in for its one box."""
    known, entries = dict(given), check_source(Source("f.diag", made.text)).entries
    for step in made.steps:
        names = [name for name, _ in step["writes"]]
        if step["box"]:
            assert step["reads"] == list(reads)
            found = box(*(known[n] for n in reads))
            known |= zip(names, found if len(names) > 1 else (found,), strict=True)
        else:
            results = evaluate(entries[step["entry"]].diagram, {n: known[n] for n in step["reads"]})
            known |= zip(names, results, strict=True)
    return known


def random(*shapes: tuple[int, ...]) -> list[np.ndarray[Any, Any]]:
    source = np.random.default_rng(3)
    return [source.standard_normal(shape) for shape in shapes]


def line_of(function: Any, text: str) -> int:
    lines, first = inspect.getsourcelines(function)
    return first + next(n for n, line in enumerate(lines) if text in line)


def test_a_sort_in_the_middle_is_a_box_between_two_regions() -> None:
    made = file_of("middle", "f32[4,8] f32[8,6]")
    (box,) = boxes_of(made)
    line = line_of(functions.middle, "jnp.sort")
    assert box == f"# box: values = sort(s: f32[a c]) -> f32[a c]   (box_functions.py:{line})"
    assert made.text.index("fn middle_1(") < made.text.index(box) < made.text.index("fn middle_2(")
    x, w = random((4, 8), (8, 6))
    found = chained(made, {"x": x, "w": w}, np.sort, ["s"])
    with jax.enable_x64():
        expected = functions.middle(jnp.asarray(x), jnp.asarray(w))
    np.testing.assert_allclose(found["out"], expected, rtol=1e-9)


def test_regions_are_as_large_as_they_can_be() -> None:
    """The sum over w reads no box, but what it is read by does: it is no region of its own."""
    steps = file_of("middle", "f32[4,8] f32[8,6]").steps
    assert [step["reads"] for step in steps if not step["box"]] == [["x", "w"], ["w", "values"]]


def test_dropout_in_training_is_a_region_with_what_is_drawn_as_an_input() -> None:
    made = file_of("dropped", "f32[4,8] f32[8,6] i32[]")
    (box,) = boxes_of(made)
    assert "keep = " in box and "bernoulli(seed: i32[]) -> bool[a c]" in box
    x, w = random((4, 8), (8, 6))
    with jax.enable_x64():
        drawn = np.asarray(jax.random.bernoulli(jax.random.key(5), 0.75, (4, 6)))
        expected = functions.dropped(jnp.asarray(x), jnp.asarray(w), 5)
    given = {"x": x, "w": w, "seed": np.asarray(5)}
    found = chained(made, given, lambda seed: drawn, ["seed"])
    np.testing.assert_allclose(
        found["out"], expected, rtol=1e-6
    )  # a constant of gelu is written as one of f32
    assert not drawn.all()


def test_a_box_may_make_integers_which_are_returned() -> None:
    made = file_of("ranked", "f32[5,8] f32[5,3]")
    x, v = random((5, 8), (5, 3))
    found = chained(made, {"x": x, "v": v}, np.argsort, ["score"])
    order = np.argsort((x * x).sum(-1))
    np.testing.assert_allclose(found["out"], v[order] * 2, rtol=1e-12)
    assert [name for name, _ in made.returned] == ["out", "order"] and (found["order"] == order).all()
    assert "order = argsort(score: f32[a]) -> i32[a]" in made.text


def test_a_loop_that_ends_by_its_data_is_a_box() -> None:
    made = file_of("looped", "f32[4,8]")

    def halved(z: Any) -> Any:
        while np.abs(z).max() > 0.1:
            z = z * 0.5
        return z

    (x,) = random((4, 8))
    found = chained(made, {"x": x}, halved, ["y"])
    with jax.enable_x64():
        np.testing.assert_allclose(found["out"], functions.looped(jnp.asarray(x)), rtol=1e-9)


def test_a_loop_whose_step_has_no_diagram_is_a_box_as_a_whole() -> None:
    (box,) = boxes_of(file_of("carried", "f32[5,4]"))
    assert "scan(x: f32[a b]) -> f32[a b]" in box


def test_writes_at_indices_stay_a_box() -> None:
    made = file_of("written", "f32[6,4] i32[2] f32[2,4]")
    (box,) = boxes_of(made)
    assert re.search(r"= scatter\(x: f32\[a b\], i: i32\[\w\], \w+: f32\[\w \w\]\) -> f32\[a b\]", box)
    assert sum(not step["box"] for step in made.steps) == 2


def test_a_function_of_boxes_alone_has_no_file() -> None:
    assert composed(whole_of("ordered", "f32[7]"), "", FILE.name) is None


def test_torch_sorts_between_two_regions() -> None:
    made = file_of("torch_middle", "f64[4,8] f64[8,6]")
    assert "# box: values, order = sort(s: f64[a c]) -> (f64[a c], i64[a c])" in made.text
    x, w = random((4, 8), (8, 6))
    found = chained(made, {"x": x, "w": w}, lambda s: (np.sort(s), np.argsort(s)), ["s"])
    values, order = torch_functions.torch_middle(torch.as_tensor(x), torch.as_tensor(w))
    np.testing.assert_allclose(found["out"], values, rtol=1e-9)
    assert (found["order"] == order.numpy()).all()


def test_dropout_of_torch_is_a_product_with_what_is_drawn() -> None:
    made = file_of("torch_dropped", "f64[4,8] f64[8,6]")
    x, w = random((4, 8), (8, 6))
    torch.manual_seed(2)
    expected = torch_functions.torch_dropped(torch.as_tensor(x), torch.as_tensor(w))
    torch.manual_seed(2)
    drawn = torch.dropout(torch.ones(4, 6, dtype=torch.float64), 0.25, True).numpy()
    found = chained(made, {"x": x, "w": w}, lambda: drawn, [])
    np.testing.assert_allclose(found["out"], expected, rtol=1e-9)
    assert (drawn == 0).any()


def test_dropout_of_the_weights_of_attention_is_in_the_region() -> None:
    made = file_of("torch_attention", "f64[2,3,8,4] f64[2,3,8,4] f64[2,3,8,4]")
    arrays = random((2, 3, 8, 4), (2, 3, 8, 4), (2, 3, 8, 4))
    torch.manual_seed(2)
    expected = torch_functions.torch_attention(*map(torch.as_tensor, arrays))
    torch.manual_seed(2)
    drawn = torch.dropout(torch.ones(2, 3, 8, 8, dtype=torch.float64), 0.25, True).numpy()
    found = chained(made, dict(zip("qkv", arrays, strict=True)), lambda: drawn, [])
    np.testing.assert_allclose(found["out"], expected, rtol=1e-9)


def test_arrays_without_a_type_in_the_language_stay_within_a_box() -> None:
    made = file_of("torch_spectrum", "f64[4,8]")
    (box,) = boxes_of(made)
    assert "complex" not in made.text and "(x: f64[a b]) -> f64[c d]" in box
    (x,) = random((4, 8))
    found = chained(made, {"x": x}, lambda x: np.abs(np.fft.rfft(x)), ["x"])
    np.testing.assert_allclose(found["out"], torch_functions.torch_spectrum(torch.as_tensor(x)), rtol=1e-9)


@pytest.mark.parametrize("name", ["experts", "torch_experts"])
def test_experts_by_gather_and_scatter_are_one_diagram(name: str) -> None:
    asked = [(NAMES["f32"], shape) for shape in ((6, 4), (4, 3), (3, 4, 5), (3, 5, 4))]
    framework, file = of(name)
    found = named(framework.trace(getattr(file, name), name, file.__file__, asked))
    entry = check_source(Source("f.diag", write(found, "test"))).entries[name]
    x, gate, up, down = random((6, 4), (4, 3), (3, 4, 5), (3, 5, 4))
    given = dict(zip(("x", "gate", "up", "down"), (x, gate, up, down), strict=True))
    (made,) = evaluate(entry.diagram, given)
    scores = np.exp(x @ gate) / np.exp(x @ gate).sum(-1, keepdims=True)
    expected = np.zeros_like(x)
    for token, row in enumerate(scores):
        for expert in np.argsort(-row)[:2]:
            h = x[token] @ up[expert]
            expected[token] += row[expert] * ((h / (1 + np.exp(-h))) @ down[expert])
    np.testing.assert_allclose(made, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["middle", "sampled"])
def test_a_file_is_compared_with_the_function(name: str) -> None:
    arguments = {"middle": "f32[4,8] f32[8,6]", "sampled": "f32[3,7] f32[]"}[name]
    made = import_with_boxes(FILE, name, parse_arguments(arguments))
    assert made.error < 1e-5
    assert list(check_source(Source("f.diag", made.text)).entries) == [f"{name}_1", f"{name}_2"]


def test_the_command_says_regions_and_boxes(tmp_path: Path) -> None:
    out = tmp_path / "m.diag"
    arguments = ["import", f"{FILE}:middle", "--args", "f32[4,8] f32[8,6]", "-o", str(out)]
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0, done.output
    assert "m.diag: 2 regions and 1 box (sort); the same as `middle` within" in done.output
    for command in (["check"], ["derive"], ["cost", "--on", "h200"]):
        assert CliRunner().invoke(cli, [*command, str(out)]).exit_code == 0


def test_a_region_that_computes_something_else_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "diagc.importers.boxed.evaluate",
        lambda diagram, given: [
            a * (1 + 1e-2 * (diagram.name == "middle_2")) for a in evaluate(diagram, given)
        ],
    )
    with pytest.raises(DiagnosticError, match="its part `middle_2` differs") as caught:
        import_with_boxes(FILE, "middle", parse_arguments("f32[4,8] f32[8,6]"))
    assert caught.value.diagnostics[0].code == "E1403"


def test_boxes_alone_are_refused_with_their_line() -> None:
    with pytest.raises(DiagnosticError) as caught:
        import_with_boxes(FILE, "ordered", parse_arguments("f32[7]"))
    (found,) = caught.value.diagnostics
    assert found.code == "E1402" and "`sort` has no diagram" in found.message
    assert found.span is not None and found.span.text == "return jnp.argsort(x)"


@pytest.mark.parametrize(
    ("name", "code", "said", "line"),
    [
        ("torch_unique", "E1402", "shape of what `_unique2` makes depends", "return torch.unique(x) * 2"),
        ("torch_branch", "E1401", "branches or shapes depend on the values", "if x.sum() > 0:"),
    ],
)
def test_what_depends_on_values_is_refused_with_its_line(name: str, code: str, said: str, line: str) -> None:
    with pytest.raises(DiagnosticError) as caught:
        import_with_boxes(Path(torch_functions.__file__), name, parse_arguments("f32[4]"))
    (found,) = caught.value.diagnostics
    assert found.code == code and said in found.message
    assert found.span is not None and found.span.text == line


def test_parts_of_a_program_may_draw_random_numbers() -> None:
    """`diagc optimise` cuts around them too."""
    shapes = [("float32", (4, 8)), ("float32", (8, 6)), ("int32", ())]
    found: Parts = jax_trace.parts(functions.dropped, "dropped", str(FILE), shapes)
    operations, opaque = iter(found.traced.operations), set[str]()
    for count, is_opaque in found.units:
        names = [next(operations).primitive for _ in range(count)]
        opaque |= set(names) if is_opaque else set()
    assert {"random_seed", "random_bits"} <= opaque and "exp" not in opaque
