"""How often published kernels read and write their large arrays, with where that can be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Published:
    """A kernel, the entry that computes the same, and its reads and writes of the arrays of that entry.

    `partial` are bytes of intermediate results that it passes through memory, at given sizes.
    """

    title: str
    spec: str
    entry: str
    parts: tuple[str, ...]
    reads: Mapping[str, int]
    writes: Mapping[str, int]
    source: str
    note: str
    partial: Callable[[Mapping[str, int]], int] = lambda _: 0


PUBLISHED = (
    Published(
        "FlashAttention-2 forward", "attention", "attention", ("forward",), {"Q": 1, "K": 1, "V": 1}, {"out": 1},
        "arXiv 2307.08691, algorithm 1",
        "One loop over keys; the result and one logarithm a row are written.",
    ),
    Published(
        "FlashAttention-2 backward", "attention", "attention", ("backward",),
        {"Q": 1, "K": 1, "V": 1, "d_out": 2, "out": 1}, {"d_Q": 1, "d_K": 1, "d_V": 1},
        "arXiv 2307.08691, algorithm 2, with blocks of 128 keys",
        "One kernel for all three gradients: dQ, in float32, is read and written once for each block of keys, and then "
        "rounded. Ours has one kernel for dQ and one for dK and dV: more reads of the inputs, no additions through "
        "memory, and the same bits in every run.",
        lambda sizes: 4 * sizes["q"] * sizes["d"] * (2 * -(-sizes["x"] // 128) + 1),
    ),
    Published(
        "Triton tutorial 06, backward", "attention", "attention", ("backward",),
        {"Q": 2, "K": 2, "V": 2, "d_out": 3, "out": 1}, {"d_Q": 1, "d_K": 1, "d_V": 1},
        "triton-lang/triton, python/tutorials/06-fused-attention.py (`_attn_bwd_preprocess`, `_attn_bwd`)",
        "Two loops, as ours, in one launch.",
    ),
    Published(
        "Liger cross-entropy, loss and gradient", "cross_entropy", "cross_entropy_rows", ("forward", "backward"),
        {"logits": 2}, {"d_logits": 1},
        "linkedin/Liger-Kernel, src/liger_kernel/ops/cross_entropy.py (`liger_cross_entropy_kernel`)",
        "The gradient is written over the logits in the forward part; it is read and written once more where the "
        "gradient of the loss is not 1. Ours keeps the logits.",
    ),
    Published(
        "Liger linear cross-entropy, loss and gradients", "cross_entropy", "linear_cross_entropy",
        ("forward", "backward"), {"X": 2, "W": 16}, {"d_X": 1, "d_W": 8},
        "linkedin/Liger-Kernel, src/liger_kernel/ops/fused_linear_cross_entropy.py "
        "(`fused_linear_cross_entropy_forward`)",
        "Rows in chunks, of which there are ⌈vocab / d⌉ = 8 here: W is read twice for each, X twice; a chunk of logits "
        "is written by a product, read twice and written by the loss, and read by two products.",
    ),
    Published(
        "PyTorch LayerNorm forward (Welford)", "norms", "layernorm", ("forward",), {"X": 2}, {"out": 1},
        "pytorch/pytorch, aten/src/ATen/native/cuda/layer_norm_kernel.cu (`compute_stats`, "
        "`vectorized_layer_norm_kernel_impl`)",
        "One loop for mean and variance, one that normalises. Ours holds rows of up to 16,384 on chip; longer take "
        "the same two loops.",
    ),
    Published(
        "PyTorch LayerNorm backward", "norms", "layernorm", ("backward",), {"X": 3, "d_out": 3}, {"d_X": 1},
        "the same file (`layer_norm_grad_input_kernel_vectorized` has two loops; weight and bias have a kernel)",
        "Ours holds a row for its gradient.",
    ),
    Published(
        "Flash-decoding", "decode", "decode", ("forward",), {"K": 1, "V": 1}, {"out": 1},
        "Dao, Haziza, Massa, Sizov, Flash-Decoding for long-context inference (2023), pytorch.org/blog/flash-decoding",
        "Keys are split among programs, which write a partial result and a logarithm each; a second kernel merges "
        "them. Ours does not split keys: as many programs as sequences times query heads, each of which reads its keys "
        "for itself, through the cache.",
    ),
)  # fmt: skip
