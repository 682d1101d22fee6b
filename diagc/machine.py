"""Machines: levels of memory and pipelines, read from YAML in which every number has a unit and a source.

The levels are those of derivation.md §4: l0 is the memory of the device, l1 the cache that all share, l2 the memory and
l3 the registers of one of `units` processors. A file is refused as a whole for one key, unit or source that is wrong.

>>> machine("h200").levels["l0"].bandwidth
Quantity(value=4800000000000.0, unit='TB/s', source='datasheet')
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NoReturn, cast

import yaml

from diagc.core.dtypes import DType
from diagc.diagnostics import Label, failure
from diagc.limits import MAX_FILE_BYTES, MAX_NESTING
from diagc.source import Source, Span
from diagc.syntax.files import load_source

_yaml: Any = yaml  # its functions have no types

SCHEMA: Final = "diagc/machine-1"
LEVELS: Final = ("l0", "l1", "l2", "l3")
_TOP: Final = ("schema", "name", "title", "arch", "sources", "clock", "levels", "pipelines", "fragment")
_CLUSTERS: Final = ("1", "2", "4", "8", "16")
_FOLDERS: Final = (Path(__file__).parent / "machines", Path(__file__).parents[1] / "specs" / "machines")


# ---- values


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in base units (bytes, bytes/s, operations/s, hertz, 1), with the unit as written and its source."""

    value: float
    unit: str
    source: str


@dataclass(frozen=True, slots=True)
class Level:
    """A level of memory: the capacity of one instance, and the bandwidth of all of them towards the next level.

    `bandwidth` is None where no source states one: the level then limits nothing.
    """

    name: str
    title: str
    capacity: Quantity
    count: Quantity
    bandwidth: Quantity | None


@dataclass(frozen=True, slots=True)
class Fragment:
    """How the matrix units cut a tile: `least` rows at least, operands read once for `rows` × `columns`."""

    least: int
    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine. Rates of `tensor` and `vector` are FLOP/s of the whole device, `special` are results per second."""

    name: str
    title: str
    arch: str
    sources: Mapping[str, str]
    clock: Quantity
    levels: Mapping[str, Level]
    tensor: Mapping[DType, Quantity]
    vector: Mapping[DType, Quantity]
    special: Quantity
    fragment: Fragment
    clusters: Mapping[int, Quantity]
    """Bytes/s at which processors fill their l2: alone (1), and from each other in clusters of so many."""
    launch: Quantity | None = None
    """Seconds that a kernel with nothing to do takes; None where no source states them: starts then cost nothing."""

    @property
    def units(self) -> int:
        """The number of processors: instances of l2."""
        return int(self.levels["l2"].count.value)

    def rate(self, dtype: DType) -> Quantity | None:
        """FLOP/s of the matrix units in a dtype; None where they do not have it."""
        return self.tensor.get(dtype)


# ---- units

_DECIMAL: Final = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}
_BINARY: Final = {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}
_UNITS: Final[dict[str, dict[str, float]]] = {
    "capacity": {f"{p}B": f for p, f in (_DECIMAL | _BINARY).items()},
    "bandwidth": {f"{p}B/s": f for p, f in (_DECIMAL | _BINARY).items()},
    "rate": {f"{p}FLOP/s": f for p, f in _DECIMAL.items()},
    "results": {f"{p}op/s": f for p, f in _DECIMAL.items()},
    "frequency": {f"{p}Hz": f for p, f in _DECIMAL.items()},
    "time": {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9},
    "instances": {"instances": 1.0},
    "rows": {"rows": 1.0},
    "columns": {"columns": 1.0},
}
_NUMBER: Final = re.compile(r"(\d{1,15}(?:\.\d{1,15})?)(?: (\S{1,16}))?")


def parse_quantity(text: str, kind: str) -> tuple[float, str]:
    """The number of a text such as `4.8 TB/s` in base units, and its unit. Raises `ValueError` saying what is wrong.

    >>> parse_quantity("227 KiB", "capacity")
    (232448.0, 'KiB')
    """
    match = _NUMBER.fullmatch(text)
    units = _UNITS[kind]
    example = {"rows": "rows", "columns": "columns", "instances": "instances", "time": "us"}.get(kind)
    wanted = f"a number and a unit of {kind}, as in `1 {example or [*units][4]}`"
    if match is None:
        raise ValueError(f"`{text}` is not {wanted}")
    if match[2] is None:
        raise ValueError(f"`{text}` has no unit: write {wanted}")
    if match[2] not in units:
        raise ValueError(f"`{match[2]}` is no unit of {kind}; there are {', '.join(units)}")
    if not float(match[1]) > 0:
        raise ValueError(f"`{text}` is not positive")
    return float(Decimal(match[1]) * Decimal(units[match[2]])), match[2]


# ---- finding and reading


def machine_names() -> tuple[str, ...]:
    """The machines that come with diagc."""
    return tuple(sorted({path.stem for folder in _FOLDERS for path in folder.glob("*.yaml")}))


def machine(name: str) -> Machine:
    """The machine of a name, or of a path that ends in `.yaml`.

    Raises `DiagnosticError`: E1101 no such machine, E1102 not plain YAML, E1103 keys, E1104 numbers, E0901–E0903.
    """
    return read_machine(machine_source(name))


def machine_source(name: str) -> Source:
    """The file of the machine of a name, or of a path that ends in `.yaml`. Raises E1101, E0901–E0903."""
    if name.endswith((".yaml", ".yml")):
        return load_source(Path(name), Path(name).parent)
    if name not in machine_names():
        names = ", ".join(machine_names())
        raise failure(
            "E1101", f"no machine is called `{name}`", help=f"there are {names}; or give a path to a .yaml"
        )
    path = next(p for folder in _FOLDERS if (p := folder / f"{name}.yaml").exists())
    return load_source(path, path.parent)


def read_machine(source: Source) -> Machine:
    """The machine that a text describes."""
    reader = Reader(source)
    return reader.machine(reader.compose())


class Reader:
    """Turns a YAML node graph into a machine; the first thing that is wrong is raised with its place."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.sources: dict[str, str] = {}

    # -- YAML, without tags, anchors and depth

    def compose(self) -> yaml.Node:
        assert len(self.source.text) <= MAX_FILE_BYTES
        depth = 0
        try:
            for event in _yaml.parse(self.source.text, Loader=yaml.SafeLoader):
                depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(
                    event, yaml.CollectionEndEvent
                )
                if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                    self.fail("E1102", event, "anchors and aliases are not read", "write the value out")
                if getattr(event, "tag", None):
                    self.fail("E1102", event, "tags are not read", "remove the `!…`")
                if depth > MAX_NESTING:
                    self.fail("E1102", event, "nested too deeply", "a machine file has four levels")
            root: yaml.Node | None = _yaml.compose(self.source.text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            self.fail("E1102", error, f"not YAML: {error.problem}", "compare with specs/machines/h200.yaml")
        except yaml.YAMLError as error:
            raise failure("E1102", f"`{self.source.name}` is not YAML: {error}".splitlines()[0]) from None
        if root is None:
            raise failure(
                "E1102", f"`{self.source.name}` is empty", help="start from specs/machines/h200.yaml"
            )
        return root

    def _span(self, place: Any) -> Span:
        start = getattr(place, "start_mark", None) or getattr(place, "problem_mark", None)
        end = getattr(place, "end_mark", None) or start
        length = len(self.source.text)
        first = min(start.index, length) if start is not None else 0
        return Span(self.source, first, min(max(end.index if end is not None else first, first), length))

    def fail(self, code: str, place: Any, message: str, help: str) -> NoReturn:
        raise failure(code, message, Label(self._span(place), "here"), help=help)

    def mapping(
        self, node: yaml.Node, allowed: tuple[str, ...] | None, required: tuple[str, ...]
    ) -> dict[str, yaml.Node]:
        """The entries of a mapping with known keys, each once; `allowed` None lets any name be a key."""
        if not isinstance(node, yaml.MappingNode):
            self.fail("E1103", node, "a mapping is needed here", f"write `{(allowed or ('name',))[0]}: …`")
        found: dict[str, yaml.Node] = {}
        for key, value in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
            name = self.text(key)
            if name in found:
                self.fail("E1102", key, f"key `{name}` is given twice", "keep one of the two")
            if allowed is not None and name not in allowed:
                self.fail("E1103", key, f"`{name}` is not known here", f"there are {', '.join(allowed)}")
            found[name] = value
        for name in required:
            if name not in found:
                self.fail("E1103", node, f"key `{name}` is missing", f"add `{name}: …` here")
        return found

    def text(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode) or not str(node.value).strip():
            self.fail("E1103", node, "a text is needed here", "write one line of text")
        return str(node.value)

    def quantity(self, node: yaml.Node, kind: str) -> Quantity:
        if isinstance(node, yaml.ScalarNode):
            self.fail(
                "E1104",
                node,
                f"`{node.value}` has no source",
                "write `{value: 4.8 TB/s, source: NAME}` with a name of `sources`",
            )
        entries = self.mapping(node, ("value", "source"), ("value", "source"))
        written, source = self.text(entries["value"]), self.text(entries["source"])
        if source not in self.sources:
            known = ", ".join(self.sources) or "none"
            self.fail("E1104", entries["source"], f"no source is called `{source}`", f"`sources` has {known}")
        try:
            value, unit = parse_quantity(written, kind)
        except ValueError as error:
            self.fail("E1104", entries["value"], str(error), "every number has a unit and a source")
        return Quantity(value, unit, source)

    # -- the parts of a machine

    def machine(self, root: yaml.Node) -> Machine:
        """The machine of a composed file."""
        top = self.mapping(root, (*_TOP, "clusters", "launch"), _TOP)
        if self.text(top["schema"]) != SCHEMA:
            self.fail(
                "E1103", top["schema"], "not a machine file of this version", f"write `schema: {SCHEMA}`"
            )
        self.sources = {key: self.text(node) for key, node in self.mapping(top["sources"], None, ()).items()}
        pipelines = self.mapping(top["pipelines"], ("tensor", "vector", "special"), ("vector", "special"))
        return Machine(
            self.text(top["name"]),
            self.text(top["title"]),
            self.text(top["arch"]),
            self.sources,
            self.quantity(top["clock"], "frequency"),
            {
                key: self._level(key, node)
                for key, node in self.mapping(top["levels"], LEVELS, LEVELS).items()
            },
            self._rates(pipelines["tensor"]) if "tensor" in pipelines else {},
            self._rates(pipelines["vector"], ("f32",)),
            self.quantity(pipelines["special"], "results"),
            self._fragment(top["fragment"]),
            self._clusters(top["clusters"]) if "clusters" in top else {},
            self.quantity(top["launch"], "time") if "launch" in top else None,
        )

    def _clusters(self, node: yaml.Node) -> dict[int, Quantity]:
        entries = self.mapping(node, _CLUSTERS, ("1",))
        return {int(key): self.quantity(value, "bandwidth") for key, value in entries.items()}

    def _level(self, name: str, node: yaml.Node) -> Level:
        keys = ("title", "capacity", "count")
        found = self.mapping(node, (*keys, "bandwidth"), (*keys, "bandwidth") if name == "l0" else keys)
        bandwidth = found.get("bandwidth")
        return Level(
            name,
            self.text(found["title"]),
            self.quantity(found["capacity"], "capacity"),
            self.quantity(found["count"], "instances"),
            self.quantity(bandwidth, "bandwidth") if bandwidth is not None else None,
        )

    def _rates(self, node: yaml.Node, required: tuple[str, ...] = ()) -> dict[DType, Quantity]:
        entries = self.mapping(node, tuple(dtype.value for dtype in DType), required)
        return {DType(name): self.quantity(value, "rate") for name, value in entries.items()}

    def _fragment(self, node: yaml.Node) -> Fragment:
        keys = {"least": "rows", "rows": "rows", "columns": "columns"}
        found = self.mapping(node, tuple(keys), tuple(keys))
        return Fragment(*(int(self.quantity(found[key], kind).value) for key, kind in keys.items()))


__all__ = [
    "LEVELS",
    "Fragment",
    "Level",
    "Machine",
    "Quantity",
    "machine",
    "machine_names",
    "machine_source",
    "parse_quantity",
    "read_machine",
]
