"""The forty functions: what is committed about them, a few of them anew, and all of them in the slow test."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from bench.functions.__main__ import found
from bench.functions.cases import CASES, Case
from bench.functions.found import Measured, falls_short, framework_of, measured, shortcomings
from bench.functions.page import PAGE, RESULTS, page

QUICK = ("gqa_grouped", "causal_conv", "linear_attention", "distillation", "group_norm_silu", "sinks")


def case(name: str) -> Case:
    return next(c for c in CASES if c.name == name)


@pytest.fixture(scope="module")
def known() -> dict[str, Any]:
    return json.loads(RESULTS.read_text("utf-8"))


def test_there_are_forty_functions_of_two_frameworks() -> None:
    assert len({c.name for c in CASES}) == 40
    frameworks = [framework_of(c) for c in CASES]
    assert min(frameworks.count("jax"), frameworks.count("torch")) >= 19


def test_what_is_committed_is_what_the_page_says(known: dict[str, Any]) -> None:
    assert list(known) == [c.name for c in CASES]
    assert PAGE.read_text("utf-8") == page(known)
    assert sum(k["error"] is not None for k in known.values()) >= 38
    assert sum(not k["short"] for k in known.values()) >= 32


def test_what_is_missing_is_named_where_the_form_is_not_found(known: dict[str, Any]) -> None:
    for c in CASES:
        assert bool(known[c.name]["short"]) == (c.missing is not None), c.name


@pytest.mark.parametrize("name", QUICK)
def test_the_best_form_of_a_few_is_found(name: str) -> None:
    assert shortcomings(case(name)) == []


def test_a_plan_that_stores_or_computes_more_falls_short() -> None:
    attention = case("gqa_repeat")
    made = Measured(1, 1, 0, attention.moved or 0, attention.flops or 0, 1 << 15, 1.0)
    assert falls_short(attention, made) == []
    assert "bytes stored" in falls_short(attention, replace(made, stored=4))[0]
    assert "operations" in falls_short(attention, replace(made, flops=2 * made.flops))[0]
    assert "registers" in falls_short(attention, replace(made, held=1 << 20))[0]


def test_scores_in_memory_are_no_best_form() -> None:
    """The bounds of attention do not hold for a function of which rows of products are read twice."""
    stored = measured(case("alignment"))
    assert falls_short(replace(case("gqa_repeat"), moved=None), stored)


@pytest.mark.slow
@pytest.mark.parametrize("c", CASES, ids=lambda c: c.name)
def test_the_committed_table_is_current(c: Case, known: dict[str, Any]) -> None:
    made = found(c)
    assert made["short"] == known[c.name]["short"]
    assert made.get("plan") == known[c.name].get("plan")
    assert (made["error"] is None) == (known[c.name]["error"] is None)
