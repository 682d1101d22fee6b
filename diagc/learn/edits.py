"""Edits of what has been trained: parts of models as files, and models of a specification that stay or are shared.

An edit moves arrays and never computes with them: what it does not touch keeps its bytes, and untouched paths predict
the same bits. A part is a dotted path such as `l1`; its arrays are those below it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file  # pyright: ignore[reportUnknownVariableType]

from diagc.check.binding import below
from diagc.diagnostics import failure
from diagc.learn.data import read_file
from diagc.source import Source
from diagc.syntax import tree
from diagc.syntax.format import format_source
from diagc.syntax.parse import parse

Arrays = dict[str, NDArray[Any]]


def read_model(path: Path) -> Arrays:
    """The arrays of a safetensors file, by name in order. E0610 when it cannot be read."""
    if path.suffix != ".safetensors":
        raise failure("E0610", f"`{path}` is no safetensors file", help="name the weights of a model")
    held = read_file(path)
    return {name: held[name] for name in sorted(held)}


def write_model(path: Path, arrays: Arrays) -> None:
    """Write arrays in one step. E0905 when it cannot be done."""
    partial = path.with_name(f"partial-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file({name: np.ascontiguousarray(arrays[name]) for name in sorted(arrays)}, partial)
        os.replace(partial, path)
    except OSError as error:
        raise failure(
            "E0905", f"cannot write `{path}`: {error.strerror or error}", help="name another file"
        ) from None


def extract(arrays: Arrays, part: str) -> Arrays:
    """The arrays below a part, under their names inside it. E0626 for a part that is not there."""
    found = {name[len(part) + 1 :]: array for name, array in arrays.items() if name.startswith(f"{part}.")}
    if not found:
        known = sorted({name.rpartition(".")[0] for name in arrays} - {""})
        hint = f"its parts are {', '.join(f'`{k}`' for k in known)}" if known else "it has no parts"
        raise failure("E0626", f"the model has no part `{part}`", help=hint)
    return found


def swap(arrays: Arrays, part: str, other: Arrays) -> Arrays:
    """The model with another part of the same names, shapes and dtypes in this place. E0626 when they differ."""
    old = extract(arrays, part)
    for name in sorted({*old, *other}):
        mine, new = (
            None if name not in held else (held[name].shape, str(held[name].dtype)) for held in (old, other)
        )
        if mine != new:
            raise failure(
                "E0626", f"`{name}` of the part `{part}` is {_said(mine)}, of the other file {_said(new)}",
                help="a part is swapped for one of the same arrays",
            )  # fmt: skip
    return {**arrays, **{f"{part}.{name}": array for name, array in other.items()}}


def _said(held: tuple[tuple[int, ...], str] | None) -> str:
    return "missing" if held is None else f"{held[1]}{list(held[0])}"


def copy(arrays: Arrays, part: str, to: str) -> Arrays:
    """The model with the arrays of one part in the place of another, which is made where it is not there."""
    made = {f"{to}.{name}": array for name, array in extract(arrays, part).items()}
    if any(name.startswith(f"{to}.") for name in arrays):
        return swap(arrays, to, extract(arrays, part))
    return {**arrays, **made}


def glue(left: Arrays, right: Arrays) -> Arrays:
    """Both models in one; where they share a name they agree to the bit. E0626 when they do not."""
    for name in sorted(set(left) & set(right)):
        if left[name].dtype != right[name].dtype or left[name].tobytes() != right[name].tobytes():
            raise failure(
                "E0626",
                f"the models do not agree on `{name}`",
                help="swap the part of one for that of the other first",
            )
    return {**left, **right}


# ---- specifications


def freeze(source: Source, name: str, weights: str | None) -> str:
    """The text in which a model stays at its weights."""
    found = _model(source, name, "train")
    file = found.weights or weights or f"{name}.safetensors"
    text, start, end = source.text, found.span.start, found.span.end
    declared = "frozen" + text[start + len("train") : end]
    if found.weights is None:
        declared += f' from "{file}"'
    return _laid_out(source, text[:start] + declared + text[end:])


def thaw(source: Source, name: str) -> str:
    """The text in which a model trains again, from the weights at which it stayed."""
    start = _model(source, name, "frozen").span.start
    return _laid_out(source, source.text[:start] + "train" + source.text[start + len("frozen") :])


def tie(source: Source, name: str, to: str) -> str:
    """The text in which one model takes the place of another of the same type."""
    gone, kept = _model(source, name), _model(source, to)
    if (gone.domain, gone.codomain) != (kept.domain, kept.codomain):
        raise failure("E0626", f"`{name}` and `{to}` have different types", help="tie models of one type")
    learning = next(i for i in _learnings(source) if gone in i.items)
    spans = sorted(
        (n.span for n in _names(learning) if n.text == name and n.span != gone.name.span),
        key=lambda s: s.start,
    )
    text, last = list[str](), 0
    for span in spans:
        text += [source.text[last : span.start], to]
        last = span.end
    whole = "".join([*text, source.text[last:]])
    shift = sum((len(to) - len(name)) for span in spans if span.start < gone.span.start)
    start, end = gone.span.start + shift, gone.span.end + shift
    return _laid_out(source, whole[:start] + whole[end:])


def _learnings(source: Source) -> list[tree.Learning]:
    return [item for item in parse(source).items if isinstance(item, tree.Learning)]


def _model(source: Source, name: str, mode: str | None = None) -> tree.Model:
    models = [i for learning in _learnings(source) for i in learning.items if isinstance(i, tree.Model)]
    found = [m for m in models if m.name.text == name]
    if not found:
        hint = (
            f"the models are {', '.join(f'`{m.name.text}`' for m in models)}"
            if models
            else "it has no models"
        )
        raise failure("E0626", f"`{source.name}` has no model `{name}`", help=hint)
    if len(found) > 1:
        raise failure(
            "E0626", f"several diagrams of `{source.name}` have a model `{name}`", help="rename one of them"
        )
    if mode is not None and found[0].mode != mode:
        raise failure(
            "E0626", f"`{name}` is `{found[0].mode}` already", help=f"name a model that is `{mode}`"
        )
    return found[0]


def _names(learning: tree.Learning) -> list[tree.Name]:
    """The names in equations and settings, which may be those of models."""
    parts = [i for i in learning.items if isinstance(i, tree.Equation | tree.Ema | tree.Optimise)]
    return [n for n in below(tuple(parts)) if isinstance(n, tree.Name)]


def _laid_out(source: Source, text: str) -> str:
    return format_source(Source(source.name, text))
