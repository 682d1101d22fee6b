"""Traces a function of a user's file and runs it once: a process of its own, with limits on what that code may do.

Usage: `python -m diagc.importers.worker FOLDER`, where `request.json` has the file, the function, its framework and
arguments, the limits, and what is asked for: one diagram, or parts or boxes where there is none. It writes
`graph.json`, `inputs.npz` and `outputs.npz`, for boxes `boxes.json`, `arrays.npz` and `outputs.npz`, or `error.json`.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import resource
import sys
import traceback
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from diagc.importers.cuts import Whole
from diagc.importers.traced import Parts, Refused, written
from diagc.importers.values import NoDiagram

_FORBIDDEN: Final = (
    "socket.connect", "subprocess.Popen", "os.system", "os.exec", "os.fork", "os.remove", "os.rename",
)  # fmt: skip


def main() -> None:
    """Answer the request of a folder."""
    folder = Path(sys.argv[1])
    request = json.loads((folder / "request.json").read_text())
    answer(folder, request, lambda: _write(folder, request))


def answer(folder: Path, request: dict[str, Any], action: Callable[[], None]) -> None:
    """Do something with the user's code; what goes wrong is in `error.json` afterwards."""
    warnings.simplefilter("ignore")  # of what the user's code does, errors are told
    try:
        action()
    except MemoryError:
        _fail(folder, f"it takes more than {request['bytes'] >> 30} GiB of memory", None)
    except NoDiagram as error:
        _fail(folder, error.message, error.line, "E1402")
    except BaseException as error:  # whatever the user's code raises is the finding
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == request["file"]]
        kind = "" if isinstance(error, Refused) else f"{type(error).__name__}: "
        _fail(folder, f"{kind}{error}", lines[-1] if lines else None)


def _write(folder: Path, request: dict[str, Any]) -> None:
    if request["kind"] == "boxes":
        _write_boxes(folder, request)
        return
    graph, inputs, outputs, parameters = _trace(request, folder)
    np.savez(folder / "inputs.npz", **inputs)
    np.savez(folder / "outputs.npz", *outputs)
    (folder / "parameters.json").write_text(json.dumps(parameters))
    (folder / "graph.json").write_text(json.dumps(graph))


def _write_boxes(folder: Path, request: dict[str, Any]) -> None:
    """The text and its pieces, the arrays that stand between them by name, and what the function returns itself."""
    from diagc.importers.composed import composed
    from diagc.importers.written import named

    framework, function, asked = _asked(request, folder)
    whole: Whole = framework.boxes(*asked)
    whole = replace(whole, traced=named(whole.traced))
    source = Path(request["file"])
    found = composed(whole, source.read_text("utf-8"), source.name)
    if found is None:
        raise NoDiagram("no part of it is worth a diagram", None)
    random = np.random.default_rng(0)
    given, results = framework.run(function, arrays_of(random, request), whole.traced, by_steps=True)
    own = {v.number for _, v, _ in whole.traced.inputs}
    numbers = [number for number in found.names if number not in own]
    made = whole.replay(given, numbers) | {
        v.number: array for (_, v, _), array in zip(whole.traced.inputs, given, strict=True)
    }
    np.savez(folder / "arrays.npz", *made.values())
    np.savez(folder / "outputs.npz", *results)
    said = {
        "text": found.text, "steps": found.steps, "returned": found.returned,
        "arrays": [found.names[number] for number in made],
    }  # fmt: skip
    (folder / "boxes.json").write_text(json.dumps(said))


def _fail(folder: Path, message: str, line: int | None, code: str = "E1401") -> None:
    said = next(iter(message.strip().splitlines()), "")[:300]
    (folder / "error.json").write_text(json.dumps({"message": said, "line": line, "code": code}))


def _trace(
    request: dict[str, Any], folder: Path
) -> tuple[dict[str, Any], dict[str, Any], list[Any], list[str]]:
    framework, function, asked = _asked(request, folder)
    count = len(request["arguments"])
    if request["kind"] == "parts":
        found: Parts = framework.parts(*asked)
        names = [name for name, _, _ in found.traced.inputs]
        return written(found.traced) | {"units": found.units}, {}, [], _paths(function, names[count:])
    made = framework.trace(*asked)
    random = np.random.default_rng(0)
    given, results = framework.run(function, arrays_of(random, request), made)
    names = [name for name, _, _ in made.inputs]
    return (
        written(made),
        dict(zip(names, given, strict=True)),
        results,
        _paths(function, names[count:]),
    )


def _asked(request: dict[str, Any], folder: Path) -> tuple[Any, Any, tuple[Any, ...]]:
    """The framework, the function, and what its traces take."""
    framework: Any = importlib.import_module(f"diagc.importers.{request['framework']}_trace")
    framework.start()
    function = limited(request, folder)
    return framework, function, (function, request["function"], request["file"], request["arguments"])


def limited(request: dict[str, Any], folder: Path) -> Any:
    """The function of a request, in a process that from here on has limits."""
    resource.setrlimit(resource.RLIMIT_DATA, (request["bytes"], request["bytes"]))
    resource.setrlimit(resource.RLIMIT_CPU, (request["seconds"], request["seconds"]))
    sys.dont_write_bytecode = True  # it would lie beside the user's file, where nothing may be opened
    _watch(folder)
    return _function(request["file"], request["function"], request["call"])


def arrays_of(random: np.random.Generator, request: dict[str, Any]) -> list[Any]:
    """Random arrays of the arguments that are asked for."""
    return [_values(random, np.dtype(_numpy(dtype)), shape) for dtype, shape in request["arguments"]]


def _paths(function: Any, names: list[str]) -> list[str]:
    """What parameters are called in their module: dots stand where names of arrays have none."""
    paths = {path.replace(".", "_"): path for path in (function.state_dict() if names else ())}
    return [paths[name] for name in names]


def _numpy(dtype: str) -> str:
    """A dtype of NumPy that holds the values of one that it lacks."""
    return "float32" if dtype == "bfloat16" else dtype


def _values(random: np.random.Generator, dtype: np.dtype[Any], shape: list[int]) -> Any:
    if dtype.kind in "iu":
        return random.integers(0, 2, shape).astype(dtype)
    return random.random(shape) < 0.5 if dtype.kind == "b" else random.standard_normal(shape).astype(dtype)


def _watch(folder: Path) -> None:
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


def _function(file: str, name: str, call: str | None) -> Any:
    """What the file calls by a name; with `call`, the arguments of a class or function that makes it."""
    spec = importlib.util.spec_from_file_location("imported", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["imported"] = module
    sys.path.insert(0, str(Path(file).parent))
    spec.loader.exec_module(module)
    found = getattr(module, name, None)
    if not callable(found):
        functions = [
            n for n, f in vars(module).items() if callable(f) and getattr(f, "__module__", "") == "imported"
        ]
        raise Refused(f"no function is called `{name}`; there are {', '.join(functions) or 'none'}")
    if call is not None or isinstance(found, type):
        values, named = _arguments(call or "")
        found = found(*values, **named)
    return found


def _arguments(call: str) -> tuple[list[Any], dict[str, Any]]:
    """The values of `64, heads=4`. Raises `Refused`."""
    try:
        tree = ast.parse(f"f({call})", mode="eval").body
        assert isinstance(tree, ast.Call)
        named = {str(k.arg): ast.literal_eval(k.value) for k in tree.keywords}
        return [ast.literal_eval(a) for a in tree.args], named
    except (ValueError, SyntaxError):
        raise Refused(f"what it is made with is not numbers and texts: {call}") from None


if __name__ == "__main__":
    main()
