"""Source files: read within a root, within a size, as UTF-8; every refusal is a diagnostic (E09xx)."""

from __future__ import annotations

from pathlib import Path

from diagc.diagnostics import failure
from diagc.limits import MAX_FILE_BYTES
from diagc.source import Source


def load_source(path: Path, root: Path) -> Source:
    """The text of `path`, which must lie inside `root` after symbolic links are followed.

    Raises `DiagnosticError` with E0901 (cannot read), E0902 (outside the root), E0903 (not UTF-8) or E0104 (too large).
    """
    try:
        resolved = path.resolve(strict=True)
        if not resolved.is_relative_to(root.resolve(strict=True)):
            raise failure(
                "E0902", f"`{path}` lies outside `{root}`", help="a file may use only files below its root"
            )
        if not resolved.is_file():
            raise failure("E0901", f"cannot read `{path}`: it is not a file")
        with resolved.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise failure("E0901", f"cannot read `{path}`: {reason}") from None
    except RuntimeError:  # how Python 3.11 and 3.12 report a loop of symbolic links
        raise failure("E0901", f"cannot read `{path}`: its symbolic links form a loop") from None
    if len(content) > MAX_FILE_BYTES:
        raise failure(
            "E0104", f"`{path}` is larger than {MAX_FILE_BYTES:,} bytes", help="split it and join with `use`"
        )
    try:
        return Source(str(path), content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise failure(
            "E0903", f"`{path}` is not UTF-8 text (line {line})", help="save the file with the encoding UTF-8"
        ) from None
