"""Edits of trained models: what is not touched keeps its bytes, what does not fit is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from safetensors.numpy import load_file, save_file

from diagc.check.program import check_source
from diagc.cli.model import model
from diagc.core.canonical import diagram_hash
from diagc.passes.commute import commute
from diagc.source import Source

SPEC = """diag 1
axis i: 4, o: 3

# Two models of one type.
learning l {
  source s { x: f32[i], y: f32[o] }
  train a: f32[i] -> f32[o] = dense[i o] # the first
  train b: f32[i] -> f32[o] = dense[i o]
  train c: f32[i] -> f32[o] = linear[i o]
  train d: f32[o] -> f32[o] = linear[o o]
  commute e: a(x) ~ y by mse
  commute f: d(b(x)) ~ b(x) + y by mse updates b, d
  commute g: c(x) ~ y by mse
  optimise b by adam(lr = 1e-3), a by sgd(lr = 0.1)
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)

    def array(*shape: int) -> Any:
        return generator.standard_normal(shape).astype(np.float32)

    save_file(
        {"l1.W": array(4, 3), "l1.c": array(3), "l2.W": array(4, 3), "l2.c": array(3)},
        tmp_path / "a.safetensors",
    )
    save_file({"W": array(4, 3), "c": array(3)}, tmp_path / "part.safetensors")
    save_file({"W": array(4, 4), "c": array(3)}, tmp_path / "other.safetensors")
    (tmp_path / "l.diag").write_text(SPEC, "utf-8")
    return tmp_path


def call(folder: Path, command: str, *arguments: str, out: str = "out.safetensors") -> Result:
    paths = [str(folder / a) if "." in a else a for a in arguments]
    return CliRunner().invoke(model, [command, *paths, "-o", str(folder / out)])


def held(folder: Path, name: str) -> dict[str, bytes]:
    return {key: array.tobytes() for key, array in load_file(folder / name).items()}


def test_a_part_is_extracted_and_swapped(folder: Path) -> None:
    before = held(folder, "a.safetensors")
    assert call(folder, "extract", "a.safetensors", "l1", out="l1.safetensors").exit_code == 0
    assert held(folder, "l1.safetensors") == {"W": before["l1.W"], "c": before["l1.c"]}
    assert call(folder, "swap", "a.safetensors", "l1", "part.safetensors").exit_code == 0
    part, after = held(folder, "part.safetensors"), held(folder, "out.safetensors")
    assert after == {**before, "l1.W": part["W"], "l1.c": part["c"]}
    assert (
        call(folder, "swap", "out.safetensors", "l1", "l1.safetensors", out="back.safetensors").exit_code == 0
    )
    assert held(folder, "back.safetensors") == before


def test_a_part_is_copied(folder: Path) -> None:
    before = held(folder, "a.safetensors")
    assert call(folder, "copy", "a.safetensors", "l1", "l2").exit_code == 0
    assert held(folder, "out.safetensors") == {**before, "l2.W": before["l1.W"], "l2.c": before["l1.c"]}
    assert call(folder, "copy", "a.safetensors", "l1", "l3").exit_code == 0
    assert held(folder, "out.safetensors") == {**before, "l3.W": before["l1.W"], "l3.c": before["l1.c"]}


def test_models_that_agree_are_glued(folder: Path) -> None:
    arrays = load_file(folder / "a.safetensors")
    save_file({k: v for k, v in arrays.items() if k.startswith("l1.")}, folder / "left.safetensors")
    save_file({k: v for k, v in arrays.items() if k != "l1.W"}, folder / "right.safetensors")
    assert call(folder, "glue", "left.safetensors", "right.safetensors").exit_code == 0
    assert held(folder, "out.safetensors") == held(folder, "a.safetensors")


MISTAKES = [
    ("extract", ["a.safetensors", "l9"], "`l1`, `l2`"),
    ("swap", ["a.safetensors", "l1", "other.safetensors"], "float32[4, 3], of the other file float32[4, 4]"),
    ("glue", ["part.safetensors", "other.safetensors"], "do not agree on `W`"),
    ("extract", ["l.diag", "l1"], "no safetensors file"),
    ("extract", ["nothing.safetensors", "l1"], "cannot read"),
    ("freeze", ["l.diag", "z"], "no model `z`"),
    ("thaw", ["l.diag", "a"], "`train` already"),
    ("tie", ["l.diag", "d", "a"], "different types"),
]


@pytest.mark.parametrize(("command", "arguments", "text"), MISTAKES)
def test_mistakes(folder: Path, command: str, arguments: list[str], text: str) -> None:
    found = call(folder, command, *arguments)
    assert found.exit_code == 1
    assert "error[E0" in found.output
    assert text in found.output
    assert not (folder / "out.safetensors").exists()


def test_a_model_is_frozen_and_thawed(folder: Path) -> None:
    assert call(folder, "freeze", "l.diag", "c", out="frozen.diag").exit_code == 0
    frozen = (folder / "frozen.diag").read_text("utf-8")
    assert 'frozen c: f32[i] -> f32[o] = linear[i o] from "c.safetensors"' in frozen
    assert "# the first" in frozen
    learning = check_source(Source("frozen.diag", frozen)).learnings["l"]
    assert {m.name: m.mode for m in learning.models} == {
        "a": "train",
        "b": "train",
        "c": "frozen",
        "d": "train",
    }
    assert call(folder, "thaw", "frozen.diag", "c", out="thawed.diag").exit_code == 0
    thawed = check_source(Source("thawed.diag", (folder / "thawed.diag").read_text("utf-8"))).learnings["l"]
    plain = check_source(Source("l.diag", SPEC)).learnings["l"]
    assert diagram_hash(commute(thawed)) == diagram_hash(commute(plain))
    assert next(m for m in thawed.models if m.name == "c").weights == "c.safetensors"


def test_tied_models_are_one(folder: Path) -> None:
    text = SPEC.replace("optimise b by adam(lr = 1e-3), a by sgd(lr = 0.1)", "optimise by adam(lr = 1e-3)")
    (folder / "l.diag").write_text(text, "utf-8")
    assert call(folder, "tie", "l.diag", "b", "a", out="tied.diag").exit_code == 0
    tied = check_source(Source("tied.diag", (folder / "tied.diag").read_text("utf-8"))).learnings["l"]
    assert [m.name for m in tied.models] == ["a", "c", "d"]
    gone = "  train b: f32[i] -> f32[o] = dense[i o]\n"
    by_hand = (
        text.replace(gone, "").replace("d(b(x)) ~ b(x)", "d(a(x)) ~ a(x)").replace("updates b", "updates a")
    )
    wanted = check_source(Source("l.diag", by_hand)).learnings["l"]
    assert diagram_hash(commute(tied)) == diagram_hash(commute(wanted))
