"""The replicas of the paper's three experiments: `make replicas`, or `python -m bench.replicas fewshot captioning`.

What is named is measured with its seeds and goes into `bench/results/replicas.json`; `docs/replicas.md` is written from
all that stands there.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

import jax

from bench import replica_captioning, replica_distillation, replica_fewshot

ROOT = Path(__file__).parents[1]
PAGE, RESULTS = ROOT / "docs" / "replicas.md", Path(__file__).parent / "results" / "replicas.json"
REPLICAS = {
    "distillation": replica_distillation, "captioning": replica_captioning, "fewshot": replica_fewshot,
}  # fmt: skip

HEAD = """# Replicas

`make replicas` trains what follows with its seeds and writes this page from `bench/results/replicas.json`. The data are
those of scikit-learn or are made from a seed, since those of the paper (DiagrammaticLearning, 2501.01515) are not
public: these are replicas of its three experiments, not of its figures.

"""


def page(found: dict[str, Any]) -> str:
    """The page for what has been measured."""
    return HEAD + "\n".join(REPLICAS[name].section(found[name]) for name in REPLICAS if name in found)


def main(names: list[str]) -> None:
    """Measure some replicas and write the page."""
    found: dict[str, Any] = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    for name in names or REPLICAS:
        with tempfile.TemporaryDirectory() as folder:
            found[name] = REPLICAS[name].measure(Path(folder))
        found["machine"] = {"processor": platform.machine(), "cores": os.cpu_count(), "jax": jax.__version__}
        RESULTS.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
        PAGE.write_text(page(found), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
