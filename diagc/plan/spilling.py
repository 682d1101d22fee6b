"""Configurations that the compiler was seen to spill, and what is taken instead.

The cost model counts tiles; what the compiler holds besides is known only once it has run. `spilling.json` lists, by
the hash of what a kernel computes (names do not change it), the configurations that spill on sm_90. `python -m
bench.spilling` compiles what is shipped and writes it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from diagc.core.canonical import diagram_hash
from diagc.plan.config import Config, has_dot
from diagc.plan.structure import Structure

TABLE = Path(__file__).with_name("spilling.json")
LEAST = 16
"""Indices that matrix units take at least."""

Numbers = tuple[int, tuple[int, ...], int, int]
"""A configuration without the names of its axes: held indices, blocks, warps, stages."""


@dataclass(frozen=True, slots=True, order=True)
class Spilling:
    """A configuration by its numbers, and the bytes that a thread spills in it."""

    kernel: str
    held: int
    blocks: tuple[int, ...]
    warps: int
    stages: int
    spills: int


def numbers(config: Config) -> Numbers:
    """What a configuration is, without the names of its axes."""
    return config.max_resident, tuple(block for _, block in config.blocks), config.warps, config.stages


def read() -> list[Spilling]:
    """What is known to spill."""
    rows: list[dict[str, Any]] = json.loads(TABLE.read_text("utf-8"))
    return [Spilling(blocks=tuple(row.pop("blocks")), **row) for row in rows]


def refuse(found: Iterable[Spilling]) -> None:
    """Write the table anew, a line for each configuration."""
    lines = [f"  {json.dumps(asdict(one))}" for one in sorted(set(found))]
    TABLE.write_text("[\n" + ",\n".join(lines) + "\n]\n", "utf-8")
    known.cache_clear()


@cache
def known() -> Mapping[Numbers, set[str]]:
    """The kernels that spill, by configurations."""
    found = defaultdict[Numbers, set[str]](set)
    for row in read():
        found[row.held, row.blocks, row.warps, row.stages].add(row.kernel)
    return found


def without_spills(structure: Structure, offered: tuple[Config, ...]) -> tuple[Config, ...]:
    """The configurations with the next lighter one for each that spills.

    Where none is lighter a kernel does without: it then holds fewer indices.
    """
    kept = tuple(c for c in (_next(structure, config) for config in offered) if c is not None)
    return kept or offered


def _next(structure: Structure, config: Config) -> Config | None:
    if not _spills(structure, config):
        return config
    return next((c for c in _lighter(structure, config) if not _spills(structure, c)), None)


def _spills(structure: Structure, config: Config) -> bool:
    """The hash is made only where some kernel spills in this configuration."""
    kernels = known().get(numbers(config))
    return kernels is not None and diagram_hash(structure.diagram) in kernels


def _lighter(structure: Structure, config: Config) -> Iterator[Config]:
    """The same tiles for eight warps, then smaller tiles, shorter steps before fewer rows; fewer warps last."""
    least = LEAST if has_dot(structure) else 1
    if config.warps < 8:
        yield replace(config, warps=8)
    while True:
        step = config
        while (shorter := _halved(structure, step, "stream", least)) != step:
            yield (step := shorter)
        smaller = _halved(structure, config, "tile", least)
        if smaller == config:
            break
        yield (config := smaller)
    if step.warps > 4:
        yield replace(step, warps=4)


def _halved(structure: Structure, config: Config, kind: str, least: int) -> Config:
    """A configuration with the longest block of its axes of a kind halved, if that leaves `least` indices."""
    blocks = {axis: block for axis, block in config.blocks if structure.extents[axis].kind == kind}
    longest = max(blocks, key=lambda axis: blocks[axis], default=None)
    if longest is None or blocks[longest] <= least:
        return config
    return replace(config, blocks=tuple((a, b // 2 if a == longest else b) for a, b in config.blocks))
