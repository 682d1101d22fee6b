# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false
"""A function of JAX as operations: its jaxpr with calls inlined, at arrays of given shapes."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jax
import jax.extend
import jax.numpy as jnp
import numpy as np

from diagc.importers.cuts import Kind, Unit, Whole
from diagc.importers.held import described
from diagc.importers.traced import (
    DTYPES,
    NAMES,
    Graph,
    Literal,
    Operand,
    Operation,
    Parts,
    Refused,
    Traced,
    Variable,
    argument_names,
    dtype_of,
    written,
)
from diagc.importers.values import NoDiagram

Arrays = list[np.ndarray[Any, Any]]
_INLINED: Final = (
    "jit", "pjit", "closed_call", "custom_jvp_call", "custom_vjp_call", "remat", "checkpoint", "remat2",
)  # fmt: skip


def start() -> None:
    """Read and start all that JAX reads and starts."""
    jnp.zeros(1).block_until_ready()


def trace(
    function: Callable[..., Any], name: str, file: str, arguments: Sequence[tuple[str, Sequence[int]]]
) -> Traced:
    """The operations of a function of arrays of these dtypes (NumPy's names) and shapes. Raises `Refused`."""
    closed, names, axes = _closed(function, arguments)
    return traced(closed, name, file, names, axes)


def parts(
    function: Callable[..., Any], name: str, file: str, arguments: Sequence[tuple[str, Sequence[int]]]
) -> Parts:
    """The same, where some operations may have no diagram. Raises `Refused`."""
    closed, names, axes = _closed(function, arguments)
    reader = _Reader(closed, file, "parts")
    made = reader.read(name, names, axes)
    return Parts(made, tuple((len(o), r is not None and r.opaque) for o, r in reader.units))


def boxes(
    function: Callable[..., Any], name: str, file: str, arguments: Sequence[tuple[str, Sequence[int]]]
) -> Whole:
    """The same with loops as machines, and what runs the operations. Raises `Refused`."""
    closed, names, axes = _closed(function, arguments)
    reader = _Reader(closed, file, "boxes")
    made = reader.read(name, names, axes)
    units = tuple(Unit(o, r is not None and r.opaque, () if r is None else r.called) for o, r in reader.units)

    def replay(arrays: Sequence[Any], numbers: Sequence[int]) -> dict[int, Any]:
        known = dict(reader.constants)
        for array, (_, variable, _) in zip(arrays, made.inputs, strict=True):
            known[variable.number] = jnp.asarray(array, NAMES[variable.dtype])
        for _, runnable in reader.units:
            if runnable is not None:
                runnable.run(known)
        return {number: np.asarray(known[number], np.float64) for number in numbers}

    return Whole(made, units, replay)


def _closed(
    function: Callable[..., Any], arguments: Sequence[tuple[str, Sequence[int]]]
) -> tuple[Any, list[str], list[Sequence[str]]]:
    """The jaxpr of a function, the names of its arguments and those of their axes."""
    shapes = [jax.ShapeDtypeStruct(tuple(shape), jnp.dtype(dtype)) for dtype, shape in arguments]
    closed, results = jax.make_jaxpr(function, return_shape=True)(*shapes)
    if jax.tree.structure(results).num_leaves != len(closed.jaxpr.outvars):
        raise Refused("its results are not arrays")
    parameters = list(inspect.signature(function).parameters.values())
    names = argument_names(parameters, len(shapes))
    given = [_axes(p.annotation, len(s.shape)) for p, s in zip(parameters, shapes, strict=False)]
    return closed, names, [*given, *[()] * (len(shapes) - len(given))]


def traced(closed: Any, name: str, file: str, names: Sequence[str], axes: Sequence[Sequence[str]]) -> Traced:
    """A closed jaxpr whose arguments have names, and perhaps axes. Raises `Refused`."""
    return _Reader(closed, file).read(name, names, axes)


@dataclass(frozen=True, slots=True)
class Runnable:
    """An equation with the operands that it has in a traced function; an `opaque` one has its own derivative, or arrays
    without a type in the language. `called` names the calls that it is part of, and itself."""

    closed: Any
    operands: tuple[Operand, ...]
    results: tuple[Variable, ...]
    opaque: bool
    called: tuple[str, ...]

    @property
    def reads(self) -> frozenset[int]:
        return frozenset(o.number for o in self.operands if isinstance(o, Variable))

    @property
    def writes(self) -> frozenset[int]:
        return frozenset(v.number for v in self.results)

    def run(self, known: dict[int, Any]) -> None:
        """Compute its results from what is known by number."""
        given = [
            jnp.full(o.shape, o.value, NAMES.get(o.dtype, o.dtype))
            if isinstance(o, Literal)
            else known[o.number]
            for o in self.operands
        ]
        made = jax.extend.core.jaxpr_as_fun(self.closed)(*given)
        known |= {v.number: a for v, a in zip(self.results, made, strict=True)}


@dataclass(frozen=True, slots=True)
class Equations:
    """A traced function and, for each of its operations, the equation that computes it.

    What describes an array that the function holds has none: its value is in `constants` by number.
    """

    traced: Traced
    units: tuple[tuple[tuple[Operation, ...], Runnable | None], ...]
    constants: Mapping[int, Any]


def equations(closed: Any, names: Sequence[str], name: str) -> Equations:
    """A closed jaxpr as operations that run. Raises `Refused`."""
    reader = _Reader(closed, "", "parts")
    made = reader.read(name, names, [()] * len(names))
    return Equations(made, tuple(reader.units), reader.constants)


def run(
    function: Callable[..., Any], arrays: Arrays, made: Traced, by_steps: bool = False
) -> tuple[Arrays, Arrays]:
    """What the function was given and what it returned, compiled as a whole or step by step."""
    given = [jnp.asarray(a, NAMES[v.dtype]) for a, (_, v, _) in zip(arrays, made.inputs, strict=True)]
    with jax.disable_jit(by_steps):
        results = jax.tree.leaves(jax.jit(function)(*given))
    return [np.asarray(a, np.float64) for a in given], [np.asarray(r, np.float64) for r in results]


class _Reader:
    """One walk over a closed jaxpr: of a function that is one diagram as a whole, of parts of it as they run in a
    program, or of what stands around boxes."""

    def __init__(self, closed: Any, file: str, kind: Kind = "whole") -> None:
        self.closed, self.file, self.kind = closed, file, kind
        self.units: list[tuple[tuple[Operation, ...], Runnable | None]] = []
        self.constants: dict[int, Any] = {}
        self.known: dict[Any, Operand] = {}
        self.graph = Graph()
        self.calls: list[tuple[int | None, str]] = []

    def read(self, name: str, names: Sequence[str], axes: Sequence[Sequence[str]]) -> Traced:
        jaxpr = self.closed.jaxpr
        inputs = [self._new(v) for v in jaxpr.invars]
        for variable, value in zip(jaxpr.constvars, self.closed.consts, strict=True):
            self.known[variable] = self._constant(value)
        outputs = self._inline(jaxpr)
        found = tuple((n, v, tuple(a)) for n, v, a in zip(names, inputs, axes, strict=True))
        return Traced(name, found, tuple(self.graph.operations), tuple(outputs))

    def _constant(self, value: Any) -> Operand:
        dtype = str(getattr(value, "dtype", "float32"))
        if dtype not in DTYPES:
            return self._odd_constant(value, dtype)
        array, before = np.asarray(value), len(self.graph.operations)
        if not array.shape and array != array:
            return Literal(math.nan, dtype_of(str(array.dtype)))
        found = described(array, self.graph)
        if isinstance(found, Variable):
            self.constants[found.number] = value
            self.units.append((tuple(self.graph.operations[before:]), None))
        if found is None and self.kind == "parts":
            found = self.graph.variable(dtype_of(str(array.dtype)), array.shape)
            self.constants[found.number] = value
        if found is None:
            raise Refused(f"it holds an array of shape {array.shape}: make that an argument")
        return found

    def _odd_constant(self, value: Any, dtype: str) -> Variable:
        """An array whose elements have no type in the language, as keys and bits. Raises `NoDiagram` as `_made`."""
        made = self._odd(dtype, value.shape)
        self.graph.record("constant", {}, (), (made,))
        self.constants[made.number] = value
        self.units.append((tuple(self.graph.operations[-1:]), None))
        return made

    def _new(self, variable: Any) -> Variable:
        aval = variable.aval
        made = self.graph.variable(dtype_of(str(aval.dtype)), aval.shape)
        self.known[variable] = made
        return made

    def _made(self, variables: Sequence[Any]) -> list[Variable]:
        """What an equation makes. Raises `NoDiagram` where that has no type in the language and no box can be."""
        made = list[Variable]()
        for variable in variables:
            dtype, shape = str(variable.aval.dtype), variable.aval.shape
            known = dtype in DTYPES
            made.append(self.graph.variable(DTYPES[dtype], shape) if known else self._odd(dtype, shape))
            self.known[variable] = made[-1]
        return made

    def _odd(self, dtype: str, shape: Sequence[int]) -> Variable:
        if self.kind == "whole":
            raise NoDiagram(f"it has arrays of {dtype}, which the language does not have", self.graph.line)
        return self.graph.variable(dtype, shape)

    def _read(self, atom: Any) -> Operand:
        if isinstance(atom, jax.extend.core.Literal):
            aval: Any = atom.aval
            return self._constant(np.asarray(atom.val, aval.dtype))
        return self.known[atom]

    def _inline(self, jaxpr: Any) -> list[Operand]:
        for equation in jaxpr.eqns:
            if not equation.outvars and self.kind != "parts":
                continue  # as what prints
            inner = equation.params.get("jaxpr", equation.params.get("call_jaxpr"))
            own = equation.primitive.name.startswith("custom_vjp") and self.kind == "parts"
            if equation.primitive.name in _INLINED and inner is not None and not own:
                self._call(equation, inner)
                continue
            if equation.primitive.name == "scan" and self.kind != "parts" and self._loop(equation):
                continue
            operands = [self._read(a) for a in equation.invars]
            self.graph.line = self._line(equation)
            results = self._made(equation.outvars)
            self.graph.record(_name(equation), _params(equation.params), operands, results)
            self.units.append((tuple(self.graph.operations[-1:]), self._runnable(equation, results, own)))
        return [self._read(a) for a in jaxpr.outvars]

    def _runnable(self, equation: Any, results: list[Variable], own: bool) -> Runnable:
        """An equation as a closed jaxpr of its own."""
        given = list(dict.fromkeys(a for a in equation.invars if not isinstance(a, jax.extend.core.Literal)))
        about = self.closed.jaxpr.debug_info.with_unknown_names()
        alone = jax.extend.core.Jaxpr((), given, equation.outvars, [equation], equation.effects, about)
        closed = jax.extend.core.ClosedJaxpr(alone, ())
        operands = tuple(self.known[a] for a in given)
        opaque = own or any(v.dtype not in NAMES for v in (*operands, *results))
        called = (*(name for _, name in self.calls), equation.primitive.name)
        return Runnable(closed, operands, tuple(results), opaque, called)

    def _call(self, equation: Any, inner: Any) -> None:
        closed = inner if hasattr(inner, "consts") else jax.extend.core.ClosedJaxpr(inner, ())
        for variable, value in zip(closed.jaxpr.constvars, closed.consts, strict=True):
            self.known[variable] = self._constant(value)
        given = equation.invars[len(equation.invars) - len(closed.jaxpr.invars) :]
        self.known |= {v: self._read(a) for v, a in zip(closed.jaxpr.invars, given, strict=True)}
        self.calls.append((self._line(equation), equation.params.get("name", equation.primitive.name)))
        made = self._inline(closed.jaxpr)
        self.calls.pop()
        self.known |= dict(zip(equation.outvars, made, strict=True))

    def _loop(self, equation: Any) -> bool:
        """A loop of known length as one operation, whose parameters hold the operations of a step.

        False where what stands in it can only be in a box.
        """
        known, before, count = dict(self.known), len(self.graph.operations), len(self.units)
        try:
            machine = self._machine(equation)
        except (NoDiagram, Refused):
            if self.kind == "whole":
                raise
            self.known = known
            del self.graph.operations[before:], self.units[count:]
            return False
        self.graph.operations.append(machine)
        self.units.append(((machine,), self._runnable(equation, list(machine.results), False)))
        return True

    def _machine(self, equation: Any) -> Operation:
        given = equation.params
        body, constants, carried = given["jaxpr"], given["num_consts"], given["num_carry"]
        operands = [self._read(a) for a in equation.invars]
        for variable, value in zip(body.jaxpr.constvars, body.consts, strict=True):
            self.known[variable] = self._constant(value)
        self.known |= dict(zip(body.jaxpr.invars[:constants], operands[:constants], strict=True))
        self.graph.line = line = self._line(equation)
        own = [("", v, ()) for v in self._made(body.jaxpr.invars[constants:])]
        before, count = len(self.graph.operations), len(self.units)
        self.calls.append((line, "scan"))
        outputs = self._inline(body.jaxpr)
        self.calls.pop()
        del self.units[count:]
        step = Traced("step", tuple(own), tuple(self.graph.operations[before:]), tuple(outputs))
        del self.graph.operations[before:]
        self.graph.line = line
        params = {
            "states": carried, "length": given["length"], "reverse": given["reverse"], "body": written(step),
        }  # fmt: skip
        results = self._made(equation.outvars)
        return Operation("machine", params, tuple(operands[constants:]), tuple(results), line)

    def _line(self, equation: Any) -> int | None:
        """The line of an equation, or of the call around it: what JAX has traced before, it does not trace again."""
        trace = equation.source_info.traceback
        frames = trace.frames if trace is not None else ()
        own = [f.line_num for f in frames if f.file_name == self.file]
        return own[0] if own else self.calls[-1][0] if self.calls else None


def _name(equation: Any) -> str:
    """The primitive as a name in Python: `scatter_add` of `scatter-add`."""
    return equation.primitive.name.replace("-", "_")


def _params(params: dict[str, Any]) -> dict[str, Any]:
    """The parameters that are numbers, texts and tuples of them; dtypes as the language writes them."""

    def plain(value: Any) -> Any:
        if isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, np.generic)):
            return DTYPES.get(str(np.dtype(value)), str(value))
        names = getattr(value, "_fields", getattr(value, "__dataclass_fields__", None))
        if names is not None:
            return {name: plain(getattr(value, name)) for name in names}
        if isinstance(value, np.integer):
            return int(value)
        if isinstance(value, tuple | list | range):
            return [plain(v) for v in value]
        return value if isinstance(value, str | int | float | bool | None) else str(value)

    return {name: plain(value) for name, value in params.items()}


def _axes(annotation: Any, rank: int) -> tuple[str, ...]:
    """The names of the axes where an annotation gives them (`Float[Array, "b t d"]` of jaxtyping)."""
    names = tuple(getattr(annotation, "dim_str", "").split())
    return names if len(names) == rank and all(n.isidentifier() for n in names) else ()
