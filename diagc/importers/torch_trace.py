# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false
"""A function or module of PyTorch as operations: the calls of ATen that it makes, each operator written out.

They are recorded in one run, or where that shows too little exported by torch. Operators that are not known here are
decomposed by torch as far as they are. Parameters and buffers are arguments after those of the function, with their
names; a buffer that indices describe, as a causal mask, is no argument.
"""

from __future__ import annotations

import inspect
import operator
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any, Final

import numpy as np
import torch
import torch.export
from torch.fx.experimental.symbolic_shapes import GuardOnDataDependentSymNode
from torch.utils._pytree import tree_flatten

from diagc.importers.cuts import Unit, Whole
from diagc.importers.torch_draws import draws_apart
from diagc.importers.torch_operators import Operators
from diagc.importers.torch_reader import Reader, Runnable, array_name, operator_name
from diagc.importers.torch_record import recorded
from diagc.importers.traced import (
    NAMES,
    Operation,
    Parts,
    Refused,
    Traced,
    argument_names,
)

Arrays = list[np.ndarray[Any, Any]]
_MOVED: Final = 0.1
"""How far parameters are moved before the comparison: those that start as 0 or 1 hide errors."""
_SEED: Final = 1
"""Of what a function draws."""


def start() -> None:
    """Import and start all that torch imports and starts."""
    torch.relu(torch.zeros(1))


class _Function(torch.nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *arguments: Any) -> Any:
        """What the function returns."""
        return self.function(*arguments)


def _module(function: Any) -> Any:
    if isinstance(function, torch.nn.Module):
        return function.eval()
    if isinstance(function, FunctionType):  # torch keeps the lines of what is called `forward`
        code = function.__code__.replace(co_name="forward")
        made = FunctionType(
            code, function.__globals__, "forward", function.__defaults__, function.__closure__
        )
        made.__kwdefaults__ = function.__kwdefaults__
        return _Function(made)
    return _Function(function)


def trace(function: Any, name: str, file: str, arguments: Sequence[tuple[str, Sequence[int]]]) -> Traced:
    """The operations of a function or module at arrays of these dtypes (NumPy's names) and shapes.

    A module is one for evaluation. Raises `Refused`.
    """
    exported, names = _exported(function, file, arguments, _is_known)
    return traced(exported, name, file, names)


def parts(function: Any, name: str, file: str, arguments: Sequence[tuple[str, Sequence[int]]]) -> Parts:
    """The same, where some operators may have no diagram. Raises `Refused`."""
    exported, names = _exported(function, file, arguments, lambda node: not _is_mutable(node))
    made = nodes(exported, names, name, file)
    return Parts(made.traced, tuple((len(operations), opaque) for operations, _, opaque in made.units))


def boxes(function: Any, name: str, file: str, arguments: Sequence[tuple[str, Sequence[int]]]) -> Whole:
    """The same as far as torch decomposes it, what is drawn apart, and what runs it. Raises `Refused`."""
    exported, names = _exported(function, file, arguments, _is_known)
    if not all(map(_is_known, _called(exported))):
        exported = _decomposed(exported)
    draws_apart(exported.graph)
    reader = Reader(exported, file, "boxes")
    made = reader.read(name, names)
    units = tuple(
        Unit(o, opaque, (called,)) for (o, _, opaque), called in zip(reader.units, reader.called, strict=True)
    )

    def replay(arrays: Sequence[Any], numbers: Sequence[int]) -> dict[int, Any]:
        known = dict(reader.constants)
        for array, (_, v, _) in zip(arrays, made.inputs, strict=True):
            known[v.number] = torch.as_tensor(array).to(getattr(torch, NAMES[v.dtype]))
        torch.manual_seed(_SEED)
        with torch.no_grad():
            for _, runnable, _ in reader.units:
                if runnable is not None:
                    runnable.run(known)
        return {number: _numpy(known[number]) for number in numbers}

    return Whole(made, units, replay)


def _exported(
    function: Any, file: str, arguments: Sequence[tuple[str, Sequence[int]]], accepted: Callable[[Any], bool]
) -> tuple[Any, list[str]]:
    """The calls of a function or module, by one run where all of them are accepted, and the names of its arguments."""
    given = tuple(torch.zeros(*shape, dtype=getattr(torch, dtype)) for dtype, shape in arguments)
    module = _module(function)
    exported = _recorded(module, given, file)
    if exported is None or not all(map(accepted, _called(exported))):
        exported = _by_export(module, given)
    called = module.forward if isinstance(function, torch.nn.Module) else function
    return exported, argument_names(inspect.signature(called).parameters.values(), len(given))


def _by_export(module: Any, arguments: tuple[Any, ...]) -> Any:
    """A module as torch exports it. Raises `Refused` where that needs the values of arrays."""
    try:
        return torch.export.export(module, arguments, strict=False)
    except RuntimeError as error:
        if isinstance(error, GuardOnDataDependentSymNode) or "FakeTensor" in str(error):
            reason = Refused("its branches or shapes depend on the values of arrays")
            raise reason.with_traceback(error.__traceback__) from None
        raise


def _recorded(module: Any, arguments: Sequence[Any], file: str) -> Any:
    """A module by one run of it; None where that shows too little."""
    try:
        return recorded(module, arguments, file)
    except (Refused, MemoryError):
        raise
    except Exception:  # what the function raises, `torch.export` tells better
        return None


def run(function: Any, arrays: Arrays, made: Traced, by_steps: bool = False) -> tuple[Arrays, Arrays]:
    """What the function was given, its parameters included, and what it returned; it always runs step by step."""
    module = _module(function)
    given = [
        torch.as_tensor(a).to(getattr(torch, NAMES[v.dtype]))
        for a, (_, v, _) in zip(arrays, made.inputs, strict=False)
    ]
    stored = {array_name(path): array for path, array in module.state_dict(keep_vars=True).items()}
    torch.manual_seed(0)
    held = [stored[name].detach() for name, _, _ in made.inputs[len(given) :]]
    with torch.no_grad():
        for array in held:
            if array.is_floating_point():
                array += _MOVED * torch.randn_like(array)
        torch.manual_seed(_SEED)
        found, _ = tree_flatten(module(*given))
    return [_numpy(a) for a in (*given, *held)], [_numpy(a) for a in found]


def _numpy(array: Any) -> np.ndarray[Any, Any]:
    return array.detach().to(torch.float64).numpy()


def traced(exported: Any, name: str, file: str, names: Sequence[str]) -> Traced:
    """An exported program whose own arguments have names. Raises `Refused`."""
    if not all(map(_is_known, _called(exported))):
        exported = _decomposed(exported)
    return Reader(exported, file).read(name, names)


def _called(exported: Any) -> list[Any]:
    return [n for n in exported.graph.nodes if n.op == "call_function"]


def _decomposed(exported: Any) -> Any:
    with warnings.catch_warnings(action="ignore"):  # torch's own, of names that it no longer likes
        return exported.run_decompositions(_decompositions())


@dataclass(frozen=True, slots=True)
class Nodes:
    """An exported graph as a traced function, and for each node its operations; some are opaque.

    What describes an array that the graph holds has no node: its value is in `constants` by number.
    """

    traced: Traced
    units: tuple[tuple[tuple[Operation, ...], Runnable | None, bool], ...]
    constants: Mapping[int, Any]


def nodes(exported: Any, names: Sequence[str], name: str = "graph", file: str = "") -> Nodes:
    """An exported graph as operations beside its nodes. Raises `Refused`."""
    if any(map(_is_mutable, exported.graph.nodes)):
        exported = _decomposed(exported)
    reader = Reader(exported, file, "parts")
    made = reader.read(name, names)
    return Nodes(made, tuple(reader.units), reader.constants)


def _is_mutable(node: Any) -> bool:
    schema = getattr(node.target, "_schema", None)
    return schema is not None and schema.is_mutable


def _is_known(node: Any) -> bool:
    if getattr(node.target, "_schema", None) is None:
        return node.target is operator.getitem
    return Operators.knows(operator_name(node.target)) and not _is_mutable(node)


def _decompositions() -> Any:
    """Those of torch, without the operators that are known here."""
    table = torch.export.default_decompositions()
    for target in list(table.keys()):
        if Operators.knows(operator_name(target)):
            table.pop(target)
    return table
