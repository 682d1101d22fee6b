"""The version of the compiler; that of the language (`diag 1`) is another number."""

from __future__ import annotations

from typing import Final

__version__: Final = "0.1.0"
