"""JAX files that carry kernels: what is launched on CUDA, by what jaxlib is told, and what runs elsewhere."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diagc.api import load
from diagc.backends.emit import jax_source
from diagc.modules import module_of
from diagc.verify import differential, ptx
from diagc.verify.aot import Report
from diagc.verify.cases import cases
from diagc.verify.differential import compare, gradients_of, results_of
from tests.differential.binding import HELD, TEXT, exported, integers, kernel, kernels, source
from tests.unit.specs import entry

SPECS = Path(__file__).parents[2] / "specs"

needs_plugin = pytest.mark.skipif(
    importlib.util.find_spec("jax_cuda13_plugin") is None,
    reason="jax-cuda13-plugin is not installed: `make setup` does it",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("binding") / "f_jax.py"
    path.write_text(source())
    return module_of(path)


def arrays(b: int, q: int, x: int, d: int = HELD) -> list[jax.Array]:
    drawn = np.random.default_rng(q + x)
    return [
        jnp.asarray(drawn.normal(size=shape), jnp.bfloat16) for shape in ((b, q, d), (b, x, d), (b, x, d))
    ]


def loss(function: Any) -> Any:
    return jax.grad(lambda *given: (function(*given).astype(jnp.float32) ** 2).sum(), (0, 1, 2))


@needs_plugin
def test_a_launch_says_what_the_kernel_is_called_with(made: Any) -> None:
    """By hand: 64 × 64 tiles of 4 warps, 100 rows in two of them, two heads; Q and two stages of K and V are shared."""
    (launch,) = exported(made.f, *arrays(2, 100, 96))
    assert [launch[axis] for axis in (2, 3, 4)] == [[2 * 2], [1], [1]]
    found = kernel(launch)
    assert found[1] == [b"f_kernel"]
    assert found[2] == [4]
    assert found[3] == [64 * 64 * 2 * (1 + 2 * 2)]
    assert found[6] == [90]
    strides = [100 * 64, 64, 96 * 64, 64, 96 * 64, 64, 100 * 64, 64]
    assert integers(launch) == [*strides, 2, 100, 64, 96]
    assert len(launch[5]) == 4 + len(integers(launch))


@needs_plugin
def test_each_kernel_is_one_launch(made: Any) -> None:
    """Forward with what is kept; then what gradients share, the gradient of Q, those of K and V."""
    launches = exported(loss(made.f), *arrays(2, 128, 128))
    assert [kernel(launch)[1][0].decode() for launch in launches] == [
        "f_forward_kernel", "f_backward_buffer_0_rows_kernel", "f_backward_d_Q_kernel", "f_backward_d_K_d_V_kernel",
    ]  # fmt: skip


@needs_plugin
def test_a_launch_has_the_parameters_that_the_kernel_declares(made: Any) -> None:
    """The two pointers that Triton adds, to scratch memory, jaxlib appends itself."""
    for launch in exported(loss(made.f), *arrays(2, 112, 128)):
        text = kernel(launch)[4][0].decode()
        declared = text[text.index(".entry") : text.index(".reqntid")]
        numbers = len(integers(launch))
        assert declared.count(".param .u32") == numbers
        assert declared.count(".param .u64") == len(launch[5]) - numbers + 2


@needs_plugin
@pytest.mark.parametrize(("q", "x", "form"), [(128, 96, 0), (100, 96, 1), (128, 97, 1)])
def test_ragged_sizes_take_the_kernel_that_assumes_nothing(made: Any, q: int, x: int, form: int) -> None:
    carried = [one.ptx for one in kernels().kernels if one.function == "f_kernel"]
    assert len(carried) == 2
    (launch,) = exported(made.f, *arrays(2, q, x))
    assert kernel(launch)[4] == [carried[form].encode()]


@needs_plugin
def test_what_a_kernel_assumes_holds_of_all_that_it_is_called_with(made: Any) -> None:
    """PTX of the fast form has no mask for the innermost axis: a size that it was not made for must not reach it."""
    for sizes in (
        (2, 128, 96, 48),
        (2, 128, 96, 80),
        (2, 128, 96, 63),
        (0, 128, 96, HELD),
        (2, 128, 0, HELD),
    ):
        assert exported(made.f, *arrays(*sizes)) == []
        assert exported(loss(made.f), *arrays(*sizes)) == []


@needs_plugin
def test_batches_and_shards(made: Any) -> None:
    batch = [array.reshape(4, 2, *array.shape[1:]) for array in arrays(8, 128, 96)]
    assert len(exported(jax.vmap(made.f), *batch)) == 1
    mapped = np.asarray(jax.vmap(made.f)(*batch), np.float32).reshape(8, 128, HELD)
    np.testing.assert_allclose(
        mapped, np.asarray(made.f(*arrays(8, 128, 96)), np.float32), rtol=1e-2, atol=1e-2
    )


def test_a_shape_is_traced_once(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    traced: list[int] = []
    monkeypatch.setattr(made, "_fits", lambda *given: traced.append(1))
    for _ in range(3):
        made.f(*arrays(2, 16, 48))
    assert len(traced) == 1


def stand_in(variants: Any, *_: Any) -> list[Report]:
    """Compiles to nothing."""
    return [
        Report(v.kernel.name, "sm_90", 0, "", c.warps, c.stages, 0, 0, 0, 0, 0, False, None, ptx="//")
        for v in variants for c in v.configs
    ]  # fmt: skip


@needs_plugin
@pytest.mark.parametrize(
    ("file", "name", "shapes", "launches"),
    [
        ("norm/norms", "softmax_rows", ((6, 40),), (1, 2)),  # JAX differentiates what is no loop
        ("loss/cross_entropy", "cross_entropy_rows", ((6, 40), (6,)), (1, 2)),  # labels are no real numbers
        pytest.param(
            "attention/decode",
            "decode",
            ((2, 2, 4, 1, 64), (2, 2, 1024, 64), (2, 2, 1024, 64), ()),
            (2, 4),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_entries_of_every_kind(
    file: str, name: str, shapes: Any, launches: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Launches by hand: a kernel or, for few queries of many keys, parts and their join; forward and back."""
    monkeypatch.setattr(ptx, "compile_variants", stand_in)
    found = load(SPECS / f"{file}.diag").entries[name]
    made, _ = ptx.carried({name: found}, {}, "sm_90")
    path = tmp_path / "module.py"
    path.write_text(jax_source({name: found}, "module.diag", None, made))
    module = module_of(path)
    drawn = np.random.default_rng(0)
    given = [
        jnp.asarray(drawn.normal(size=shape) if node.dtype.kind == "float" else np.full(shape, 5), dtype)
        for node, shape in zip(found.diagram.inputs, shapes, strict=True)
        for dtype in [node.dtype.array_name]
    ]
    real = [place for place, node in enumerate(found.diagram.inputs) if node.dtype.kind == "float"]

    def total(function: Any) -> Any:
        return jax.grad(lambda *arrays: (function(*arrays).astype(jnp.float32) ** 2).sum(), real)

    functions = getattr(module, name), getattr(module, f"{name}_plain")
    assert tuple(len(exported(made, *given)) for made in (functions[0], total(functions[0]))) == launches
    for got, want in zip(*(jax.tree.leaves((f(*given), total(f)(*given))) for f in functions), strict=True):
        np.testing.assert_allclose(
            np.asarray(got, np.float32), np.asarray(want, np.float32), rtol=2e-2, atol=2e-2
        )


def test_without_the_plugin_blocks_run(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "_plugin", lambda: None)
    given = arrays(3, 128, 96)  # a shape for which nothing is traced yet
    assert exported(made.f, *given) == []
    assert jnp.array_equal(made.f(*given), made.f_blocks(*given))


ALONE = """
import sys
sys.modules["triton"] = sys.modules["torch"] = None
import jax
import jax.numpy as jnp
sys.path.insert(0, {folder!r})
import f_jax
given = [jnp.ones((2, 32, 64), jnp.bfloat16) for _ in range(3)]
total = lambda *arrays: f_jax.f(*arrays).astype(jnp.float32).sum()
found = jax.grad(total, (0, 1, 2))(*given)
assert float(jnp.abs(found[2].astype(jnp.float32) - 1).max()) < 0.02
assert float(jnp.abs(f_jax.f(*given).astype(jnp.float32) - 1).max()) < 0.02
"""


def test_a_file_needs_neither_triton_nor_torch(tmp_path: Path) -> None:
    """Of equal keys each has the same weight: results are the values, and 1 are the gradients of these."""
    (tmp_path / "f_jax.py").write_text(source())
    run = [sys.executable, "-c", ALONE.format(folder=str(tmp_path))]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("ask", [results_of, gradients_of])
def test_elsewhere_it_is_right(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(differential, "jax_source", lambda entries, file: source())
    found = entry(TEXT)
    chosen = [c for c in cases(ask(found).diagram) if c.name in ("ragged", "primes", "large values")]
    outcomes = compare({"f": found}, {"f": chosen}, "jax", "f.diag", ask)
    assert len(outcomes) == 3
    assert [o.problem for o in outcomes if o.problem or o.refused] == []


SHARDED = """
import os, sys
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=8"
import jax
import jax.numpy as jnp
import numpy as np
sys.path.insert(0, {folder!r})
import f_jax
split = jax.sharding.PartitionSpec("data")
mesh = jax.make_mesh((8,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
sharded = jax.shard_map(f_jax.f, mesh=mesh, in_specs=(split, split, split), out_specs=split, check_vma={check})
draw = np.random.default_rng(0).normal
given = [jnp.asarray(draw(size=(8, n, 64)), jnp.bfloat16) for n in (48, 32, 32)]
grad = lambda f: jax.grad(lambda *arrays: f(*arrays).astype(jnp.float32).sum(), (0, 1, 2))
for one, other in ((sharded, f_jax.f), (grad(sharded), grad(f_jax.f))):
    for got, want in zip(jax.tree.leaves(jax.jit(one)(*given)), jax.tree.leaves(other(*given))):
        np.testing.assert_allclose(np.asarray(got, np.float32), np.asarray(want, np.float32), rtol=2e-2, atol=2e-2)
if f_jax._plugin() is not None:
    check = jax.export.DisabledSafetyCheck.custom_call("triton_kernel_call_ffi")
    lowered = jax.export.export(jax.jit(grad(sharded)), platforms=["cuda"], disabled_checks=[check])(*given)
    assert lowered.mlir_module().count("@triton_kernel_call_ffi") == 4
"""


@pytest.mark.parametrize("check", [pytest.param(False, marks=pytest.mark.slow), True])
def test_it_runs_on_a_shard_of_a_batch(check: bool, tmp_path: Path) -> None:
    (tmp_path / "f_jax.py").write_text(source())
    run = [sys.executable, "-c", SHARDED.format(folder=str(tmp_path), check=check)]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_file_says_which_kernels_it_carries() -> None:
    """The text before the kernels is as long as that of a file without them, and a few launchers."""
    text = source()
    named = re.findall(r'^    "(\w+)": \($', text, re.MULTILINE)
    assert named == list(dict.fromkeys(one.function for one in kernels().kernels))
    assert '__all__ = ["f_blocks", "f_plain", "f"]' in text
    assert jax_source({"f": entry(TEXT)}, "f.diag").count("_launch") == 0
