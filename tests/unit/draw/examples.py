"""Diagrams that people know, and random ones of pointwise maps, reductions and contractions."""

from __future__ import annotations

import random

from diagc.core import ops
from diagc.core.axes import ONE, Axis, Coordinate, Size
from diagc.core.diagram import Array, Diagram, Node, apply, constant, node, reduction, size_node, view
from diagc.core.dtypes import DType
from diagc.draw import Arrow, Cell, Path


def axis(name: str) -> Axis:
    return Axis(name, Size.symbol(name))


def tensor(name: str, *axes: Axis, role: str = "tensor", dtype: DType = DType.F32) -> Node:
    return node(ops.Input(name, role), array=Array(dtype, axes))


def diagram(name: str, inputs: tuple[Node, ...], **outputs: Node) -> Diagram:
    results = tuple(outputs.values())
    return Diagram(name, inputs, results, tuple(outputs), tuple(n.array for n in results))


def softmax(x: Node, a: Axis) -> tuple[Node, dict[Node, str]]:
    top = reduction("max", [a], x)
    shifted = apply("sub", x, top)
    e = apply("exp", shifted)
    z = reduction("sum", [a], e)
    nodes = [top, shifted, e, z, apply("gt", z, constant(0)), apply("div", e, z)]
    out = apply("where", nodes[4], nodes[5], constant(0))
    return out, dict.fromkeys([*nodes, out], f"softmax {a}")


def attention(masked: bool = True, folded: bool = True) -> tuple[Diagram, dict[Node, str]]:
    b, h, q, x, d = (axis(name) for name in "bhqxd")
    bf16 = DType.BF16
    Q, K = tensor("Q", b, h, q, d, dtype=bf16), tensor("K", b, h, x, d, dtype=bf16)
    V = tensor("V", b, h, x, d, dtype=bf16)
    scores = apply("mul", reduction("sum", [d], apply("mul", Q, K)), apply("rsqrt", size_node(d.size)))
    if masked:
        condition = apply("le", node(ops.Iota(x)), node(ops.Iota(q)))
        scores = apply("where", condition, scores, constant(-float("inf")))
    weights, calls = softmax(scores, x)
    out = reduction("sum", [x], apply("mul", weights, V))
    name = "attention" if folded else "attention unfolded"
    written = Array(bf16, (b, h, q, d))
    return Diagram(name, (Q, K, V), (node(ops.Cast(bf16), out),), ("O",), (written,)), calls if folded else {}


def dense() -> Diagram:
    b, i, o = axis("b"), axis("i"), axis("o")
    X = tensor("X", b, i)
    W, c = tensor("W", i, o, role="parameter"), tensor("c", o, role="parameter")
    product = reduction("sum", [i], apply("mul", X, W))
    return diagram("dense", (X, W, c), Y=apply("gelu", apply("add", product, c)))


def layer_norm() -> Diagram:
    b, t, d = axis("b"), axis("t"), axis("d")
    X = tensor("X", b, t, d)
    g, c = tensor("gain", d, role="parameter"), tensor("bias", d, role="parameter")
    mean = apply("div", reduction("sum", [d], X), size_node(d.size))
    centred = apply("sub", X, mean)
    variance = apply("div", reduction("sum", [d], apply("mul", centred, centred)), size_node(d.size))
    scale = apply("rsqrt", apply("add", variance, constant(1e-5)))
    return diagram("layer norm", (X, g, c), Y=apply("add", apply("mul", apply("mul", centred, scale), g), c))


def convolution() -> Diagram:
    n, k, c, o = (axis(name) for name in "nkco")
    i = Axis("i", n.size - k.size + 1)
    X, W = tensor("X", n, c), tensor("W", k, c, o, role="parameter")
    windows = view(X, {n: Coordinate.affine({i: ONE, k: ONE}, Size())})
    return diagram("conv", (X, W), Y=apply("relu", reduction("sum", [k, c], apply("mul", windows, W))))


def embedding() -> Diagram:
    t, v, d, z = axis("t"), axis("vocab"), axis("d"), axis("z")
    tok = node(ops.Input("tok"), array=Array(DType.I32, (t,), v))
    E, W = tensor("E", v, d, role="parameter"), tensor("W", d, z, role="parameter")
    x = node(ops.Gather(v), E, tok)
    run = node(ops.Cumulative("sum", t), apply("tanh", reduction("sum", [d], apply("mul", x, W))))
    best = node(ops.Reduce("argmax", (z,)), run)
    return diagram("embedding", (tok, E, W), H=node(ops.Stop(), run), best=best)


def examples() -> list[tuple[Diagram, dict[Node, str]]]:
    plain = [dense(), layer_norm(), convolution(), embedding()]
    return [attention(), attention(folded=False), *((d, {}) for d in plain)]


def random_diagram(seed: int, size: int = 14) -> Diagram:
    draw = random.Random(seed)
    axes = [axis(name) for name in ("b", "head", "q", "x", "d", "hidden")]
    inputs = [tensor(f"X{k}", *draw.sample(axes, draw.randint(0, 4))) for k in range(draw.randint(1, 4))]
    values = list(inputs)
    for _ in range(size):
        x, y = draw.choice(values[-4:]), draw.choice(values)
        match draw.randint(0, 5):
            case 0:
                made = apply(draw.choice(["exp", "gelu", "tanh"]), x)
            case 1:
                made = apply(draw.choice(["add", "sub", "mul"]), x, y)
            case 2:
                made = apply("mul", x, constant(0.5))
            case 3 if x.axes:
                made = reduction(draw.choice(["sum", "max"]), [draw.choice(x.axes)], x)
            case 4 if set(x.axes) & set(y.axes):
                shared = [a for a in x.axes if a in y.axes]
                made = reduction("sum", draw.sample(shared, 1), apply("mul", x, y))
            case _:
                made = apply("silu", x)
        values.append(made)
    return diagram(f"random {seed}", tuple(inputs), Y=values[-1], Z=draw.choice(values[len(inputs) :]))


def distillation() -> list[Cell]:
    hard = Cell(
        "hard",
        Path(("lab", "f32[pixel]", "f32[class]"), (Arrow("image"), Arrow("student", "train"))),
        Path(("lab", "i32 in class"), (Arrow("label"),)),
        "cross_entropy",
        "0.3",
    )
    teacher = (Arrow("image", stop=True), Arrow("teacher", "frozen", stop=True))
    soft = Cell(
        "soft",
        Path(("unl", "f32[pixel]", "f32[class]"), (Arrow("image"), Arrow("student", "train"))),
        Path(("unl", "f32[pixel]", "f32[class]"), teacher),
        "kl(temperature = 2)",
        "0.7",
    )
    return [hard, soft]
