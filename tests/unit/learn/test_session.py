"""Whole training runs: short ones, from the specification to weights that predict."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from safetensors.numpy import load_file

from diagc.backends.training import emit_training
from diagc.check.program import check_source, read_program
from diagc.cli.train import loss, train
from diagc.core.learning import LearningDiagram
from diagc.diagnostics import DiagnosticError
from diagc.draw.cells import draw_cells
from diagc.draw.learning import cells
from diagc.learn.digits import write_digits
from diagc.learn.session import bind, load_program
from diagc.source import Source

SPECS = Path(__file__).parents[3] / "specs" / "learning"


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("sklearn")
    folder = tmp_path_factory.mktemp("digits")
    write_digits(folder)
    return folder


@pytest.fixture(scope="module")
def teacher(digits: Path) -> Path:
    data = [
        "--data",
        str(digits / "digits_train.npz"),
        "--out",
        str(digits / "teach"),
        "--epochs",
        "10",
        "--quiet",
    ]
    result = call("teacher", *data)
    assert result.exit_code == 0, result.output
    return digits / "teach" / "teacher.safetensors"


def call(spec: str | Path, *arguments: str) -> Result:
    path = spec if isinstance(spec, Path) else SPECS / f"{spec}.diag"
    return CliRunner().invoke(train, [str(path), *arguments])


def records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text("utf-8").splitlines()]


def distill(digits: Path, teacher: Path, out: Path, *more: str) -> Result:
    rows = str(digits / "digits_train.npz")
    return call(
        "distill", "--data", f"lab={rows}[:100]", "--data", f"unl={rows}[100:]", "--weights", f"teacher={teacher}",
        "--validation", str(digits / "digits_test.npz"), "--out", str(out), *more,
    )  # fmt: skip


def test_digits_are_split_once(digits: Path) -> None:
    with np.load(digits / "digits_train.npz") as first, np.load(digits / "digits_test.npz") as second:
        assert first["image"].shape == (1200, 64)
        assert second["image"].shape == (597, 64)
        assert first["image"].dtype == np.float32
        assert 0 <= first["image"].min() < first["image"].max() <= 1


@pytest.mark.parametrize("seed", [0, *(pytest.param(s, marks=pytest.mark.slow) for s in (1, 2))])
def test_a_student_learns_from_a_teacher(digits: Path, teacher: Path, tmp_path: Path, seed: int) -> None:
    before = teacher.read_bytes()
    result = distill(digits, teacher, tmp_path, "--seed", str(seed))
    assert result.exit_code == 0, result.output
    last = records(tmp_path)[-1]
    assert last["step"] == 1200
    assert last["validation"]["lab"]["hard.accuracy"] >= 0.93
    assert set(last["validation"]["unl"]) == {"soft"}
    assert teacher.read_bytes() == before
    written = {"loss.svg", "metrics.csv", "metrics.jsonl", "student.safetensors"}
    assert {p.name for p in tmp_path.iterdir()} == written


@pytest.mark.slow
def test_bf16_loses_less_than_a_point(digits: Path, teacher: Path, tmp_path: Path) -> None:
    found: dict[str, list[float]] = {"f32": [], "bf16": []}
    for precision, values in found.items():
        for seed in range(3):
            out = tmp_path / f"{precision}{seed}"
            more = ("--seed", str(seed), "--precision", precision, "--quiet")
            assert distill(digits, teacher, out, *more).exit_code == 0
            values.append(records(out)[-1]["validation"]["lab"]["hard.accuracy"])
    assert found["f32"] != found["bf16"]
    assert np.mean(found["bf16"]) == pytest.approx(np.mean(found["f32"]), abs=0.01)


def test_labels_alone_teach_less(digits: Path, tmp_path: Path) -> None:
    result = call(
        "supervised", "--data", f"{digits / 'digits_train.npz'}[:100]", "--steps", "1200", "--out", str(tmp_path),
        "--validation", str(digits / "digits_test.npz"), "--quiet",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert records(tmp_path)[-1]["validation"]["digits"]["hard.accuracy"] < 0.93


def test_an_autoencoder_with_a_fraction_held_out(digits: Path, tmp_path: Path) -> None:
    data = [
        "--data",
        str(digits / "digits_train.npz"),
        "--validation",
        "0.1",
        "--out",
        str(tmp_path),
        "--quiet",
    ]
    result = call("autoencoder", *data, "--epochs", "20")
    assert result.exit_code == 0, result.output
    assert result.output == ""
    first, *_, last = records(tmp_path)
    assert last["validation"]["digits"]["round_trip"] < 0.3 * first["validation"]["digits"]["round_trip"]
    assert {"dec.safetensors", "enc.safetensors", "metrics.jsonl"} < {p.name for p in tmp_path.iterdir()}


def test_one_seed_gives_one_file(digits: Path, teacher: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        distill(digits, teacher, tmp_path / name, "--steps", "40", "--batch", "32", "--quiet")
    for name in ("metrics.jsonl", "student.safetensors"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    distill(digits, teacher, tmp_path / "c", "--steps", "40", "--batch", "32", "--seed", "7", "--quiet")
    assert (tmp_path / "a" / "metrics.jsonl").read_bytes() != (tmp_path / "c" / "metrics.jsonl").read_bytes()


def test_the_emitted_program_stands_alone_and_gives_the_same_bits(
    digits: Path, teacher: Path, tmp_path: Path
) -> None:
    program = tmp_path / "distill.py"
    assert call("distill", "--emit", str(program)).exit_code == 0
    assert "diagc" not in program.read_text("utf-8").partition("\nimport")[2]
    rows = digits / "digits_train.npz"
    given = [
        "--data",
        f"lab={rows}[:100]",
        "--data",
        f"unl={rows}[100:]",
        "--weights",
        f"teacher={teacher}",
        "--steps",
        "30",
    ]
    command = [sys.executable, "-P", str(program), *given, "--out", str(tmp_path / "alone")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == 4
    distill(digits, teacher, tmp_path / "own", "--steps", "30", "--quiet")
    assert (tmp_path / "alone" / "student.safetensors").read_bytes() == (
        tmp_path / "own" / "student.safetensors"
    ).read_bytes()
    usage = subprocess.run([*command[:3], "--help"], capture_output=True, text=True, check=True)
    assert "--validation" in usage.stdout


def test_training_goes_on_from_weights(digits: Path, teacher: Path, tmp_path: Path) -> None:
    data = ["--data", str(digits / "digits_train.npz"), "--out", str(tmp_path), "--steps", "1", "--quiet"]
    assert call("teacher", *data, "--weights", f"teacher={teacher}").exit_code == 0
    assert records(tmp_path)[0]["loss"] < 0.5
    assert load_file(tmp_path / "teacher.safetensors")["l1.W"].shape == (64, 256)


def message(result: Result, code: int = 1) -> str:
    assert result.exit_code == code, result.output
    return result.output


def test_mistakes_have_exit_codes_and_remedies(digits: Path, teacher: Path, tmp_path: Path) -> None:
    rows = digits / "digits_train.npz"
    text = message(call("distill", "--data", f"lab={rows}", "--out", str(tmp_path)))
    assert "error[E0619]: source `unl` has no data" in text
    both = ["--data", f"lab={rows}", "--data", f"unl={rows}", "--out", str(tmp_path)]
    assert "error[E0610]: the weights of `teacher`" in message(call("distill", *both))
    wrong = ["--weights", f"teacher={digits / 'digits_train.npz'}"]
    assert "error[E0620]" in message(call("distill", *both, *wrong))
    assert "error[E0620]" in message(call("distill", *both, "--weights", f"tacher={teacher}"))
    assert "error[E0619]" in message(call("supervised", "--out", str(tmp_path)))
    message(call("supervised", "--epochs", "2", "--steps", "3"), 2)
    message(call("supervised", "--validation", "1.5"), 2)
    message(call("supervised", "--set", "a=b"), 2)
    assert not list(tmp_path.iterdir())


def test_a_loss_that_is_not_finite_stops_the_run(digits: Path, tmp_path: Path) -> None:
    spec = tmp_path / "a.diag"
    text = (SPECS / "supervised.diag").read_text("utf-8").replace("adam(lr = 3e-3)", "sgd(lr = 1e30)")
    spec.write_text(text, "utf-8")
    result = call(spec, "--data", str(digits / "digits_train.npz"), "--out", str(tmp_path / "out"), "--quiet")
    assert "error[E0623]: training stopped: equation `hard` is" in message(result)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["not_finite.npz"]
    with np.load(tmp_path / "out" / "not_finite.npz") as held:
        assert held["digits.image"].shape == (128, 64)


FREE = """diag 1
size n
axis pixel: n, z, class: 10
fn net(X: f32[pixel]) -> f32[class] {
  param A: f32[pixel z] ~ normal(stddev = sigma)
  param B: f32[z class] ~ constant(0.5)
  return X |> by(A = A) |> out(B = B)
}
fn by(X: f32[pixel], A: f32[pixel z]) -> f32[z] { return sum[pixel](X * A) / size(pixel) }
fn out(X: f32[z], B: f32[z class]) -> f32[class] { return sum[z](X * B) }
learning l {
  source digits { image: f32[pixel], label: i32 in class }
  train m: f32[pixel] -> f32[class] = net
  commute e: m(digits.image) ~ digits.label by cross_entropy
}
"""


def test_free_sizes_come_from_the_data_and_the_command_line(digits: Path, tmp_path: Path) -> None:
    spec = tmp_path / "free.diag"
    spec.write_text(FREE, "utf-8")
    data = [
        "--data",
        f"{digits / 'digits_train.npz'}[:50]",
        "--out",
        str(tmp_path / "out"),
        "--epochs",
        "1",
        "--quiet",
    ]
    text = message(call(spec, *data))
    assert "error[E0622]: the size `z`" in text
    assert "error[E0621]: `sigma`" in text
    assert "`n`" not in text
    assert call(spec, *data, "--set", "z=3", "--value", "sigma=0.1").exit_code == 0
    assert load_file(tmp_path / "out" / "m.safetensors")["A"].shape == (64, 3)


DROPOUT = """diag 1
axis pixel: 4, t: 3
fn net(X: f32[t pixel]) -> f32[pixel] {
  model l = dense[pixel pixel]
  h = scan[t](h = zeros[pixel](); 0.5 * h + tanh(X))
  return l(dropout(h[t -> 2], 0.5))
}
learning l {
  source s { x: f32[t pixel], y: f32[pixel] }
  train m: f32[t pixel] -> f32[pixel] = net
  commute a: m(s.x) ~ s.y by mse
  commute b: m(s.x) ~ stop(m(s.x)) by l1
}
"""


def learning_of(text: str) -> LearningDiagram:
    return next(iter(check_source(Source("a.diag", text)).learnings.values()))


def test_every_sample_and_every_step_draws_its_own_numbers() -> None:
    program = load_program(emit_training(bind(learning_of(DROPOUT), {}, {}), "a.diag"))
    params = program.initial(program.REGIME, 0)
    batch = {"s": {"x": np.ones((8, 3, 4), np.float32), "y": np.zeros((8, 4), np.float32)}}
    values = [float(program.REGIME.loss(params, {}, batch, key)[0]) for key in (1, 1, 2)]
    assert values[0] == values[1] != values[2]
    assert float(program.REGIME.loss(params, {}, batch, 1)[1]["b"]) > 0


def test_frozen_parameters_have_no_gradient_and_no_slots() -> None:
    learning = next(iter(read_program(SPECS / "distill.diag").learnings.values()))
    program = load_program(emit_training(bind(learning, {}, {}), "a.diag"))
    params = program.initial(program.REGIME, 0)
    assert not [path for path in params if path.startswith("teacher")]
    state = program.REGIME.optimiser().init(params)
    assert "teacher" not in str(state)


def test_settings_that_the_file_leaves_open_have_defaults() -> None:
    learning = learning_of(DROPOUT)
    text = emit_training(bind(replace(learning, optimisers=()), {}, {}), "a.diag")
    assert "optax.adam(learning_rate=0.001)" in text
    assert "epochs=20" in text


def test_cells_of_a_learning_diagram_can_be_drawn() -> None:
    learning = next(iter(read_program(SPECS / "distill.diag").learnings.values()))
    hard, soft = cells(learning)
    assert (hard.label, hard.comparator, hard.weight) == ("hard", "cross_entropy", "0.3")
    assert [a.label for a in soft.right.arrows] == ["image", "teacher"]
    assert all(a.stop for a in soft.right.arrows)
    assert soft.right.objects == ("unl", "f32[pixel]", "f32[class]")
    assert draw_cells(cells(learning))


def test_a_diagram_without_its_sizes_cannot_be_bound() -> None:
    with pytest.raises(DiagnosticError, match="E0622"):
        bind(learning_of(FREE), {"n": 4}, {"sigma": 1.0})


def test_terms_are_printed() -> None:
    result = CliRunner().invoke(loss, [str(SPECS / "distill.diag")])
    assert result.exit_code == 0
    paths = "unl → image → student ~ unl → stop(image) → stop(teacher)"
    soft = f"soft: {paths}  by kl(temperature = 2) weight 0.7, mean over unl"
    assert soft in result.output.splitlines()
