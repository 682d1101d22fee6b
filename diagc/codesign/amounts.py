"""Amounts of a family file: numbers, lists or ranges of them, and multiples of other amounts.

An amount is one of

    {value: 3.35 TB/s, source: datasheet}
    {values: [64 KiB, 128 KiB, 227 KiB], source: choice}
    {from: 2 TB/s, to: 8 TB/s, count: 5, steps: geometric, source: choice}      without `count` any value between
    {times: 2, of: pipelines.tensor.bf16, source: datasheet}

and `each: levels.l2.count` says that it is what one processor has. Values are in base units.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import yaml
from numpy.typing import NDArray

from diagc.machine import Reader, parse_quantity

Values = NDArray[np.float64]
UNITS: Final = "levels.l2.count"

_KINDS: Final = (
    (r"levels\.\w+\.(capacity|bandwidth)", None), (r"levels\.\w+\.count", "instances"),
    (r"pipelines\.(tensor|vector)\.\w+", "rate"), (r"pipelines\.special", "results"),
    (r"clock", "frequency"), (r"launch", "time"), (r"clusters\.\d+", "bandwidth"),
    (r"fragment\.columns", "columns"), (r"fragment\.\w+", "rows"),
)  # fmt: skip
_BASE: Final = {
    "capacity": "B", "bandwidth": "B/s", "instances": "instances", "rate": "FLOP/s", "results": "op/s",
    "frequency": "Hz", "time": "s", "rows": "rows", "columns": "columns",
}  # fmt: skip


def kind_of(path: str) -> str | None:
    """The kind of unit that a path of a machine file has; None for what is no number.

    >>> kind_of("levels.l0.bandwidth"), kind_of("title")
    ('bandwidth', None)
    """
    for pattern, kind in _KINDS:
        if re.fullmatch(pattern, path):
            return kind or path.rpartition(".")[2]
    return None


@dataclass(frozen=True, slots=True)
class Free:
    """A free parameter: the values it may take, or the two ends of what it may be between."""

    path: str
    unit: str
    factor: float
    values: tuple[float, ...]
    continuous: bool = False
    geometric: bool = True

    def at(self, share: Values) -> Values:
        """Values at shares of the range in [0, 1): a place of the list, or between the ends."""
        if not self.continuous:
            places = np.minimum((share * len(self.values)).astype(int), len(self.values) - 1)
            return np.asarray(self.values)[places]
        low, high = self.values
        between = low * (high / low) ** share if self.geometric else low + (high - low) * share
        return np.round(between) if self.unit == "instances" else between

    def shown(self, value: float) -> str:
        """A value in the unit in which the file gives the parameter."""
        return f"{value / self.factor:.4g}{'' if self.unit == 'instances' else ' ' + self.unit}"


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of a machine: `fixed`, or a free parameter, or a multiple of another; `each` multiplies it."""

    fixed: float = 1.0
    free: Free | None = None
    of: str | None = None
    each: str | None = None

    def value(self, known: Mapping[str, Values], chosen: Mapping[str, Values]) -> Values:
        """Its values over designs; `known` are amounts by path, `chosen` the free parameters."""
        found = chosen[self.free.path] if self.free is not None else np.asarray(self.fixed)
        for path in (self.of, self.each):
            found = found * known[path] if path is not None else found
        return found


class AmountReader(Reader):
    """Reads amounts beside the rest of a machine file; each is replaced by a number in its base unit."""

    def amount(self, node: yaml.MappingNode, path: str) -> Amount:
        """The amount that a mapping gives."""
        kind = kind_of(path)
        if kind is None:
            self.fail("E1103", node, f"`{path}` is no number of a machine", "see specs/machines/h200.yaml")
        allowed = ("value", "values", "from", "to", "count", "steps", "times", "of", "each", "source")
        found = self.mapping(node, allowed, ("source",))
        self.named_source(found["source"])
        each = self.text(found["each"]) if "each" in found else None
        forms = [form for form in ("value", "values", "from", "times") if form in found]
        if len(forms) != 1:
            self.fail("E1103", node, "an amount is one of `value`, `values`, `from` … `to`, `times` … `of`",
                      "keep one of them")  # fmt: skip
        if "times" in found:
            return self._multiple(node, found, each)
        if "value" in found:
            return Amount(self.number(found["value"], kind)[0], each=each)
        free = (
            self._list(found["values"], path, kind)
            if "values" in found
            else self._range(node, found, path, kind)
        )
        return Amount(free=free, each=each)

    def named_source(self, node: yaml.Node) -> None:
        """Refuse a source that the file does not list."""
        if self.text(node) not in self.sources:
            known = ", ".join(self.sources) or "none"
            self.fail("E1104", node, f"no source is called `{self.text(node)}`", f"`sources` has {known}")

    def number(self, node: yaml.Node, kind: str) -> tuple[float, str]:
        """A number in base units and its unit as written."""
        try:
            return parse_quantity(self.text(node), kind)
        except ValueError as error:
            self.fail("E1104", node, str(error), "every number has a unit and a source")

    def _multiple(self, node: yaml.Node, found: Mapping[str, yaml.Node], each: str | None) -> Amount:
        if "of" not in found:
            self.fail(
                "E1103", node, "`times` without `of`", "say which amount, as in `of: pipelines.tensor.bf16`"
            )
        try:
            factor = float(self.text(found["times"]))
        except ValueError:
            factor = 0.0
        if not 0 < factor < float("inf"):
            self.fail("E1104", found["times"], "not a positive number", "write a factor, as in `times: 2`")
        return Amount(factor, of=self.text(found["of"]), each=each)

    def _list(self, node: yaml.Node, path: str, kind: str) -> Free:
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            self.fail("E1103", node, "a list is needed here", "write `values: [64 KiB, 128 KiB]`")
        read = [self.number(each, kind) for each in node.value]
        unit = read[0][1]
        factor, _ = parse_quantity(f"1 {unit}", kind)
        return Free(path, unit, factor, tuple(sorted({value for value, _ in read})))

    def _range(self, node: yaml.Node, found: Mapping[str, yaml.Node], path: str, kind: str) -> Free:
        if "to" not in found:
            self.fail("E1103", node, "`from` without `to`", "give both ends of the range")
        (low, unit), (high, _) = self.number(found["from"], kind), self.number(found["to"], kind)
        factor, _ = parse_quantity(f"1 {unit}", kind)
        steps = self.text(found["steps"]) if "steps" in found else "geometric"
        if steps not in ("geometric", "linear"):
            self.fail(
                "E1103", found["steps"], f"no steps are called `{steps}`", "write `geometric` or `linear`"
            )
        if low >= high:
            self.fail("E1104", found["from"], "the range is empty", "`from` has to be below `to`")
        if "count" not in found:
            return Free(path, unit, factor, (low, high), True, steps == "geometric")
        written = self.text(found["count"])
        if not written.isdecimal() or not 2 <= int(written) <= 1024:
            self.fail("E1104", found["count"], f"`{written}` is no number of steps", "write 2 to 1024")
        make = np.geomspace if steps == "geometric" else np.linspace
        values = make(low, high, int(written))
        values = np.unique(np.round(values)) if kind in ("instances", "capacity") else values
        return Free(path, unit, factor, tuple(float(v) for v in values))


def as_text(value: float, path: str) -> str:
    """A number in the base unit of its path, as a machine file may write it."""
    kind = kind_of(path)
    assert kind is not None
    large = value >= 1e9 and kind not in ("instances", "rows", "columns")
    digits = f"{value / 1e9 if large else value:.9f}".rstrip("0").rstrip(".")
    return f"{digits} {'G' * large}{_BASE[kind]}"
