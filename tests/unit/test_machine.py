"""Machine files: those that ship are read; what is wrong in one is refused with its line and a remedy."""

from __future__ import annotations

import pytest

from diagc.diagnostics import DiagnosticError
from diagc.machine import LEVELS, machine, machine_names, parse_quantity, read_machine
from diagc.source import Source
from tests.unit.specs import ROOT

TEXT = (ROOT / "specs" / "machines" / "h200.yaml").read_text("utf-8")


def test_there_are_six() -> None:
    assert machine_names() == ("a100", "b200", "cpu", "h100", "h200", "mi300x")


@pytest.mark.parametrize("name", machine_names())
def test_shipped_machines(name: str) -> None:
    found = machine(name)
    assert found.name == name
    assert tuple(found.levels) == LEVELS
    assert found.units > 1
    numbers = [found.clock, found.special, *found.tensor.values(), *found.vector.values()]
    assert all(number.value > 0 and number.source in found.sources for number in numbers)
    sizes = [found.levels[level].capacity.value * found.levels[level].count.value for level in LEVELS]
    assert sizes[0] > sizes[1]


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "remedy"),
    [
        ("value: 4.8 TB/s", "value: 4.8", "E1104", "bandwidth:", "unit"),
        ("value: 4.8 TB/s", "value: 4.8 TB", "E1104", "bandwidth:", "unit"),
        (
            "value: 4.8 TB/s, source: datasheet",
            "value: 4.8 TB/s, source: memory",
            "E1104",
            "bandwidth:",
            "sources",
        ),
        ("{value: 4.8 TB/s, source: datasheet}", "4.8 TB/s", "E1104", "bandwidth:", "source"),
        ("{value: 4.8 TB/s, source: datasheet}", "{value: 4.8 TB/s}", "E1103", "bandwidth:", "source"),
        ("arch: sm_90a", "arch: sm_90a\narch: sm_80", "E1102", "arch: sm_80", "keep one"),
        ("  l3:", "  l4:", "E1103", "l4:", "l0, l1, l2, l3"),
        ("arch: sm_90a\n", "", "E1103", "schema", "add `arch"),
        ("title: HBM3e", "title: !!python/object:os.system HBM3e", "E1102", "title:", "remove"),
        ("title: HBM3e", "title: &a HBM3e", "E1102", "title:", "write the value out"),
        ("title: HBM3e", "title: [HBM3e", "E1102", "", "compare"),
        ("diagc/machine-1", "diagc/machine-2", "E1103", "schema:", "diagc/machine-1"),
        ("    bf16:", "    bf17:", "E1103", "bf17", "bf16"),
    ],
)
def test_what_is_wrong_has_a_line_and_a_remedy(old: str, new: str, code: str, line: str, remedy: str) -> None:
    assert old in TEXT
    source = Source("mine.yaml", TEXT.replace(old, new, 1))
    with pytest.raises(DiagnosticError) as caught:
        read_machine(source)
    (found,) = caught.value.diagnostics
    assert found.code == code
    assert found.span is not None
    assert line in source.line(found.span.line)
    assert remedy in f"{found.help} {found.message}"


@pytest.mark.parametrize("text", ["", "[" * 5000, "a: " * 3000, "- 1", "\x00", "? : :", "{" * 90])
def test_hostile_files_are_refused(text: str) -> None:
    with pytest.raises(DiagnosticError):
        read_machine(Source("mine.yaml", text))


def test_unknown_names_and_missing_files() -> None:
    with pytest.raises(DiagnosticError, match="E1101"):
        machine("h300")
    with pytest.raises(DiagnosticError, match="E0901"):
        machine("nowhere/mine.yaml")


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("227 KiB", "capacity", 227 * 1024),
        ("60 MB", "capacity", 60e6),
        ("3.35 TB/s", "bandwidth", 3.35e12),
        ("989.4 TFLOP/s", "rate", 989.4e12),
        ("1.83 GHz", "frequency", 1.83e9),
        ("132 instances", "instances", 132),
    ],
)
def test_units(text: str, kind: str, value: float) -> None:
    assert parse_quantity(text, kind)[0] == value
