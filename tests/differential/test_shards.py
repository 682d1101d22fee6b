"""Emitted JAX inside `jax.shard_map`, with its check: arrays with the sharded axis are split, others are replicated."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from diagc.api import load
from diagc.backends.emit import jax_source
from diagc.check.entry import Entry

SPECS = Path(__file__).parents[2] / "specs"

SHARDED = """
import os, sys
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=4"
import jax
import jax.numpy as jnp
import numpy as np
sys.path.insert(0, {folder!r})
import f_jax
mesh = jax.make_mesh((4,), ("shards",), axis_types=(jax.sharding.AxisType.Auto,))
function = f_jax.{name}
*specs, out = [jax.sharding.PartitionSpec(*axes) for axes in {split}]
sharded = jax.shard_map(function, mesh=mesh, in_specs=tuple(specs), out_specs=out)
draw = np.random.default_rng(0).uniform
given = [jnp.asarray(draw(-0.5, 0.5, size=shape), jnp.float32) for shape in {shapes}]

def gradients(f):
    return jax.grad(lambda *arrays: (f(*arrays).astype(jnp.float32) ** 2).sum(), tuple(range(len(given))))

for one, other in ((sharded, function), (gradients(sharded), gradients(function))):
    for got, want in zip(jax.tree.leaves(jax.jit(one)(*given)), jax.tree.leaves(jax.jit(other)(*given)), strict=True):
        np.testing.assert_allclose(np.asarray(got, np.float32), np.asarray(want, np.float32), rtol=3e-2, atol=3e-2)
"""


@pytest.mark.parametrize(
    ("spec", "name", "axis"),
    [
        ("attention/attention_f32.diag", "full", "q"),
        ("attention/attention_f32.diag", "mha", "h"),
        ("sequence/linear.diag", "ssd", "h"),
        pytest.param("sequence/linear.diag", "gated_delta", "h", marks=pytest.mark.slow),
    ],
)
def test_shards_give_the_whole(spec: str, name: str, axis: str, tmp_path: Path) -> None:
    entry: Entry = load(SPECS / spec).entries[name]
    sizes = {"h": 4, "q": 40, "x": 40}
    inputs = entry.diagram.inputs
    shapes = [tuple(sizes.get(own.name, 24) for own in node.axes) for node in inputs]
    arrays = [*(node.axes for node in inputs), entry.diagram.layouts[0].axes]
    split = [["shards" if own.name == axis else None for own in axes] for axes in arrays]
    (tmp_path / "f_jax.py").write_text(jax_source({name: entry}, "f.diag"))
    text = SHARDED.format(folder=str(tmp_path), name=name, split=split, shapes=shapes)
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
