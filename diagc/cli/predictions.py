"""Predictions of `cost` in words, as JSON, as CSV, and over ranges of sizes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from diagc.cli.ranges import Range, combinations, read_range
from diagc.cost.words import amount, rate, seconds
from diagc.diagnostics import DiagnosticError
from diagc.plan.search import named, spoken

if TYPE_CHECKING:
    from diagc.bench.coverage import Cover
    from diagc.check.entry import Entry
    from diagc.machine import Machine
    from diagc.plan.search import Choice


class Request:
    """What is asked about each entry."""

    def __init__(
        self, machine: Machine, sizes: dict[str, int], group: dict[str, int], stream: dict[str, int],
        cluster: int | None = None, share: float | None = None,
    ) -> None:  # fmt: skip
        self.machine, self.sizes, self.group, self.stream = machine, sizes, group, stream
        self.cluster, self.share = cluster, share

    def report(
        self, entry: Entry, more: Mapping[str, int] | None = None, with_emitted: bool = False
    ) -> Report:
        """The prediction for an entry, at sizes that may be given in part by `more`.

        With what is emitted, kernels of which no single one could do it are a prediction, too.
        """
        from diagc.api import clusters, cost as predict, decided_by_data, emitted

        sizes = {**self.sizes, **(more or {})}
        share = Fraction(1 if self.share is None else self.share).limit_denominator(10**6)
        fixed = self.group or self.stream or not with_emitted
        (launched,) = [None] if fixed else emitted(entry, [self.machine], sizes) or [None]
        try:
            choices = predict(entry, self.machine, sizes, self.group, self.stream, share)
        except DiagnosticError:
            if launched is None or len(launched.stages) == 1:
                raise
            return Report(entry.diagram.name, self.machine, sizes, (), launched=launched)
        together = clusters(entry, self.machine, sizes, choices[0]) if self.cluster else {}
        data = Data(decided_by_data(entry), self.share)
        return Report(
            entry.diagram.name, self.machine, sizes, choices, self.cluster, together, data, launched
        )


@dataclass(frozen=True, slots=True)
class Data:
    """Conditions that leave as many tiles as the data say, and the share that is taken for it where one is given."""

    conditions: tuple[str, ...] = ()
    share: float | None = None

    def lines(self) -> Iterator[str]:
        """What is assumed about the data."""
        if not self.conditions:
            return
        found = " and ".join(self.conditions)
        if self.share is None:
            yield f"assumed    data decide {found}: all tiles count, the most there can be; see --visited"
        else:
            yield f"assumed    data decide {found}: {100 * self.share:g} % of the tiles are visited"


class Report:
    """The best schedules of one entry as one kernel at one size, and the kernels that are emitted.

    There are no schedules where only several kernels do it.
    """

    def __init__(
        self, name: str, machine: Machine, sizes: Mapping[str, int], choices: tuple[Choice, ...],
        cluster: int | None = None, together: Mapping[int, float] | None = None, data: Data | None = None,
        launched: Cover | None = None,
    ) -> None:  # fmt: skip
        self.name, self.machine, self.sizes, self.choices = name, machine, sizes, choices
        self.cluster, self.together, self.data = cluster, together or {}, data or Data()
        self.launched = launched

    def json(self) -> dict[str, Any]:
        """The prediction under the keys that measurements use too."""
        if not self.choices:
            head = {"entry": self.name, "machine": self.machine.name, "sizes": dict(self.sizes)}
            return head | {"schedule": None} | self._emitted()
        best = self.choices[0].estimate
        return {
            "entry": self.name,
            "machine": self.machine.name,
            "sizes": dict(self.sizes),
            "elements_moved": best.elements_moved,
            "bytes_moved": best.bytes_moved,
            "flops": best.flops,
            "intensity": best.intensity,
            "predicted_seconds": best.predicted_seconds,
            "bound": best.bound,
            "level_bytes": dict(best.level_bytes),
            "pipeline_seconds": dict(best.seconds),
            "memory": {
                "values": best.memory_values,
                "shared_bytes": best.shared_bytes,
                "register_bytes": best.register_bytes,
            },
            "programs": best.programs,
            **(
                {"data": list(self.data.conditions), "visited": self.data.share}
                if self.data.conditions
                else {}
            ),
            "schedule": _schedule(self.choices[0]),
            "alternatives": [
                _schedule(c) | {"predicted_seconds": c.estimate.predicted_seconds} for c in self.choices[1:]
            ],
            **({"cluster": self.cluster, "cluster_seconds": dict(self.together)} if self.cluster else {}),
            **self._emitted(),
        }

    def _emitted(self) -> dict[str, Any]:
        """The kernels that are launched, with the tiles of the emitted code."""
        if self.launched is None:
            return {}
        kernels = [
            {
                "kernel": stage.variant.kernel.name,
                "tiles": {axis.name: block for axis, block in stage.config.blocks},
                "predicted_seconds": stage.cost.predicted_seconds,
                "level_bytes": dict(stage.cost.level_bytes),
                "bound": stage.cost.bound,
            }
            for stage in self.launched.stages
        ]
        return {"emitted": {"predicted_seconds": self.launched.seconds, "kernels": kernels}}

    def lines(self) -> Iterator[str]:
        """The prediction for a reader."""
        written = ", ".join(f"{name} = {value}" for name, value in self.sizes.items())
        yield f"{self.name} on {self.machine.title}: {written}"
        yield ""
        if not self.choices:
            yield "schedule   no one kernel holds all of it"
            yield from self._kernels()
            return
        best, cost = self.choices[0], self.choices[0].estimate
        yield f"schedule   {spoken(best)}; {cost.programs:,} programs"
        yield from self.data.lines()
        yield f"time       {seconds(cost.predicted_seconds)}, limited by {cost.bound}"
        yield f"moved      {cost.elements_moved:,} values, {cost.bytes_moved:,} bytes by programs"
        speed = rate(cost.flops, cost.predicted_seconds)
        yield f"work       {cost.flops:,} FLOP, {cost.intensity:.1f} a byte of l0, {speed}"
        chip = f"{amount(cost.shared_bytes)} shared, {amount(cost.register_bytes)} registers"
        yield f"on chip    {cost.memory_values:,} values: {chip}"
        yield ""
        width = max(map(len, cost.seconds))
        for name, time in cost.seconds.items():
            held = cost.level_bytes.get(name.split(" ")[0])
            moved = amount(held) if held is not None else ""
            share = 100 * time / max(cost.seconds.values())
            yield f"  {name:{width}}  {moved:>10}  {seconds(time):>10}  {share:5.1f} %"
        yield ""
        for number, choice in enumerate(self.choices, 1):
            yield f"{number}. {seconds(choice.estimate.predicted_seconds)}  {spoken(choice)}"
            yield f"   {choice.reason}"
        if self.cluster:
            yield from self._clustered()
        yield from self._kernels()

    def _kernels(self) -> Iterator[str]:
        """The kernels that are launched, each with its time."""
        if self.launched is None:
            return
        stages = self.launched.stages
        count = "one kernel" if len(stages) == 1 else f"{len(stages)} kernels"
        yield ""
        yield f"emitted    {count} with the tiles of the emitted code: {seconds(self.launched.seconds)}"
        for stage in stages:
            tiles = ", ".join(f"{axis.name} = {block}" for axis, block in stage.config.blocks)
            time = f"{seconds(stage.cost.predicted_seconds):>10}, limited by {stage.cost.bound}"
            yield f"  {time}: {stage.variant.kernel.name}{f' ({tiles})' if tiles else ''}"

    def _clustered(self) -> Iterator[str]:
        """What clusters of the chosen size do for the transfer of chunks, and which size does most."""
        if not self.together:
            yield "a cluster changes nothing: no memory that programs pool saves a transfer"
            return
        alone, found = self.together[1], self.together[self.cluster or 1]
        best = min(self.together, key=lambda size: self.together[size])
        yield ""
        gain = f"{alone / found:.3g} times as fast as alone"
        yield f"clusters of {self.cluster}: chunks in {seconds(found)}, {gain}; best: {best}"


def csv_text(reports: Sequence[Report]) -> str:
    """One line for each prediction, under a line of names."""
    sizes = list(dict.fromkeys(name for report in reports for name in report.sizes))
    kept = ("elements_moved", "bytes_moved", "flops", "intensity", "predicted_seconds", "bound")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["entry", "machine", *sizes, *kept, "l0_bytes", "schedule"])
    for report in reports:
        found = report.json()
        values = [report.sizes.get(name, "") for name in sizes]
        levels, tiles = found["level_bytes"], spoken(report.choices[0])
        writer.writerow(
            [found["entry"], found["machine"], *values, *(found[k] for k in kept), levels["l0"], tiles]
        )
    return text.getvalue().rstrip("\n")


# ---- sweeps


@dataclass(frozen=True, slots=True)
class Sweep:
    """Predictions at every combination of ranges; the first range changes slowest."""

    ranges: tuple[Range, ...]
    reports: tuple[Report, ...]

    def printed(self, style: str) -> str:
        """The table as text, JSON or CSV."""
        if style == "json":
            return json.dumps([r.json() for r in self.reports], indent=2)
        if style == "csv":
            return csv_text(self.reports)
        return "\n".join(map(self._line, self.reports))

    def _line(self, report: Report) -> str:
        best = report.choices[0]
        sizes = "  ".join(f"{r.title} = {report.sizes[r.names[0]]:<8}" for r in self.ranges)
        time, moved = seconds(best.estimate.predicted_seconds), amount(best.estimate.level_bytes["l0"])
        return f"{sizes} {time:>10} {moved:>10}  {best.estimate.bound:20}  {spoken(best)}"

    def plot(self) -> str:
        """Time and bytes over the first range as SVG; the other ranges are curves; the bound is written."""
        from diagc.draw.chart import log_chart, stacked
        from diagc.draw.render import render_svg

        first, places = self.ranges[0], self.ranges[0].values
        series = self._series()
        name, machine = self.reports[0].name, self.reports[0].machine.title
        times, moved = dict[str, list[float]](), dict[str, list[float]]()
        marks: list[str] = []
        for title, reports in series.items():
            costs = [r.choices[0].estimate for r in reports]
            times[title or "predicted"] = [c.predicted_seconds for c in costs]
            moved[f"{title} l0".strip()] = [float(c.level_bytes["l0"]) for c in costs]
            if len(series) == 1:
                pipelines = dict.fromkeys(n for c in costs for n in c.seconds)
                times |= {n: [c.seconds.get(n, 0.0) for c in costs] for n in pipelines}
                moved["by programs"] = [float(c.bytes_moved) for c in costs]
                marks = [c.bound for c in costs]
        charts = (
            log_chart(f"{name} on {machine}", first.title, "seconds", places, times, marks),
            log_chart("bytes moved", first.title, "bytes", places, moved),
        )
        return render_svg(stacked(charts, f"{name} on {machine}"))

    def _series(self) -> dict[str, list[Report]]:
        """The predictions over the first range, by the values of the others."""
        found: dict[str, list[Report]] = {}
        for report in self.reports:
            title = ", ".join(f"{r.title} = {report.sizes[r.names[0]]}" for r in self.ranges[1:])
            found.setdefault(title, []).append(report)
        return found


def swept(entry: Entry, request: Request, written: Sequence[str]) -> Sweep:
    """The predictions for an entry over ranges as the command line gives them."""
    ranges = tuple(map(read_range, written))
    return Sweep(ranges, tuple(request.report(entry, sizes) for sizes in combinations(ranges)))


# ---- words


def _schedule(choice: Choice) -> dict[str, Any]:
    return {
        "group": named(choice.group),
        "stream": named(choice.stream),
        "stages": choice.estimate.stages,
        "reason": choice.reason,
    }
