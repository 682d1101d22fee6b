# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false
"""Traces a function of a user's file and runs it once: a process of its own, with limits on what that code may do.

Usage: `python -m diagc.importers.jax_worker FOLDER`, where `request.json` has the file, the function, its arguments and
the limits. It writes `graph.json`, `inputs.npz` and `outputs.npz`, or `error.json`.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import resource
import sys
import traceback
from pathlib import Path
from typing import Any

import jax
import jax.extend
import jax.numpy as jnp
import numpy as np

_DTYPES = {
    "float64": "f64", "float32": "f32", "bfloat16": "bf16", "float16": "f16", "float8_e4m3fn": "f8e4m3",
    "float8_e5m2": "f8e5m2", "int64": "i64", "int32": "i32", "int16": "i16", "int8": "i8", "uint8": "u8",
    "bool": "bool",
}  # fmt: skip
_INLINED = (
    "jit",
    "pjit",
    "closed_call",
    "custom_jvp_call",
    "custom_vjp_call",
    "remat",
    "checkpoint",
    "remat2",
)
_FORBIDDEN = (
    "socket.connect",
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.fork",
    "os.remove",
    "os.rename",
)


class Refused(Exception):
    """What the user's code does is not allowed here, or cannot be traced."""


def main() -> None:
    """Answer the request of a folder."""
    folder = Path(sys.argv[1])
    request = json.loads((folder / "request.json").read_text())
    try:
        graph, inputs, outputs = _trace(request, folder)
        np.savez(folder / "inputs.npz", **inputs)
        np.savez(folder / "outputs.npz", *outputs)
        (folder / "graph.json").write_text(json.dumps(graph))
    except MemoryError:
        _fail(folder, f"it takes more than {request['bytes'] >> 30} GiB of memory", None)
    except BaseException as error:  # whatever the user's code raises is the finding
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == request["file"]]
        kind = "" if isinstance(error, Refused) else f"{type(error).__name__}: "
        _fail(folder, f"{kind}{error}", lines[-1] if lines else None)


def _fail(folder: Path, message: str, line: int | None) -> None:
    (folder / "error.json").write_text(json.dumps({"message": message.splitlines()[0][:300], "line": line}))


def _trace(request: dict[str, Any], folder: Path) -> tuple[dict[str, Any], dict[str, Any], list[Any]]:
    jax.numpy.zeros(1).block_until_ready()  # what JAX reads and starts, it has read and started
    resource.setrlimit(resource.RLIMIT_DATA, (request["bytes"], request["bytes"]))
    resource.setrlimit(resource.RLIMIT_CPU, (request["seconds"], request["seconds"]))
    _watch(Path(request["file"]), folder)
    function = _function(request["file"], request["function"])
    shapes = [jax.ShapeDtypeStruct(tuple(shape), jnp.dtype(dtype)) for dtype, shape in request["arguments"]]
    closed, results = jax.make_jaxpr(function, return_shape=True)(*shapes)
    if jax.tree.structure(results).num_leaves != len(closed.jaxpr.outvars):
        raise Refused("its results are not arrays")
    graph = _Writer(closed, request["file"]).graph(function, request["function"])
    random = np.random.default_rng(0)
    arrays = [jnp.asarray(_values(random, s), s.dtype) for s in shapes]
    made = jax.tree.leaves(jax.jit(function)(*arrays))
    given = {i["name"]: np.asarray(a, np.float64) for i, a in zip(graph["inputs"], arrays, strict=True)}
    return graph, given, [np.asarray(m, np.float64) for m in made]


def _values(random: np.random.Generator, shape: Any) -> Any:
    if np.issubdtype(shape.dtype, np.integer):
        return random.integers(0, 2, shape.shape)
    return random.random(shape.shape) < 0.5 if shape.dtype == bool else random.standard_normal(shape.shape)


def _watch(file: Path, folder: Path) -> None:
    """Refuse what a function of arrays has no need of: files, programs, the network."""
    roots = [str(Path(p).resolve()) for p in (sys.prefix, sys.base_prefix, folder)]
    roots += [str(Path(p).resolve()) for p in sys.path if "site-packages" in p or "python3" in p]

    def check(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str):
            path = Path(arguments[0]).resolve()
            source = path.suffix in (".py", ".pyc") or path.name == "__pycache__"
            if not source and not str(path).startswith(
                (*roots, "/proc/", "/sys/", "/dev/null", "/dev/urandom")
            ):
                raise Refused(f"it opens the file {path}")
        elif event.startswith(_FORBIDDEN):
            raise Refused(f"it calls {event}")

    sys.addaudithook(check)


def _function(file: str, name: str) -> Any:
    spec = importlib.util.spec_from_file_location("imported", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(Path(file).parent))
    spec.loader.exec_module(module)
    if not callable(getattr(module, name, None)):
        functions = [
            n for n, f in vars(module).items() if callable(f) and getattr(f, "__module__", "") == "imported"
        ]
        raise Refused(f"no function is called `{name}`; there are {', '.join(functions) or 'none'}")
    return getattr(module, name)


class _Writer:
    """A closed jaxpr as JSON, calls inlined."""

    def __init__(self, closed: Any, file: str) -> None:
        self.closed, self.file = closed, file
        self.known: dict[Any, dict[str, Any]] = {}
        self.operations: list[dict[str, Any]] = []
        self.count = 0

    def graph(self, function: Any, name: str) -> dict[str, Any]:
        jaxpr = self.closed.jaxpr
        parameters = list(inspect.signature(function).parameters.values())
        inputs = [self._new(v) for v in jaxpr.invars]
        for variable, value in zip(jaxpr.constvars, self.closed.consts, strict=True):
            self.known[variable] = self._constant(value)
        outputs = self._inline(jaxpr)
        names = [p.name for p in parameters][: len(inputs)]
        names += [f"argument{place}" for place in range(len(names), len(inputs))]
        axes = [_axes(p.annotation, len(v["shape"])) for p, v in zip(parameters, inputs, strict=False)]
        axes += [[]] * (len(inputs) - len(axes))
        found = [{"name": n, "variable": v, "axes": a} for n, v, a in zip(names, inputs, axes, strict=True)]
        return {"name": name, "inputs": found, "operations": self.operations, "outputs": outputs}

    def _constant(self, value: Any) -> dict[str, Any]:
        array = np.asarray(value)
        if array.size and (array == array.ravel()[0]).all():
            return {
                "value": array.ravel()[0].item(),
                "dtype": _dtype(array.dtype),
                "shape": list(array.shape),
            }
        raise Refused(f"it holds an array of shape {array.shape}: make that an argument")

    def _new(self, variable: Any) -> dict[str, Any]:
        self.count += 1
        aval = variable.aval
        found = {"number": self.count, "dtype": _dtype(aval.dtype), "shape": list(aval.shape)}
        self.known[variable] = found
        return found

    def _read(self, atom: Any) -> dict[str, Any]:
        if isinstance(atom, jax.extend.core.Literal):
            aval: Any = atom.aval
            return self._constant(atom.val) | {"dtype": _dtype(aval.dtype)}
        return self.known[atom]

    def _inline(self, jaxpr: Any) -> list[dict[str, Any]]:
        for equation in jaxpr.eqns:
            inner = equation.params.get("jaxpr", equation.params.get("call_jaxpr"))
            if equation.primitive.name in _INLINED and inner is not None:
                self._call(equation, inner)
                continue
            operands = [self._read(a) for a in equation.invars]
            self.operations.append(
                {
                    "primitive": equation.primitive.name, "params": _params(equation.params), "operands": operands,
                    "results": [self._new(v) for v in equation.outvars], "line": self._line(equation),
                }
            )  # fmt: skip
        return [self._read(a) for a in jaxpr.outvars]

    def _call(self, equation: Any, inner: Any) -> None:
        closed = inner if hasattr(inner, "consts") else jax.extend.core.ClosedJaxpr(inner, ())
        for variable, value in zip(closed.jaxpr.constvars, closed.consts, strict=True):
            self.known[variable] = self._constant(value)
        given = equation.invars[len(equation.invars) - len(closed.jaxpr.invars) :]
        self.known |= {v: self._read(a) for v, a in zip(closed.jaxpr.invars, given, strict=True)}
        made = self._inline(closed.jaxpr)
        self.known |= dict(zip(equation.outvars, made, strict=True))

    def _line(self, equation: Any) -> int | None:
        trace = equation.source_info.traceback
        frames = trace.frames if trace is not None else ()
        return next((f.line_num for f in frames if f.file_name == self.file), None)


def _dtype(dtype: Any) -> str:
    name = str(dtype)
    if name not in _DTYPES:
        raise Refused(f"it has arrays of {name}, which the language does not have")
    return _DTYPES[name]


def _params(params: dict[str, Any]) -> dict[str, Any]:
    """The parameters that are numbers, texts and tuples of them; dtypes as the language writes them."""

    def plain(value: Any) -> Any:
        if isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, np.generic)):
            return _DTYPES.get(str(np.dtype(value)), str(value))
        names = getattr(value, "_fields", getattr(value, "__dataclass_fields__", None))
        if names is not None:
            return {name: plain(getattr(value, name)) for name in names}
        if isinstance(value, np.integer):
            return int(value)
        if isinstance(value, tuple | list | range):
            return [plain(v) for v in value]
        return value if isinstance(value, str | int | float | bool | None) else str(value)

    return {name: plain(value) for name, value in params.items()}


def _axes(annotation: Any, rank: int) -> list[str]:
    """The names of the axes where an annotation gives them (`Float[Array, "b t d"]` of jaxtyping)."""
    text = getattr(annotation, "dim_str", "")
    names = text.split()
    return names if len(names) == rank and all(n.isidentifier() for n in names) else []


if __name__ == "__main__":
    main()
