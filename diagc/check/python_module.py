# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false, reportMissingImports=false, reportUnknownLambdaType=false
"""Modules of Equinox and Flax NNX as functions of their arrays, for one sample.

`backends.training` copies the text below the mark into programs with such models. It runs code of the user: nothing
imports it before `--allow-python` has been given.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any

import jax

# ---- models from Python


class PythonModel:
    """A class of Equinox or Flax NNX: `shapes` are its arrays by path, all else stays as the class makes it.

    Raises `TypeError` for another class, and for one that keeps state beside its parameters.
    """

    def __init__(self, target: str, arguments: dict[str, Any]) -> None:
        module, _, name = target.partition(":")
        self.make, self.arguments = getattr(importlib.import_module(module), name), arguments
        libraries = {base.__module__.partition(".")[0] for base in inspect.getmro(self.make)}
        if not libraries & {"flax", "equinox"}:
            raise TypeError(f"{target} is no module of Equinox or Flax NNX")
        self.flax = "flax" in libraries
        arrays, self.rebuild = self.split(self.build(jax.random.key(0)))
        self.shapes = {path: (a.shape, str(a.dtype)) for path, a in arrays.items()}

    def build(self, key: Any) -> Any:
        """An instance whose arrays are drawn with a key."""
        wanted = inspect.signature(self.make.__init__).parameters
        if self.flax:
            from flax import nnx

            given: dict[str, Any] = {"rngs": nnx.Rngs(key)}
        else:
            given = {"key": key}
        return self.make(**self.arguments, **{name: value for name, value in given.items() if name in wanted})

    def split(self, module: Any) -> tuple[dict[str, Any], Callable[[dict[str, Any]], Any]]:
        """The arrays of an instance by path, and what puts others in their place."""
        if self.flax:
            from flax import nnx

            graph, state, rest = nnx.split(module, nnx.Param, ...)
            kept = [type(v).__name__ for _, v in nnx.to_flat_state(rest) if not isinstance(v, nnx.RngState)]
            if kept:
                raise TypeError(f"it keeps state beside its parameters ({kept[0]})")
            leaves, tree = jax.tree_util.tree_flatten_with_path(nnx.to_pure_dict(state))

            def rebuild(arrays: dict[str, Any]) -> Any:
                filled = jax.tree.map(lambda value: value, state)
                nnx.replace_by_pure_dict(filled, jax.tree.unflatten(tree, list(arrays.values())))
                return nnx.merge(graph, filled, rest)
        else:
            import equinox

            own, static = equinox.partition(module, equinox.is_inexact_array)
            leaves, tree = jax.tree_util.tree_flatten_with_path(own)

            def rebuild(arrays: dict[str, Any]) -> Any:
                return equinox.combine(jax.tree.unflatten(tree, list(arrays.values())), static)

        return {".".join(map(self.part, path)): leaf for path, leaf in leaves}, rebuild

    @staticmethod
    def part(key: Any) -> str:
        """An attribute, a key or a place as part of a path."""
        return str(next(getattr(key, n) for n in ("name", "key", "idx") if hasattr(key, n)))

    def initialiser(self, path: str) -> Callable[..., Any]:
        """What draws one array: the array of an instance that is made with the key."""
        return lambda key, shape, dtype: self.split(self.build(key))[0][path].astype(dtype)

    def __call__(self, operands: Any, arrays: Any, woven: Any = ()) -> Any:
        """The result for operands with leading woven dimensions: `woven` says for each which operands have it."""

        def one(*given: Any) -> Any:
            return self.rebuild(dict(zip(self.shapes, arrays, strict=True)))(*given)

        for flags in reversed(woven):
            one = jax.vmap(one, in_axes=tuple(0 if flag else None for flag in flags))
        return one(*operands)
