"""Pipelines of passes as text: `normalise,base-two`, options in braces: `resize{n=128}`.

A pass is a frozen dataclass whose fields are its options. The diagram is verified before and after each pass.

>>> Pipeline.parse("normalise, base-two").names
('normalise', 'base-two')
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, fields
from typing import Any, Final, Protocol

from diagc.core.diagram import Diagram
from diagc.core.rewrite import Record
from diagc.core.verify import verify
from diagc.passes.base_two import BaseTwo
from diagc.passes.choices import Choices
from diagc.passes.masked_factors import MaskedFactors
from diagc.passes.normalise import Normalise
from diagc.passes.reassociate import Reassociate


class Pass(Protocol):
    """A diagram to a diagram of the same meaning; the same object when there was nothing to do."""

    def run(self, diagram: Diagram, record: Record | None = None) -> Diagram: ...


PASSES: Final[Mapping[str, type[Pass]]] = {
    "normalise": Normalise,
    "base-two": BaseTwo,
    "choices": Choices,
    "masked-factors": MaskedFactors,
    "reassociate": Reassociate,
}
"""The passes by the names that a pipeline uses."""

_ITEM: Final = re.compile(r"\s*([a-z][a-z0-9-]*)\s*(?:\{([^{}]*)\})?\s*(,|$)")


def _truth(text: str) -> bool:
    return {"true": True, "false": False}[text]


_READERS: Final[dict[str, Callable[[str], object]]] = {"int": int, "float": float, "str": str, "bool": _truth}


class PipelineError(ValueError):
    """A text names no pipeline; the message says what is wrong and what there is."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Passes in their order."""

    names: tuple[str, ...]
    passes: tuple[Pass, ...]

    @staticmethod
    def parse(text: str, known: Mapping[str, type[Pass]] = PASSES) -> Pipeline:
        """The pipeline that a text names. Raises `PipelineError`."""
        names: list[str] = []
        passes: list[Pass] = []
        place = 0
        while place < len(text.rstrip()):
            item = _ITEM.match(text, place)
            if item is None:
                raise PipelineError(f"`{text[place:].strip()}` is no pass; write `normalise,base-two`")
            names.append(item[1])
            passes.append(_made(item[1], item[2] or "", known))
            place = item.end()
        return Pipeline(tuple(names), tuple(passes))

    def run(self, diagram: Diagram, record: Record | None = None) -> Diagram:
        """The diagram after all passes. Raises `IllTyped` where a pass leaves a diagram that is not well typed."""
        verify(diagram)
        for step in self.passes:
            diagram = step.run(diagram, record)
            verify(diagram)
        return diagram


def _made(name: str, options: str, known: Mapping[str, type[Pass]]) -> Pass:
    if name not in known:
        raise PipelineError(f"no pass is called `{name}`; there are {', '.join(sorted(known))}")
    kind: Any = known[name]
    readable = {part.name: part for part in fields(kind) if _type_of(part) in _READERS}
    values: dict[str, object] = {}
    for option in filter(str.strip, options.split(",")):
        key, _, value = (part.strip() for part in option.partition("="))
        if key not in readable:
            there = ", ".join(readable) or "none"
            raise PipelineError(f"`{name}` has no option `{key}`; there are: {there}")
        values[key] = _read(name, readable[key], value)
    return kind(**values)


def _type_of(part: Field[Any]) -> str:
    return part.type if isinstance(part.type, str) else part.type.__name__


def _read(name: str, part: Field[Any], value: str) -> object:
    try:
        return _READERS[_type_of(part)](value)
    except (KeyError, ValueError):
        raise PipelineError(f"`{part.name}` of `{name}` is of type {_type_of(part)}, not `{value}`") from None
