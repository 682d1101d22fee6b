"""`diagc.jax.fuse` on eight devices: arrays that are split by `jit` and by `shard_map`, beside the function itself."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import os, warnings
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=8"
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec as P
import diagc.jax
from diagc.optimise.derived import known

warnings.simplefilter("error")
mesh = jax.make_mesh((4, 2), ("x", "y"), axis_types=(AxisType.{axes},) * 2)

def heads(q, k, v):
    s = jnp.where(jnp.tri(32, dtype=bool), q @ k.swapaxes(-1, -2) / 4, -jnp.inf)
    return jax.nn.softmax(s, axis=-1) @ v

def centred(q, k, v):
    made = heads(q, k, v)
    return made - jax.lax.pmean(made, "x")

def over(function, spec=P("x", "y")):
    return jax.shard_map(function, mesh=mesh, in_specs=(P("x", "y"), spec, spec), out_specs=P("x", "y"))

def both(function, arrays):
    def total(*given):
        made = function(*given)
        return (made ** 2).sum(), made
    return jax.jit(jax.value_and_grad(total, (0, 1, 2), has_aux=True))(*arrays)

def agree(one, other, arrays, others):
    for a, b in zip(jax.tree.leaves(both(one, arrays)), jax.tree.leaves(both(other, others)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)

random = np.random.default_rng(0)
arrays = [jnp.asarray(random.standard_normal((8, 2, 32, 8)), jnp.float32) for _ in "qkv"]
fused = diagc.jax.fuse(heads, least_bytes=0)
{case}
"""

CASES = {
    "split by jit": """
split = [jax.device_put(a, NamedSharding(mesh, P("x", "y"))) for a in arrays]
agree(fused, heads, split, arrays)
""",
    "split by types": """
with jax.set_mesh(mesh):
    split = [jax.device_put(a, NamedSharding(mesh, P("x", "y"))) for a in arrays]
    agree(fused, heads, split, split)
""",
    "shard_map": "agree(over(fused), heads, arrays, arrays)",
    "shard_map of replicated arrays": """
one = [arrays[0], *(a[:, :1] for a in arrays[1:])]
agree(over(fused, P("x")), heads, one, one)
""",
    "collective": """
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    agree(over(diagc.jax.fuse(centred, least_bytes=0)), over(centred), arrays, arrays)
assert any("`centred` runs as it is" in str(w.message) and "unbound axis name" in str(w.message) for w in said)
""",
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_values_and_gradients_are_those_of_the_function(case: str) -> None:
    axes = "Explicit" if case == "split by types" else "Auto"
    check = "" if case == "collective" else "assert any(region is not None for region in known())"
    text = PROGRAM.format(axes=axes, case=CASES[case]) + check
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
