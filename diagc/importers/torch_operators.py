"""Operators of ATen as operations of a traced function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from diagc.importers.tensors import Call
from diagc.importers.torch_folds import FOLDS
from diagc.importers.torch_layers import Layers
from diagc.importers.torch_pointwise import BINARY, COMPARISONS, DROPOUTS, SAME, UNARY
from diagc.importers.traced import Operand, Variable

_TABLES: Final = (
    (UNARY, "on_unary"), (BINARY, "on_binary"), (COMPARISONS, "on_comparison"), (SAME, "on_same"),
    (DROPOUTS, "on_dropout"), (FOLDS, "on_fold"),
    (("numpy_T",), "on_t"), (("mT", "mH", "matrix_H"), "on_adjoint"),
)  # fmt: skip
_METHODS: Final = {name: method for table, method in _TABLES for name in table}


class Operators(Layers):
    """Knows every operator."""

    @staticmethod
    def knows(name: str) -> bool:
        """Whether an operator is written out here; others keep their name, for whoever reads the operations."""
        return name in _METHODS or hasattr(Operators, f"on_{name}")

    def write(self, call: Call) -> Operand | list[Operand]:
        """The results of a call. Raises `Refused`."""
        if self.knows(call.name):
            method: Callable[[Call], Any] = getattr(self, _METHODS.get(call.name, f"on_{call.name}"))
            return method(call)
        return self.unknown(call)

    def unknown(self, call: Call) -> Operand | list[Operand]:
        """A call as an operation that nobody knows."""
        results = [self.variable(dtype, shape) for dtype, shape in call.types]
        self.record(call.name, {}, [x for x in call.arrays if isinstance(x, Variable)], results)
        return results[0] if len(results) == 1 else list[Operand](results)
