"""`kernels_out/` holds what is emitted today: a refactoring leaves it alone, or its diff says what changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagc.api import jax_source, triton_source
from tests.unit.specs import ROOT, SPECS, spec_entries


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_committed_code_is_current(spec: Path) -> None:
    name = str(spec.relative_to(ROOT))
    for kind, source in (("triton", triton_source), ("jax", jax_source)):
        committed = ROOT / "kernels_out" / f"{spec.stem}_{kind}.py"
        assert committed.read_text("utf-8") == source(spec_entries(spec), name), (
            "run `make golden` and read the diff"
        )
