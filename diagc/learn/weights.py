"""Weights of models from safetensors files: one file for a model, its arrays by their path inside the model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagc.core.learning import LearningDiagram, Model, parameter_path
from diagc.diagnostics import Diagnostic, DiagnosticError, failure
from diagc.learn.data import read_file


def parse_weights(written: tuple[str, ...], learning: LearningDiagram) -> dict[str, Path]:
    """`model=FILE` by model; E0620 for a name that is no model."""
    names = [m.name for m in learning.models]
    found: dict[str, Path] = {}
    for text in written:
        name, given, path = text.partition("=")
        if not given or name not in names:
            what = (
                f"`{learning.name}` has no model `{name}`" if given else f"`--weights {text}` names no model"
            )
            hint = f"write `--weights {names[0]}=FILE`; the models are {', '.join(f'`{n}`' for n in names)}"
            raise failure("E0620", what, help=hint)
        found[name] = Path(path)
    return found


def load_weights(learning: LearningDiagram, root: Path, given: Mapping[str, Path]) -> dict[str, NDArray[Any]]:
    """Arrays by parameter path, for every model that has a file: `given` comes first, else `from` of the specification.

    Raises `DiagnosticError` with E0512 (frozen without a file), E0610 (cannot read), E0620 (an array is missing or has
    another shape) and E0902 (the file of the specification lies outside its folder).
    """
    found: dict[str, NDArray[Any]] = {}
    problems: list[Diagnostic] = []
    for model in learning.models:
        try:
            path = given.get(model.name) or _written(model, root)
            if path is None and model.mode == "frozen" and model.parameters:
                raise failure(
                    "E0512", f"`{model.name}` is frozen, but nothing says with which weights",
                    help=f"name a file: `--weights {model.name}=FILE`",
                )  # fmt: skip
            if path is not None:
                found |= _model(model, path)
        except DiagnosticError as error:
            problems += error.diagnostics
    if problems:
        raise DiagnosticError(problems)
    return found


def _written(model: Model, root: Path) -> Path | None:
    if model.weights is None:
        return None
    path = root / model.weights
    if not path.resolve().is_relative_to(root.resolve()):
        raise failure(
            "E0902",
            f"`{path}` lies outside `{root}`",
            help=f"name it when training: `--weights {model.name}={path}`",
        )
    if not path.exists():
        raise failure(
            "E0610", f"the weights of `{model.name}` are not at `{path}`",
            help=f"train it first, or name the file: `--weights {model.name}=FILE`",
        )  # fmt: skip
    return path


def _model(model: Model, path: Path) -> dict[str, NDArray[Any]]:
    held = read_file(path)
    problems: list[Diagnostic] = []
    found: dict[str, NDArray[Any]] = {}
    for parameter in model.parameters:
        full = parameter_path(parameter)
        name = full.partition(".")[2]
        shape = tuple(axis.size.value for axis in parameter.axes)
        if name not in held:
            known = ", ".join(f"`{n}`" for n in sorted(held)[:8])
            message = f"`{path}` has no array `{name}`, which `{model.name}` needs"
            problems.append(Diagnostic("E0620", message, (), f"it has {known or 'none'}"))
        elif held[name].shape != shape:
            message = f"array `{name}` of `{path}` has shape {held[name].shape}, `{model.name}` needs {shape}"
            problems.append(
                Diagnostic("E0620", message, (), "use the sizes with which the model was trained")
            )
        elif not np.isfinite(held[name].astype(np.float64)).all():
            message = f"array `{name}` of `{path}` has numbers that are not finite"
            problems.append(
                Diagnostic("E0614", message, (), "train the model again with a smaller learning rate")
            )
        else:
            found[full] = held[name]
    if problems:
        raise DiagnosticError(problems)
    return found
