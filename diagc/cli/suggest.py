"""Names that were probably meant.

>>> suggestion("chek", ["check", "cost"]), suggestion("xyz", ["check"])
('; did you mean `check`?', '')
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def suggestion(name: str, known: Iterable[str]) -> str:
    """The end of a message: the known name that is nearest, if one is near."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean `{near[0]}`?" if near else ""
