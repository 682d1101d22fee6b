"""Examples of commands whose help text has none; a test parses every one of them.

`with_examples` puts them below the help of a command and of its subcommands.
"""

from __future__ import annotations

from typing import Final

import click

EXAMPLES: Final[dict[str, tuple[str, ...]]] = {
    "fmt": ("diagc fmt specs/attention/attention.diag", "diagc fmt --check specs/dense/*.diag"),
    "explain": ("diagc explain E0301",),
    "flow": ("diagc flow series specs/flow/cp2.diag",),
    "flow series": ("diagc flow series specs/flow/cp2.diag --order 6 --format latex",),
    "flow regimes": ("diagc flow regimes specs/flow/cp2.diag -o out/regimes",),
    "flow solve": ("diagc flow solve specs/flow/rank_one.diag --size i=64,j=64 -o curves.svg",),
    "runs": ("diagc runs persistence specs/runs/himmelblau.diag --landscape --range=-6:6",),
    "runs persistence": (
        "diagc runs persistence specs/runs/himmelblau.diag --landscape --range=-6:6 -o out",
    ),
    "runs homotopy": (
        (
            "diagc runs homotopy specs/runs/digits.diag a.safetensors b.safetensors --learning wide "
            "--data d.npz --level 0.1"
        ),
    ),
    "runs transfer": (
        (
            "diagc runs transfer specs/runs/transfer.diag --from upright --to turned --origin-data digits.npz "
            "--data 'turned.npz[:50]' --validation 'turned.npz[1200:]' -o out/transfer"
        ),
    ),
    "runs functor": (
        "diagc runs functor specs/runs/digits.diag --learning wide --data data/digits_train.npz",
    ),
    "runs classes": (
        "diagc runs classes specs/runs/digits.diag out/wide/run-0 out/wide/run-1 --learning wide --data d.npz",
    ),
    "machine": ("diagc machine measure --base h200 -o mine.yaml",),
    "machine measure": ("diagc machine measure --base h200 -o mine.yaml",),
    "loss": ("diagc loss specs/learning/distill.diag",),
    "train": (
        "diagc train specs/learning/teacher.diag --data data/digits_train.npz --out out/teacher",
        "diagc train specs/learning/teacher.diag --data data/digits_train.npz --emit train.py",
        "diagc train specs/runs/digits.diag --learning wide --data data/digits_train.npz --runs 50 --vary seed,lr",
    ),
    "model": ("diagc model extract trained.safetensors encoder --out encoder.safetensors",),
    "model extract": ("diagc model extract trained.safetensors encoder --out encoder.safetensors",),
    "model swap": ("diagc model swap trained.safetensors encoder better.safetensors --out both.safetensors",),
    "model copy": ("diagc model copy trained.safetensors encoder second --out both.safetensors",),
    "model glue": ("diagc model glue left.safetensors right.safetensors --out both.safetensors",),
    "model freeze": ("diagc model freeze specs/learning/teacher.diag teacher --out frozen.diag",),
    "model thaw": ("diagc model thaw specs/learning/distill.diag teacher --out thawed.diag",),
    "model tie": ("diagc model tie specs/learning/cyclegan.diag DP DQ --out tied.diag",),
}


def with_examples(command: click.Command, name: str) -> click.Command:
    """The command with its examples, and so its subcommands."""
    if name in EXAMPLES and command.epilog is None:
        lines = "\n".join(f"  {line}" for line in EXAMPLES[name])
        command.epilog = f"\b\nExamples:\n{lines}"
    if isinstance(command, click.Group):
        for part, inner in command.commands.items():
            with_examples(inner, f"{name} {part}")
    return command
