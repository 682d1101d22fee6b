"""The functions with their arguments, and the best form that the literature knows for each, as what can be checked.

Bounds are computed by hand from the sizes: bytes of arrays between kernels (`stored`), bytes of all arrays as often
as a loop reads or a kernel writes them (`moved`), operations (`flops`), kernels, and loops over one axis in a kernel.
Nothing here is read off what diagc makes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

F32: Final = 4
TILE: Final = 128
"""Rows and columns of a tile, by which a mask is followed: what a kernel computes beside it is at most that wide."""


@dataclass(frozen=True, slots=True)
class Case:
    """A function: arguments to compare it at and to plan it for, the best known form, and where that is from.

    `missing` names the law that is missing where the form is not found; `made` is what makes a module, small and large.
    """

    name: str
    small: str
    large: str
    best: str
    source: str
    kernels: int = 1
    stored: int = 0
    moved: int | None = None
    flops: int | None = None
    loops: int | None = None
    alike: str | None = None
    made: tuple[str, str] | None = None
    missing: str | None = None


def _heads(batch: int, heads: int, length: int, width: int, count: int = 3) -> str:
    return " ".join([f"f32[{batch},{heads},{length},{width}]"] * count)


H, T, D = 16, 2048, 64
SMALL, LARGE = _heads(2, 3, 16, 8), _heads(1, H, T, D)
ONCE: Final = F32 * 4 * H * T * D
"""Queries, keys, values and the result, each once."""
CAUSAL: Final = 2 * H * T * (T + 2 * TILE) * D
"""Half of the products, and the tiles on the diagonal."""
PASS: Final = "one pass over the keys, each array moved once, no scores stored"
FLASH: Final = "FlashAttention-2 (2307.08691)"
LONG: Final = 4096
SEQUENCE: Final = _heads(1, H, LONG, D)
LINEAR: Final = 4 * H * LONG * D * D + 40 * H * LONG * D
"""Two products with a state of D × D at each step, and features of queries and keys."""
CHUNKED: Final = 4 * H * LONG * D * (D + TILE)
"""The same, and products within chunks."""

ATTENTION: Final = (
    Case("gqa_repeat", "f32[2,4,16,8] f32[2,2,16,8] f32[2,2,16,8]",
         f"f32[2,{H},{T},{D}] f32[2,4,{T},{D}] f32[2,4,{T},{D}]",
         PASS + ", keys of a group read once, half of the tiles", FLASH + "; GQA (2305.13245)",
         moved=F32 * 2 * (2 * H + 2 * 4) * T * D, flops=2 * CAUSAL),
    Case("gqa_grouped", "f32[2,4,16,8] f32[2,2,16,8] f32[2,2,16,8]",
         f"f32[2,{H},{T},{D}] f32[2,4,{T},{D}] f32[2,4,{T},{D}]",
         "the kernel of `gqa_repeat`", "GQA (2305.13245), section 2.2", alike="gqa_repeat"),
    Case("sliding_window", _heads(1, 2, 160, 8), SEQUENCE,
         PASS + ", tiles of the window alone", "Mistral 7B (2310.06825), section 2; " + FLASH,
         moved=F32 * 4 * H * LONG * D, flops=4 * H * LONG * (128 + 2 * TILE) * D),
    Case("alibi", SMALL + " f32[3]", f"{LARGE} f32[{H}]",
         PASS + ", biases made of indices, half of the tiles", "ALiBi (2108.12409); " + FLASH,
         moved=ONCE + F32 * H, flops=CAUSAL),
    Case("sinks", SMALL + " f32[3]", f"{LARGE} f32[{H}]",
         PASS + "; the sink is added to the sum after the pass; half of the tiles",
         "Attention is off by one (Miller 2023); StreamingLLM (2309.17453); " + FLASH,
         moved=ONCE + F32 * H, flops=CAUSAL),
    Case("chunked_queries", SMALL, LARGE, PASS + ": chunks are tiles", FLASH,
         moved=ONCE, flops=4 * H * T * (T + TILE) * D),
    Case("softcapped", "f32[2,16,3,8] f32[2,16,3,8] f32[2,16,3,8]",
         " ".join([f"f32[1,{T},{H},{D}]"] * 3), PASS + ", half of the tiles",
         "Gemma 2 (2408.00118), section 2; " + FLASH, moved=ONCE, flops=CAUSAL),
    Case("documents", SMALL + " i32[2,16]", f"{_heads(2, H, T, D)} i32[2,{T}]",
         PASS + ", half of the tiles", "FlexAttention (2412.05496), document masks",
         moved=2 * ONCE + 2 * 2 * F32 * T, flops=2 * CAUSAL),
    Case("cosine_attention", SMALL + " f32[3]", f"{LARGE} f32[{H}]",
         "one pass over the keys; of normalised rows at most the rows themselves are stored",
         "Swin V2 (2111.09883), section 3.2; " + FLASH,
         kernels=3, stored=F32 * 2 * H * T * D, flops=4 * H * T * (T + TILE) * D + 20 * H * T * D),
    Case("online_softmax", "f32[6,8] f32[24,8] f32[24,4]", f"f32[{T},{D}] f32[{T},{D}] f32[{T},{D}]",
         "the loop is one pass over the keys: no state of a chunk is stored", "2112.05682; " + FLASH,
         moved=F32 * 4 * T * D, flops=4 * T * (T + TILE) * D,
         missing="the last state of a machine whose step is the merge of a fold is that fold"),
    Case("latent_decode", "f32[2,1,3,8] f32[2,1,3,4] f32[2,16,6] f32[2,16,4] f32[3,8,6] f32[3,8,6]",
         "f32[8,1,40,64] f32[8,1,40,32] f32[8,4096,256] f32[8,4096,32] f32[40,64,256] f32[40,64,256]",
         "no key or value of a head is made: the query goes to the latent rows",
         "DeepSeek-V2 (2405.04434), section 2.1; sizes of MiniCPM3-4B",
         kernels=3, stored=F32 * 8 * 40 * (4096 + 256 + 1),
         flops=8 * 40 * (4 * 64 * 256 + 2 * 4096 * (256 + 32) + 2 * 4096 * 256 + 16 * 4096)),
    Case("linear_attention", SMALL, SEQUENCE, "φ(Q)·(φ(K)ᵀV): linear in the length",
         "Katharopoulos et al. (2006.16236), equation 5",
         kernels=3, stored=F32 * H * D * (D + 1), flops=LINEAR),
    Case("causal_linear", "f32[2,16,5] f32[2,16,5] f32[2,16,4]", " ".join([f"f32[{H},{LONG},{D}]"] * 3),
         "running sums of kvᵀ, in chunks: linear in the length", "2006.16236, section 3.3; GLA (2312.06635)",
         moved=F32 * 4 * H * LONG * D, flops=CHUNKED,
         missing="∑ over s <= t of f(s) is a running sum, where the products come apart"),
    Case("retention", "f32[2,16,5] f32[2,16,5] f32[2,16,4]", " ".join([f"f32[{H},{LONG},{D}]"] * 3),
         "a decaying state, in chunks: linear in the length", "RetNet (2307.08621); 2405.21060",
         moved=F32 * 4 * H * LONG * D, flops=CHUNKED,
         missing="∑ over s <= t of exp(c·(t − s))·f(s) is a state machine"),
)  # fmt: skip

ROWS, CLASSES = 4096, 32768
LOGITS: Final = F32 * ROWS * CLASSES
WIDE: Final = 2048
VECTORS: Final = 8
"""Numbers for each row that a loss may store between kernels."""

LOSSES: Final = (
    Case("label_smoothed", "f32[8,6] f32[10,6] i64[8]", "f32[4096,256] f32[50257,256] i64[4096]",
         "no logit is stored", "Cut Cross-Entropy (2411.09009); sizes of TinyStories (2305.07759)",
         kernels=2, stored=F32 * VECTORS * 4096, flops=2 * 4096 * 256 * 50257 + 16 * 4096 * 50257),
    Case("z_loss", "f32[8,6] f32[6,10] i32[8]", "f32[4096,1024] f32[1024,32768] i32[4096]",
         "no logit is stored", "Cut Cross-Entropy (2411.09009); PaLM (2204.02311), section 5",
         kernels=3, stored=F32 * VECTORS * 4096,
         missing="a product in a loop, with a loop of its own over more than 256 indices"),
    Case("focal", "f32[8,10] i64[8]", "f32[8192,1024] i64[8192]", "one pass over the classes",
         "Milakov and Gimelshein (1805.02867); focal loss (1708.02002)",
         kernels=2, stored=F32 * 8192, moved=F32 * 8192 * 1024 + 8 * 8192 + F32 * (1 + 2 * 8192), loops=1),
    Case("distillation", "f32[8,10] f32[8,10]", f"f32[{ROWS},{CLASSES}] f32[{ROWS},{CLASSES}]",
         "one pass over the classes reads both rows once", "Liger Kernel (2410.10989); 1805.02867",
         kernels=2, stored=F32 * VECTORS * ROWS, moved=2 * LOGITS + 2 * F32 * VECTORS * ROWS),
    Case("entropy", "f32[8,10]", f"f32[8192,{CLASSES}]", "one pass over the classes",
         "1805.02867, of e·s beside e", moved=2 * LOGITS + F32 * 8192, loops=1),
    Case("info_nce", "f32[6,5] f32[6,5]", "f32[4096,128] f32[4096,128]",
         "no table of similarities is stored", "Inf-CL (2410.17243); sizes of SimCLR (2002.05709)",
         kernels=6, stored=F32 * VECTORS * 4096 + F32 * 2 * 4096 * 128),
    Case("mean_discrepancy", "f32[8,5] f32[9,5]", "f32[4096,64] f32[4096,64]",
         "no table of the kernel is stored", "KeOps (2004.11127)", kernels=6, stored=F32 * VECTORS * 4096),
    Case("alignment", "f32[8,3] f32[8,4]", "f32[16384,256] f32[16384,512]",
         "‖XᵀY‖² instead of tables of samples", "Kornblith et al. (1905.00414)",
         kernels=7, stored=F32 * (256 * 512 + 256**2 + 512**2 + 8),
         flops=2 * 16384 * (256 * 512 + 256**2 + 512**2) + 4 * (256 + 512) ** 2,
         missing="bound axes of one factor may be renamed: (∑ᵢ xᵢ)·(∑ᵢ yᵢ) = ∑ᵢⱼ xᵢ·yⱼ"),
    Case("late_interaction", "f32[4,5] f32[3,6,5]", "f32[32,128] f32[1024,256,128]",
         "no similarity is stored", "ColBERT (2004.12832), with " + FLASH,
         moved=F32 * (32 * 128 + 1024 * 256 * 128 + 1024)),
    Case("moments", "f32[8,10]", "f32[8192,1024]", "one pass over a row", "Pébay (SAND2008-6212)",
         moved=F32 * 8192 * (1024 + 4), loops=1),
    Case("spectral_distance", "f32[2,160] f32[2,160]", "f32[16,65536] f32[16,65536]",
         "no frame and no spectrum is stored", "KeOps (2004.11127); the loss of 1910.11480",
         kernels=2, stored=F32 * (16 * 4096 + 64 * 64)),
    Case("neighbours", "f32[6,5] f32[9,5]", "f32[4096,64] f32[65536,64]",
         "no table of distances is stored; norms may be", "FAISS (1702.08734)",
         kernels=3, stored=F32 * (4096 + 65536), flops=2 * 4096 * 65536 * 64 + 40 * 4096 * 65536),
)  # fmt: skip

TOKENS: Final = 4096
LAYERS: Final = (
    Case("lora", "f32[8,16] f32[12,16] f32[2,16] f32[12,2]",
         "f32[1024,4096] f32[4096,4096] f32[16,4096] f32[4096,16]",
         "the merged weight is not made: x·W + (x·A)·B", "LoRA (2106.09685), equation 3",
         kernels=3, stored=F32 * 1024 * (4096 + 16),
         flops=2 * 1024 * (4096 * 4096 + 16 * 8192) + 4 * 1024 * 4096),
    Case("rmsnorm_linear", "f32[8,16] f32[16] f32[12,16]", f"f32[4096,{WIDE}] f32[{WIDE}] f32[{WIDE},{WIDE}]",
         "the norm is applied after the product: no normalised row is stored", "FlashNorm (2407.09577)",
         moved=F32 * (4096 * WIDE * 2 + WIDE * WIDE + WIDE)),
    Case("group_norm_silu", "f32[2,8,3,5] f32[8] f32[8]", "f32[8,64,32,32] f32[64] f32[64]",
         "statistics in one kernel, the rest in another: the array is read twice and written once",
         "Group normalisation (1803.08494), as torch's own kernel does it",
         kernels=2, stored=F32 * 2 * 8 * 4, moved=F32 * (3 * 8 * 64 * 1024 + 2 * 64 + 4 * 8 * 4)),
    Case("squeeze_excite", "f32[2,8,3,5] f32[8,2] f32[2,8]", "f32[16,256,56,56] f32[256,16] f32[16,256]",
         "the array is read twice and written once", "Squeeze-and-excitation (1709.01507), section 3",
         kernels=4, stored=F32 * 16 * (256 * 2 + 16) * 2,
         moved=F32 * (3 * 16 * 256 * 56 * 56 + 2 * 256 * 16 + 4 * 16 * (256 * 2 + 16)),
         missing="axes that a program holds beside a product must fit together, not each alone"),
    Case("ConvNorm", "f32[2,3,6,5]", "f32[8,64,56,56]",
         "one kernel: the norm is in its last step", "Folding of batch norms (1712.05877, section 3.2)",
         moved=F32 * (2 * 8 * 64 * 56 * 56 + 64 * 64 * 9 + 2 * 64),
         flops=2 * 8 * 56 * 56 * 64 * 64 * 9, made=("3, 4", "64, 64")),
    Case("causal_conv", "f32[2,8,5] f32[4,5] f32[5]", "f32[8,2048,1024] f32[4,1024] f32[1024]",
         "one kernel, the input read once", "Mamba (2312.00752), causal-conv1d",
         moved=F32 * (2 * 8 * 2048 * 1024 + 5 * 1024)),
    Case("geglu", "f32[8,6] f32[6,8] f32[4,6]", f"f32[{TOKENS},1024] f32[1024,8192] f32[4096,1024]",
         "two kernels: both halves are made together, and only their product is stored",
         "Liger Kernel (2410.10989), GeGLU; 2002.05202",
         kernels=2, stored=F32 * TOKENS * 4096, flops=2 * TOKENS * 1024 * (8192 + 4096) + 20 * TOKENS * 4096),
    Case("moe_onehot", "f32[8,6] f32[6,4] f32[4,6,5] f32[4,5,6]",
         "f32[4,1024] f32[1024,64] f32[64,1024,1024] f32[64,1024,1024]",
         "the experts that were chosen, and no others, are read", "MegaBlocks (2211.15841)",
         kernels=8, moved=F32 * (4 * 2 * 2 * 1024 * 1024 + 1024 * 64 + 16 * 4 * 1024), stored=F32 * 4 * 4096,
         missing="∑ₑ [e = i]·f(e) = f(i), as a read at what the kernel has computed"),
    Case("rope", "f32[2,3,6,8] f32[2,3,6,8]", SEQUENCE[: SEQUENCE.rindex(" ")],
         "one kernel, each array moved once", "RoFormer (2104.09864), section 3.4.2",
         moved=F32 * 4 * H * LONG * D),
    Case("Embedded", "i64[2,6]", "i64[8,1024]", "one kernel: rows are normalised as they are gathered",
         "Liger Kernel (2410.10989): norms in one pass", made=("10, 6, 8", "32768, 1024, 1024"),
         moved=F32 * (2 * 8 * 1024 * 1024 + 1024 * 1024 + 2 * 1024) + 8 * 8 * 1024),
    Case("recurrence", "f32[2,6,5] f32[2,6,5]", "f32[8,32,512] f32[8,32,512]",
         "one kernel, the state on chip", "SRU (1709.02755)", moved=F32 * 3 * 8 * 32 * 512),
    Case("moving_average", "f32[16,5] f32[5]", "f32[8192,1024] f32[1024]",
         "one kernel, the state on chip", "Mega (2209.10655)", moved=F32 * (2 * 8192 * 1024 + 1024)),
    Case("gated_linear", "f32[16,2,5] f32[16,2,5] f32[16,2,4] f32[16,2]",
         " ".join([f"f32[{LONG},{H},{D}]"] * 3) + f" f32[{LONG},{H}]",
         "in chunks, the state on chip", "GLA (2312.06635)",
         moved=F32 * (4 * LONG * H * D + LONG * H), flops=CHUNKED),
    Case("elman", "f32[16,3,5] f32[5,5] f32[5]", "f32[1024,64,128] f32[128,128] f32[128]",
         "one kernel, state and matrix on chip", "Persistent RNNs (Diamos et al., ICML 2016)",
         moved=F32 * (2 * 1024 * 64 * 128 + 128 * 128 + 128),
         missing="a state that is folded along its axis and made along it again, in one kernel"),
)  # fmt: skip

CASES: Final = (*ATTENTION, *LOSSES, *LAYERS)
