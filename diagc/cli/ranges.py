"""Sizes that take several values: the option `--sweep`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import click

sweep_option = click.option(
    "--sweep",
    "sweep",
    multiple=True,
    metavar="A=LOW:HIGH",
    help="Double a size (or several, A,B=…) from LOW to HIGH, or take those of a list A=N,M,…; repeat it for a table.",
)


@dataclass(frozen=True, slots=True)
class Range:
    """Sizes that change together through the same values."""

    names: tuple[str, ...]
    values: tuple[int, ...]

    @property
    def title(self) -> str:
        return " = ".join(self.names)


def combinations(ranges: Sequence[Range]) -> Iterator[dict[str, int]]:
    """Every combination of values, by size; the first range changes slowest."""
    for chosen in product(*(r.values for r in ranges)):
        yield {name: value for r, value in zip(ranges, chosen, strict=True) for name in r.names}


def read_range(text: str) -> Range:
    """The values of sizes as the command line gives them."""
    names, _, written = text.partition("=")
    low, colon, high = written.partition(":")
    values = [low, high] if colon else written.split(",")
    sound = all(v.isdecimal() and 0 < int(v) < 2**40 for v in values)
    if not names or not sound or (colon and int(low) > int(high)):
        raise click.BadParameter(
            f"`{text}` is not A=LOW:HIGH, as in q=512:65536, nor A=N,M", param_hint="--sweep"
        )
    if colon:
        places = [int(low)]
        while 2 * places[-1] <= int(high):
            places.append(2 * places[-1])
        return Range(tuple(names.split(",")), tuple(places))
    return Range(tuple(names.split(",")), tuple(map(int, values)))
