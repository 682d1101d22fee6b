"""diagc: a compiler for diagrams of deep learning.

    import diagc

    d = diagc.load("specs/attention/attention.diag", "causal")
    d.cost("h200", q=4096, x=4096, d=128)
    d.kernel(Q, K, V)

Names are loaded when they are used, so that the command line starts in no time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diagc.version import __version__

if TYPE_CHECKING:
    from diagc.loaded import Loaded, Prediction, load, loads

__all__ = ["Loaded", "Prediction", "__version__", "load", "loads"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        import importlib

        return getattr(importlib.import_module("diagc.loaded"), name)
    raise AttributeError(f"module `diagc` has no attribute `{name}`")


def load_ipython_extension(shell: Any) -> None:
    """What `%load_ext diagc` calls."""
    from diagc.notebook import register

    register(shell)
