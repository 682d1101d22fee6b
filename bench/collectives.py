"""What devices send each other in one update, counted from the compiled program: `python -m bench.collectives`.

Eight simulated devices. The table goes to `bench/results/collectives.json` and into `docs/scale.md`, between its marks.
"""

from __future__ import annotations

import json
import math
import os
import re
from pathlib import Path
from typing import Any

os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=8"

import jax
import numpy as np

from bench.training import WIDE, made_up
from diagc.backends.training import emit_training
from diagc.check.program import check_source, read_program
from diagc.learn.session import bind, load_program
from diagc.source import Source

ROOT = Path(__file__).parents[1]
PAGE, RESULTS = ROOT / "docs" / "scale.md", Path(__file__).parent / "results" / "collectives.json"
MESHES = ({"data": 2}, {"data": 4}, {"data": 8}, {"model": 8}, {"data": 4, "model": 2})
BYTES = {
    "f32": 4,
    "s32": 4,
    "u32": 4,
    "bf16": 2,
    "pred": 1,
    "f16": 2,
    "s8": 1,
    "u8": 1,
    "f64": 8,
    "s64": 8,
    "u64": 8,
}
COLLECTIVE = re.compile(
    r"= (?P<type>.*?) (?P<kind>all-reduce|all-gather|reduce-scatter|all-to-all|collective-permute)(?:-start)?\("
)
MARKS = ("<!-- collectives -->\n", "<!-- end -->")


def sent(text: str) -> dict[str, int]:
    """Bytes of the results of collectives by kind; the body of the loop over updates stands once in the program.

    >>> sent("x = (f32[2,3]{1,0}, f32[]) all-reduce(a, b), replica_groups={}")
    {'all-reduce': 28}
    """
    found: dict[str, int] = {}
    for match in COLLECTIVE.finditer(text):
        shapes = re.findall(r"(\w+)\[([\d,]*)\]", match["type"])
        size = sum(
            BYTES[kind] * math.prod(map(int, filter(None, extents.split(",")))) for kind, extents in shapes
        )
        found[match["kind"]] = found.get(match["kind"], 0) + size
    return found


def compiled(program: Any, mesh: dict[str, int], batch: int) -> str:
    """The compiled updates of a program on a mesh."""
    options = program.Options(1, 4, batch, 0, mesh=tuple(mesh.items()))
    batches = program.Batches(made_up(program), options)
    devices = program.Devices(options)
    params = program.initial(program.REGIME, 0)
    moving = devices.parameters(program.begin(program.REGIME, options, params).moving)
    updates = program.make_updates(program.REGIME, options, batches.sizes)
    chunk = devices.batches(batches.chunk(0))
    return updates.lower(moving, {}, chunk, np.int32(0), np.int32(1)).compile().as_text()


def programs() -> dict[str, Any]:
    """A wide network with a comparator of samples, and a small one with a comparator of whole batches."""
    wide = check_source(Source("wide.diag", WIDE.format(wide=1024))).learnings["large"]
    simclr = read_program(ROOT / "specs" / "learning" / "simclr.diag").learnings["simclr"]
    return {
        name: load_program(emit_training(bind(found, {}, {}), name))
        for name, found in {"three layers of 1024": wide, "simclr": simclr}.items()
    }


def main() -> None:
    """Count, and write the table."""
    rows: list[dict[str, Any]] = []
    for name, program in programs().items():
        params = sum(math.prod(shape) * 4 for _, shape, _ in program.REGIME.trained.values())
        for mesh in MESHES:
            kinds = sent(compiled(program, mesh, 256))
            rows.append({"regime": name, "mesh": mesh, "parameter_bytes": params, **kinds})
            print(rows[-1], flush=True)
    RESULTS.write_text(json.dumps({"jax": jax.__version__, "rows": rows}, indent=1) + "\n", "utf-8")
    kinds = sorted({k for row in rows for k in row} - {"regime", "mesh", "parameter_bytes"})
    lines = ["| regime | mesh | parameters | " + " | ".join(kinds) + " |", "|---" * (3 + len(kinds)) + "|"]
    for row in rows:
        mesh = ", ".join(f"{axis}={size}" for axis, size in row["mesh"].items())
        counts = " | ".join(f"{row.get(kind, 0):,}" for kind in kinds)
        lines.append(f"| {row['regime']} | {mesh} | {row['parameter_bytes']:,} | {counts} |")
    before, _, rest = PAGE.read_text("utf-8").partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    PAGE.write_text(before + MARKS[0] + "\n" + "\n".join(lines) + "\n\n" + MARKS[1] + after, "utf-8")


if __name__ == "__main__":
    main()
