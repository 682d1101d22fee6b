"""What stands around the loss: checkpoints, accumulation, early stops, dry runs; and that a run can be killed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from click.testing import CliRunner, Result
from safetensors.numpy import load_file

from diagc.backends.training import emit_training
from diagc.check.program import check_source
from diagc.cli.train import loss, train
from diagc.learn.session import bind, load_program
from diagc.source import Source

SPEC = """diag 1
axis i: 6, o: 3, h: 16
fn net(X: f32[i]) -> f32[o] {
  model a = dense[i h]
  model b = dense[h o]
  return X |> a |> tanh |> b
}
learning l {
  source s { x: f32[i], y: i32 in o, n: f32[i] ~ normal(stddev = 0.1) }
  train m: f32[i] -> f32[o] = net
  ema slow of m decay 0.9
  commute e: m(x + n) ~ s.y by cross_entropy
  commute f: m(x) ~ slow(x + normal[i]()) by mse weight linear(0, 0.1, steps = 50)
  optimise by adam(lr = 1e-2)
  batch 16
  epochs 7
}
"""


@pytest.fixture
def folder(samples: Path) -> Path:
    (samples / "l.diag").write_text(SPEC, "utf-8")
    return samples


def call(folder: Path, *arguments: str) -> Result:
    data = ["--data", str(folder / "s.npz"), "--quiet"]
    return CliRunner().invoke(train, [str(folder / "l.diag"), *data, *arguments])


def files(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.name != "checkpoint.safetensors"}


def parts(folder: Path) -> tuple[Any, Any, Any]:
    learning = check_source(Source("l.diag", SPEC)).learnings["l"]
    program = load_program(emit_training(bind(learning, {}, {}), "l.diag"))
    with np.load(folder / "s.npz") as held:
        return program, program.REGIME, {"s": dict(held)}


@pytest.mark.parametrize("stop", [5, 13, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 12, 40))])
def test_a_run_goes_on_to_the_same_bits(folder: Path, stop: int) -> None:
    """Cut off after some updates, in an epoch or between two, and taken up by new objects."""
    program, regime, data = parts(folder)
    options = program.Options(7, None, 16, 3)
    params = program.initial(regime, 3)
    for name in ("whole", "cut"):
        (folder / name).mkdir()
    program.fit(regime, data, options, params, {}, data, folder / "whole")
    progress = program.begin(regime, options, params)
    mark = program.fingerprint(regime, data, options)
    for _ in program.train(regime, data, options, progress, {}, data, stop):
        if progress.step >= stop:
            break
    program.save_checkpoint(folder / "cut" / "checkpoint.safetensors", progress, mark)
    done = program.fit(regime, data, options, params, {}, data, folder / "cut", 9, True)
    assert done.step == 7 * 12
    assert files(folder / "whole") == files(folder / "cut")


def test_a_checkpoint_of_another_run_is_refused(folder: Path) -> None:
    out = str(folder / "out")
    assert call(folder, "--out", out, "--checkpoint", "10", "--steps", "20").exit_code == 0
    found = call(folder, "--out", out, "--resume", "--steps", "40", "--seed", "9")
    assert found.exit_code == 1
    assert "error[E0625]" in found.output
    (folder / "out" / "checkpoint.safetensors").write_bytes(b"no checkpoint")
    assert "error[E0625]" in call(folder, "--out", out, "--resume", "--steps", "40").output


def test_steps_can_be_added_to_a_run(folder: Path) -> None:
    more = ["--checkpoint", "5", "--resume"]
    assert call(folder, "--out", str(folder / "a"), "--steps", "24", *more).exit_code == 0
    assert call(folder, "--out", str(folder / "a"), "--steps", "48", *more).exit_code == 0
    assert call(folder, "--out", str(folder / "b"), "--steps", "48").exit_code == 0
    assert files(folder / "a") == files(folder / "b")


@pytest.mark.slow
def test_ten_kills_end_in_the_same_bytes(folder: Path) -> None:
    """`kill -9` at a random moment, then `--resume`: ten times the files of the run that was left alone."""
    program = folder / "l.py"
    emitted = CliRunner().invoke(train, [str(folder / "l.diag"), "--emit", str(program)])
    assert emitted.exit_code == 0, emitted.output
    command = [
        sys.executable,
        str(program),
        "--data",
        str(folder / "s.npz"),
        "--steps",
        "6000",
        "--checkpoint",
        "7",
    ]
    subprocess.run([*command, "--out", str(folder / "whole"), "--quiet"], check=True)
    wait = random.Random(1)
    killed = 0
    for number in range(10):
        out = folder / f"killed{number}"
        process = subprocess.Popen([*command, "--out", str(out)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()  # it trains
        time.sleep(wait.uniform(0, 0.5))
        killed += process.poll() is None
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        subprocess.run([*command, "--out", str(out), "--quiet", "--resume"], check=True)
        found = {name: text for name, text in files(out).items() if not name.startswith("partial-")}
        assert found == files(folder / "whole")
    assert killed >= 5


def test_gradients_of_several_batches_are_one_update(folder: Path) -> None:
    """Four batches of 16 make the update of one batch of 64; averages follow whole updates only."""
    program, regime, data = parts(folder)
    first = {c: a[:64] for c, a in data["s"].items()}
    params = program.initial(regime, 0)
    seen: list[Any] = []
    for accumulate in (1, 4):
        options = program.Options(1, accumulate, 64 // accumulate, 0, accumulate)
        progress = program.begin(regime, options, params)
        for _ in program.train(regime, {"s": first}, options, progress, {}, {}):
            pass
        seen.append(progress.moving[:2])
    moved = {p: np.abs(np.asarray(seen[0][0][p]) - np.asarray(params[p])).max() for p in params}
    assert min(moved.values()) > 1e-3
    for path in params:
        other = "slow" + path[1:]
        if (
            path == "m.b.c"
        ):  # the noise that is drawn differs: Adam's first update is the sign of the gradient
            np.testing.assert_array_equal(np.sign(seen[0][0][path]), np.sign(seen[1][0][path]))
        wanted = 0.9 * np.asarray(params[path]) + 0.1 * np.asarray(seen[1][0][path])
        np.testing.assert_allclose(seen[1][1][other], wanted, rtol=1e-5, atol=1e-6)


def test_the_gradient_is_clipped(folder: Path) -> None:
    program, regime, _ = parts(folder)
    options = program.Options(1, 1, 16, 0, 1, 0.5)
    params = program.initial(regime, 0)
    made = program.make_optimiser(regime, options)
    plain = program.make_optimiser(regime, program.Options(1, 1, 16, 0))
    gradient = jax.tree.map(lambda a: 100 * np.ones_like(a), params)
    norm = np.sqrt(sum((np.asarray(g) ** 2).sum() for g in gradient.values()))
    scaled = jax.tree.map(lambda g: g * 0.5 / norm, gradient)
    found, _ = made.update(gradient, made.init(params), params)
    wanted, _ = plain.update(scaled, plain.init(params), params)
    for path in params:
        np.testing.assert_allclose(found[path], wanted[path], rtol=1e-5)


RATES = {
    "lr = linear(1, 0, steps = 4)": [1, 0.75, 0.5, 0.25, 0, 0],
    "lr = cosine(2, 1, steps = 4)": [2, 1 + (1 + 0.5**0.5) / 2, 1.5, 1 + (1 - 0.5**0.5) / 2, 1, 1],
    "lr = 1, warmup = 4": [0, 0.25, 0.5, 0.75, 1, 1],
    "lr = linear(1, 0, steps = 2), warmup = 2": [0, 0.5, 1, 0.5, 0, 0],
}


@pytest.mark.parametrize("written", RATES)
def test_a_learning_rate_follows_its_schedule(written: str) -> None:
    text = SPEC.replace("adam(lr = 1e-2)", f"sgd({written}, clip = 0.5)")
    program = load_program(
        emit_training(bind(check_source(Source("l.diag", text)).learnings["l"], {}, {}), "l")
    )
    params = {"m.a.c": np.zeros(16, np.float32)}
    made = program.REGIME.optimiser()
    state, found = made.init(params), []
    for _ in range(6):
        change, state = made.update({"m.a.c": np.ones(16, np.float32)}, state, params)
        found.append(-float(change["m.a.c"][0]) / (0.5 / 4))  # the norm of sixteen ones is 4
    np.testing.assert_allclose(found, RATES[written], atol=1e-6)


def test_an_early_stop_keeps_the_best_epoch(folder: Path) -> None:
    more = ["--validation", "0.3", "--patience", "3", "--keep-best", "--epochs", "400", "--seed", "1"]
    out = folder / "out"
    assert call(folder, "--out", str(out), *more).exit_code == 0
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text("utf-8").splitlines()]
    scores = [r["validation"]["s"]["e"] + 0.1 * r["validation"]["s"]["f"] for r in lines]
    best = int(np.argmin(scores))
    assert len(lines) < 400
    assert len(lines) - 1 - best == 3
    again = ["--validation", "0.3", "--epochs", str(best + 1), "--seed", "1", "--out", str(folder / "again")]
    assert call(folder, *again).exit_code == 0
    assert (out / "m.safetensors").read_bytes() == (folder / "again" / "m.safetensors").read_bytes()


def test_a_dry_run_checks_everything_and_writes_nothing(folder: Path) -> None:
    out = folder / "out"
    arguments = [str(folder / "l.diag"), "--data", str(folder / "s.npz"), "--validation", "0.1", "--dry-run"]
    found = CliRunner().invoke(train, [*arguments, "--out", str(out)])
    assert found.exit_code == 0, found.output
    assert "source s: 180 rows, 20 to validate, 16 in a batch" in found.output
    assert "model slow: ema, 163 parameters" in found.output
    assert "77 updates, 11 in an epoch" in found.output
    assert not out.exists()


def test_a_full_disk_leaves_the_last_checkpoint(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = folder / "out"
    assert call(folder, "--out", str(out), "--steps", "12", "--checkpoint", "6").exit_code == 0
    before = (out / "checkpoint.safetensors").read_bytes()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    found = call(folder, "--out", str(out), "--steps", "24", "--checkpoint", "6", "--resume")
    assert found.exit_code == 1
    assert "error[E0905]" in found.output
    assert "No space left on device" in found.output
    assert (out / "checkpoint.safetensors").read_bytes() == before


def test_curves_and_tables_of_the_metrics(folder: Path) -> None:
    out = folder / "out"
    assert call(folder, "--out", str(out), "--validation", "0.2").exit_code == 0
    rows = (out / "metrics.csv").read_text("utf-8").splitlines()
    assert rows[0] == "epoch,step,loss,terms.e,terms.f,validation.s.e,validation.s.e.accuracy,validation.s.f"
    last = json.loads((out / "metrics.jsonl").read_text("utf-8").splitlines()[-1])
    assert float(rows[-1].split(",")[2]) == last["loss"]
    tree = ElementTree.fromstring((out / "loss.svg").read_text("utf-8"))
    lines = [e for e in tree.iter() if e.tag.endswith("polyline")]
    assert len(lines) == 3
    assert all(len(line.attrib["points"].split()) == 7 for line in lines)


@pytest.mark.parametrize("mesh", ["data=4,model=2", pytest.param("data=8", marks=pytest.mark.slow)])
def test_eight_devices_give_the_losses_of_one(folder: Path, mesh: str) -> None:
    """Samples, parameters and the negatives of a batch are split over simulated devices."""
    text = SPEC.replace("adam(lr = 1e-2)", "sgd(lr = 0.1)")
    text = text.replace("by mse weight", "by infonce(temperature = 0.5) weight")
    (folder / "l.diag").write_text(text, "utf-8")
    environment = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=8"}
    command = [
        sys.executable,
        "-m",
        "diagc.cli.main",
        "train",
        str(folder / "l.diag"),
        "--quiet",
        "--epochs",
        "2",
    ]
    command += ["--data", str(folder / "s.npz"), "--mesh", mesh, "--out", str(folder / "many")]
    subprocess.run(command, env=environment, check=True)
    assert call(folder, "--epochs", "2", "--out", str(folder / "one")).exit_code == 0
    for own, other in zip(
        *(load_file(folder / n / "m.safetensors").items() for n in ("many", "one")), strict=True
    ):
        np.testing.assert_allclose(own[1], other[1], rtol=1e-6, atol=1e-6)


def test_a_mesh_that_is_not_there(folder: Path) -> None:
    assert "error[E0627]" in call(folder, "--mesh", "data=64").output
    assert call(folder, "--mesh", "rows=2").exit_code == 2


def test_single_settings_are_changed_for_a_run(folder: Path) -> None:
    changes = ["--set", "m.lr=0.5", "--set", "e.weight=0.25", "--set", "m.warmup=3"]
    program = folder / "l.py"
    found = CliRunner().invoke(train, [str(folder / "l.diag"), *changes, "--emit", str(program)])
    assert found.exit_code == 0, found.output
    text = program.read_text("utf-8")
    assert "optax.adam(learning_rate=optax.linear_schedule(0.0, 0.5, 3))" in text
    assert '"e": 0.25' in text
    for wrong, code in (
        ("z.lr=1", "E0624"),
        ("m.rate=1", "E0514"),
        ("e.weight=-1", "E0507"),
        ("m.lr=-1", "E0514"),
    ):
        assert f"error[{code}]" in call(folder, "--set", wrong).output
    assert "write `--epochs" in call(folder, "--set", "epochs=3").output


def test_a_collapsing_diagram_is_warned_of(folder: Path) -> None:
    spec = folder / "c.diag"
    text = SPEC.replace("commute e: m(x + n) ~ s.y by cross_entropy", "commute e: m(x + n) ~ m(x) by mse")
    spec.write_text(text.replace("slow(x + normal[i]())", "m(2 * x)"), "utf-8")
    found = CliRunner().invoke(loss, [str(spec)])
    assert found.exit_code == 0
    assert "a constant model satisfies `e`" in found.stderr


def test_events_for_tensorboard(folder: Path) -> None:
    result = call(folder, "--out", str(folder / "out"), "--tensorboard", "--validation", "0.2")
    assert result.exit_code == 0, result.output
    from tensorboardX.proto.event_pb2 import Event

    (path,) = (folder / "out").glob("events.out.tfevents.*")
    held, place, found = path.read_bytes(), 0, dict[tuple[str, int], float]()
    while place < len(held):  # a record: its length in 8 bytes, a sum of 4, itself, a sum of 4
        length = int.from_bytes(held[place : place + 8], "little")
        event = Event.FromString(held[place + 12 : place + 12 + length])
        found |= {(v.tag, event.step): v.simple_value for v in event.summary.value}
        place += length + 16
    records = [
        json.loads(line) for line in (folder / "out" / "metrics.jsonl").read_text("utf-8").splitlines()
    ]
    for record in records:
        assert found["loss", record["step"]] == pytest.approx(record["loss"])
        assert found["terms/f", record["step"]] == pytest.approx(record["terms"]["f"])
        wanted = record["validation"]["s"]["e.accuracy"]
        assert found["validation/s/e.accuracy", record["step"]] == pytest.approx(wanted)
    assert len(found) == len(records) * 6


def test_products_in_bf16_round_their_factors_and_nothing_else(folder: Path) -> None:
    from diagc.core.dtypes import DType
    from diagc.passes.mixed import Mixed

    learning = check_source(Source("l.diag", SPEC)).learnings["l"]
    wide = load_program(emit_training(bind(learning, {}, {}), "l"))
    program = load_program(emit_training(bind(Mixed(DType.BF16).learning(learning), {}, {}), "l"))
    generator = np.random.default_rng(1)
    params = {
        p: generator.standard_normal(shape).astype(np.float32)
        for p, (_, shape, _) in wide.REGIME.trained.items()
    }
    x, y = (
        generator.standard_normal((20, 6)).astype(np.float32),
        generator.integers(0, 3, 20).astype(np.int32),
    )

    def rounded(a: Any) -> Any:
        return a.astype(jax.numpy.bfloat16).astype(np.float64)

    hidden = np.tanh(rounded(x) @ rounded(params["m.a.W"]) + params["m.a.c"]).astype(np.float32)
    scores = rounded(hidden) @ rounded(params["m.b.W"]) + params["m.b.c"]
    wanted = np.mean(np.log(np.exp(scores).sum(1)) - scores[np.arange(20), y])
    batch = {"s": {"x": x, "y": y, "n": np.zeros((20, 6), np.float32)}}
    slow = {f"slow.{p[2:]}": a for p, a in params.items()}
    found = float(program.REGIME.loss(params, slow, batch)[1]["e"])
    assert found == pytest.approx(wanted, rel=1e-3)
    assert found != pytest.approx(float(wide.REGIME.loss(params, slow, batch)[1]["e"]), rel=1e-5)
    assert all(v.dtype == np.float32 for v in program.initial(program.REGIME, 0).values())


def test_a_mask_weighs_chunks_of_the_validation(folder: Path) -> None:
    text = SPEC.replace("y: i32 in o,", "y: i32 in o, w: f32,").replace(
        "by cross_entropy", "by cross_entropy mask s.w"
    )
    learning = check_source(Source("l.diag", text)).learnings["l"]
    program = load_program(emit_training(bind(learning, {}, {}), "l"))
    generator, rows = np.random.default_rng(1), 4096 + 300
    params = program.initial(program.REGIME, 0)
    slow = {path: params[of] for path, (of, _) in program.REGIME.averages.items()}
    table = {
        "x": generator.standard_normal((rows, 6)).astype(np.float32), "y": generator.integers(0, 3, rows, np.int32),
        "w": (np.arange(rows) >= 4000).astype(np.float32),
    }  # fmt: skip
    options = program.Options(1, None, 16, 0)
    found = program.evaluate(program.REGIME, program.REGIME.metrics["s"], params, slow, "s", table, options)
    parts = [(0, 4096), (4096, rows)]
    noise = np.concatenate([
        program.draw(program.REGIME, "s", stop - start, 0, 2**31 - 1 - place)["n"]
        for place, (start, stop) in enumerate(parts)
    ])  # fmt: skip
    hidden = np.tanh((table["x"] + noise) @ params["m.a.W"] + params["m.a.c"])
    scores = np.asarray(hidden @ params["m.b.W"] + params["m.b.c"], np.float64)
    loss = np.log(np.exp(scores).sum(1)) - scores[np.arange(rows), table["y"]]
    assert found["e"] == pytest.approx((loss * table["w"]).sum() / table["w"].sum(), rel=1e-4)
    assert found.keys() == {"e", "f", "e.accuracy"}
