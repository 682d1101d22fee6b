"""Train every regime of `specs/learning` and write `docs/regimes.md`: `python -m bench.regimes`.

`python -m bench.regimes figures` draws them only, into `docs/figures/regimes`.

The page says for each what it equates, how it is trained and what came out, and counts its lines against those of a
plain JAX program for the same. Lines are those that are neither empty nor a comment or docstring.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from diagc.check.program import read_program
from diagc.core.learning import Equation, LearningDiagram
from diagc.learn.samples import write_samples
from diagc.passes.commute import terms

ROOT = Path(__file__).parents[1]
SPECS, PLAIN = ROOT / "specs" / "learning", ROOT / "tests" / "differential" / "regimes"
PAGE, FIGURES = ROOT / "docs" / "regimes.md", ROOT / "docs" / "figures" / "regimes"
TO_THE_BIT = "to the bit"
NEAR = ("byol", "captioning", "clip", "fewshot", "pinn", "world")

HEAD = """# Regimes

Each regime of `specs/learning` is trained here on data that ship with scikit-learn or are
made from a seed (`make data`).
Loss and gradients are compared with a plain JAX program (`tests/differential/regimes`) on one batch of 64 samples.
Lines are those that are neither empty nor a comment; functions that only serve to measure what was trained, as for the
two replicas, do not count. All three diagrams of `fewshot` count, and its program trains each of them.
This page is written by `python -m bench.regimes`.
"""


@dataclass(frozen=True)
class Regime:
    """How a specification is trained here; `learning` names one of several diagrams."""

    title: str
    spec: str
    arguments: str
    learning: str = ""


DIGITS, HELD = "--data data/digits_train.npz", "--validation data/digits_test.npz"
VIEWS, PART = "--data data/views.npz", "--validation 0.2"
REGIMES = (
    Regime("Supervised", "supervised", f"{DIGITS} {HELD}"),
    Regime("Multi-task", "multitask", f"{VIEWS} {PART}"),
    Regime("Multi-modal agreement", "agreement", f"{VIEWS} {PART}"),
    Regime("A teacher", "teacher", f"{DIGITS} {HELD}"),
    Regime("Distillation", "distill", "--data lab=data/digits_train.npz[:100] --data unl=data/digits_train.npz[100:] "
           f"--weights teacher=out/teacher/teacher.safetensors {HELD}"),
    Regime("A teacher in two parts", "hints", f"{DIGITS} {HELD}", "teach"),
    Regime("Distillation of layers", "hints", f"--data data/digits_train.npz[:200] {HELD} "
           "--weights teacher_body=out/teach/teacher_body.safetensors "
           "--weights teacher_head=out/teach/teacher_head.safetensors", "hints"),
    Regime("Autoencoder", "autoencoder", f"{DIGITS} {HELD}"),
    Regime("Denoising autoencoder", "denoising", f"{DIGITS} {HELD}"),
    Regime("Masked autoencoder", "masked", f"{DIGITS} {HELD}"),
    Regime("Variational autoencoder", "vae", f"{DIGITS} {HELD}"),
    Regime("Adversarial", "gan", "--data data/moons.npz"),
    Regime("Cycle", "cyclegan", "--data left=data/ring.npz --data right=data/clusters.npz"),
    Regime("Contrast of modalities", "clip", f"{VIEWS} {PART}"),
    Regime("Contrast of views", "simclr", f"{DIGITS} {HELD}"),
    Regime("Self-distillation", "byol", f"{DIGITS} {HELD}"),
    Regime("Equivariance", "equivariance", f"--data data/squares.npz {PART}"),
    Regime("Physics-informed", "pinn", ""),
    Regime("Koopman", "koopman", f"--data data/pendulum.npz {PART}"),
    Regime("World model", "world", f"--data data/rollouts.npz {PART}"),
    Regime("Actor and critic", "actor_critic", f"--data data/moves.npz {PART}"),
    Regime("Soft sharing", "sharing", "--data many=data/views.npz --data few=data/views.npz[:200] "
           "--validation few=data/views.npz[1200:]"),
    Regime("Captioning", "captioning", "--data data/scenes.npz --validation data/scenes_withheld.npz", "captioning"),
    Regime("Few-shot multi-task", "fewshot", f"--data data/glyphs.npz {PART}", "both"),
    Regime("Flow matching", "flow", f"--data data/moons.npz {PART}"),
)  # fmt: skip


def lines_of_spec(name: str) -> int:
    """The lines of a specification, without functions that only serve to measure what was trained.

    Of several diagrams that of the file's name counts, and where none has it, all of them.
    """
    blocks = re.split(r"\n(?=fn |learning )", (SPECS / f"{name}.diag").read_text("utf-8"))
    diagrams = [block for block in blocks if block.startswith("learning ")]
    kept = [block for block in diagrams if block.startswith(f"learning {name} ")] or diagrams
    kept += [block for block in blocks if not block.startswith(("fn ", "learning "))]
    functions = {found[1]: block for block in blocks if (found := re.match(r"fn (\w+)", block))}
    for block in kept:
        called = [other for other in functions if re.search(rf"\b{other}\b", block)]
        kept += [functions.pop(other) for other in called]
    return sum(
        bool(line.strip()) and not line.strip().startswith("#") for line in "\n".join(kept).splitlines()
    )


def lines_of_program(name: str) -> int | None:
    """The lines of the plain program for a regime, where there is one."""
    path = PLAIN / f"{name}.py"
    if not path.exists():
        return None
    text = path.read_text("utf-8")
    skipped = {n for d in ast.walk(ast.parse(text)) for n in _docstring(d)}
    lines = enumerate(text.splitlines(), 1)
    return sum(
        bool(line.strip()) and not line.strip().startswith("#") and n not in skipped for n, line in lines
    )


def _docstring(item: ast.AST) -> range:
    if isinstance(item, ast.Module | ast.FunctionDef) and ast.get_docstring(item) is not None:
        first = item.body[0]
        return range(first.lineno, (first.end_lineno or first.lineno) + 1)
    return range(0)


def trained(regime: Regime, folder: Path) -> str:
    """Train in a folder with `data/`, and say what the last record holds."""
    name = regime.learning or regime.spec
    command = [sys.executable, "-m", "diagc.cli.main", "train", str(SPECS / f"{regime.spec}.diag"), "--quiet"]
    command += ["--out", f"out/{name}", *regime.arguments.split()]
    command += ["--learning", regime.learning] if regime.learning else []
    subprocess.run(command, cwd=folder, check=True)
    last = json.loads((folder / "out" / name / "metrics.jsonl").read_text("utf-8").splitlines()[-1])
    found = {f"`{k}`": v for k, v in last["terms"].items()}
    said = "in the last epoch " + ", ".join(f"{k} {v:.3g}" for k, v in found.items())
    for source, metrics in last.get("validation", {}).items():
        shown = [f"{100 * v:.1f} %" if k.endswith("accuracy") else f"{v:.3g}" for k, v in metrics.items()]
        pairs = ", ".join(f"`{k}` {text}" for k, text in zip(metrics, shown, strict=True))
        said += f"; on held-out `{source}` {pairs}" if metrics else ""
    return f"{last['step']:,} updates; {said}."


def _line(equation: Equation) -> str:
    sides = " ~ ".join(" → ".join([path.start, *(s.label for s in path.steps)]) for path in equation.paths)
    return f"- `{equation.label}`: {sides}, by `{equation.comparator}`" + (
        f", {equation.options}" if equation.options else ""
    )


def section(regime: Regime, learning: LearningDiagram, result: str) -> str:
    """A regime of the page."""
    purpose = (SPECS / f"{regime.spec}.diag").read_text("utf-8").splitlines()[1].lstrip("# ")
    equations = "\n".join(_line(term.equation) for term in terms(learning))
    more = f" --learning {regime.learning}" if regime.learning else ""
    command = f"diagc train specs/learning/{regime.spec}.diag{more} {regime.arguments}".strip()
    command += f" --out out/{regime.learning or regime.spec}"
    figure = f"![{regime.title}](figures/regimes/{figure_of(regime).name})"
    return f"## {regime.title}\n\n{purpose}\n\n{figure}\n\n{equations}\n\n```\n{command}\n```\n\n{result}\n"


def figure_of(regime: Regime) -> Path:
    """Where the figure of a regime lies."""
    return FIGURES / f"{regime.learning or regime.spec}.svg"


def drawn(regime: Regime) -> None:
    """Draw the equations of a regime."""
    command = [sys.executable, "-m", "diagc.cli.main", "draw", str(SPECS / f"{regime.spec}.diag")]
    command += ["--learning", regime.learning] if regime.learning else []
    subprocess.run([*command, "-o", str(figure_of(regime))], check=True, stdout=subprocess.DEVNULL)


def table() -> str:
    """Lines of specifications against lines of programs."""
    rows = [
        "| regime | lines of the specification | lines of plain JAX | share | loss and gradients agree |",
        "|---|---|---|---|---|",
    ]
    for path in sorted(PLAIN.glob("[a-z]*.py")):
        own, plain = lines_of_spec(path.stem), lines_of_program(path.stem)
        agree = "to 1e-6" if path.stem in NEAR else TO_THE_BIT
        rows.append(f"| {path.stem} | {own} | {plain} | {own / (plain or 1):.2f} | {agree} |")
    return "\n".join(rows)


def main(only_figures: bool) -> None:
    """Draw; train, and write the page."""
    FIGURES.mkdir(parents=True, exist_ok=True)
    for regime in REGIMES:
        drawn(regime)
    if only_figures:
        return
    sections: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_samples(folder / "data")
        for regime in REGIMES:
            found = read_program(SPECS / f"{regime.spec}.diag").learnings
            learning = found[regime.learning] if regime.learning else next(iter(found.values()))
            sections.append(section(regime, learning, trained(regime, folder)))
            print(regime.title, sections[-1].splitlines()[-1], flush=True)
    PAGE.write_text("\n".join([HEAD, table(), "", *sections]), "utf-8")


if __name__ == "__main__":
    main("figures" in sys.argv[1:])
