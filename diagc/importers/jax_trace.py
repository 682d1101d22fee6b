# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false
"""A function of JAX as operations: its jaxpr with calls inlined, at arrays of given shapes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Final

import jax
import jax.extend
import jax.numpy as jnp
import numpy as np

from diagc.importers.held import described
from diagc.importers.traced import DTYPES, NAMES, Graph, Operand, Refused, Traced, Variable, dtype_of

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
    shapes = [jax.ShapeDtypeStruct(tuple(shape), jnp.dtype(dtype)) for dtype, shape in arguments]
    closed, results = jax.make_jaxpr(function, return_shape=True)(*shapes)
    if jax.tree.structure(results).num_leaves != len(closed.jaxpr.outvars):
        raise Refused("its results are not arrays")
    parameters = list(inspect.signature(function).parameters.values())
    names = [p.name for p in parameters][: len(shapes)]
    names += [f"argument{place}" for place in range(len(names), len(shapes))]
    given = [_axes(p.annotation, len(s.shape)) for p, s in zip(parameters, shapes, strict=False)]
    return traced(closed, name, file, names, [*given, *[()] * (len(shapes) - len(given))])


def traced(closed: Any, name: str, file: str, names: Sequence[str], axes: Sequence[Sequence[str]]) -> Traced:
    """A closed jaxpr whose arguments have names, and perhaps axes. Raises `Refused`."""
    return _Reader(closed, file).read(name, names, axes)


def run(function: Callable[..., Any], arrays: Arrays, made: Traced) -> tuple[Arrays, Arrays]:
    """What the function was given and what it returned."""
    given = [jnp.asarray(a, NAMES[v.dtype]) for a, (_, v, _) in zip(arrays, made.inputs, strict=True)]
    results = jax.tree.leaves(jax.jit(function)(*given))
    return [np.asarray(a, np.float64) for a in given], [np.asarray(r, np.float64) for r in results]


class _Reader:
    """One walk over a closed jaxpr."""

    def __init__(self, closed: Any, file: str) -> None:
        self.closed, self.file = closed, file
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
        array = np.asarray(value)
        found = described(array, self.graph)
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
            if equation.primitive.name in _INLINED and inner is not None:
                self._call(equation, inner)
                continue
            operands = [self._read(a) for a in equation.invars]
            self.graph.line = self._line(equation)
            results = [self._new(v) for v in equation.outvars]
            self.graph.record(equation.primitive.name, _params(equation.params), operands, results)
        return [self._read(a) for a in jaxpr.outvars]

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
