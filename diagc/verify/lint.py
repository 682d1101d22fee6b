"""The static check of shipped kernels, with a table of what is known so that only what has changed is compiled.

A configuration is known by the text of its kernel, what it is compiled with and the version of the compiler. The table
is committed; a problem that it does not list is a regression.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from diagc.backends.emit import triton_source
from diagc.backends.forms import formed
from diagc.backends.launches import Form, Variant
from diagc.backends.plans import kernels
from diagc.backends.triton_module import emit_kernels
from diagc.check.entry import Entry
from diagc.diagnostics import failure
from diagc.plan.config import Config
from diagc.verify.aot import Report, compile_variants, request

REGISTERS, PROCESSOR_SHARED, WARPS, RESERVED = 65_536, 228 * 1024, 64, 1024
"""Of a multiprocessor of sm_90: registers, bytes of shared memory, warps; and bytes that each block takes besides
(CUDA programming guide 13, table of compute capabilities)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One compiled configuration. Bytes for `spills` and `shared`; `programs` fit on a multiprocessor at once."""

    spec: str
    kernel: str
    configuration: str
    digest: str
    registers: int
    spills: int
    shared: int
    wgmma: int
    programs: int | None
    problem: str | None

    @property
    def name(self) -> tuple[str, str, str]:
        """What a configuration is called, whatever its code is."""
        return self.spec, self.kernel, self.configuration


@dataclass(frozen=True, slots=True)
class Shipped:
    """A configuration of a kernel that is shipped, and by what it is known."""

    spec: str
    variant: Variant
    config: Config
    digest: str

    @property
    def configuration(self) -> str:
        """Blocks, warps and stages, and for how many held elements it is."""
        blocks = " ".join(f"{axis.name}={block}" for axis, block in self.config.blocks)
        held = f"held={self.config.max_resident}" if self.config.max_resident else ""
        return " ".join(
            filter(None, (held, blocks, f"warps={self.config.warps}", f"stages={self.config.stages}"))
        )

    @property
    def name(self) -> tuple[str, str, str]:
        return self.spec, self.variant.kernel.name, self.configuration


def shipped(spec: str, entries: Iterable[Entry], target: str, form: Form = "pointers") -> list[Shipped]:
    """Every configuration of every kernel of some entries; only of those that have the form."""
    found: dict[tuple[str, str, str], Shipped] = {}
    every = (v for entry in entries for v in formed(kernels(entry), form).variants)
    for variant in (v for v in every if v.form == form):
        for one in configured(spec, variant, target):
            found[one.name] = one
    return list(found.values())


def configured(spec: str, variant: Variant, target: str) -> list[Shipped]:
    """Every configuration of a kernel."""
    text = emit_kernels([variant])
    asked = [[text, version("triton"), request(variant, config, target)] for config in variant.configs]
    digests = [hashlib.sha256(json.dumps(a, sort_keys=True).encode()).hexdigest()[:16] for a in asked]
    return [Shipped(spec, variant, c, digest) for c, digest in zip(variant.configs, digests, strict=True)]


def spec_of(emitted: Path, specs: Path) -> Path:
    """The spec from which a file NAME_triton.py was made: the one NAME.diag below a folder.

    Raises `DiagnosticError` E0704 where there is none or more than one.
    """
    name = f"{emitted.stem.removesuffix('_triton')}.diag"
    found = sorted(specs.rglob(name))
    if len(found) != 1:
        raise failure(
            "E0704",
            f"{emitted}: {len(found) or 'no'} files `{name}` below {specs}",
            help="name the folder of its spec with --specs",
        )
    return found[0]


def require_current(emitted: Path, spec: Path, entries: Iterable[Entry]) -> None:
    """Refuse emitted code that is not what its spec gives now: E0704."""
    if emitted.read_text("utf-8") != triton_source(entries, str(spec)):
        raise failure(
            "E0704",
            f"{emitted} is not what {spec} gives",
            help=f"run `diagc compile {spec} -o {emitted.parent}`",
        )


def checked(
    wanted: Iterable[Shipped], known: Mapping[str, Finding], target: str, processes: int
) -> Iterator[Finding]:
    """A finding for each configuration, compiled where its digest is not known.

    Kernels of several specs may be the same: what is known about one is said of each.
    """

    def find(one: Shipped) -> Finding:
        found = known.get(one.digest)
        spec, kernel, configuration = one.name
        if found is not None:
            return replace(found, spec=spec, kernel=kernel, configuration=configuration)
        return _compiled(one, target)

    with ThreadPoolExecutor(processes) as pool:
        yield from pool.map(find, wanted)


def _compiled(one: Shipped, target: str) -> Finding:
    variant = replace(one.variant, configs=(one.config,))
    (report,) = compile_variants([variant], [target], processes=1)
    return Finding(
        *one.name, one.digest, report.registers, report.spills, report.shared, report.wgmma,
        _programs(report) if target == "sm_90" else None, report.problem,
    )  # fmt: skip


def _programs(report: Report) -> int:
    """Programs that a multiprocessor of sm_90 holds at once: the occupancy that registers and memory allow."""
    registers = max(-(-report.registers // 8) * 8, 8) * 32 * report.warps
    return min(REGISTERS // registers, PROCESSOR_SHARED // (report.shared + RESERVED), WARPS // report.warps)


def regressions(found: Iterable[Finding], known: Iterable[Finding]) -> list[Finding]:
    """The findings with a problem that the table does not list for the configuration of that name."""
    listed = {finding.name for finding in known if finding.problem is not None}
    return [f for f in found if f.problem is not None and f.name not in listed]


def read_table(path: Path) -> list[Finding]:
    """What is known; nothing where there is no table."""
    if not path.exists():
        return []
    rows: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))["kernels"]
    return [Finding(**row) for row in rows]


def table_text(found: Iterable[Finding], target: str) -> str:
    """The table as JSON, a line for each configuration, in the order of their names."""
    lines = [f"  {json.dumps(asdict(f))}" for f in sorted(found, key=lambda f: f.name)]
    head = f'"target": "{target}", "triton": "{version("triton")}"'
    return f'{{{head}, "kernels": [\n' + ",\n".join(lines) + "\n]}\n"
