"""Families of machines: a machine file with free parameters, prices and a workload.

A family file (schema `diagc/family-1`) is a machine file in which any amount may be a list, a range or a multiple of
another (see `amounts`), with the sections of `prices` and, on request, a `workload`:

    workload:
      - {spec: ../attention/attention.diag, entry: mha, sizes: {b: 2, h: 16, q: 4096, x: 4096, d: 64}, weight: 1}
      - {spec: ../attention/attention.diag, entry: mha, part: backward, sizes: {…}}

Paths are relative to the folder of the family file. Weights say how often each kernel runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np
import yaml

from diagc.codesign.amounts import UNITS, Amount, AmountReader, Free, Values, as_text, kind_of
from diagc.codesign.prices import SECTIONS, Prices, read_prices
from diagc.cost.demand import Kind
from diagc.cost.estimate import Rates, rates_of
from diagc.machine import Machine, Quantity
from diagc.syntax.files import load_source

SCHEMA: Final = "diagc/family-1"
Part = Literal["forward", "backward"]
Amounts = Mapping[str, Values]


@dataclass(frozen=True, slots=True)
class Job:
    """A kernel of a workload: an entry of a spec, or its derivative, at sizes; `weight` runs of it."""

    spec: Path
    entry: str
    sizes: Mapping[str, int]
    part: Part = "forward"
    weight: float = 1.0

    @property
    def name(self) -> str:
        """What tables call it."""
        return self.entry if self.part == "forward" else f"{self.entry} backward"


@dataclass(frozen=True, slots=True)
class Family:
    """Machines of one form: `machine` is the one whose free parameters have middle values."""

    machine: Machine
    amounts: Mapping[str, Amount]
    prices: Prices
    workload: tuple[Job, ...]

    @property
    def free(self) -> tuple[Free, ...]:
        """The free parameters, in the order of the file."""
        return tuple(a.free for a in self.amounts.values() if a.free is not None)

    def values(self, chosen: Values) -> dict[str, Values]:
        """Amounts by path for designs [n f], one column for each free parameter."""
        columns = {free.path: chosen[:, place] for place, free in enumerate(self.free)}
        return {path: np.broadcast_to(v, len(chosen)) for path, v in _resolved(self.amounts, columns).items()}

    def design(self, chosen: Values) -> Machine:
        """The machine of one design [f]."""
        return _with_amounts(self.machine, {p: float(v[0]) for p, v in self.values(chosen[None]).items()})


# ---- amounts of machines


def amounts_of(machine: Machine) -> dict[str, Values]:
    """The amounts of a machine by path, as arrays of one."""
    return {path: np.asarray([quantity.value]) for path, quantity in _quantities(machine)}


def _quantities(machine: Machine) -> Iterator[tuple[str, Quantity]]:
    yield "clock", machine.clock
    for name, level in machine.levels.items():
        yield f"levels.{name}.capacity", level.capacity
        yield f"levels.{name}.count", level.count
        if level.bandwidth is not None:
            yield f"levels.{name}.bandwidth", level.bandwidth
    for dtype, rate in machine.tensor.items():
        yield f"pipelines.tensor.{dtype.value}", rate
    for dtype, rate in machine.vector.items():
        yield f"pipelines.vector.{dtype.value}", rate
    yield "pipelines.special", machine.special
    for size, rate in machine.clusters.items():
        yield f"clusters.{size}", rate
    if machine.launch is not None:
        yield "launch", machine.launch


def rates(machine: Machine, amounts: Amounts) -> Rates:
    """The rates of machines of one form, arrays over them."""
    form = rates_of(machine)
    transfers = {
        level: (name, amounts[f"levels.{level}.bandwidth"], own)
        for level, (name, _, own) in form.transfers.items()
    }
    computes: dict[Kind, tuple[str, Values]] = {
        kind: (name, amounts["pipelines.special" if kind[0] == "special" else f"pipelines.{kind[0]}.{kind[1].value}"])
        for kind, (name, _) in form.computes.items()
    }  # fmt: skip
    return Rates(
        amounts[UNITS], amounts["levels.l1.capacity"], transfers, computes, amounts.get("launch", 0.0)
    )


def _with_amounts(machine: Machine, found: Mapping[str, float]) -> Machine:
    """The machine with other numbers."""

    def put(quantity: Quantity, path: str) -> Quantity:
        return replace(quantity, value=found[path])

    levels = {
        name: replace(
            level,
            capacity=put(level.capacity, f"levels.{name}.capacity"),
            count=put(level.count, f"levels.{name}.count"),
            bandwidth=put(level.bandwidth, f"levels.{name}.bandwidth")
            if level.bandwidth is not None
            else None,
        )
        for name, level in machine.levels.items()
    }
    return replace(
        machine,
        clock=put(machine.clock, "clock"),
        levels=levels,
        tensor={d: put(q, f"pipelines.tensor.{d.value}") for d, q in machine.tensor.items()},
        vector={d: put(q, f"pipelines.vector.{d.value}") for d, q in machine.vector.items()},
        special=put(machine.special, "pipelines.special"),
        clusters={n: put(q, f"clusters.{n}") for n, q in machine.clusters.items()},
        launch=put(machine.launch, "launch") if machine.launch is not None else None,
    )


def _resolved(amounts: Mapping[str, Amount], chosen: Mapping[str, Values]) -> dict[str, Values]:
    """The values of amounts, those that others are multiples of first. Raises `KeyError` with a path that waits."""
    known: dict[str, Values] = {}
    waiting = dict(amounts)
    while waiting:
        ready = [
            path
            for path, amount in waiting.items()
            if all(needed is None or needed in known for needed in (amount.of, amount.each))
        ]
        if not ready:
            raise KeyError(next(iter(waiting)))
        for path in ready:
            known[path] = waiting.pop(path).value(known, chosen)
    return known


# ---- reading


def read_family(path: Path) -> Family:
    """The family of a file.

    Raises `DiagnosticError`: E1102 not plain YAML, E1103 keys, E1104 numbers, E0901–E0903.
    """
    return _FamilyReader(load_source(path, path.parent)).family(path.parent)


class _FamilyReader(AmountReader):
    def family(self, folder: Path) -> Family:
        """The family of the file; `folder` is where paths of its workload start."""
        root = self.compose()
        own = ("schema", "sources", *SECTIONS, "workload")
        top = self.mapping(root, None, ("schema", "sources"))
        if self.text(top["schema"]) != SCHEMA:
            self.fail(
                "E1103", top["schema"], "not a family file of this version", f"write `schema: {SCHEMA}`"
            )
        self.sources = {k: self.text(v) for k, v in self.mapping(top["sources"], None, ()).items()}
        found: dict[str, tuple[yaml.MappingNode, Amount]] = {}
        for key, node in top.items():
            if key not in own:
                self._collect(node, key, found)
        amounts = {path: amount for path, (_, amount) in found.items()}
        machine = self._middle(root, found, amounts)
        jobs = tuple(self._jobs(top["workload"], folder)) if "workload" in top else ()
        return Family(machine, amounts, read_prices(self, top), jobs)

    def _collect(self, node: yaml.Node, path: str, found: dict[str, tuple[yaml.MappingNode, Amount]]) -> None:
        """Amounts are mappings that name a source."""
        if not isinstance(node, yaml.MappingNode):
            return
        entries = self.mapping(node, None, ())
        if "source" in entries and kind_of(path) is not None:
            found[path] = (node, self.amount(node, path))
            return
        for key, inner in entries.items():
            self._collect(inner, f"{path}.{key}", found)

    def _middle(
        self, root: yaml.Node, found: Mapping[str, tuple[yaml.MappingNode, Amount]], amounts: Mapping[str, Amount]
    ) -> Machine:  # fmt: skip
        """The machine with middle values, read as any machine file is."""
        half = {f.path: f.at(np.asarray([0.5])) for a in amounts.values() if (f := a.free) is not None}
        for path, amount in amounts.items():
            for needed in (amount.of, amount.each):
                if needed is not None and needed not in amounts:
                    self.fail(
                        "E1103",
                        found[path][0],
                        f"`{needed}` is no amount of this file",
                        "name one by its path",
                    )
        try:
            middle = _resolved(amounts, half)
        except KeyError as error:
            path = str(error.args[0])
            self.fail(
                "E1103", found[path][0], f"`{path}` is a multiple of itself", "give one of them a value"
            )
        for path, (node, _) in found.items():
            _write_value(node, as_text(float(middle[path].flat[0]), path))
        assert isinstance(root, yaml.MappingNode)
        root.value = [(k, v) for k, v in root.value if self.text(k) not in (*SECTIONS, "workload")]
        for key, value in root.value:
            if self.text(key) == "schema":
                value.value = "diagc/machine-1"
        return self.machine(root)

    def _jobs(self, node: yaml.Node, folder: Path) -> Iterator[Job]:
        if not isinstance(node, yaml.SequenceNode):
            self.fail("E1103", node, "a list is needed here", "write `- {spec: …, entry: …, sizes: {…}}`")
        for each in node.value:
            found = self.mapping(each, ("spec", "entry", "part", "sizes", "weight"), ("spec", "entry"))
            sizes = self.mapping(found["sizes"], None, ()) if "sizes" in found else {}
            part = self.text(found["part"]) if "part" in found else "forward"
            if part not in ("forward", "backward"):
                self.fail(
                    "E1103", found["part"], f"no part is called `{part}`", "write `forward` or `backward`"
                )
            yield Job(
                folder / self.text(found["spec"]),
                self.text(found["entry"]),
                {name: self._whole(value) for name, value in sizes.items()},
                "backward" if part == "backward" else "forward",
                self._weight(found["weight"]) if "weight" in found else 1.0,
            )

    def _whole(self, node: yaml.Node) -> int:
        text = self.text(node)
        if not text.isdecimal() or not 0 < int(text) < 2**40:
            self.fail("E1104", node, f"`{text}` is no size", "write a whole number, as in `q: 4096`")
        return int(text)

    def _weight(self, node: yaml.Node) -> float:
        try:
            found = float(self.text(node))
        except ValueError:
            found = 0.0
        if not 0 < found < float("inf"):
            self.fail("E1104", node, "a weight is a positive number", "write how often the kernel runs")
        return found


def _write_value(node: yaml.MappingNode, text: str) -> None:
    """Make an amount of a family one of a machine."""
    mark, end = node.start_mark, node.end_mark
    source = next(pair for pair in node.value if pair[0].value == "source")
    key = yaml.ScalarNode("tag:yaml.org,2002:str", "value", mark, end)
    node.value = [(key, yaml.ScalarNode("tag:yaml.org,2002:str", text, mark, end)), source]
