"""Regions of textbook kernels, made from texts by the compiler: nothing here knows a formula."""

from __future__ import annotations

from diagc.backends.plans import normal_form
from diagc.cost.region import Region
from diagc.plan.regions import region
from diagc.plan.structure import Structure, structure
from tests.unit.specs import entry

MATMUL = "axis a, b, c\nfn f(A: bf16[a b], B: bf16[b c]) -> bf16[a c] { return sum[b](A * B) }"
EXPERTS = "axis e, t, d, k\nfn f(X: bf16[e t d], W: bf16[e d k]) -> bf16[e t k] { return sum[d](X * W) }"
HEADS = """axis h, q, x, d
fn f(Q: bf16[h q d], K: bf16[x d], V: bf16[x d]) -> bf16[h q d] {
  return sum[x](softmax[x](sum[d](Q * K)) * V)
}"""
MASKED = """axis q, x, d
fn f(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> bf16[q d] {
  return sum[x](softmax[x](where(x <= q, sum[d](Q * K), -inf)) * V)
}"""
SCORES = """axis q, x, d
fn f(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> bf16[q d] {
  return sum[x](softmax[x](sum[d](Q * K)) * V)
}"""
NARROW = """axis q, x, d
fn f(Q: f8e4m3[q d], K: f8e4m3[x d], V: f16[x d]) -> f16[q d] {
  return sum[x](softmax[x](sum[d](Q * K)) * V)
}"""
UNFUSED = (
    "axis q, x, d\nfn f(Q: bf16[q d], K: bf16[x d]) -> f32[q x] { return sum[d](Q * K) }",
    "axis q, x\nfn f(S: f32[q x]) -> f32[q x] { return softmax[x](S) }",
    "axis q, x, d\nfn f(P: f32[q x], V: bf16[x d]) -> bf16[q d] { return sum[x](P * V) }",
)


def plan(text: str) -> Structure:
    return structure(normal_form(entry(text))[0])


def made(text: str, **sizes: int) -> Region:
    """The region of the entry `f` of a text."""
    return region(plan(text), sizes)
