# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false, reportUnknownParameterType=false, reportMissingParameterType=false
"""The part of an emitted training program that every learning diagram has in common: files and the command line.

Copied behind `training_program.py`, from which it takes what it does not define; see there. Every file is written
under another name and renamed, so that a process that is killed leaves the last whole one.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import sys
import zlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save as packed

from diagc.backends.training_data import Options, Regime, initial, join, part, whole
from diagc.backends.training_program import Lost, NotFinite, Progress, begin, train

# ---- files


def fit(
    regime: Regime,
    data: dict[str, dict[str, Any]],
    options: Options,
    params: dict[str, Any],
    frozen: dict[str, Any],
    validation: dict[str, dict[str, Any]],
    out: Path | None = None,
    every: int | None = None,
    resume: bool = False,
    report: Callable[[dict[str, Any]], None] = lambda record: None,
) -> Progress:
    """Train, and keep a checkpoint, the metrics and the weights in the folder `out`. `report` sees each record."""
    progress = begin(regime, options, params)
    mark = fingerprint(regime, data, options) if out is not None and (every or resume) else ""
    if out is not None and resume and (out / "checkpoint.safetensors").exists():
        read_checkpoint(out / "checkpoint.safetensors", progress, mark)
    first = jax.process_index() == 0
    try:
        for epoch in train(regime, data, options, progress, frozen, validation, every):
            if out is not None and every:
                save_checkpoint(out / "checkpoint.safetensors", progress, mark)
            if epoch and first:
                report(progress.records[-1])
    except NotFinite as error:
        if out is not None and first:
            flat = {f"{s}.{c}": a for s, table in error.batch.items() for c, a in table.items()}
            replaced(out / "not_finite.npz", lambda path: np.savez(path, **flat))
        raise
    except jax.errors.JaxRuntimeError as error:
        if jax.process_count() == 1:
            raise
        raise Lost("another process of this run has ended; start all of them again with --resume") from error
    finish(regime, progress, out if first else None)
    return progress


def finish(regime: Regime, progress: Progress, out: Path | None) -> None:
    """Weights and metrics to the folder; several processes part."""
    progress.moving = jax.tree.map(whole, progress.moving)
    if out is not None:
        save(regime, progress, out)
        write_metrics(out, progress.records)
    if jax.process_count() > 1:
        part()


def replaced(path: Path, write: Callable[[Any], Any]) -> None:
    """Write a file under another name, see it through to the disk and rename it.

    No other name may be used: what a killed process leaves is written over by the next.
    """
    partial_path = path.with_name(f"partial-{path.name}")
    write(partial_path)
    with open(partial_path, "rb") as stream:
        os.fsync(stream.fileno())
    os.replace(partial_path, path)


def save(regime: Regime, progress: Progress, folder: Path) -> None:
    """One safetensors file for each model that trained or followed one that did."""
    params, slow, _ = progress.moving
    arrays = {**(params if progress.best is None else progress.best), **slow}
    for model in dict.fromkeys(path.partition(".")[0] for path in arrays):
        own = {p.partition(".")[2]: np.asarray(v) for p, v in arrays.items() if p.partition(".")[0] == model}
        replaced(folder / f"{model}.safetensors", lambda path, own=own: path.write_bytes(packed(own)))


# ---- checkpoints


def fingerprint(regime: Regime, data: dict[str, dict[str, Any]], options: Options) -> str:
    """What has to be the same for a run to go on: the parameters, the data, and how batches are drawn."""
    rows = {s: {c: (a.shape, zlib.crc32(a.tobytes())) for c, a in t.items()} for s, t in data.items()}
    shapes = {path: shape for path, (_, shape, _) in regime.trained.items()}
    how = {k: v for k, v in asdict(options).items() if k in ("batch", "seed", "accumulate", "clip")}
    return f"{zlib.crc32(repr((regime.name, shapes, sorted(rows.items()), how)).encode()):08x}"


def save_checkpoint(path: Path, progress: Progress, mark: str) -> None:
    """Everything that a run needs to go on."""
    leaves = {f"moving/{i:05d}": whole(v) for i, v in enumerate(jax.tree.leaves(progress.moving))}
    if jax.process_index():
        return  # the first of several processes writes
    seen = {f"values/{name}": np.array(found, np.float32) for name, found in progress.values.items()}
    best = {f"best/{name}": value for name, value in (progress.best or {}).items()}
    told = {k: getattr(progress, k) for k in ("step", "records", "score", "waited", "stopped")}
    held = json.dumps({**told, "mark": mark})
    content = packed({**leaves, **seen, **best}, {"run": held})
    replaced(path, lambda partial_path: partial_path.write_bytes(content))


def read_checkpoint(path: Path, progress: Progress, mark: str) -> None:
    """Go on from a checkpoint of the same run. Raises `ValueError` for one of another run."""
    with safe_open(path, "numpy") as file:
        held = json.loads(file.metadata()["run"])
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if held.pop("mark") != mark:
        raise ValueError(f"{path} belongs to a run with other data, models or settings")
    leaves, tree = jax.tree.flatten(progress.moving)
    found = [jnp.array(arrays[f"moving/{i:05d}"]) for i in range(len(leaves))]
    progress.moving = jax.tree.unflatten(tree, found)
    for name, value in held.items():
        setattr(progress, name, value)
    progress.values = {n[7:]: a.tolist() for n, a in sorted(arrays.items()) if n.startswith("values/")}
    progress.best = {n[5:]: a for n, a in arrays.items() if n.startswith("best/")} or None


# ---- metrics


def write_metrics(out: Path, records: list[dict[str, Any]]) -> None:
    """`metrics.jsonl` and `metrics.csv`, a line for each epoch, and `loss.svg`, a curve for each equation."""
    lines = "".join(json.dumps(record) + "\n" for record in records)
    flat = [
        {k: v for k, v in record.items() if k not in ("terms", "validation")}
        | {f"terms.{k}": v for k, v in record["terms"].items()}
        | {f"validation.{s}.{k}": v for s, t in record.get("validation", {}).items() for k, v in t.items()}
        for record in records
    ]
    rows = (
        [",".join(flat[0])] + [",".join(repr(value) for value in row.values()) for row in flat]
        if flat
        else []
    )
    for name, text in (
        ("metrics.jsonl", lines),
        ("metrics.csv", "\n".join(rows) + "\n"),
        ("loss.svg", curves(records)),
    ):
        replaced(out / name, lambda path, text=text: path.write_text(text, "utf-8"))


def curves(records: list[dict[str, Any]]) -> str:
    """The losses over the epochs as SVG, on a logarithmic axis where all are positive."""
    series: dict[str, list[float]] = {}
    for record in records:
        for name, value in {"loss": record["loss"], **record["terms"]}.items():
            series.setdefault(name, []).append(value)
    every = np.array([v for values in series.values() for v in values] or [1.0])
    scale = np.log10 if (every > 0).all() else np.asarray
    low, high = float(scale(every.min())), float(scale(every.max()))
    wide, tall, left, top = 560.0, 280.0, 64.0, 16.0
    parts = [f'<rect x="{left}" y="{top}" width="{wide}" height="{tall}" fill="none" stroke="#888"/>']
    for place, value in ((high, every.max()), (low, every.min())):
        y = top + tall * (high - place) / ((high - low) or 1.0)
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.3g}</text>')
    for number, (name, values) in enumerate(series.items()):
        colour = f"hsl({(number * 137) % 360} 65% 42%)" if number else "#111"
        xs = left + wide * np.arange(len(values)) / max(len(values) - 1, 1)
        ys = top + tall * (high - scale(np.array(values))) / ((high - low) or 1.0)
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{points}"/>')
        label = f'<text x="{left + wide + 8}" y="{top + 14 + 18 * number}" fill="{colour}">{name}</text>'
        parts.append(label)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + wide + 150:g} {tall + top + 40:g}" '
    foot = f'<text x="{left + wide / 2}" y="{top + tall + 24}" text-anchor="middle">epoch</text>'
    return "\n".join([head + 'font-family="sans-serif" font-size="12">', *parts, foot, "</svg>\n"])


# ---- tables


def read_table(text: str, columns: dict[str, tuple[str, tuple[int, ...], int | None]]) -> dict[str, Any]:
    """The columns of `FILE` or of the rows `FILE[start:stop]`: npz, safetensors, or csv with a header."""
    match = re.fullmatch(r"(.*?)(?:\[(-?\d*):(-?\d*)\])?", text)
    assert match is not None
    path, start, stop = match[1], int(match[2] or 0), int(match[3]) if match[3] else None
    if path.endswith(".csv"):
        held = read_csv(path)
    elif path.endswith(".safetensors"):
        held = load_file(path)
    else:
        with np.load(path, allow_pickle=False) as archive:
            held = {name: archive[name] for name in archive.files}
    table: dict[str, Any] = {}
    for name, (dtype, shape, limit) in columns.items():
        if name not in held or held[name].shape[1:] != shape:
            sys.exit(f"{path}: column {name} of shape {shape} is missing")
        table[name] = held[name][start:stop].astype(dtype)
        if limit is not None and not ((table[name] >= 0) & (table[name] < limit)).all():
            sys.exit(f"{path}: column {name} is not below {limit}")
        if not np.isfinite(table[name]).all():
            sys.exit(f"{path}: column {name} has numbers that are not finite")
    return table


def read_csv(path: str) -> dict[str, Any]:
    """Columns by their header; `image.0`, `image.1`, … are one column `image` of vectors."""
    with open(path, newline="", encoding="utf-8") as stream:
        header, *rows = csv.reader(stream)
    values = np.array(rows, np.float64)
    groups: dict[str, list[int]] = {}
    for place, name in enumerate(header):
        groups.setdefault(name.rpartition(".")[0] or name, []).append(place)
    return {
        name: values[:, places[0]] if header[places[0]] == name else values[:, places]
        for name, places in groups.items()
    }


def read_weights(regime: Regime, files: dict[str, str], params: dict[str, Any]) -> dict[str, Any]:
    """The frozen parameters; parameters that train are replaced where their model has a file."""
    found: dict[str, Any] = {}
    for model, path in files.items():
        held = load_file(path)
        for declared, target in ((regime.frozen, found), (regime.trained, params)):
            for full, (_, shape, dtype) in declared.items():
                owner, _, rest = full.partition(".")
                if owner == model:
                    if rest not in held or held[rest].shape != shape:
                        sys.exit(f"{path}: array {rest} of shape {shape} is missing")
                    target[full] = held[rest].astype(jnp.dtype(dtype))
    return found


# ---- command line


def named(regime: Regime, written: list[str], what: str) -> dict[str, str]:
    """`source=FILE` by source; a plain FILE serves a single source, and validates all of them."""
    found: dict[str, str] = {}
    reading = [name for name, columns in regime.columns.items() if columns]
    for text in written:
        name, given, path = text.partition("=")
        if not given and len(reading) > 1 and what == "data":
            sys.exit(f"--{what} names a source: --{what} {reading[0]}={text}")
        if given and name not in reading:
            sys.exit(f"--{what}: no source that reads is called {name}")
        found |= {name: path} if given else dict.fromkeys(reading, text)
    return found


def arguments(regime: Regime) -> argparse.Namespace:
    """What the command line gives."""
    parser = argparse.ArgumentParser(description=f"Train {regime.name}.")
    parser.add_argument("--data", action="append", default=[], metavar="[SOURCE=]FILE[a:b]")
    parser.add_argument("--validation", action="append", default=[], metavar="[SOURCE=]FILE[a:b]")
    parser.add_argument("--weights", action="append", default=[], metavar="MODEL=FILE")
    parser.add_argument("--out", type=Path, default=Path("out") / regime.name, metavar="DIR")
    for name in ("epochs", "steps", "batch", "seed"):
        parser.add_argument(f"--{name}", type=int, default=getattr(regime, name))
    parser.add_argument("--accumulate", type=int, default=1, metavar="N", help="batches for one update")
    parser.add_argument("--clip", type=float, metavar="NORM", help="largest norm of the gradient")
    parser.add_argument("--patience", type=int, metavar="EPOCHS", help="stop when nothing improves")
    parser.add_argument("--keep-best", action="store_true", help="keep the weights of the best epoch")
    parser.add_argument("--checkpoint", type=int, metavar="UPDATES", help="write a checkpoint this often")
    parser.add_argument("--mesh", default="", metavar="data=4,model=2", help="devices along axes")
    parser.add_argument(
        "--coordinator", metavar="HOST:PORT", help="of process 0, where several train together"
    )
    parser.add_argument("--process", type=int, default=0, metavar="I", help="which of them this is")
    parser.add_argument("--processes", type=int, default=1, metavar="N", help="how many train together")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    parser.add_argument("--quiet", action="store_true")
    given = parser.parse_args()
    files = named(regime, given.data, "data")
    if missing := [name for name, columns in regime.columns.items() if columns and name not in files]:
        parser.error(f"no data for {', '.join(missing)}: --data {missing[0]}=FILE")
    return given


def parsed_mesh(text: str) -> tuple[tuple[str, int], ...]:
    """`data=4,model=2` as pairs."""
    found = re.fullmatch(r"(?:(?:data|model)=[1-9]\d*,?)*", text)
    if found is None:
        sys.exit(f"--mesh {text}: write data=4, model=2 or data=4,model=2")
    return tuple((name, int(size)) for name, size in re.findall(r"(data|model)=(\d+)", text))


def leave(message: str) -> None:
    """End at once: the end that JAX registers waits for processes that are no more."""
    print(message, file=sys.stderr, flush=True)
    os._exit(1)


def main(regime: Regime) -> None:
    """The command line."""
    given = arguments(regime)
    if given.coordinator:
        join(given.coordinator, given.process, given.processes)
    files, held_out = named(regime, given.data, "data"), named(regime, given.validation, "validation")
    data = {n: read_table(files[n], columns) if columns else {} for n, columns in regime.columns.items()}
    validation = {name: read_table(path, regime.columns[name]) for name, path in held_out.items()}
    validation |= {name: {} for name, columns in regime.columns.items() if validation and not columns}
    params = initial(regime, given.seed)
    weights = regime.weights | dict(text.split("=", 1) for text in given.weights)
    frozen = read_weights(regime, weights, params)
    given.out.mkdir(parents=True, exist_ok=True)
    options = Options(
        given.epochs, given.steps, given.batch, given.seed, given.accumulate, given.clip, given.patience,
        given.keep_best, parsed_mesh(given.mesh),
    )  # fmt: skip

    def report(record: dict[str, Any]) -> None:
        if not given.quiet:
            print(json.dumps(record), flush=True)

    try:
        fit(
            regime,
            data,
            options,
            params,
            frozen,
            validation,
            given.out,
            given.checkpoint,
            given.resume,
            report,
        )
    except Lost as error:
        leave(str(error))
    except (FloatingPointError, OSError, ValueError) as error:
        sys.exit(str(error))
