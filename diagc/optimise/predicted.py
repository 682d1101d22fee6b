"""What the model predicts of a function on each machine: operation by operation, and as derived kernels."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Final

from diagc import api
from diagc.bench.coverage import Cover
from diagc.check.entry import Entry
from diagc.diagnostics import failure
from diagc.importers.traced import Traced
from diagc.machine import machine
from diagc.optimise.operations import Cost, one_by_one

MACHINES: Final = ("h200", "cpu")


@dataclass(frozen=True, slots=True)
class Predicted:
    """The cost on a machine, with each operation as a kernel of its own, and as derived."""

    machine: str
    before: Cost
    after: Cover

    @property
    def share(self) -> float:
        """Bytes that derived kernels move over those of the operations."""
        return self.after.bytes_moved / self.before.bytes_moved

    @property
    def slower(self) -> float:
        """Seconds of derived kernels over those of the operations."""
        return self.after.seconds / self.before.seconds

    @property
    def words(self) -> str:
        """What derived code would do, after `derived code` or the like."""
        return f"would move {self.share:.2g} of the bytes and take {self.slower:.2g} times as long"


def by_operations(traced: Traced) -> list[Cost]:
    """The cost of a function operation by operation, on each machine."""
    return [one_by_one(traced, machine(name)) for name in MACHINES]


def by_kernels(entry: Entry, without: Container[str] = ()) -> list[Cover]:
    """The cost of the kernels of an entry on each machine, without some rules of laws.

    Raises `DiagnosticError`, E0702 among them where no plan holds.
    """
    found = api.emitted(entry, [machine(name) for name in MACHINES], {}, without)
    if not found:
        raise failure("E0702", "no kernel is made")
    return found


def predictions(before: Iterable[Cost], after: Iterable[Cover]) -> list[Predicted]:
    """Both side by side, for each machine."""
    return [Predicted(machine(name).title, b, a) for name, b, a in zip(MACHINES, before, after, strict=True)]
