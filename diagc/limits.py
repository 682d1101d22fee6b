"""Every bound on resources, with its reason. A limit that is hit becomes a diagnostic (`E08xx`), never a crash."""

from __future__ import annotations

from typing import Final

MAX_FILE_BYTES: Final = 1_000_000
"""A spec is written by hand; a megabyte is ten times the largest that a person would keep in one file."""

MAX_NESTING: Final = 100
"""Nesting of brackets and operators: far above hand-written code, far below Python's recursion limit."""

MAX_IMPORTED_FILES: Final = 64
"""Files that one compilation may read through `use`."""

MAX_CALL_DEPTH: Final = 64
"""Depth of calls of `fn` while a body is expanded; recursion is not part of the language."""

MAX_LEVELS: Final = 300
"""Depth of expressions through all calls that are being expanded; `MAX_RECURSION` is what it costs in Python."""

MAX_RECURSION: Final = 8_000
"""Frames of Python that a check may use: 300 levels of expressions take up to 20 each, and callers have some too."""

MAX_EXPANSIONS: Final = 10_000
"""Calls and scan bodies expanded for one entry; twice what a model of a thousand layers needs."""

MAX_COPIES: Final = 1_000
"""Copies in one `chain`."""

MAX_SIZE_TERMS: Final = 64
"""Monomials of one size polynomial; sizes in use have two or three."""

MAX_SIZE_DEGREE: Final = 12
"""Factors of one monomial: the merge of twelve axes."""

MAX_NODES: Final = 20_000
"""Nodes of one diagram after expansion: a 100-layer transformer has about 5,000."""

MAX_RANK: Final = 32
"""Axes of one array (NumPy's own limit is 64; a view may double them for a moment)."""

MAX_INTEGER: Final = 2**62
"""Sizes and integer literals stay in 64 bits with room for one addition."""

MAX_REFERENCE_ELEMENTS: Final = 1 << 27
"""Elements of one array in the float64 reference: a gigabyte."""

MAX_DIAGNOSTICS: Final = 100
"""Errors printed in one run."""

COMPILE_SECONDS: Final = 120.0
"""Ahead-of-time compilation of one kernel configuration, in its own process (2.6 s is the most that was seen)."""

MAX_PAIRS: Final = 10_000
"""Paths, and pairs of parallel paths, that a policy may find; a loss of more terms cannot be looked through."""

IMPORT_SECONDS: Final = 60
"""Processor time of a user's function while it is traced and run once; a large model takes ten."""

MEASURE_SECONDS: Final = 300
"""Processor time of a user's function and of what stands for it, a few runs of each with their gradients."""

IMPORT_BYTES: Final = 8 << 30
"""Memory of that process: what a machine for development has."""

MAX_ELEMENTS: Final = 64
"""Elements of a finite order of a design: what follows from its chains takes the cube of them."""

MAX_IMPLEMENTATIONS: Final = 20_000
"""Implementations of one component: rows of its table times values of its choices."""

LEAST_REGION_BYTES: Final = 1 << 25
"""Bytes that the operations of a region move from which it is replaced: what is less stays in the caches of a CPU,
where starting blocks costs more than it saves (docs/import.md has figures)."""
