"""A training program in JAX out of a learning diagram: one readable file that runs without this compiler.

What is special to the diagram is written here: the loss with its shared prefixes computed once, the metrics of each
source, the tables of columns and parameters, the optimiser. What all programs share is the text of
`training_program.py`.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from diagc import check
from diagc.backends.jax_helpers import helpers_text
from diagc.backends.training_loss import emit_loss, emit_metrics, emit_predictions
from diagc.backends.writer import Writer, tuple_text
from diagc.core import ops
from diagc.core.diagram import Node, walk
from diagc.core.learning import (
    Column,
    LearningDiagram,
    Optimiser,
    OptimiserValue,
    Schedule,
    Source,
    Weight,
    parameter_path,
)
from diagc.passes.commute import Term, terms
from diagc.version import __version__

_COMMON: Final = (
    (Path(__file__).with_name("training_data.py"), "\n# ---- data\n"),
    (Path(__file__).with_name("training_program.py"), "\n# ---- program\n"),
    (Path(__file__).with_name("training_files.py"), "\n# ---- files\n"),
)
_PYTHON: Final = (Path(check.__file__).with_name("python_module.py"), "\n# ---- models from Python\n")

_NATURAL: Final = (Path(__file__).with_name("training_natural.py"), "\n# ---- natural gradient\n")

DEFAULT_OPTIMISER: Final = Optimiser(None, "adam", (("lr", 1e-3),))
DEFAULT_EPOCHS: Final = 20
DEFAULT_BATCH: Final = 128


def emit_training(
    learning: LearningDiagram, origin: str, values: Mapping[str, float] | None = None, carried: str = ""
) -> str:
    """The program as text. All sizes but the batches are numbers; `values` gives free names of initialisers.

    `origin` says in the program what it was made from. `carried` is a JAX file with a function `terms`, that of
    `terms_diagram`, which the program then calls.
    """
    python = _python_models(learning)
    imports, shared = _shared(_COMMON)
    if python:
        more, text = _shared((_PYTHON,))
        imports, python = imports + more, f"{text}\n\n\n{python}"
    if carried:
        more, text = _parted(carried)
        imports, python = imports + more, "\n\n\n".join(filter(None, [python, text]))
    helpers: set[str] = set()
    ordered = terms(learning)
    loss = _section(partial(emit_loss, learning=learning, terms=ordered, carried=bool(carried)), helpers)
    metrics = [
        _section(partial(emit_metrics, learning=learning, terms=ordered, source=source), helpers)
        for source in learning.sources
    ]
    parts = _curvature(learning, ordered, helpers, imports)
    functions = [python, helpers_text(helpers).strip("\n"), loss, *metrics, *parts, _optimiser(learning)]
    body = "\n\n\n".join(text.strip("\n") for text in functions if text)
    if "lax." in body:
        imports.append("from jax import lax")
    if "functools." in body:
        imports.append("import functools")
    table = _table(learning, values or {})
    return (
        f"{_header(learning, origin)}\n\nfrom __future__ import annotations\n\n{_grouped(imports)}\n\n\n{body}\n\n\n"
        f'{shared.strip()}\n\n\n{table}\nif __name__ == "__main__":\n    main(REGIME)\n'
    )


def _curvature(
    learning: LearningDiagram, ordered: Sequence[Term], helpers: set[str], imports: list[str]
) -> list[str]:
    """Products with the curvature of the loss, where an optimiser takes them."""
    if not _is_natural(learning):
        return []
    found, text = _read(_NATURAL)
    imports += found
    return [_section(partial(emit_predictions, learning=learning, terms=ordered), helpers), text]


def _is_natural(learning: LearningDiagram) -> bool:
    return any(optimiser.method == "natural" for optimiser in learning.optimisers)


def _section(write: Callable[[Writer], None], helpers: set[str]) -> str:
    writer = Writer()
    write(writer)
    helpers |= writer.helpers
    return writer.text


def _header(learning: LearningDiagram, origin: str) -> str:
    reading = [s.name for s in learning.sources if any(c.drawn is None for c in s.columns)]
    data = "".join(f" --data {name}=FILE" for name in reading)
    return (
        f'"""Train `{learning.name}`. Made by diagc {__version__} from {origin}.\n\n'
        f'    python {learning.name}.py{data} --out DIR\n"""'
    )


def _python_models(learning: LearningDiagram) -> str:
    """The table of the models from Python, by what calls them; empty where there is none."""
    roots = [e.discrepancy for e in learning.equations]
    names = sorted({n.op.name for n in walk(roots) if isinstance(n.op, ops.Foreign)})
    if not names:
        return ""
    rows = "".join(
        f'    "{name}": PythonModel("{target}", dict({rest}),\n' for name in names
        for target, _, rest in [name.partition("(")]
    )  # fmt: skip
    return f"PYTHON = {{\n{rows}}}"


def _shared(parts: Sequence[tuple[Path, str]]) -> tuple[list[str], str]:
    """The imports of texts that programs share, and the texts."""
    imports, bodies = list[str](), list[str]()
    for part in parts:
        found, body = _read(part)
        imports += found
        bodies.append(body)
    return imports, "\n\n\n".join(bodies)


def _read(part: tuple[Path, str]) -> tuple[list[str], str]:
    """The imports of a file of this folder, and its text below the mark."""
    path, mark = part
    head, _, body = path.read_text("utf-8").partition(mark)
    lines, _ = _parted(head)
    return [line for line in lines if "__future__" not in line and "diagc" not in line], body.strip()


def _parted(text: str) -> tuple[list[str], str]:
    """The imports of a module, and what follows them and `__all__`."""
    found = ast.parse(text).body
    lines = [ast.unparse(one) for one in found if isinstance(one, ast.Import | ast.ImportFrom)]
    head = [one for one in found if isinstance(one, ast.Import | ast.ImportFrom) or _lists_names(one)]
    last = max((one.end_lineno or 0 for one in head), default=0)
    return lines, "\n".join(text.splitlines()[last:]).strip()


def _lists_names(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__all__"


def _grouped(imports: Sequence[str]) -> str:
    """The standard library's imports, then the others, each sorted; names of one module in one line."""
    merged: dict[str, set[str]] = {}
    for line in imports:
        module, _, names = line.partition(" import ")
        merged.setdefault(module, set()).update(names.split(", ") if names else ())
    lines = [f"{m} import {', '.join(sorted(names))}" if names else m for m, names in merged.items()]
    lines.sort(key=lambda line: (line.startswith("from"), line))
    standard = [line for line in lines if line.split()[1].split(".")[0] in sys.stdlib_module_names]
    return "\n".join([*standard, "", *(line for line in lines if line not in standard)])


# ---- optimisers


def _optimiser(learning: LearningDiagram) -> str:
    own = {o.model: o for o in learning.optimisers if o.model is not None}
    default = next((o for o in learning.optimisers if o.model is None), DEFAULT_OPTIMISER)
    models = [m.name for m in learning.models if m.mode == "train" and m.parameters]
    methods = {name: _method(own.get(name, default)) for name in models}
    lines = ["def optimiser():", '    """How the parameters move."""']
    if len(set(methods.values())) == 1:
        lines.append(f"    return {methods[models[0]]}")
    else:
        lines.append("    return optax.partition(")
        lines.append("        {")
        lines += [f'            "{name}": {method},' for name, method in sorted(methods.items())]
        lines.append("        },")
        lines.append('        lambda params: {path: path.partition(".")[0] for path in params},')
        lines.append("    )")
    return "\n".join(lines)


def _method(optimiser: Optimiser) -> str:
    values = dict(optimiser.arguments)
    clip, warmup = values.pop("clip", None), values.pop("warmup", None)
    rate = _rate(values["lr"], warmup)
    arguments = ", ".join(f"learning_rate={rate}" if n == "lr" else f"{n}={v!r}" for n, v in values.items())
    home = "" if optimiser.method == "natural" else "optax."
    made = f"{home}{optimiser.method}({arguments})"
    return made if clip is None else f"optax.chain(optax.clip_by_global_norm({clip!r}), {made})"


def _rate(rate: OptimiserValue, warmup: OptimiserValue | None) -> str:
    """The learning rate: a number, or a schedule of optax."""
    if not isinstance(rate, Schedule):
        if warmup is None:
            return repr(rate)
        return f"optax.linear_schedule(0.0, {rate!r}, {warmup!r})"
    if rate.shape == "linear":
        made = f"optax.linear_schedule({rate.start!r}, {rate.end!r}, {rate.steps})"
    else:
        share = rate.end / rate.start if rate.start else 0.0
        made = f"optax.cosine_decay_schedule({rate.start!r}, {rate.steps}, {share!r})"
    if warmup is None:
        return made
    rise = f"optax.linear_schedule(0.0, {rate.start!r}, {warmup!r})"
    return f"optax.join_schedules([{rise}, {made}], [{warmup!r}])"


# ---- the table


def _table(learning: LearningDiagram, values: Mapping[str, float]) -> str:
    settings, writer = learning.settings, Writer()
    writer.line("REGIME = Regime(")
    with writer.indented():
        writer.line(f'name="{learning.name}",')
        _columns(writer, learning.sources)
        _drawn(writer, learning.sources)
        _parameters(writer, "trained", learning.parameters("train"), values)
        _parameters(writer, "frozen", learning.parameters("frozen"), values)
        _averages(writer, learning)
        files = ", ".join(f'"{m.name}": {_quoted(m.weights)}' for m in learning.models if m.weights)
        writer.line(f"weights={{{files}}},")
        shares = ", ".join(f'"{e.label}": {_final(e.weight)!r}' for e in learning.equations)
        writer.line(f"importance={{{shares}}},")
        writer.line("optimiser=optimiser,")
        writer.line("loss=loss,")
        entries = ", ".join(f'"{source.name}": metrics_{source.name}' for source in learning.sources)
        writer.line(f"metrics={{{entries}}},")
        writer.line(f"epochs={settings.epochs or DEFAULT_EPOCHS},")
        writer.line(f"steps={settings.steps},")
        writer.line(f"batch={settings.batch or DEFAULT_BATCH},")
        writer.line(f"seed={settings.seed},")
        if _is_natural(learning):
            writer.line("curvature=partial(curvature, predictions, discrepancy),")
    writer.line(")")
    return writer.text


def _quoted(text: str | None) -> str:
    escaped = (text or "").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _final(weight: Weight) -> float:
    return weight.end if isinstance(weight, Schedule) else weight


def _columns(writer: Writer, sources: Sequence[Source]) -> None:
    writer.line("columns={")
    with writer.indented():
        for source in sources:
            read = [f'"{c.name}": ({_sample(c)}),' for c in source.columns if c.drawn is None]
            _entries(writer, source.name, read)
    writer.line("},")


def _drawn(writer: Writer, sources: Sequence[Source]) -> None:
    found = {
        source.name: [
            f'"{c.name}": ({_sample(c)}, "{c.drawn.distribution}", {dict(c.drawn.arguments)!r}),'
            for c in source.columns
            if c.drawn is not None
        ]
        for source in sources
    }
    if not any(found.values()):
        writer.line("drawn={},")
        return
    writer.line("drawn={")
    with writer.indented():
        for name, lines in found.items():
            _entries(writer, name, lines)
    writer.line("},")


def _entries(writer: Writer, name: str, lines: Sequence[str]) -> None:
    if not lines:
        writer.line(f'"{name}": {{}},')
        return
    writer.line(f'"{name}": {{')
    with writer.indented():
        for line in lines:
            writer.line(line)
    writer.line("},")


def _sample(column: Column) -> str:
    """Dtype, shape of one sample, and the size of the axis that an index points into."""
    array = column.array
    shape = tuple_text([str(axis.size.value) for axis in array.axes]) if array.axes else "()"
    return f'"{array.dtype.array_name}", {shape}, {array.index_of.size.value if array.index_of else None}'


def _averages(writer: Writer, learning: LearningDiagram) -> None:
    entries = {
        path: (f"{model.of}.{path.partition('.')[2]}", model.decay)
        for model in learning.models
        if model.mode == "ema"
        for path in map(parameter_path, model.parameters)
    }
    if not entries:
        writer.line("averages={},")
        return
    writer.line("averages={")
    with writer.indented():
        for path, (of, decay) in sorted(entries.items()):
            writer.line(f'"{path}": ("{of}", {decay!r}),')
    writer.line("},")


def _parameters(writer: Writer, name: str, parameters: Sequence[Node], values: Mapping[str, float]) -> None:
    if not parameters:
        writer.line(f"{name}={{}},")
        return
    writer.line(f"{name}={{")
    with writer.indented():
        for parameter in parameters:
            shape = tuple_text([str(axis.size.value) for axis in parameter.axes]) if parameter.axes else "()"
            made = _initialiser(parameter, values) if name == "trained" else "None"
            writer.line(f'"{parameter_path(parameter)}": ({made}, {shape}, "{parameter.dtype.array_name}"),')
    writer.line("},")


def _initialiser(parameter: Node, values: Mapping[str, float]) -> str:
    assert isinstance(parameter.op, ops.Input)
    assert parameter.op.init is not None
    name, arguments = parameter.op.init
    if name == "python":
        told = dict(arguments)
        return f'PYTHON["{told["target"]}"].initialiser("{told["name"]}")'
    if name in ("zeros", "ones"):
        return f"jax.nn.initializers.{name}"
    given = [f"{key}={_number(v, values)}" if key else _number(v, values) for key, v in arguments]
    return f"jax.nn.initializers.{name}({', '.join(given)})"


def _number(value: float | str, values: Mapping[str, float]) -> str:
    return repr(values[value] if isinstance(value, str) else value)


__all__ = ["DEFAULT_BATCH", "DEFAULT_EPOCHS", "emit_training"]
