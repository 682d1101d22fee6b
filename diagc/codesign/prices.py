"""What amounts of a machine cost: area and money for what it has, energy for what it does, power for its standing by.

    energy: {levels.l0.bandwidth: {value: 31 pJ/B, source: …}, pipelines.special: {value: 2 pJ/op, source: …}, …}
    area:   {base: {value: 150 mm2, source: …}, levels.l2.count: {value: 1.3 mm2/instances, source: …}, …}
    power:  {area: {value: 0.1 W/mm2, source: …}}
    cost:   {area: {value: 0.24 USD/mm2, source: …}, levels.l0.capacity: {value: 12 USD/GB, source: …}}

A price by a path counts the whole machine: capacities of a level times their number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import yaml
from numpy.typing import NDArray

from diagc.codesign.amounts import AmountReader, Values, kind_of
from diagc.cost.demand import Demand, Kind
from diagc.machine import parse_quantity

SECTIONS: Final = ("energy", "area", "power", "cost")
_NUMERATORS: Final[dict[str, dict[str, float]]] = {
    "energy": {"pJ": 1e-12, "nJ": 1e-9, "fJ": 1e-15, "J": 1.0},
    "area": {"mm2": 1.0},
    "power": {"W": 1.0, "mW": 1e-3},
    "cost": {"USD": 1.0, "EUR": 1.0},
}
_OPERATIONS: Final = {"rate": "FLOP", "results": "op", "bandwidth": "B"}
_NUMBER: Final = re.compile(r"(\d{1,15}(?:\.\d{1,15})?) ([A-Za-z0-9]{1,8})(?:/(\S{1,16}))?")


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices in joules a byte or operation, mm², watts and money, by the path of what they are for.

    `base` stands for the machine as such, `area` for a mm².
    """

    energy: Mapping[str, float]
    area: Mapping[str, float]
    power: Mapping[str, float]
    cost: Mapping[str, float]
    currency: str = "USD"

    def areas(self, amounts: Mapping[str, Values]) -> Values:
        """mm² of machines whose amounts are given by path."""
        return _priced(self.area, amounts, np.asarray(0.0))

    def costs(self, amounts: Mapping[str, Values]) -> Values:
        """Money for a machine."""
        return _priced(self.cost, amounts, self.areas(amounts))

    def idle(self, amounts: Mapping[str, Values]) -> Values:
        """Watts of a machine that stands by."""
        return _priced(self.power, amounts, self.areas(amounts))

    def energies(self, asked: Demand, levels: Mapping[str, Any]) -> Any:
        """Joules of what a kernel moves and computes."""
        moved = sum(levels[name] * self.energy.get(f"levels.{name}.bandwidth", 0.0) for name in levels)
        return moved + sum(
            amount * self.energy.get(path_of(kind), 0.0) for kind, amount in asked.work.items()
        )


def path_of(kind: Kind) -> str:
    """The path of the rate of a kind of work."""
    unit, dtype = kind
    return "pipelines.special" if unit == "special" else f"pipelines.{unit}.{dtype.value}"


def _priced(prices: Mapping[str, float], amounts: Mapping[str, Values], area: Values) -> NDArray[np.float64]:
    total: Any = np.asarray(prices.get("base", 0.0))
    total = total + prices.get("area", 0.0) * area
    for path, price in prices.items():
        if path in amounts:
            total = total + price * amounts[path] * _instances(path, amounts)
    return total


def _instances(path: str, amounts: Mapping[str, Values]) -> Values:
    """How many of a level there are, for a capacity."""
    head, _, last = path.rpartition(".")
    return amounts[f"{head}.count"] if last == "capacity" else np.asarray(1.0)


def read_prices(reader: AmountReader, top: Mapping[str, yaml.Node]) -> Prices:
    """The sections of prices of a family file."""
    found: dict[str, dict[str, float]] = {}
    currencies: set[str] = set()
    for section in SECTIONS:
        found[section] = {}
        for path, node in reader.mapping(top[section], None, ()).items() if section in top else ():
            entries = reader.mapping(node, ("value", "source"), ("value", "source"))
            reader.named_source(entries["source"])
            try:
                value, unit = _price(reader.text(entries["value"]), section, path)
            except ValueError as error:
                reader.fail("E1104", entries["value"], str(error), "every number has a unit and a source")
            found[section][path] = value
            currencies |= {unit} if section == "cost" else set()
    return Prices(
        found["energy"], found["area"], found["power"], found["cost"], min(currencies, default="USD")
    )


def _price(text: str, section: str, path: str) -> tuple[float, str]:
    """A price in base units and its numerator. Raises `ValueError` saying what is wrong."""
    match, numerators = _NUMBER.fullmatch(text), _NUMERATORS[section]
    below = _denominator(section, path)
    example = f"{next(iter(numerators))}{'/' + below[0] if below else ''}"
    if match is None or match[2] not in numerators or (match[3] is None) != (below is None):
        raise ValueError(
            f"`{text}` is not a number and a unit for `{path}` in `{section}`, as in `1.5 {example}`"
        )
    factor = 1.0
    if below is not None:
        unit, kind = match[3], below[1]
        if not kind and unit != below[0]:
            raise ValueError(f"`{unit}` is not `{below[0]}`")
        factor = parse_quantity(f"1 {unit}", kind)[0] if kind else 1.0
    return float(match[1]) * numerators[match[2]] / factor, match[2]


def _denominator(section: str, path: str) -> tuple[str, str] | None:
    """The unit below a price and its kind; None for `base`."""
    if path == "base" and section != "energy":
        return None
    if path == "area" and section in ("power", "cost"):
        return "mm2", ""
    kind = kind_of(path)
    if kind is None or (section == "energy" and kind not in _OPERATIONS):
        raise ValueError(f"`{path}` has no price in `{section}`")
    if section == "energy":
        return _OPERATIONS[kind], ""
    return {"capacity": "MiB", "bandwidth": "TB/s", "rate": "TFLOP/s", "results": "Top/s",
            "instances": "instances", "frequency": "GHz", "time": "us"}[kind], kind  # fmt: skip


def unpriced(prices: Prices, kinds: set[Kind]) -> list[str]:
    """Paths of work whose energy no price states."""
    return sorted({path_of(kind) for kind in kinds} - set(prices.energy))


__all__ = ["SECTIONS", "Prices", "path_of", "read_prices", "unpriced"]
