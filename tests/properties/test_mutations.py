"""Ten thousand damaged specs: every one is checked or refused with diagnostics, never with another exception.

Three thousand of them are part of every test run; the rest are slow.
"""

from __future__ import annotations

import random
import re
import time
from pathlib import Path
from typing import Final

import pytest

from diagc import api
from diagc.source import Source
from tests.mdtest.harness import blocks, text_of

ROOT: Final = Path(__file__).parents[2]
TOKEN: Final = re.compile(r"[A-Za-z_]\w*|\d+|->|\|>|\S|\s+")
KINDS: Final = (re.compile(r"[A-Za-z_]\w*"), re.compile(r"\d+"), re.compile(r"[-+*/%^<>]"))
PARTS: Final = 10
QUICK_PARTS: Final = 3
PER_PART: Final = 1_000
SECONDS_PER_SPEC: Final = 5.0
"""Enough for a loaded machine; a normal spec takes milliseconds."""


def originals() -> list[str]:
    """Specs and the examples of the reference, files of a moderate size."""
    specs = [path.read_text("utf-8") for path in sorted((ROOT / "specs").rglob("*.diag"))]
    return specs + [text_of(block) for block in blocks(ROOT / "docs" / "language.md")]


ORIGINALS: Final = originals()
WORDS: Final = sorted({token for text in ORIGINALS for token in TOKEN.findall(text) if not token.isspace()})
ODD: Final = (
    "1" + "0" * 30, "0", "-", "1e308", "1e-999", "4611686018427387903", "é", "\x00", "\u202e",
    '"', "[", "]", "(", ")", "{",
    "}", "((((((((((((", "[x -> ", "->", "|>", "^ 8", "^ 8 ^ 8", "chain(", "scan[q](h = ", "else", "weave[",
    "use", "..", "#",
)  # fmt: skip


def mutated(generator: random.Random) -> str:
    """One of the originals with one to five pieces of damage."""
    tokens = TOKEN.findall(generator.choice(ORIGINALS))
    for _ in range(generator.randint(1, 5)):
        place = generator.randrange(len(tokens))
        other = generator.randrange(len(tokens))
        match generator.randrange(8):
            case 0:
                del tokens[place]
                tokens = tokens or [""]
            case 1:
                tokens.insert(place, tokens[place])
            case 2:
                tokens[place], tokens[other] = tokens[other], tokens[place]
            case 3:
                tokens[place] = generator.choice(WORDS)
            case 4:
                tokens.insert(place, generator.choice(ODD))
            case 5:
                tokens[place] = tokens[other]
            case 6:
                numbers = [i for i, token in enumerate(tokens) if token.isdigit()]
                tokens[generator.choice(numbers or [place])] = generator.choice(
                    ("0", "1" + "0" * 30, "999999999")
                )
            case _:
                depth = generator.randint(2, 120)
                tokens[place] = "(" * depth + tokens[place] + ")" * depth
    return "".join(tokens)


def renamed(generator: random.Random) -> str:
    """One of the originals with names, numbers and operators exchanged for others of their kind; most parse."""
    tokens = TOKEN.findall(generator.choice(ORIGINALS))
    for _ in range(generator.randint(1, 3)):
        place = generator.randrange(len(tokens))
        kind = next((kind for kind in KINDS if kind.fullmatch(tokens[place])), None)
        if kind is not None:
            same = [
                token for token in (tokens if generator.random() < 0.7 else WORDS) if kind.fullmatch(token)
            ]
            tokens[place] = generator.choice(same)
    return "".join(tokens)


@pytest.mark.parametrize("part", range(QUICK_PARTS))
def test_damage_is_diagnosed(part: int) -> None:
    diagnose(part)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(QUICK_PARTS, PARTS))
def test_more_damage_is_diagnosed(part: int) -> None:
    diagnose(part)


def diagnose(part: int) -> None:
    """Check the damaged specs of a part; any exception but diagnostics, and any check that takes long, fails."""
    generator = random.Random(part)
    for number in range(PER_PART):
        text = renamed(generator) if number % 2 else mutated(generator)
        start = time.process_time()
        try:
            found = api.check(Source("mutated.diag", text))
        except Exception as error:
            raise AssertionError(f"part {part}, mutation {number}:\n{text}") from error
        assert time.process_time() - start < SECONDS_PER_SPEC, text
        for one in found:
            assert one.message and one.help and one.span is not None, f"{one}\n{text}"
