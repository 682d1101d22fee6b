"""Attention written by hand in six spellings, in each of two frameworks, is one kernel; another function is another."""

from __future__ import annotations

import pytest
import torch

from diagc.check.program import check_source
from diagc.importers import jax_trace, torch_trace
from diagc.importers.function import parse_arguments
from diagc.importers.traced import NAMES
from diagc.importers.written import write
from diagc.source import Source
from tests.properties import spellings
from tests.properties.kernel_hash import kernel_hash


def hash_of(function: spellings.Function, framework: str) -> str:
    trace = jax_trace.trace if framework == "jax" else torch_trace.trace
    arguments = [(NAMES[dtype], shape) for dtype, shape in parse_arguments(spellings.HEADS)]
    text = write(trace(function, "attention", spellings.__file__, arguments), "test")
    return kernel_hash(check_source(Source("f.diag", text)).entries["attention"].diagram)


@pytest.fixture(scope="module")
def library() -> str:
    return hash_of(spellings.torch_library, "torch")


@pytest.mark.parametrize("function", spellings.SPELLINGS, ids=lambda f: f.__name__)
def test_a_spelling_has_the_kernel_of_the_library(function: spellings.Function, library: str) -> None:
    assert hash_of(function, function.__name__.partition("_")[0]) == library


def test_a_mask_by_a_large_number_is_another_function(library: str) -> None:
    """exp(-1e9) is 0 in float32, but a row of such numbers is a mean and not empty."""

    def finite(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        mask = torch.full((16, 16), -1e9).triu(1)
        return torch.softmax(q @ k.mT * 8**-0.5 + mask, -1) @ v

    assert hash_of(finite, "torch") != library
