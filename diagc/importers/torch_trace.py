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
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any, Final

import numpy as np
import torch
import torch.export
from torch.export.graph_signature import InputKind, OutputKind
from torch.fx.node import map_arg
from torch.utils._pytree import tree_flatten

from diagc.importers.held import described
from diagc.importers.torch_operators import Call, Operators
from diagc.importers.torch_record import recorded
from diagc.importers.traced import (
    NAMES,
    Literal,
    Operand,
    Operation,
    Parts,
    Refused,
    Traced,
    Variable,
    argument_names,
    dtype_of,
)
from diagc.importers.values import NoDiagram

Arrays = list[np.ndarray[Any, Any]]
_ASSERTION: Final = re.compile(r"_assert_.*|sym_constrain.*")
_MOVED: Final = 0.1
"""How far parameters are moved before the comparison: those that start as 0 or 1 hide errors."""


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


def _exported(
    function: Any, file: str, arguments: Sequence[tuple[str, Sequence[int]]], accepted: Callable[[Any], bool]
) -> tuple[Any, list[str]]:
    """The calls of a function or module, by one run where all of them are accepted, and the names of its arguments."""
    given = tuple(torch.zeros(*shape, dtype=getattr(torch, dtype)) for dtype, shape in arguments)
    module = _module(function)
    exported = _recorded(module, given, file)
    if exported is None or not all(map(accepted, _called(exported))):
        exported = torch.export.export(module, given, strict=False)
    called = module.forward if isinstance(function, torch.nn.Module) else function
    return exported, argument_names(inspect.signature(called).parameters.values(), len(given))


def _recorded(module: Any, arguments: Sequence[Any], file: str) -> Any:
    """A module by one run of it; None where that shows too little."""
    try:
        return recorded(module, arguments, file)
    except (Refused, MemoryError):
        raise
    except Exception:  # what the function raises, `torch.export` tells better
        return None


def run(function: Any, arrays: Arrays, made: Traced) -> tuple[Arrays, Arrays]:
    """What the function was given, its parameters included, and what it returned."""
    module = _module(function)
    given = [
        torch.as_tensor(a).to(getattr(torch, NAMES[v.dtype]))
        for a, (_, v, _) in zip(arrays, made.inputs, strict=False)
    ]
    stored = {_name(path): array for path, array in module.state_dict(keep_vars=True).items()}
    torch.manual_seed(0)
    held = [stored[name].detach() for name, _, _ in made.inputs[len(given) :]]
    with torch.no_grad():
        for array in held:
            if array.is_floating_point():
                array += _MOVED * torch.randn_like(array)
        found, _ = tree_flatten(module(*given))
    return [_numpy(a) for a in (*given, *held)], [_numpy(a) for a in found]


def _numpy(array: Any) -> np.ndarray[Any, Any]:
    return array.detach().to(torch.float64).numpy()


def _name(path: str) -> str:
    return path.replace(".", "_")


def traced(exported: Any, name: str, file: str, names: Sequence[str]) -> Traced:
    """An exported program whose own arguments have names. Raises `Refused`."""
    if not all(map(_is_known, _called(exported))):
        exported = _decomposed(exported)
    return _Reader(exported, file).read(name, names)


def _called(exported: Any) -> list[Any]:
    return [n for n in exported.graph.nodes if n.op == "call_function"]


def _decomposed(exported: Any) -> Any:
    with warnings.catch_warnings(action="ignore"):  # torch's own, of names that it no longer likes
        return exported.run_decompositions(_decompositions())


@dataclass(frozen=True, slots=True)
class Runnable:
    """A node of an exported graph with what its arguments and results are in a traced function."""

    node: Any
    known: Mapping[Any, Any]
    own: tuple[Variable, ...]

    @property
    def reads(self) -> frozenset[int]:
        given = tree_flatten([self.known[n] for n in self.node.all_input_nodes])[0]
        return frozenset(o.number for o in given if isinstance(o, Variable))

    @property
    def writes(self) -> frozenset[int]:
        """Nothing, where its results are arguments or numbers."""
        return frozenset(v.number for v in self.own)

    def run(self, known: dict[int, Any]) -> None:
        """Compute its results from what is known by number."""

        def given(node: Any) -> Any:
            found = self.known[node]
            return [value(o, known) for o in found] if isinstance(found, list) else value(found, known)

        args, kwargs = map_arg((self.node.args, self.node.kwargs), given)
        made, names = self.node.target(*args, **kwargs), self.known[self.node]
        pairs = zip(names, made, strict=True) if isinstance(names, list) else [(names, made)]
        known |= {v.number: a for v, a in pairs if isinstance(v, Variable)}


def value(operand: Operand, known: Mapping[int, Any]) -> Any:
    """An array of torch for an operand."""
    if isinstance(operand, Literal):
        return torch.full(operand.shape, operand.value, dtype=getattr(torch, NAMES[operand.dtype]))
    return known[operand.number]


@dataclass(frozen=True, slots=True)
class Nodes:
    """An exported graph as a traced function, and for each node its operations; some are opaque."""

    traced: Traced
    units: tuple[tuple[tuple[Operation, ...], Runnable, bool], ...]


def nodes(exported: Any, names: Sequence[str], name: str = "graph", file: str = "") -> Nodes:
    """An exported graph as operations beside its nodes. Raises `Refused`."""
    if any(map(_is_mutable, exported.graph.nodes)):
        exported = _decomposed(exported)
    reader = _Reader(exported, file, whole=False)
    made = reader.read(name, names)
    return Nodes(made, tuple(reader.units))


def _is_mutable(node: Any) -> bool:
    schema = getattr(node.target, "_schema", None)
    return schema is not None and schema.is_mutable


def _is_known(node: Any) -> bool:
    if getattr(node.target, "_schema", None) is None:
        return node.target is operator.getitem
    return Operators.knows(_operator(node.target)) and not _is_mutable(node)


def _operator(target: Any) -> str:
    """`softmax` of `aten.softmax.int`."""
    return str(getattr(target, "overloadpacket", target)).rpartition(".")[2]


def _decompositions() -> Any:
    """Those of torch, without the operators that are known here."""
    table = torch.export.default_decompositions()
    for target in list(table.keys()):
        if Operators.knows(_operator(target)):
            table.pop(target)
    return table


class _Reader:
    """One walk over an exported program."""

    def __init__(self, exported: Any, file: str, whole: bool = True) -> None:
        self.exported, self.file, self.whole = exported, file, whole
        self.graph = Operators()
        self.units: list[tuple[tuple[Operation, ...], Runnable, bool]] = []
        self.known: dict[Any, Any] = {}

    def read(self, name: str, names: Sequence[str]) -> Traced:
        signature = self.exported.graph_signature
        changed = [o.target for o in signature.output_specs if o.kind is not OutputKind.USER_OUTPUT]
        if changed:
            raise Refused(f"it changes `{changed[0]}`; give a module for evaluation")
        inputs = [n for n in self.exported.graph.nodes if n.op == "placeholder"]
        own = iter(names)
        called, held = list[tuple[str, Variable, tuple[str, ...]]](), list[Any]()
        for node, spec in zip(inputs, signature.input_specs, strict=True):
            if spec.kind is InputKind.USER_INPUT:
                called.append((next(own), self._variable(node), ()))
            elif node.users:
                held.append((node, spec))
        further = [found for node, spec in held if (found := self._held(node, spec)) is not None]
        for node in self.exported.graph.nodes:
            if node.op == "call_function":
                self._operation(node)
        outputs = self._results()
        return Traced(name, (*called, *further), tuple(self.graph.operations), tuple(outputs))

    def _variable(self, node: Any) -> Variable:
        value = node.meta["val"]
        if not isinstance(value, torch.Tensor):
            raise Refused(f"its argument `{node.name}` is not an array")
        made = self.graph.variable(_dtype(value), value.shape)
        self.known[node] = made
        return made

    def _held(self, node: Any, spec: Any) -> tuple[str, Variable, tuple[str, ...]] | None:
        """A parameter or buffer as an argument; None where indices describe it."""
        if spec.kind is not InputKind.PARAMETER:
            value = {**self.exported.state_dict, **self.exported.constants}[spec.target]
            found = described(value.detach().cpu().numpy(), self.graph)
            if found is not None:
                self.known[node] = found
                return None
            if spec.kind is not InputKind.BUFFER:
                raise Refused(f"it holds an array of shape {tuple(value.shape)}: make that an argument")
        return _name(spec.target), self._variable(node), ()

    def _operation(self, node: Any) -> None:
        if node.target is operator.getitem:
            source, place = node.args
            self.known[node] = self.known[source][place]
            return
        name = _operator(node.target)
        if _ASSERTION.fullmatch(name):
            return
        self.graph.line = self._line(node)
        values = node.meta.get("val")
        results = values if isinstance(values, tuple | list) else [values]
        types = tuple((_dtype(v), tuple(v.shape)) for v in results if isinstance(v, torch.Tensor))
        before, opaque = len(self.graph.operations), False
        try:
            self.known[node] = self.graph.write(Call(name, self._given(node), types))
        except Refused as error:
            if self.whole:
                raise NoDiagram(f"`{name}`: {error}", self.graph.line) from None
            del self.graph.operations[before:]
            self.known[node], opaque = self.graph.unknown(Call(name, self._given(node), types)), True
        made = tuple(self.graph.operations[before:])
        results = {r.number for operation in made for r in operation.results}
        found = self.known[node] if isinstance(self.known[node], list) else [self.known[node]]
        own = tuple(v for v in found if isinstance(v, Variable) and v.number in results)
        self.units.append((made, Runnable(node, self.known, own), opaque))

    def _given(self, node: Any) -> Mapping[str, Any]:
        """The arguments by the names of the schema, arrays as operands, dtypes as the language writes them."""
        schema = getattr(node.target, "_schema", None)
        if schema is None:
            return {"operands": [self.known[n] for n in node.all_input_nodes]}
        places = schema.arguments
        given = {a.name: a.default_value for a in places if a.has_default_value()}
        given |= dict(zip((a.name for a in places), node.args, strict=False)) | node.kwargs
        return {key: _plain(map_arg(value, self.known.__getitem__)) for key, value in given.items()}

    def _results(self) -> list[Operand]:
        (final,) = (n for n in self.exported.graph.nodes if n.op == "output")
        given = [self.known.get(n) for n in final.args[0]]
        found = [value for value in given if isinstance(value, Variable | Literal)]
        if len(found) < len(given):
            raise Refused("its results are not arrays")
        return found

    def _line(self, node: Any) -> int | None:
        frames = re.findall(r'File "([^"]*)", line (\d+)', node.meta.get("stack_trace") or "")
        lines = [int(line) for path, line in frames if path == self.file]
        return lines[-1] if lines else None


def _dtype(array: Any) -> str:
    return dtype_of(str(array.dtype).removeprefix("torch."))


def _plain(value: Any) -> Any:
    if isinstance(value, torch.dtype):
        return dtype_of(str(value).removeprefix("torch."))
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value
