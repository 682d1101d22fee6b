"""Classes and levels where the truth is known: matrices by hand, a ring of minima, trained nets that are copies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import load_file, save_file

from diagc.cli.runs import runs
from diagc.cli.train import train
from diagc.runs.classes import barcode, classes, split
from diagc.runs.paths import levels
from diagc.runs.persistence import Pair

HEIGHTS = np.array([[1.0, 3.0, 9.0, 9.0], [3.0, 2.0, 5.0, 9.0], [9.0, 5.0, 0.5, 9.0], [9.0, 9.0, 9.0, 8.0]])


def test_classes_at_levels() -> None:
    assert classes(HEIGHTS, 0.4) == (-1, -1, -1, -1)
    assert classes(HEIGHTS, 1.0) == (0, -1, 1, -1)
    assert classes(HEIGHTS, 3.0) == (0, 0, 1, -1)
    assert classes(HEIGHTS, 5.0) == (0, 0, 0, -1)  # 0 and 2 by way of 1
    assert classes(HEIGHTS, 9.0) == (0, 0, 0, 0)


def test_the_merge_tree() -> None:
    """The fourth run meets the others at its own height at least; the deepest never dies."""
    assert barcode(HEIGHTS) == [
        Pair(0, 0.5, np.inf), Pair(0, 1.0, 5.0), Pair(0, 2.0, 3.0), Pair(0, 8.0, 9.0),
    ]  # fmt: skip


def test_a_metric_that_classes_explain_and_one_that_they_do_not() -> None:
    kinds = np.repeat([0, 1, 2], 6)
    heights = np.where(kinds[:, None] == kinds[None], 0.1, 1.0)
    noise = np.random.default_rng(0).normal(size=18)
    explained = split(heights, 0.5, list(10 * kinds + 0.1 * noise))
    assert (explained.count, explained.largest) == (3, 6)
    assert explained.within is not None
    assert explained.between is not None
    assert explained.between > 10 * explained.within
    assert explained.probability == pytest.approx(1 / 2001)
    chance = split(heights, 0.5, list(noise))
    assert chance.probability is not None
    assert chance.probability > 0.05


def test_straight_and_curved_paths_on_a_ring() -> None:
    """Minima on a circle: the chord through the middle has height 1, the way around none."""

    def ring(at: Any) -> Any:
        return (jnp.sum(at["u"] ** 2) - 1) ** 2 + 1e-3 * at["u"][1]

    ends = [{"u": np.array([1.0, 0.0])}, {"u": np.array([-1.0, 0.0])}]
    found = levels(ends, ring, ())
    assert found.heights["straight"][0, 1] == pytest.approx(1.0, abs=1e-3)
    assert found.heights["aligned"][0, 1] == pytest.approx(1.0, abs=1e-3)
    assert found.heights["curved"][0, 1] < 0.2
    assert np.diag(found.heights["curved"]) == pytest.approx(found.losses)


def trained_and_permuted(folder: Path) -> Path:
    """A spec; its folder holds data, a trained net `one` and a permuted copy of it, `two`."""
    spec = folder / "a.diag"
    spec.write_text(
        "diag 1\naxis x: 4, h: 6, c: 3\n"
        "fn net(X: f32[x]) -> f32[c] {\n  model a = dense[x h]\n  model b = dense[h c]\n"
        "  return X |> a |> tanh |> b\n}\n"
        "learning l {\n  source d { x: f32[x], y: i32 in c }\n  train m: f32[x] -> f32[c] = net\n"
        "  commute fit: m(d.x) ~ d.y by cross_entropy\n  optimise by adam(lr = 3e-2)\n}\n"
    )
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(90, 4)).astype(np.float32)
    np.savez(folder / "d.npz", x=rows, y=rows[:, :3].argmax(1).astype(np.int32))
    made = CliRunner().invoke(
        train,
        [
            str(spec),
            "--data",
            str(folder / "d.npz"),
            "--epochs",
            "60",
            "--out",
            str(folder / "one"),
            "--quiet",
        ],
    )
    assert made.exit_code == 0, made.output
    weights, order = load_file(folder / "one" / "m.safetensors"), generator.permutation(6)
    (folder / "two").mkdir()
    moved = {
        "a.W": weights["a.W"][:, order],
        "a.c": weights["a.c"][order],
        "b.W": weights["b.W"][order],
        "b.c": weights["b.c"],
    }
    save_file(
        {name: np.ascontiguousarray(value) for name, value in moved.items()},
        folder / "two" / "m.safetensors",
    )
    return spec


def test_a_permuted_copy_of_a_trained_net_is_in_its_class(tmp_path: Path) -> None:
    """Straight paths separate a net from its permuted copy, aligned ones do not; by the command, on files."""
    spec = trained_and_permuted(tmp_path)
    data = ["--data", str(tmp_path / "d.npz"), "--validation", str(tmp_path / "d.npz")]
    found = CliRunner().invoke(
        runs,
        [
            "classes",
            str(spec),
            str(tmp_path / "one"),
            str(tmp_path / "two"),
            *data,
            "-o",
            str(tmp_path / "out"),
        ],
    )
    assert found.exit_code == 0, found.output
    assert "hidden axes: 6 along 3 arrays" in found.output
    heights = {
        family: np.loadtxt(tmp_path / "out" / f"{family}.csv", delimiter=",", skiprows=1, usecols=(1, 2))
        for family in ("straight", "aligned", "curved")
    }
    assert heights["aligned"][0, 1] == pytest.approx(heights["aligned"][0, 0], abs=1e-6)
    assert heights["straight"][0, 1] > heights["straight"][0, 0] + 0.05
    assert "not connected by the paths tried" in found.output
    assert (tmp_path / "out" / "classes.svg").read_text().startswith("<svg")
    assert "1 and 1 runs meet at" in (tmp_path / "out" / "aligned.svg").read_text()
    folders = [str(tmp_path / "two"), str(tmp_path / "one")]
    path = CliRunner().invoke(
        runs, ["classes", str(spec), *folders, *data, "--path", "one", "two", "-o", str(tmp_path / "paths")]
    )
    assert path.exit_code == 0, path.output
    along = load_file(tmp_path / "paths" / "one-two-straight.safetensors")
    for place, name in ((0, "one"), (-1, "two")):
        for array, value in load_file(tmp_path / name / "m.safetensors").items():
            np.testing.assert_allclose(along[f"m.{array}"][place], value, atol=1e-6)
    tree = CliRunner().invoke(
        runs,
        ["persistence", str(spec), *folders, *data, "--family", "straight", "-o", str(tmp_path / "tree")],
    )
    assert tree.exit_code == 0, tree.output
    assert "1 lifetimes are too few" in tree.output
    assert (tmp_path / "tree" / "pairs.csv").read_text().count("\n") == 3
    assert CliRunner().invoke(runs, ["persistence", str(spec)]).exit_code == 2
