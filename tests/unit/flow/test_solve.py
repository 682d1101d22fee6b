"""Closed forms, sums and runs against each other and against formulas written here again."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from diagc.check.program import check_source
from diagc.flow.bernoulli import leading, mean_field_of, threshold
from diagc.flow.laws import laws
from diagc.flow.pareto import front
from diagc.flow.polynomial import Polynomial, value
from diagc.flow.problem import Problem
from diagc.flow.regimes import Map, regimes
from diagc.flow.resum import pade_band, partial_sum
from diagc.flow.series import Series
from diagc.flow.simulate import draw, simulate
from diagc.flow.solve import closed_forms
from diagc.flow.spectrum import spectrum_of
from diagc.source import Source

SPECS = Path(__file__).parents[3] / "specs" / "flow"


@cache
def expanded(name: str, order: int) -> tuple[Problem, list[Polynomial], Map]:
    from diagc.flow.lower import problem_of

    text = (SPECS / f"{name}.diag").read_text("utf-8")
    (learning,) = check_source(Source("a.diag", text)).learnings.values()
    problem = problem_of(learning)
    series = [o.polynomial for o in Series(problem).orders(order)]
    return problem, series, regimes(series, problem)


def narayana(t: np.ndarray, p: float, H: float, s2: float) -> np.ndarray:
    """The paper's closed form of the tied matrix model, by the generating function of Narayana numbers."""
    x, y, z = -t, H / p, p * s2
    e4 = np.exp(-4 * x)
    a = z * (1 - e4)
    root = np.sqrt(1 - 2 * a * (y + 1) + a * a * (y - 1) ** 2)
    h = 2 * y / (1 - a * (y + 1) + root)
    slope = (-(y + 1) + a * (y - 1) ** 2) / root
    dh = -2 * y * (-(y + 1) + slope) / (1 - a * (y + 1) + root) ** 2
    return p / 2 + p * p * s2 * (z * e4 * e4 * dh / 2 - e4 * h)


@pytest.mark.parametrize(("H", "z"), [(400, 0.01), (200, 0.01), (50, 16.0)])
def test_the_spectral_solution_is_the_papers_and_that_of_runs(H: int, z: float) -> None:
    problem, series, _ = expanded("cp2_sym", 5)
    found = spectrum_of(series, 2, 3)
    assert found is not None
    times = np.linspace(0, 2.5, 11)
    numbers = {"p": 200.0, "H": float(H), "sigma": math.sqrt(z / 200)}
    values = found(times, [numbers[s] for s in problem.symbols])
    assert values == pytest.approx(narayana(times, 200, H, z / 200), rel=1e-9, abs=1e-9)
    mean = simulate(problem, numbers, times, 2).mean
    assert np.abs(mean - values).max() <= 0.005 * values.max()


@pytest.mark.parametrize(
    ("name", "numbers", "formula", "rate", "power"),
    [
        ("cp3", {"p": 128, "H": 8, "sigma": 1.0}, "free", 4 * 128**2, 1.5),
        ("cp3", {"p": 8, "H": 16000, "sigma": 1.0}, "free", 6 * 16000, None),
        (
            "cp3",
            {"p": 6, "H": 10000, "sigma": (1 / 360000) ** (1 / 6)},
            "lazy",
            6 * 10000 * (1 / 360000) ** (2 / 3),
            None,
        ),
        ("cp4_sym", {"p": 96, "H": 3072, "sigma": 1.0}, "free", 24 * 2 * 96**3, 4 / 3),
    ],
)
def test_laws_are_found_in_the_coefficients(
    name: str, numbers: dict[str, float], formula: str, rate: float, power: float | None
) -> None:
    """Power laws and exponentials of the paper's sections on free evolution and on the kernel limit (rate 2 nu)."""
    problem, series, among = expanded(name, 4 if name == "cp3" else 3)
    found = laws(series, problem.symbols, 2, among, numbers)[0]
    (face,) = [r for r in among.regimes if r.name == found.face]
    assert face.label == formula
    assert found.rate == pytest.approx(rate, rel=1e-9)
    assert found.power == (None if power is None else pytest.approx(power, rel=1e-6))


@pytest.mark.parametrize(
    ("p", "H", "sigma", "until"),
    [(128, 8, 1.0, 6 / (4 * 128**2)), (6, 10000, (1 / 360000) ** (1 / 6), 0.12)],
)
def test_laws_are_those_of_runs(p: int, H: int, sigma: float, until: float) -> None:
    """Relative to its start the loss of every run is the law; the rate of the kernel limit within one per cent."""
    problem, series, among = expanded("cp3", 4)
    numbers = {"p": float(p), "H": float(H), "sigma": sigma}
    law = laws(series, problem.symbols, 2, among, numbers)[0]
    times = np.linspace(0, until, 7)
    losses = simulate(problem, numbers, times, 4).losses
    relative = (losses / losses[:, :1]).mean(0)
    expected = law(times) / law(times)[0]
    assert np.abs(relative - expected).max() < 0.01
    if law.power is None:
        rate = -np.polyfit(times, np.log(relative), 1)[0]
        assert rate == pytest.approx(law.rate, rel=0.01)


def test_the_mean_field_has_every_leading_coefficient() -> None:
    _, series, _ = expanded("cp4_sym", 3)
    field = mean_field_of(series, 2, 3)
    assert field is not None
    assert field.rank == 4
    for s, polynomial in enumerate(series):
        kept = {tuple(map(int, k)): c for k, c in front(polynomial, (0, 1)).items() if k[2]}
        assert kept == leading(4, s)
    assert mean_field_of(expanded("cp3", 4)[1], 2, 3) is None
    assert spectrum_of(series, 2, 3) is None


def test_thresholds() -> None:
    """The paper's for rank 4, with its function in terms of erfc; ranks 6 and 8 by an independent quadrature."""
    from scipy.integrate import quad
    from scipy.special import erfcx

    def F(v: float) -> float:
        return -1 / (8 * -v) + math.sqrt(math.pi / v) / (32 * -v) * erfcx(1 / (4 * math.sqrt(v)))

    integral = quad(lambda w: F(math.exp(w)) ** 3 * math.exp(w), -30, 30, limit=400)[0]
    assert threshold(4) == pytest.approx(1 / (16 * integral), abs=1e-6)
    assert threshold(4) == pytest.approx(2.077809, abs=1e-5)
    assert threshold(6) == pytest.approx(5.2002, rel=1e-4)
    assert threshold(8) == pytest.approx(14.583, rel=1e-3)


@pytest.mark.slow
def test_the_particle_system_follows_runs_through_escape() -> None:
    problem, series, among = expanded("cp4_sym", 3)
    numbers = {"p": 64.0, "H": 16.0, "sigma": 1 / 8}
    times = np.linspace(0, 1.5, 4)
    mean = simulate(problem, numbers, times, 4).mean
    (closed, *_) = closed_forms(problem, series, among, numbers, times)
    assert closed.name == "mean field of rank 4"
    assert np.abs(closed.values - mean)[1:].max() < 0.02 * mean[0]


@pytest.mark.slow
def test_pade_reaches_beyond_the_partial_sum() -> None:
    """Where the partial sum is off by a factor of ten thousand, the approximant is within four per cent of L(0)."""
    problem, series, _ = expanded("cp2_sym", 8)
    numbers = {"p": 10.0, "H": 8.0, "sigma": math.sqrt(0.1)}
    values = [value(y, numbers, problem.symbols) for y in series]
    times = np.linspace(0, 0.6, 7)
    mean = simulate(problem, numbers, times, 200).mean
    band = pade_band(values, times)
    assert band.orders == ("[4/4]", "[4/3]")
    assert np.abs(band.higher - mean).max() < 0.05 * mean[0]
    assert np.abs(partial_sum(values, times) - mean).max() > 1e4 * mean[0]


def test_the_approximant_of_an_exponential() -> None:
    times = np.linspace(0, 1, 5)
    band = pade_band([3.0 * 2.0**s for s in range(7)], times)
    assert band.higher == pytest.approx(3 * np.exp(-2 * times), rel=5e-3)
    assert not band.poles


@pytest.mark.slow
def test_divergence_of_the_ascent_sharpens_at_the_threshold() -> None:
    """Of ten runs none diverges below 0.85 of the threshold and all above 1.15, once there are many coordinates."""
    problem, _, _ = expanded("cp4_sym", 3)
    fractions: list[float] = []
    for part in (0.7, 0.85, 1.15, 1.4):
        p, H = 4096.0, 4.0
        s2 = math.sqrt(part * threshold(4) / (1 + 3 * H / p**2) / p**3)
        numbers = {"p": p, "H": H, "sigma": math.sqrt(s2)}
        losses = simulate(problem, numbers, [0.0, 20 / s2], 10, ascent=True).losses
        fractions.append(float((~np.isfinite(losses[:, -1])).mean()))
    assert fractions == [0, 0, 1, 1]


def test_runs_beside_much_frozen_data_end_at_the_best_fit() -> None:
    """An autoencoder of five units on 2,000 samples: losses fall to what principal components leave, no further."""
    problem, _, _ = expanded("autoencoder", 2)
    numbers = {"n": 2000.0, "d": 40.0, "H": 5.0, "sigma": 1.0}
    losses = simulate(problem, numbers, np.linspace(0, 1.5e-2, 6), 2).losses
    assert np.isfinite(losses).all()
    assert (np.diff(losses) <= 1e-6 * losses[:, :1]).all()
    for run, row in enumerate(losses):
        frozen = next(n for n, p in enumerate(problem.parameters) if not p.trains)
        spectrum = np.linalg.svd(draw(problem, numbers, np.random.default_rng([0, run]))[frozen])[1]
        assert row[-1] == pytest.approx(0.5 * (spectrum[5:] ** 2).sum(), rel=0.02)
