"""The text of docs/runs.md: every number in it is one of bench/results/invariants.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Result = Mapping[str, Any]

NAMES = {
    "seeds": "seeds only, 32 hidden units",
    "rates": "learning rates from 0.03 to 3 times",
    "narrow": "seeds only, 4 hidden units",
}
FAMILIES = ("straight", "aligned", "curved")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _class_table(found: Result) -> str:
    levels = list(next(iter(found.values()))["families"]["straight"]["splits"])
    rows = [
        [
            NAMES[name] if family == "straight" else "", family,
            *(f"{one['splits'][at]['classes']}" if one["splits"][at]["classes"] else "no run" for at in levels),
            _best(one),
        ]
        for name, row in found.items()
        for family, one in row["families"].items()
    ]  # fmt: skip
    return table(
        ["population", "paths", *(f"λ = {at}" for at in levels), "within, between at the best λ"], rows
    )


def _best(one: Result) -> str:
    best = one["best"]
    if best is None:
        return "never several classes of several runs"
    return f"{best['within']} %, {best['between']} % at {best['level']} (p = {best['p']}, best of {one['tests']})"


def _population_table(found: Result) -> str:
    rows = []
    for name, row in found.items():
        low, mean, high, spread = row["accuracy"]
        losses = f"{row['loss'][0]} to {row['loss'][2]}"
        seconds = row["seconds"]
        rows.append(
            [
                NAMES[name],
                losses,
                f"{low:.1f} to {high:.1f}, mean {mean:.1f} ± {spread:.1f}",
                f"{seconds['training']}, {seconds['classes']}",
            ]
        )
    return table(["population", "training loss", "held-out accuracy, %", "seconds to train, to class"], rows)


def _fit(line: Result | None) -> str:
    return (
        "nothing varies"
        if line is None
        else f"{line['share']:.3f} ({line['low']:.3f} to {line['high']:.3f}), {line['sign']}"
    )


def _gap_table(found: Result) -> str:
    rows = [
        [NAMES[name] if family == "straight" else "", family, str(one["persistence"]), str(one["median"]),
         _fit(one["gap"]), _fit(one["partial"])]
        for name, row in found.items()
        for family, one in row["families"].items()
    ]  # fmt: skip
    head = [
        "population",
        "paths",
        "total persistence",
        "median lifetime",
        "R² of the gap",
        "given the training loss",
    ]
    return table(head, rows)


def _transfer_table(found: Result) -> str:
    labels = list(found)
    rows = [
        [name, f"{found[labels[0]][name]['parameters']:,}",
         *(f"{found[n][name]['mean']} ± {found[n][name]['spread']}" for n in labels)]
        for name in found[labels[0]]
    ]  # fmt: skip
    return table(["approach", "numbers that train", *(f"{n} labels, %" for n in labels)], rows)


def _drift_table(found: Result) -> str:
    rows = [
        [f"`{wire}`", *(str(x) for x in [*found["first"][wire], *found["second"][wire]])]
        for wire in found["first"]
    ]
    head = ["wire", "CKA, 0 to 100", "affine R²", "parted", "CKA, 100 to 200", "affine R²", "parted"]
    return table(head, rows)


def page(result: Result) -> str:
    """docs/runs.md."""
    found, landscape, run = result["populations"], result["landscape"], result["functor"]
    grid, families = landscape["grid"], {name: row["families"] for name, row in found.items()}
    hidden, seconds = result["affine"]["→ net.l2.W"], found["seeds"]["seconds"]
    numbers = {
        "rows": found["seeds"]["rows"], "populations": _population_table(found), "classes": _class_table(found),
        "seconds": seconds["training"] + seconds["classes"], "gaps": _gap_table(found),
        "circle": result["rings"]["circle"][0], "sphere": result["rings"]["sphere"][0],
        "grid": ", ".join(str(d) for n, _, d in sorted(grid, key=lambda p: p[2]) if n == 0),
        "loop": ", ".join(f"{b} to {d}" for n, b, d in grid if n == 1),
        "sample": ", ".join(str(d) for d in sorted(landscape["sample"])),
        "transfers": _transfer_table(result["transfer"]), "drifts": _drift_table(run), "dropped": run["dropped"],
        "resumed": "to the bit" if run["resumed"] is None else f"but for {run['resumed']}",
        "affine": hidden["affine"], "cka": hidden["cka"], "geometry": result["geometry"],
        "counts": {family: one["counts"][1] for family, one in families["seeds"].items()},
        "narrow": _best(families["narrow"]["aligned"]), "wide": _best(families["seeds"]["aligned"]),
        "rates": _best(families["rates"]["straight"]),
        "gap": {name: _fit(one["straight"]["gap"]) for name, one in families.items()},
        "partial": {name: _fit(one["straight"]["partial"]) for name, one in families.items()},
    }  # fmt: skip
    return Path(__file__).with_name("invariants.template.md").read_text("utf-8").format(**numbers)
