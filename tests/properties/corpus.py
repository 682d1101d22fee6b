"""Sources that tests start from: the specs, the standard library and one file with every construct."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]

EVERYTHING = """\
# the first comment
diag 1  # the header

use "blocks.diag" as blocks
size n, m
axis q: n,  # queries
  x: m,
  # features
  d: 64
axis kv, g, head: kv * g

fn f[i o](Q: bf16[q d] @order[d q], K,) -> (O: bf16[q d], L: f32[q]) {  # beside the brace
  # before
  a, b: f32[q x] = sum[d](Q * K) @acc(f32) @in(tf32)


  c = scan[t](h = -inf, c = (b + 1) * 2 ^ -b ^ 3; h or not b and c < 1, where(c <= d, 1e-5, h))  # a scan
  e = X[n -> i + 2 * k - 1 else 0][head -> (kv g), (kv g) -> head] |> blocks.f(a) |> g[k]
  l = (a |> f) // (b - (c - d)) % (not a) - -(a + b) ^ (-c)
  param W: f32[i o] ~ normal(stddev = 0.1)
  model m1 = weave[b h] dense[pixel hidden](k = 1)
  return grad(f, wrt = (Q, K)), a  # two results
  # after
}

fn mha = weave[b h] f
schedule mha on "h200" { group[q] = 128 stream[x] = 64 stages K, V = 2 warps = 8 }

learning l {
  source s { image: f32[pixel], label: i32[] in class }
  frozen teacher: (f32[z], i32[t] in vocab) -> f32[class] = mlp(hidden = 256) from "teacher.safetensors"
  train enc: () -> f32[z] = python "my_models:Encoder"(width = 64)
  ema slow of enc decay 0.996
  commute hard: enc(s.image) ~ s.label by kl(t = 2) weight linear(0, 1, steps = 10) updates enc against D mask s.valid
  commutes all up to 4
  commutes primitive
  optimise enc by adamw(lr = 3e-4), by sgd
  epochs 20 batch 128
}
learning both = glue left, right over backbone
# the last comment
"""


def corpus() -> dict[str, str]:
    """Name and text of every source."""
    folders = (ROOT / "specs", ROOT / "diagc" / "std", ROOT / "tests")
    paths = [path for folder in folders for path in sorted(folder.rglob("*.diag"))]
    return {"everything": EVERYTHING} | {
        str(path.relative_to(ROOT)): path.read_text("utf-8") for path in paths
    }
