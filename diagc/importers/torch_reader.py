# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false
"""A walk over a graph that torch has exported, or that was recorded: its operators as operations, beside its nodes."""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch.export.graph_signature import InputKind, OutputKind
from torch.fx.node import map_arg
from torch.utils._pytree import tree_flatten

from diagc.importers.cuts import Kind
from diagc.importers.held import described
from diagc.importers.torch_draws import DRAWN, drawn, drawn_weights
from diagc.importers.torch_operators import Call, Operators
from diagc.importers.traced import DTYPES, NAMES, Literal, Operand, Operation, Refused, Traced, Variable
from diagc.importers.values import NoDiagram

_ASSERTION: Final = re.compile(r"_assert_.*|sym_constrain.*")


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


class Reader:
    """One walk over an exported program."""

    def __init__(self, exported: Any, file: str, kind: Kind = "whole") -> None:
        self.exported, self.file, self.kind = exported, file, kind
        self.graph = Operators()
        self.units: list[tuple[tuple[Operation, ...], Runnable | None, bool]] = []
        self.called: list[str] = []
        self.constants: dict[int, Any] = {}
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
        made = self.graph.variable(self._dtype(value), value.shape)
        self.known[node] = made
        return made

    def _held(self, node: Any, spec: Any) -> tuple[str, Variable, tuple[str, ...]] | None:
        """A parameter or buffer as an argument; None where indices describe it."""
        if spec.kind is not InputKind.PARAMETER:
            value = {**self.exported.state_dict, **self.exported.constants}[spec.target]
            before = len(self.graph.operations)
            found = described(value.detach().cpu().numpy(), self.graph)
            if isinstance(found, Variable):
                self.constants[found.number] = value
                self._unit(tuple(self.graph.operations[before:]), None, False, spec.target)
            if found is not None:
                self.known[node] = found
                return None
            if spec.kind is not InputKind.BUFFER:
                raise Refused(f"it holds an array of shape {tuple(value.shape)}: make that an argument")
        return array_name(spec.target), self._variable(node), ()

    def _operation(self, node: Any) -> None:
        if node.target is operator.getitem:
            source, place = node.args
            self.known[node] = self.known[source][place]
            return
        name = DRAWN[node.target][0] if node.target in DRAWN else operator_name(node.target)
        if _ASSERTION.fullmatch(name):
            return
        self.graph.line = self._line(node)
        values = node.meta.get("val")
        results = values if isinstance(values, tuple | list) else [values]
        types = tuple((self._dtype(v), tuple(v.shape)) for v in results if isinstance(v, torch.Tensor))
        if any(isinstance(size, torch.SymInt) for _, shape in types for size in shape):
            raise NoDiagram(
                f"the shape of what `{name}` makes depends on the values of arrays", self.graph.line
            )
        call, before = Call(name, self._given(node), types), len(self.graph.operations)
        odd = {x.dtype for x in call.arrays} | {dtype for dtype, _ in types}
        opaque = not odd <= NAMES.keys() or node.target in (drawn, drawn_weights)
        try:
            self.known[node] = self.graph.unknown(call) if opaque else self.graph.write(call)
        except Refused as error:
            if self.kind == "whole":
                raise NoDiagram(f"`{name}`: {error}", self.graph.line) from None
            del self.graph.operations[before:]
            self.known[node], opaque = self.graph.unknown(call), True
        made = tuple(self.graph.operations[before:])
        numbers = {r.number for operation in made for r in operation.results}
        found = self.known[node] if isinstance(self.known[node], list) else [self.known[node]]
        own = tuple(v for v in found if isinstance(v, Variable) and v.number in numbers)
        self._unit(made, Runnable(node, self.known, own), opaque, name)

    def _unit(
        self, made: tuple[Operation, ...], runnable: Runnable | None, opaque: bool, called: str
    ) -> None:
        self.units.append((made, runnable, opaque))
        self.called.append(called)

    def _dtype(self, array: Any) -> str:
        """A dtype as the language writes it. Raises `NoDiagram` where it does not have it and no box can be."""
        dtype = str(array.dtype).removeprefix("torch.")
        if dtype not in DTYPES and self.kind == "whole":
            raise NoDiagram(f"it has arrays of {dtype}, which the language does not have", self.graph.line)
        return DTYPES.get(dtype, dtype)

    def _given(self, node: Any) -> Mapping[str, Any]:
        """The arguments by the names of the schema, arrays as operands, dtypes as the language writes them."""
        if node.target in DRAWN:
            names = DRAWN[node.target][1]
            return {
                n: _plain(map_arg(a, self.known.__getitem__)) for n, a in zip(names, node.args, strict=False)
            }
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


def _plain(value: Any) -> Any:
    if isinstance(value, torch.dtype):
        dtype = str(value).removeprefix("torch.")
        return DTYPES.get(dtype, dtype)
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value


def operator_name(target: Any) -> str:
    """`softmax` of `aten.softmax.int`."""
    return str(getattr(target, "overloadpacket", target)).rpartition(".")[2]


def array_name(path: str) -> str:
    """What an array of a module is called."""
    return path.replace(".", "_")
