"""What the text of a function calls the arrays that it makes, by the lines of its assignments."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from diagc.importers.traced import Operation


@dataclass(frozen=True, slots=True)
class _Assignment:
    first: int
    last: int
    names: tuple[str, ...]


def spoken(text: str, operations: Sequence[Operation], wanted: Sequence[int]) -> dict[int, str]:
    """Names by the numbers of arrays, of those that are wanted: what the last operation of an assignment makes.

    >>> from diagc.importers.traced import Operation, Variable
    >>> made = Variable(7, "f32", (4,))
    >>> spoken("def f(x):\\n    y = sin(x)\\n    return y", [Operation("sin", {}, (), (made,), 2)], [7])
    {7: 'y'}
    """
    assignments, found = list(_assignments(ast.parse(text))), dict[int, str]()
    placed = ((_of(assignments, operation.line), operation) for operation in operations)
    for assignment, together in groupby(placed, key=lambda pair: pair[0]):
        last = [operation for _, operation in together][-1]
        results = [r.number for r in last.results]
        kept = [number for number in results if number in wanted]
        names = assignment.names if assignment is not None else ()
        if len(names) == len(results):
            found |= {n: name for n, name in zip(results, names, strict=True) if n in wanted}
        elif len(kept) == 1 and len(names) == 1:
            found |= dict(zip(kept, names, strict=True))
    return found


def _assignments(tree: ast.AST) -> Iterator[_Assignment]:
    """To one name, or to several at once."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            parts = target.elts if isinstance(target, ast.Tuple) else [target]
            names = tuple(p.id for p in parts if isinstance(p, ast.Name))
            if len(names) == len(parts) and all(re.fullmatch(r"[A-Za-z]\w*", n, re.ASCII) for n in names):
                yield _Assignment(node.lineno, node.end_lineno or node.lineno, names)


def _of(assignments: Sequence[_Assignment], line: int | None) -> _Assignment | None:
    """The shortest that has a line."""
    there = [a for a in assignments if line is not None and a.first <= line <= a.last]
    return min(there, key=lambda a: a.last - a.first, default=None)
