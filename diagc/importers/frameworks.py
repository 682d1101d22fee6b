"""Which framework a function of a Python file is of: by what its text and what it calls name, without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

FRAMEWORKS: Final = {"jax": ("jax", "flax", "equinox", "jaxtyping", "optax"), "torch": ("torch",)}
"""The frameworks, and the packages that tell them."""


def frameworks(text: str, name: str) -> tuple[str, ...]:
    """Those that a function or class of a file uses; where that tells nothing, those that the file imports.

    >>> frameworks("import torch, jax\\ndef f(x): return g(x)\\ndef g(x): return torch.relu(x)", "f")
    ('torch',)
    """
    tree = ast.parse(text)
    imported = dict(_imports(tree))
    defined = {n: node for node in tree.body for n in _names(node)}
    seen, waiting, found = {name}, [name], set[str]()
    while waiting:
        node = defined.get(waiting.pop())
        for part in ast.walk(node) if node is not None else ():
            if isinstance(part, ast.Name) and part.id in imported:
                found.add(imported[part.id])
            elif isinstance(part, ast.Name) and part.id in defined and part.id not in seen:
                seen.add(part.id)
                waiting.append(part.id)
    return tuple(sorted(found or set(imported.values())))


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Names that stand for a framework or a part of it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                module = alias.name if isinstance(node, ast.Import) else node.module or ""
                for framework, packages in FRAMEWORKS.items():
                    if module.partition(".")[0] in packages:
                        yield alias.asname or alias.name.partition(".")[0], framework


def _names(node: ast.stmt) -> list[str]:
    """What a statement of the file defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else []
    return [t.id for t in targets if isinstance(t, ast.Name)]
