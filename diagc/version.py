"""The version of the compiler; that of the language (`diag 1`) is another number."""

from __future__ import annotations

__version__ = "0.1.0"
