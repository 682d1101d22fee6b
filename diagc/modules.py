"""Emitted files as modules; a file and no text, because Triton reads the source of its kernels."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any


def module_of(path: Path) -> Any:
    """The module of a file, under the name of the file; `sys.modules` does not know it."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
