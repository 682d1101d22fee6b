"""`diagc train SPEC`: train a learning diagram, or write its training program.

Exit codes: 0 fine, 1 the specification, the data or the weights are wrong, 2 usage, 70 a bug.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from diagc.cli.options import chosen_learning, learning_option, pairs, refuse_design
from diagc.cli.train_runs import Varied, train_runs, varying

if TYPE_CHECKING:
    from diagc.core.learning import LearningDiagram
    from diagc.diagnostics import DiagnosticError
    from diagc.learn.session import Inputs, Service


def _dotted(text: str) -> bool:
    """Whether `--set` changes a setting, not a size."""
    return "." in text.partition("=")[0]


def _mesh(text: str) -> tuple[tuple[str, int], ...]:
    """`data=4,model=2` as pairs."""
    found = pairs([part for part in text.split(",") if part], "--mesh", int)
    if not found.keys() <= {"data", "model"} or any(size < 1 for size in found.values()):
        raise click.BadParameter("write `data=4`, `model=2` or `data=4,model=2`", param_hint="--mesh")
    return tuple(found.items())


@click.command(short_help="train a learning diagram")
@click.argument("spec", type=click.Path(path_type=Path))
@learning_option
@click.option(
    "--data",
    multiple=True,
    metavar="[SOURCE=]FILE[a:b]",
    help="Samples: npz, csv, parquet, safetensors, a folder of images, sklearn:digits.",
)
@click.option(
    "--validation",
    multiple=True,
    metavar="[SOURCE=]FILE|FRACTION",
    help="Held-out samples, or 0.2 of the data.",
)
@click.option(
    "--weights", multiple=True, metavar="MODEL=FILE", help="Weights of a model, before those of the file."
)
@click.option(
    "--emit",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the training program; do not train.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help="Weights and metrics; else out/NAME."
)
@click.option("--epochs", type=click.IntRange(1), help="Passes over the largest source.")
@click.option("--steps", type=click.IntRange(1), help="Updates, instead of epochs.")
@click.option("--batch", type=click.IntRange(1), help="Samples of each source in an update.")
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), help="Decides initial weights and the order of the samples."
)
@click.option("--value", multiple=True, metavar="NAME=X", help="A free name of an initialiser.")
@click.option(
    "--set",
    "sizes",
    multiple=True,
    metavar="NAME=N",
    help="A size that is free, or MODEL.lr, EQUATION.weight.",
)
@click.option("--accumulate", type=click.IntRange(1), default=1, metavar="N", help="Batches for one update.")
@click.option(
    "--clip", type=click.FloatRange(0, min_open=True), metavar="NORM", help="Largest norm of the gradient."
)
@click.option("--patience", type=click.IntRange(1), metavar="EPOCHS", help="Stop when nothing improves.")
@click.option("--keep-best", is_flag=True, help="Keep the weights of the best epoch.")
@click.option(
    "--checkpoint", type=click.IntRange(1), metavar="UPDATES", help="Write a checkpoint this often."
)
@click.option("--resume", is_flag=True, help="Go on from the checkpoint in the folder.")
@click.option(
    "--kernels",
    type=click.Choice(["sm_80", "sm_90", "sm_100"]),
    help="Derived kernels for this GPU in the program.",
)
@click.option(
    "--coordinator", metavar="HOST:PORT", help="Of process 0, where several processes train together."
)
@click.option("--process", type=click.IntRange(0), default=0, metavar="I", help="Which of them this is.")
@click.option("--processes", type=click.IntRange(1), default=1, metavar="N", help="How many train together.")
@click.option("--mesh", default="", metavar="data=4,model=2", help="Devices along axes.")
@click.option("--allow-python", is_flag=True, help="Import models from Python.")
@click.option(
    "--precision",
    type=click.Choice(["f32", "tf32", "bf16"]),
    default="f32",
    help="What the products of the models multiply in; all else is f32.",
)
@click.option("--tensorboard", is_flag=True, help="Write events for TensorBoard.")
@click.option("--runs", type=click.IntRange(2), metavar="N", help="Train so many runs in one programme.")
@click.option(
    "--vary", metavar="seed,lr=0.3:3", help="How runs differ: seeds, factors of the learning rate; else seed."
)
@click.option("--dry-run", is_flag=True, help="Check everything and say what would be done.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def train(
    spec: Path,
    name: str | None,
    data: tuple[str, ...],
    validation: tuple[str, ...],
    weights: tuple[str, ...],
    emit: Path | None,
    out: Path | None,
    epochs: int | None,
    steps: int | None,
    batch: int | None,
    seed: int | None,
    value: tuple[str, ...],
    sizes: tuple[str, ...],
    quiet: bool,
    dry_run: bool,
    allow_python: bool,
    precision: str,
    mesh: str,
    runs: int | None,
    vary: str | None,
    **service: Any,
) -> None:
    """Train a learning diagram of SPEC on data, or write the program that does.

    Rows of a file are chosen in brackets, as in --data lab=digits.npz[:100] --data unl=digits.npz[100:].
    """
    _check_processes(service)
    if epochs is not None and steps is not None:
        raise click.UsageError("--epochs and --steps both say how long to train: give one of them")
    varied = varying(runs, vary, emit, service)
    from diagc.check.program import read_program
    from diagc.core.dtypes import DType
    from diagc.diagnostics import DiagnosticError
    from diagc.learn.overrides import override
    from diagc.learn.session import Service, bind
    from diagc.passes.mixed import Mixed

    numbers, counts = (
        pairs(value, "--value", float),
        pairs([s for s in sizes if not _dotted(s)], "--set", int),
    )
    changes = pairs([s for s in sizes if _dotted(s)], "--set", float)
    try:
        program = read_program(spec, allow_python)
        refuse_design(program)
        learning = chosen_learning(program.learnings, name, spec)
        learning = _with_settings(override(learning, changes), epochs, steps, batch, seed)
        inputs = _inputs(learning, data, validation, weights)
        learning = bind(learning, counts, numbers, inputs.data)
        learning = learning if precision == "f32" else Mixed(DType(precision)).learning(learning)
        _warn(learning)
        folder = out or Path("out") / learning.name
        job = Job(learning, inputs, spec, numbers, folder, Service(**service, mesh=_mesh(mesh)))
        _carry_out(job, emit, dry_run, varied, quiet)
    except DiagnosticError as error:
        _fail(error)


def _fail(error: DiagnosticError) -> NoReturn:
    """Report and end; at once when another process is lost, since the end that JAX registers waits for it."""
    from diagc.cli.main import report

    status = report(error.diagnostics)
    if any(d.code == "E0628" for d in error.diagnostics):
        os._exit(status)
    raise SystemExit(status) from None


def _check_processes(service: dict[str, Any]) -> None:
    """Processes that train together say where, and which of them each is."""
    if (service["processes"] > 1) is not (service["coordinator"] is not None):
        raise click.UsageError(
            "several processes need --coordinator HOST:PORT and --processes N, and no one else does"
        )
    if service["process"] >= service["processes"]:
        raise click.BadParameter(f"the processes are 0 to {service['processes'] - 1}", param_hint="--process")


@click.command(short_help="print the terms of a loss")
@click.argument("spec", type=click.Path(path_type=Path))
@learning_option
@click.option("--allow-python", is_flag=True, help="Import models from Python.")
def loss(spec: Path, name: str | None, allow_python: bool) -> None:
    """Print the terms of the loss of a learning diagram, in the order in which they are added."""
    from diagc.check.program import read_program
    from diagc.core.canonical import diagram_hash
    from diagc.passes.commute import commute, term_hash, terms

    program = read_program(spec, allow_python)
    refuse_design(program)
    found = program.learnings
    learning = chosen_learning(found, name, spec)
    own = (
        learning.parts if all(part in found for part in learning.parts) else ()
    )  # others are of another file
    known = {term_hash(term) for part in own for term in terms(found[part])}
    for term in terms(learning):
        equation = term.equation
        sides = " ~ ".join(
            " → ".join([path.start, *(f"stop({s.label})" if s.stop else s.label for s in path.steps)])
            for path in equation.paths
        )
        over = f"mean over {equation.source}" if equation.source else "no batch"
        options = f" {equation.options}" if equation.options else ""
        cross = ", cross term of the glued diagrams" if known and term_hash(term) not in known else ""
        click.echo(f"{equation.label}: {sides}  by {equation.comparator}{options}, {over}{cross}")
    click.echo(f"hash {diagram_hash(commute(learning))}")
    _warn(learning)


def _warn(learning: LearningDiagram) -> None:
    """Say which equations a constant model satisfies, and which every model does."""
    from diagc.passes.collapse import idle, trivial

    for equation in idle(learning):
        click.echo(f"warning: both sides of `{equation.label}` are the same, so it trains nothing", err=True)
    for equation in trivial(learning):
        click.echo(
            f"warning: a constant model satisfies `{equation.label}`, and no other equation holds its models; "
            "stop one side, compare with data, or with a comparator of whole batches such as `infonce`",
            err=True,
        )


def _with_settings(
    learning: LearningDiagram, epochs: int | None, steps: int | None, batch: int | None, seed: int | None
) -> LearningDiagram:
    """The command line wins over the file."""
    from dataclasses import replace

    settings = learning.settings
    if epochs is not None or steps is not None:
        settings = replace(settings, epochs=epochs, steps=steps)
    settings = replace(settings, batch=batch or settings.batch, seed=settings.seed if seed is None else seed)
    return replace(learning, settings=settings)


def _inputs(
    learning: LearningDiagram, data: tuple[str, ...], validation: tuple[str, ...], weights: tuple[str, ...]
) -> Inputs:
    from diagc.learn.data import parse_sources
    from diagc.learn.session import Inputs
    from diagc.learn.weights import parse_weights

    fractions = [found for text in validation if (found := _fraction(text)) is not None]
    if fractions and len(validation) > 1:
        raise click.UsageError("--validation is one fraction, or files")
    if fractions and not 0 < fractions[0] < 1:
        raise click.BadParameter("a fraction lies between 0 and 1", param_hint="--validation")
    files = {} if fractions else parse_sources(validation, learning, "--validation", shared=True)
    return Inputs(
        parse_sources(data, learning, "--data"), files, fractions[0] if fractions else None,
        parse_weights(weights, learning),
    )  # fmt: skip


def _fraction(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _emit(job: Job, path: Path) -> None:
    from diagc.learn.session import written

    partial = path.with_name(f"{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(written(job.learning, job.spec.name, job.values, job.service.kernels), "utf-8")
        os.replace(partial, path)
    except OSError as error:
        raise click.FileError(str(path), error.strerror) from None


@dataclass(frozen=True)
class Job:
    """A run as the command line asks for it."""

    learning: LearningDiagram
    inputs: Inputs
    spec: Path
    values: dict[str, float]
    out: Path
    service: Service


def _carry_out(job: Job, emit: Path | None, dry_run: bool, varied: Varied | None, quiet: bool) -> None:
    if emit is not None:
        _emit(job, emit)
    elif dry_run:
        _describe(job)
    elif varied is not None:
        train_runs(job.learning, job.inputs, job.spec.parent, job.values, job.out, job.service, varied, quiet)
    else:
        _train(job, quiet)


def _train(job: Job, quiet: bool) -> None:
    from diagc.cli.progress import Progress
    from diagc.learn.session import run

    with Progress(quiet) as progress:
        result = run(
            job.learning, job.inputs, job.spec.parent, job.values, job.out, progress.show, job.service
        )
    if not quiet and job.service.process == 0:
        click.echo(progress.summary(result.records[-1]))
        models = [m.name for m in job.learning.models if m.mode != "frozen" and m.parameters]
        files = [*(f"{model}.safetensors" for model in models), "metrics.jsonl", "metrics.csv", "loss.svg"]
        click.echo(f"wrote {', '.join(str(job.out / name) for name in files)}")


def _describe(job: Job) -> None:
    """What a run would do, after everything has been read and the loss has been traced."""
    from diagc.learn.session import prepare, traced

    made = prepare(job.learning, job.inputs, job.spec.parent, job.values, job.service)
    batches = made.program.Batches(made.data, made.options)
    for source, table in made.data.items():
        rows = f"{len(next(iter(table.values()))):,} rows" if table else "drawn"
        held = made.validation.get(source)
        more = f", {len(next(iter(held.values()))):,} to validate" if held else ""
        click.echo(f"source {source}: {rows}{more}, {batches.sizes[source]} in a batch")
    for model in job.learning.models:
        count = sum(math.prod(a.size.value or 1 for a in p.axes) for p in model.parameters)
        click.echo(f"model {model.name}: {model.mode}, {count:,} parameters")
    for label, value in traced(made).items():
        click.echo(f"equation {label}: {value:.6g} on the first batch")
    updates = made.options.steps or made.options.epochs * batches.per_epoch
    click.echo(f"{updates:,} updates, {batches.per_epoch:,} in an epoch; nothing was written")


if __name__ == "__main__":
    train()
