"""The statements of a diagram in JAX: one line for each shared value, one expression for what is read once.

Used by every emitter of JAX source: give names to the inputs, get expressions for the roots.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from diagc.backends.jax_expressions import Body
from diagc.backends.jax_nodes import statement
from diagc.backends.jax_text import Text
from diagc.backends.writer import Writer
from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.diagram import Array, Node, operator_axes, walk


def emit_body(
    writer: Writer,
    roots: Sequence[Node],
    names: Mapping[Node, str],
    sizes: Mapping[str, str] | None = None,
    layouts: Sequence[Array] | None = None,
    hints: Mapping[Node, str] | None = None,
    sources: Mapping[Node, str] | None = None,
    key: str = "key",
    leading: Sequence[Axis] = (),
    choices: Collection[Node] = (),
) -> list[str]:
    """Write the statements that compute `roots`; returns an expression for each.

    `names` gives for every input node the Python name of an array with one dimension per axis in the order of the
    node; `sizes` the Python name of every size symbol (default: the symbol). The result for a root has the dtype and
    the order of axes of its layout, else of the node. `hints` names values, `sources` places them in a
    specification, `key` is the name of the run's random key. `leading` axes come first in values that are computed.
    `choices` are the maxima and minima whose derivative JAX is told. All Python names in use must be in `writer.taken`.
    """
    symbols = {symbol: symbol for symbol in size_symbols(roots)} if sizes is None else sizes
    targets = tuple(layouts) if layouts is not None else tuple(root.array for root in roots)
    body = Body(writer, dict(symbols), dict(hints or {}), dict(sources or {}), key, statement)
    body.choices = frozenset(choices)
    body.values.update({node: Text(name, axes=node.axes) for node, name in names.items()})
    orders = {r: t.axes for r, t in zip(roots, targets, strict=True)}
    body.prepare(tuple(roots), {}, orders, leading)
    return [body.result(root, target) for root, target in zip(roots, targets, strict=True)]


def size_symbols(roots: Sequence[Node]) -> list[str]:
    """Every size symbol below the roots, in the bodies of scans too."""
    found: dict[str, None] = {}
    for current in walk(roots):
        sizes = [axis.size for axis in (*current.axes, *operator_axes(current.op))]
        match current.op:
            case ops.SizeOf(size):
                sizes.append(size)
            case ops.View(coordinates):
                for _, c in coordinates:
                    sizes += [
                        c.offset,
                        c.divisor,
                        *(s for _, s in c.terms),
                        *((c.modulus,) if c.modulus else ()),
                    ]
            case ops.Scan():
                found.update(dict.fromkeys(size_symbols(current.op.body.outputs)))
            case _:
                pass
        found.update(dict.fromkeys(symbol for size in sizes for symbol in size.symbols))
    return list(found)
