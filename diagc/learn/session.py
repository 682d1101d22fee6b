"""A training run: sizes and data are bound, the emitted program is loaded as a module, and its own trainer runs.

There is one trainer, the text that `--emit` writes. It is loaded from a temporary file by the import system.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from safetensors import SafetensorError

from diagc.backends.training import DEFAULT_BATCH, DEFAULT_EPOCHS, emit_training
from diagc.core import ops
from diagc.core.axes import Axis, Size
from diagc.core.learning import LearningDiagram, parameter_path
from diagc.diagnostics import Diagnostic, DiagnosticError, failure
from diagc.learn.board import Board
from diagc.learn.carried import carried_terms
from diagc.learn.data import Selection, Table, load_source_table, read_file, split
from diagc.learn.weights import load_weights
from diagc.passes.resize import Resize

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a run reads. `validation` holds files by source; `fraction` is held out where there is none."""

    data: Mapping[str, Selection]
    validation: Mapping[str, Selection] = field(default_factory=dict[str, Selection])
    fraction: float | None = None
    weights: Mapping[str, Path] = field(default_factory=dict[str, Path])


@dataclass(frozen=True, slots=True)
class Service:
    """What a run does beside training: see `Options` of the program. `checkpoint` is in updates; None writes none."""

    accumulate: int = 1
    clip: float | None = None
    patience: int | None = None
    keep_best: bool = False
    checkpoint: int | None = None
    resume: bool = False
    mesh: tuple[tuple[str, int], ...] = ()
    tensorboard: bool = False
    coordinator: str | None = None
    process: int = 0
    processes: int = 1
    kernels: str | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run before its first update: the loaded program, and what its `fit` is given.

    `loaded` are arrays of files, of which those that train replace initial ones.
    """

    program: ModuleType
    options: Any
    data: dict[str, Table]
    validation: dict[str, Table]
    loaded: dict[str, Any]
    frozen: dict[str, Any]

    def initial(self, seed: int) -> dict[str, Any]:
        """What trains before the first update of the run with this seed."""
        made = self.program.initial(self.program.REGIME, seed)
        return {p: _as(self.loaded[p], a.dtype) if p in self.loaded else a for p, a in made.items()}

    @property
    def epochs(self) -> int:
        """How many records the run will have, unless it stops early."""
        per_epoch = self.program.Batches(self.data, self.options).per_epoch
        return self.options.epochs if self.options.steps is None else -(-self.options.steps // per_epoch)


@dataclass(frozen=True, slots=True)
class Result:
    """What a run gives: parameters by path, and one record for each epoch."""

    parameters: dict[str, Any]
    records: list[Record]


def bind(
    learning: LearningDiagram,
    sizes: Mapping[str, int],
    values: Mapping[str, float],
    data: Mapping[str, Selection] | None = None,
) -> LearningDiagram:
    """The diagram at known sizes: given ones, and those that the shapes of the data decide.

    Raises E0621 for a free name of an initialiser without a value, E0622 for a size that nothing determines.
    """
    known = {name: Size.constant(value) for name, value in sizes.items()}
    _refuse_strangers(learning, sizes, values)
    bound = Resize(dict(known)).learning(learning)
    for source in bound.sources if data else ():
        if data and source.name in data and any(a.size.symbols for c in source.columns for a in c.array.axes):
            held = read_file(data[source.name].path)
            for column in source.columns:
                if column.name in held and held[column.name].ndim == len(column.array.axes) + 1:
                    known |= _solved(column.array.axes, held[column.name].shape[1:], known)
    bound = Resize({n: s for n, s in known.items() if n not in sizes}).learning(bound)
    problems = [*_missing_sizes(bound), *_missing_values(bound, values)]
    if problems:
        raise DiagnosticError(problems)
    return bound


def _solved(axes: tuple[Axis, ...], shape: tuple[int, ...], known: Mapping[str, Size]) -> dict[str, Size]:
    found: dict[str, Size] = {}
    for axis, extent in zip(axes, shape, strict=True):
        size = axis.size.substitute(known)
        if len(size.symbols) == 1 and size == Size.symbol(size.symbols[0]):
            found.setdefault(size.symbols[0], Size.constant(extent))
    return found


def _free_sizes(learning: LearningDiagram) -> list[str]:
    """The size symbols of the arrays of a diagram."""
    arrays = [c.array for s in learning.sources for c in s.columns]
    arrays += [p.array for m in learning.models for p in m.parameters]
    every = [axis for a in arrays for axis in (*a.axes, *((a.index_of,) if a.index_of else ()))]
    return list(dict.fromkeys(symbol for axis in every for symbol in axis.size.symbols))


def _free_values(learning: LearningDiagram) -> list[str]:
    """The free names of the initialisers of a diagram."""
    inits = (p.op.init for p in learning.parameters("train") if isinstance(p.op, ops.Input) and p.op.init)
    inits = (found for found in inits if found[0] != "python")
    return list(dict.fromkeys(v for _, arguments in inits for _, v in arguments if isinstance(v, str)))


def _missing_sizes(learning: LearningDiagram) -> list[Diagnostic]:
    return [
        Diagnostic(
            "E0622",
            f"the size `{name}` is not known",
            (),
            f"give it: `--set {name}=64`, or declare it in the file",
        )
        for name in _free_sizes(learning)
    ]


def _refuse_strangers(
    learning: LearningDiagram, sizes: Mapping[str, int], values: Mapping[str, float]
) -> None:
    """Names given to `--set` and `--value` that stand nowhere in the diagram."""
    wanted = {
        "--set": (
            sizes,
            _free_sizes(learning),
            "size; `--set MODEL.lr=…` and `--set EQUATION.weight=…` change numbers",
        ),
        "--value": (values, _free_values(learning), "name of an initialiser"),
    }
    problems = [
        Diagnostic(
            "E0624",
            f"`{option} {name}=…` names nothing in this diagram",
            (),
            f"write `--{name} …`"
            if option == "--set" and name in ("epochs", "steps", "batch", "seed")
            else f"it has {', '.join(known) or f'no free {what}'}",
        )
        for option, (given, known, what) in wanted.items()
        for name in given
        if name not in known
    ]
    if problems:
        raise DiagnosticError(problems)


def make_folder(out: Path) -> None:
    """Make the folder of a run. E0905 where that cannot be done."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DiagnosticError(
            [
                Diagnostic(
                    "E0905",
                    f"cannot write to the folder `{out}`: {error.strerror}",
                    (),
                    "name another with `--out`",
                )
            ]
        ) from None


def _missing_values(learning: LearningDiagram, values: Mapping[str, float]) -> list[Diagnostic]:
    return [
        Diagnostic(
            "E0621",
            f"`{name}`, which an initialiser uses, has no value",
            (),
            f"give it: `--value {name}=0.1`",
        )
        for name in _free_values(learning)
        if name not in values
    ]


def load_program(text: str) -> ModuleType:
    """An emitted program as a module, imported from a temporary file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "training_program.py"
        path.write_text(text, "utf-8")
        spec = importlib.util.spec_from_file_location("diagc_training_program", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module  # dataclasses look their module up while it is imported
        spec.loader.exec_module(module)
    return module


def load_tables(learning: LearningDiagram, inputs: Inputs) -> tuple[dict[str, Table], dict[str, Table]]:
    """Tables to train on and to validate with, by source; all mistakes of all files in one error.

    A source that draws every column has an empty table.
    """
    data, validation, problems = dict[str, Table](), dict[str, Table](), list[Diagnostic]()
    for source in learning.sources:
        if not source.reads:
            data[source.name] = {}
            continue
        if source.name not in inputs.data:
            problems.append(
                Diagnostic(
                    "E0619", f"source `{source.name}` has no data", (), f"add `--data {source.name}=FILE`"
                )
            )
        for target, selections in ((data, inputs.data), (validation, inputs.validation)):
            if source.name in selections:
                try:
                    target[source.name] = load_source_table(selections[source.name], source)
                except DiagnosticError as error:
                    problems += error.diagnostics
    if problems:
        raise DiagnosticError(problems)
    if inputs.fraction is not None:
        for name in [name for name, table in data.items() if table]:
            data[name], validation[name] = split(data[name], inputs.fraction, learning.settings.seed)
    validation |= {s.name: {} for s in learning.sources if validation and not s.reads}
    return data, validation


def written(
    learning: LearningDiagram, origin: str, values: Mapping[str, float] | None, kernels: str | None
) -> str:
    """The training program, with kernels for the architecture `kernels` where one is named."""
    return emit_training(learning, origin, values, carried_terms(learning, kernels) if kernels else "")


def prepare(
    learning: LearningDiagram,
    inputs: Inputs,
    root: Path,
    values: Mapping[str, float] | None,
    service: Service,
) -> Prepared:
    """Everything that a run starts from. Raises `DiagnosticError` for data and weights that do not fit."""
    data, validation = load_tables(learning, inputs)
    loaded = load_weights(learning, root, inputs.weights)
    program = load_program(written(learning, learning.name, values, service.kernels))
    settings = learning.settings
    options = program.Options(
        settings.epochs or DEFAULT_EPOCHS, settings.steps, settings.batch or DEFAULT_BATCH, settings.seed,
        service.accumulate, service.clip, service.patience, service.keep_best,
        service.mesh,
    )  # fmt: skip
    if service.coordinator is not None:
        program.join(service.coordinator, service.process, service.processes)
    try:
        program.Devices(options)
    except ValueError as error:
        raise failure(
            "E0627", str(error),
            help="name fewer; `XLA_FLAGS=--xla_force_host_platform_device_count=8` makes eight of a CPU",
        ) from None  # fmt: skip
    frozen = {
        path: _as(loaded[path], np.dtype(p.dtype.array_name)) for p in learning.parameters("frozen")
        for path in [parameter_path(p)]
    }  # fmt: skip
    return Prepared(program, options, data, validation, loaded, frozen)


def traced(made: Prepared) -> dict[str, float]:
    """Each equation on the first batch, before any update."""
    program, options = made.program, made.options
    batches = program.Batches(made.data, options)
    first = batches.batch(0)
    batch = {
        name: first.get(name, {}) | program.draw(program.REGIME, name, rows, options.seed, 0)
        for name, rows in batches.sizes.items()
    }
    parameters = made.initial(options.seed)
    slow = {path: parameters[of] for path, (of, _) in program.REGIME.averages.items()}
    _, terms = program.REGIME.loss(parameters, {**made.frozen, **slow}, batch)
    return {label: float(value) for label, value in terms.items()}


def _fit(made: Prepared, service: Service, out: Path | None, note: Callable[[Record], None]) -> Any:
    """The program's own run, its errors as diagnostics."""
    try:
        return made.program.fit(
            made.program.REGIME, made.data, made.options, made.initial(made.options.seed), made.frozen,
            made.validation, out, service.checkpoint, service.resume, note,
        )  # fmt: skip
    except FloatingPointError as error:
        saved = f"; the batch is in `{out / 'not_finite.npz'}`" if out is not None else ""
        raise failure(
            "E0623", f"training stopped: {error}{saved}",
            help="lower the learning rate, or look for a division by zero",
        ) from None  # fmt: skip
    except made.program.Lost:
        raise failure(
            "E0628", f"another of the {service.processes} processes of this run has ended, so this one ends too",
            help="start all of them again with `--resume`: they go on from the last checkpoint",
        ) from None  # fmt: skip
    except (ValueError, SafetensorError) as error:
        if not service.resume:
            raise
        raise failure(
            "E0625",
            f"cannot go on: {error}",
            help="train without `--resume`, or with the settings of the checkpoint",
        ) from None
    except OSError as error:
        raise failure(
            "E0905", f"cannot write to the folder `{out}`: {error.strerror or error}; the last whole files are intact",
            help="make room, and go on with `--resume`",
        ) from None  # fmt: skip


def run(
    learning: LearningDiagram,
    inputs: Inputs,
    root: Path,
    values: Mapping[str, float] | None = None,
    out: Path | None = None,
    report: Callable[[Record, int], None] = lambda record, epochs: None,
    service: Service | None = None,
) -> Result:
    """Train a bound diagram with its own settings; `out` gets the metrics and the weights.

    `root` is the folder of the specification. `report` sees each record and the number of epochs. Raises
    `DiagnosticError` for data and weights that do not fit, E0623 when a loss is not finite, E0625 for a checkpoint of
    another run and E0905 for a folder that takes no files.
    """
    service = service or Service()
    made = prepare(learning, inputs, root, values, service)
    epochs = made.epochs
    if out is not None:
        make_folder(out)

    board = Board(out) if service.tensorboard and out is not None else None

    def note(record: Record) -> None:
        if board is not None:
            board.add(record)
        report(record, epochs)

    try:
        progress = _fit(made, service, out, note)
    finally:
        if board is not None:
            board.close()
    params, slow, _ = progress.moving
    arrays = {**(params if progress.best is None else progress.best), **slow}
    return Result({path: np.asarray(value) for path, value in arrays.items()}, progress.records)


def _as(array: Any, dtype: Any) -> Any:
    return np.asarray(array).astype(dtype)
