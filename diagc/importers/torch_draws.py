# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false
"""What an operator of PyTorch draws, apart from what it computes with that: dropout is a product with an array.

Law: drawn apart in the same order from the same seed, the numbers are those that the operator draws.
"""

from __future__ import annotations

from typing import Any, Final

import torch


def drawn(array: Any, p: float) -> Any:
    """What dropout multiplies an array by: 0, or 1 / (1 - p)."""
    return torch.dropout(torch.ones_like(array), p, True)


def drawn_weights(query: Any, key: Any, p: float) -> Any:
    """The same of the weights of attention."""
    shape = (*query.shape[:-1], key.shape[-2])
    return drawn(torch.empty(shape, dtype=query.dtype), p)


def attended(
    query: Any,
    key: Any,
    value: Any,
    mask: Any,
    causal: bool,
    scale: float | None,
    grouped: bool,
    factor: Any,
    p: float,
) -> Any:
    """Attention whose weights are multiplied by what dropout draws for p."""
    made, _ = torch.ops.aten._scaled_dot_product_attention_math(
        query, key, value, mask, p, causal, factor > 0, scale=scale, enable_gqa=grouped
    )
    return made


DRAWN: Final[dict[Any, tuple[str, tuple[str, ...]]]] = {
    drawn: ("dropout", ()),
    drawn_weights: ("dropout", ()),
    attended: (
        "scaled_dot_product_attention",
        ("query", "key", "value", "attn_mask", "is_causal", "scale", "enable_gqa", "factor", "p"),
    ),
}
"""Which operator each is, and the names of its arguments: what is drawn depends on no array."""


def draws_apart(graph: torch.fx.Graph) -> None:
    """Write each dropout of a graph as what it draws and a product."""
    for node in list(graph.nodes):
        match node.target:
            case torch.ops.aten.dropout.default:
                given = _arguments(node)
                if given["train"] and given["p"]:
                    _apart(graph, node, given)
            case torch.ops.aten.native_dropout.default:
                given, users = _arguments(node), list(node.users)
                if given["train"] is not False and given["p"] and all(n.args[1] == 0 for n in users):
                    _apart(graph, node, given)
            case torch.ops.aten.scaled_dot_product_attention.default:
                given = _arguments(node)
                if given["dropout_p"]:
                    _weights_apart(graph, node, given)
            case _:
                pass


def _arguments(node: Any) -> dict[str, Any]:
    places = node.target._schema.arguments
    given = {a.name: a.default_value for a in places if a.has_default_value()}
    return given | dict(zip((a.name for a in places), node.args, strict=False)) | node.kwargs


def _apart(graph: torch.fx.Graph, node: Any, given: dict[str, Any]) -> None:
    array = given["input"]
    with graph.inserting_before(node):
        factor = _called(graph, node, drawn, (array, given["p"]), array)
        made = _called(graph, node, torch.ops.aten.mul.Tensor, (array, factor), array)
    ends = [node] if isinstance(node.meta["val"], torch.Tensor) else list(node.users)
    for end in ends:
        end.replace_all_uses_with(made)
        graph.erase_node(end)
    if node not in ends:
        graph.erase_node(node)


def _weights_apart(graph: torch.fx.Graph, node: Any, given: dict[str, Any]) -> None:
    query, key = given["query"], given["key"]
    names = ("query", "key", "value", "attn_mask", "is_causal", "scale", "enable_gqa")
    with graph.inserting_before(node):
        factor = _called(graph, node, drawn_weights, (query, key, given["dropout_p"]), query, key)
        arguments = (*(given[name] for name in names), factor, given["dropout_p"])
        made = _called(graph, node, attended, arguments, node)
    node.replace_all_uses_with(made)
    graph.erase_node(node)


def _called(
    graph: torch.fx.Graph, node: Any, target: Any, given: tuple[Any, ...], like: Any, columns: Any = None
) -> Any:
    """A call in place of a node, of the shape of another one; with `columns`, of the weights of attention."""
    array, made = like.meta["val"], graph.call_function(target, given)
    shape = array.shape if columns is None else (*array.shape[:-1], columns.meta["val"].shape[-2])
    made.meta = {**node.meta, "val": torch.empty(tuple(shape), dtype=array.dtype, device="meta")}
    return made
