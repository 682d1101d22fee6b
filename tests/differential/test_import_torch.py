"""Functions and modules of PyTorch as specifications; the source of truth is torch itself, in float64."""

from __future__ import annotations

import operator
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._pytree import tree_leaves

from diagc.backends.plans import normal_form
from diagc.backends.reference import evaluate
from diagc.check.program import check_source
from diagc.diagnostics import DiagnosticError
from diagc.importers import torch_trace
from diagc.importers.frameworks import frameworks
from diagc.importers.function import import_function, parse_arguments, parse_function
from diagc.importers.torch_record import Unrecorded, recorded
from diagc.importers.traced import NAMES, Traced
from diagc.importers.written import named, write
from diagc.plan.structure import structure
from diagc.source import Source
from tests.differential import torch_functions as functions

FILE = Path(functions.__file__)


def traced(function: Any, arguments: str) -> Traced:
    given = [(NAMES[dtype], shape) for dtype, shape in parse_arguments(arguments)]
    name = getattr(function, "__name__", "module")
    return named(torch_trace.trace(function, name, str(FILE), given))


def slow(*values: str) -> Any:
    return pytest.param(*values, marks=pytest.mark.slow)


def numbers(arguments: str) -> list[np.ndarray[Any, Any]]:
    random = np.random.default_rng(1)
    kinds: dict[str, Callable[[tuple[int, ...]], Any]] = {
        "f": random.standard_normal, "i": lambda shape: random.integers(0, 3, shape),
        "b": lambda shape: random.random(shape) < 0.5,
    }  # fmt: skip
    return [kinds[dtype[0]](shape) for dtype, shape in parse_arguments(arguments)]


@pytest.mark.parametrize("function", functions.SOUND, ids=lambda f: f.__name__)
def test_a_function_and_its_specification_agree(function: Callable[..., Any]) -> None:
    arguments = functions.SOUND[function]
    found = traced(function, arguments)
    entry = check_source(Source("f.diag", write(found, "test"))).entries[found.name]
    arrays = numbers(arguments)
    made = evaluate(entry.diagram, {n: a for (n, _, _), a in zip(found.inputs, arrays, strict=True)})
    expected = function(*map(torch.as_tensor, arrays))
    for one, other in zip(made, expected if isinstance(expected, tuple) else (expected,), strict=True):
        np.testing.assert_allclose(one, other.numpy(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("module", [functions.Block(32), functions.Images()], ids=["block", "images"])
def test_parameters_of_a_module_are_arguments_with_their_names(module: torch.nn.Module) -> None:
    module = module.double().eval()
    arguments = "f64[2,16,32]" if isinstance(module, functions.Block) else "f64[2,3,8,8]"
    found = traced(module, arguments)
    stored = {name.replace(".", "_"): a.detach().numpy() for name, a in module.state_dict().items()}
    entry = check_source(Source("f.diag", write(found, "test"))).entries[found.name]
    (x,) = numbers(arguments)
    given = {n: stored.get(n, x) for n, _, _ in found.inputs}
    assert "mask" not in given  # a mask that indices describe is none
    (made,) = evaluate(entry.diagram, given)
    np.testing.assert_allclose(made, module(torch.as_tensor(x)).detach().numpy(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("function", [functions.causal, functions.library, functions.additive])
def test_spellings_of_one_thing_stream_in_one_pass(function: Callable[..., Any]) -> None:
    text = write(traced(function, functions.HEADS.replace("f64", "f32")), "test")
    (entry,) = check_source(Source("f.diag", text)).entries.values()
    (only,) = structure(normal_form(entry)[0]).passes
    assert [c.monoid for c in only.algebra.components] == ["max", "sum", "sum"]


@pytest.mark.parametrize(
    ("name", "arguments", "code", "said", "line"),
    [
        ("dropped", "f32[4]", "E1402", "`dropout`: it draws random numbers", "return F.dropout(x, 0.5)"),
        slow("sorted_rows", "f32[4]", "E1402", "`sort` has no diagram", "return torch.sort(y)[0]"),
        slow("mismatched", "f32[4,4]", "E1401", "RuntimeError", "return x @ torch.ones(3, 3)"),
    ],
)  # fmt: skip
def test_what_cannot_be_imported_is_said_with_its_line(
    name: str, arguments: str, code: str, said: str, line: str
) -> None:
    with pytest.raises(DiagnosticError) as caught:
        import_function(FILE, name, parse_arguments(arguments))
    (found,) = caught.value.diagnostics
    assert found.code == code and said in found.message
    assert found.span is not None and found.span.text == line


@pytest.mark.slow
def test_a_module_is_made_from_what_stands_in_brackets() -> None:
    file, name, call = parse_function(f"{FILE}:Block(32, heads=2)")
    made = import_function(file, name, parse_arguments("f32[2,16,32]"), None, call)
    assert made.framework == "torch" and made.error < 1e-4
    assert ": 2," in made.text.split("fn ")[0]


def test_the_framework_is_that_of_what_the_function_calls() -> None:
    text = "import torch, jax.numpy as jnp\ndef f(x): return g(x)\ndef g(x): return jnp.sin(x)\ndef h(x): return x"
    assert frameworks(text, "f") == ("jax",)
    assert frameworks(text, "h") == ("jax", "torch")


@pytest.mark.parametrize("name", ["causal", "library", "block"])
def test_what_is_recorded_in_a_run_is_what_torch_exports(name: str) -> None:
    module = functions.Block(32).eval() if name == "block" else torch_trace._module(getattr(functions, name))
    given = parse_arguments("f32[2,16,32]" if name == "block" else functions.HEADS)
    arrays = [torch.zeros(*shape, dtype=getattr(torch, NAMES[dtype])) for dtype, shape in given]
    exported = torch.export.export(module, tuple(arrays), strict=False)
    found = recorded(module, arrays, str(FILE))
    one, other = ([n for n in made.graph.nodes if n.op == "call_function"] for made in (found, exported))
    assert [n.target for n in one] == [n.target for n in other]
    shapes = [
        [[a.shape for a in tree_leaves(n.meta["val"])] for n in made if n.target is not operator.getitem]
        for made in (one, other)
    ]
    assert shapes[0] == shapes[1]
    assert all(str(FILE) in n.meta["stack_trace"] for n in one if n.target is not operator.getitem)


def reads_elements(x: torch.Tensor) -> torch.Tensor:
    return x * x.tolist()[0]


def branches(x: torch.Tensor) -> torch.Tensor:
    return x if x.sum() > 0 else -x


def without_derivative(x: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return x.exp()


def at_a_mask(x: torch.Tensor) -> torch.Tensor:
    return x[x > 0]


def held(x: torch.Tensor) -> torch.Tensor:
    return x + torch.tensor([1.0, 5.0, 2.0])


@pytest.mark.parametrize("function", [reads_elements, branches, without_derivative, at_a_mask, held])
def test_one_run_does_not_show_everything(function: Callable[..., Any]) -> None:
    with pytest.raises(Unrecorded):
        recorded(torch_trace._module(function), [torch.ones(3)], str(FILE))


@pytest.mark.slow
def test_a_function_is_recorded_without_dynamo() -> None:
    """Its import takes as long as that of torch itself."""
    program = (
        "import sys\n"
        "from diagc.importers import torch_trace\n"
        "from tests.differential import torch_functions as functions\n"
        "torch_trace.trace(functions.causal, 'causal', functions.__file__, [('float32', (1, 2, 8, 4))] * 3)\n"
        "sys.exit('torch._dynamo' in sys.modules or 'sympy' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
