"""The replica of captioning: two digits in a picture and a sentence about them.

Three diagrams of `specs/learning/captioning.diag`: encoder and decoder train, the encoder stays as it was drawn, and a
decoder that sees no image. Captions are written word by word, each the most likely one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from bench.replica_parts import bleu, entry, mean_and_spread, paragraph, trained, untrained
from diagc.learn.scenes import LENGTH, WORDS, scenes

SEEDS, ROWS, TEST = 3, 8000, 1000
KINDS = {"full": "encoder and decoder", "random": "frozen random encoder", "blind": "no image"}


def sentences(captions: Any) -> list[list[str]]:
    """The words of captions up to the first stop."""
    texts = [[WORDS[place] for place in row] for row in captions]
    return [text[: text.index(".")] if "." in text else text for text in texts]


def greedy(scores: Callable[[Any], Any], rows: int) -> Any:
    """Captions by the most likely word at each place; `scores` takes the words before."""
    before = np.zeros((rows, LENGTH), np.int32)
    said = before
    for place in range(LENGTH):
        said = np.asarray(scores(before)).argmax(-1).astype(np.int32)
        if place + 1 < LENGTH:
            before[:, place + 1] = said[:, place]
    return said


def one_seed(folder: Path, seed: int, tests: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """BLEU of the three diagrams on pictures of seen and of withheld pairs."""
    data = {"scenes": folder / "scenes.npz"}
    full = trained("captioning", "captioning", data, seed)
    drawn = {p.partition(".")[2]: np.asarray(a) for p, a in untrained("captioning", "captioning", seed).items()
             if p.startswith("enc.")}  # fmt: skip
    save_file(drawn, folder / "encoder.safetensors")
    frozen = trained("captioning", "random_encoder", data, seed, {"enc": folder / "encoder.safetensors"})
    frozen |= {f"enc.{path}": array for path, array in drawn.items()}
    blind = trained("captioning", "blind", data, seed)
    captioned, guessed = entry("captioning", "captioned"), entry("captioning", "guessed")
    found: dict[str, Any] = {}
    for name, test in tests.items():
        image, wanted = test["image"], sentences(test["caption"])
        writers: dict[str, Callable[[Any], Any]] = {
            "full": lambda before, image=image: captioned(image, before, full),
            "random": lambda before, image=image: captioned(image, before, frozen),
            "blind": lambda before: guessed(before, blind),
        }
        for kind, write in writers.items():
            found[f"{kind} {name}"] = bleu(sentences(greedy(write, len(image))), wanted)
    return found


def measure(folder: Path) -> dict[str, Any]:
    """BLEU-4 by diagram, by pairs and by seed, and the seconds of each seed."""
    held: Any = scenes(ROWS, 0, test=False, withheld=False)
    np.savez(folder / "scenes.npz", **held)
    tests = {
        "seen": scenes(TEST, 1, test=True, withheld=False),
        "withheld": scenes(TEST, 2, test=True, withheld=True),
    }
    found: dict[str, Any] = {"seconds": []}
    for seed in range(SEEDS):
        start = time.perf_counter()
        for name, value in one_seed(folder, seed, tests).items():
            found.setdefault(name, []).append(value)
        found["seconds"].append(round(time.perf_counter() - start, 1))
        print("captioning", seed, {k: round(v[-1], 1) for k, v in found.items()}, flush=True)
    return found


def section(found: dict[str, Any]) -> str:
    """The replica as a section of the page."""
    rows = [
        f"| {text} | {mean_and_spread(found[f'{kind} seen'])} | {mean_and_spread(found[f'{kind} withheld'])} |"
        for kind, text in KINDS.items()
    ]
    gain = min(np.subtract(found["full seen"], found["blind seen"]))
    about = paragraph(
        "Two digits pasted into 16 × 16 pixels and a sentence, such as `a three left of a seven`;",
        f"{ROWS:,} pictures to train on, ten ordered pairs of digits withheld; `specs/learning/captioning.diag`.",
        "The test pictures are made of digits that no training picture shows.",
        f"BLEU-4 on {TEST:,} of them, mean and standard deviation of {SEEDS} seeds;",
        f"a seed takes {max(found['seconds']):.0f} s at most.",
    )
    holds = paragraph(
        "What must hold: the full diagram has 50 BLEU more than the one without an image.",
        f"The smallest gain of a seed is {gain:.1f}: it {'holds' if gain >= 50 else 'fails'}.",
    )
    table = "\n".join(["| diagram | pairs seen | pairs withheld |", "|---|---|---|", *rows])
    return f"## Captioning\n\n{about}\n{table}\n\n{holds}"
