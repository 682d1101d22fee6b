# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false
"""A function of JAX as operations: its jaxpr with calls inlined, at arrays of given shapes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jax
import jax.extend
import jax.numpy as jnp
import numpy as np

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
    reader = _Reader(closed, file, whole=False)
    made = reader.read(name, names, axes)
    return Parts(made, tuple((len(o), r is not None and r.opaque) for o, r in reader.units))


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
    """An equation with the operands that it has in a traced function; an `opaque` one has its own derivative."""

    closed: Any
    operands: tuple[Operand, ...]
    results: tuple[Variable, ...]
    opaque: bool

    @property
    def reads(self) -> frozenset[int]:
        return frozenset(o.number for o in self.operands if isinstance(o, Variable))

    @property
    def writes(self) -> frozenset[int]:
        return frozenset(v.number for v in self.results)

    def run(self, known: dict[int, Any]) -> None:
        """Compute its results from what is known by number."""
        given = [
            jnp.full(o.shape, o.value, NAMES[o.dtype]) if isinstance(o, Literal) else known[o.number]
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
    reader = _Reader(closed, "", whole=False)
    made = reader.read(name, names, [()] * len(names))
    return Equations(made, tuple(reader.units), reader.constants)


def run(function: Callable[..., Any], arrays: Arrays, made: Traced) -> tuple[Arrays, Arrays]:
    """What the function was given and what it returned."""
    given = [jnp.asarray(a, NAMES[v.dtype]) for a, (_, v, _) in zip(arrays, made.inputs, strict=True)]
    results = jax.tree.leaves(jax.jit(function)(*given))
    return [np.asarray(a, np.float64) for a in given], [np.asarray(r, np.float64) for r in results]


class _Reader:
    """One walk over a closed jaxpr."""

    def __init__(self, closed: Any, file: str, whole: bool = True) -> None:
        self.closed, self.file, self.whole = closed, file, whole
        self.units: list[tuple[tuple[Operation, ...], Runnable | None]] = []
        self.constants: dict[int, Any] = {}
        self.known: dict[Any, Operand] = {}
        self.graph = Graph()
        self.calls: list[int | None] = []

    def read(self, name: str, names: Sequence[str], axes: Sequence[Sequence[str]]) -> Traced:
        jaxpr = self.closed.jaxpr
        inputs = [self._new(v) for v in jaxpr.invars]
        for variable, value in zip(jaxpr.constvars, self.closed.consts, strict=True):
            self.known[variable] = self._constant(value)
        outputs = self._inline(jaxpr)
        found = tuple((n, v, tuple(a)) for n, v, a in zip(names, inputs, axes, strict=True))
        return Traced(name, found, tuple(self.graph.operations), tuple(outputs))

    def _constant(self, value: Any) -> Operand:
        array, before = np.asarray(value), len(self.graph.operations)
        found = described(array, self.graph)
        if isinstance(found, Variable):
            self.constants[found.number] = value
            self.units.append((tuple(self.graph.operations[before:]), None))
        if found is None and not self.whole:
            found = self.graph.variable(dtype_of(str(array.dtype)), array.shape)
            self.constants[found.number] = value
        if found is None:
            raise Refused(f"it holds an array of shape {array.shape}: make that an argument")
        return found

    def _new(self, variable: Any) -> Variable:
        aval = variable.aval
        made = self.graph.variable(dtype_of(str(aval.dtype)), aval.shape)
        self.known[variable] = made
        return made

    def _read(self, atom: Any) -> Operand:
        if isinstance(atom, jax.extend.core.Literal):
            aval: Any = atom.aval
            return self._constant(np.asarray(atom.val, aval.dtype))
        return self.known[atom]

    def _inline(self, jaxpr: Any) -> list[Operand]:
        for equation in jaxpr.eqns:
            inner = equation.params.get("jaxpr", equation.params.get("call_jaxpr"))
            own = equation.primitive.name.startswith("custom_vjp") and not self.whole
            if equation.primitive.name in _INLINED and inner is not None and not own:
                self._call(equation, inner)
                continue
            if equation.primitive.name == "scan" and self.whole:
                self._loop(equation)
                continue
            operands = [self._read(a) for a in equation.invars]
            self.graph.line = self._line(equation)
            results = [self._new(v) for v in equation.outvars]
            self.graph.record(equation.primitive.name, _params(equation.params), operands, results)
            self.units.append((tuple(self.graph.operations[-1:]), self._runnable(equation, results, own)))
        return [self._read(a) for a in jaxpr.outvars]

    def _runnable(self, equation: Any, results: list[Variable], opaque: bool) -> Runnable:
        """An equation as a closed jaxpr of its own."""
        given = list(dict.fromkeys(a for a in equation.invars if not isinstance(a, jax.extend.core.Literal)))
        about = self.closed.jaxpr.debug_info.with_unknown_names()
        alone = jax.extend.core.Jaxpr((), given, equation.outvars, [equation], equation.effects, about)
        closed = jax.extend.core.ClosedJaxpr(alone, ())
        return Runnable(closed, tuple(self.known[a] for a in given), tuple(results), opaque)

    def _call(self, equation: Any, inner: Any) -> None:
        closed = inner if hasattr(inner, "consts") else jax.extend.core.ClosedJaxpr(inner, ())
        for variable, value in zip(closed.jaxpr.constvars, closed.consts, strict=True):
            self.known[variable] = self._constant(value)
        given = equation.invars[len(equation.invars) - len(closed.jaxpr.invars) :]
        self.known |= {v: self._read(a) for v, a in zip(closed.jaxpr.invars, given, strict=True)}
        self.calls.append(self._line(equation))
        made = self._inline(closed.jaxpr)
        self.calls.pop()
        self.known |= dict(zip(equation.outvars, made, strict=True))

    def _loop(self, equation: Any) -> None:
        """A loop of known length as one operation, whose parameters hold the operations of a step."""
        given = equation.params
        body, constants, carried = given["jaxpr"], given["num_consts"], given["num_carry"]
        operands = [self._read(a) for a in equation.invars]
        for variable, value in zip(body.jaxpr.constvars, body.consts, strict=True):
            self.known[variable] = self._constant(value)
        self.known |= dict(zip(body.jaxpr.invars[:constants], operands[:constants], strict=True))
        own = [("", self._new(v), ()) for v in body.jaxpr.invars[constants:]]
        line, before = self._line(equation), len(self.graph.operations)
        self.calls.append(line)
        outputs = self._inline(body.jaxpr)
        self.calls.pop()
        step = Traced("step", tuple(own), tuple(self.graph.operations[before:]), tuple(outputs))
        del self.graph.operations[before:]
        self.graph.line = line
        params = {
            "states": carried, "length": given["length"], "reverse": given["reverse"], "body": written(step),
        }  # fmt: skip
        results = [self._new(v) for v in equation.outvars]
        self.graph.record("machine", params, operands[constants:], results)

    def _line(self, equation: Any) -> int | None:
        """The line of an equation, or of the call around it: what JAX has traced before, it does not trace again."""
        trace = equation.source_info.traceback
        frames = trace.frames if trace is not None else ()
        own = [f.line_num for f in frames if f.file_name == self.file]
        return own[0] if own else self.calls[-1] if self.calls else None


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
