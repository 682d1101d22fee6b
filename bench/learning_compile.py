"""CPU time to compile learning diagrams with fifty models: `python -m bench.learning_compile`.

What is measured is the work of this compiler, from the text of a specification to the text of the training program, in
a process that has compiled another diagram before. Python's start and imports are not in it: they are those of JAX.
The table goes to `bench/results/cpu/learning_compile.json`.
"""

from __future__ import annotations

import json
import platform
import statistics
import time
from pathlib import Path

from diagc.backends.training import emit_training
from diagc.bench.host import processor
from diagc.check.program import check_source
from diagc.learn.session import bind
from diagc.source import Source

RESULTS = Path(__file__).parent / "results" / "cpu" / "learning_compile.json"
ROUNDS = 15

HEAD = """diag 1
axis pixel: 64, hidden: 32, z: 16, class: 10
fn layer[i o](X: f32[i]) -> f32[o] {
  model l = dense[i o]
  return tanh(l(X))
}
"""


def chain(edges: int) -> str:
    """Models one behind another, and an equation."""
    models = "\n".join(f"  train m{n}: f32[z] -> f32[z] = layer[z z]" for n in range(edges))
    path = " |> ".join(f"m{n}" for n in range(edges))
    return f"""{HEAD}learning chain {{
  source s {{ x: f32[z], y: f32[z] }}
{models}
  commute e: x |> {path} ~ s.y by mse
}}
"""


def modalities(edges: int) -> str:
    """Views with an encoder, a decoder and a head each: two, two and one model; the codes of neighbours agree."""
    views = range(edges // 5)
    columns = ", ".join(f"x{n}: f32[pixel]" for n in views)
    models = "\n".join(
        f"""  train in{n}: f32[pixel] -> f32[hidden] = layer[pixel hidden]
  train code{n}: f32[hidden] -> f32[z] = dense[hidden z]
  train back{n}: f32[z] -> f32[hidden] = layer[z hidden]
  train out{n}: f32[hidden] -> f32[pixel] = dense[hidden pixel]
  train head{n}: f32[z] -> f32[class] = dense[z class]
  commute same{n}: x{n} |> in{n} |> code{n} |> back{n} |> out{n} ~ s.x{n} by mse
  commute class{n}: x{n} |> in{n} |> code{n} |> head{n} ~ s.label by cross_entropy"""
        for n in views
    )
    agree = "\n".join(
        f"  commute agree{n}: x{n} |> in{n} |> code{n} ~ code{n + 1}(in{n + 1}(x{n + 1})) by infonce(temperature = 0.1)"
        for n in views[:-1]
    )
    return (
        f"{HEAD}learning views {{\n  source s {{ {columns}, label: i32 in class }}\n{models}\n{agree}\n}}\n"
    )


def compiled(text: str) -> str:
    """The training program of the only diagram of a text."""
    ((name, learning),) = check_source(Source("a.diag", text)).learnings.items()
    return emit_training(bind(learning, {}, {}), name)


def milliseconds(text: str) -> dict[str, float]:
    """CPU time of a compilation: least, median and most."""
    found: list[float] = []
    for _ in range(ROUNDS):
        start = time.process_time()
        compiled(text)
        found.append(1e3 * (time.process_time() - start))
    return {
        "least": round(min(found), 1),
        "median": round(statistics.median(found), 1),
        "most": round(max(found), 1),
    }


def main() -> None:
    """Measure, print and write."""
    compiled(chain(2))
    rows = [
        {
            "diagram": kind.__name__,
            "models": edges,
            "equations": kind(edges).count("commute "),
            **milliseconds(kind(edges)),
        }
        for kind in (chain, modalities)
        for edges in (25, 50, 100)
    ]
    for row in rows:
        print(row)
    machine = {"processor": processor(), "python": platform.python_version()}
    RESULTS.write_text(
        json.dumps({"machine": machine, "rounds": ROUNDS, "cpu_ms": rows}, indent=1) + "\n", "utf-8"
    )


if __name__ == "__main__":
    main()
