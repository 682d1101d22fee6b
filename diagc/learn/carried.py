"""The terms of a loss as kernels, for the training program to carry: derived, compiled to PTX, called by JAX.

The whole loss is one entry: models, comparators and means become the kernels that any diagram of their form becomes,
forward and backward. On other platforms than CUDA the program computes the same in blocks.
"""

from __future__ import annotations

from diagc.backends.emit import jax_source
from diagc.backends.training import DEFAULT_BATCH
from diagc.backends.training_loss import terms_diagram
from diagc.backends.triton_module import kernel_function
from diagc.check.entry import Entry
from diagc.core.learning import LearningDiagram
from diagc.diagnostics import failure
from diagc.passes.commute import terms
from diagc.verify.ptx import carried


def carried_terms(learning: LearningDiagram, target: str) -> str:
    """A JAX file whose function `terms` computes the terms of the loss by kernels for `target`, such as `sm_90`.

    A kernel that spills is carried: it is slow, and right. Raises E0629 where JAX could not call such kernels, or one
    does not compile or asks for more than a program has.
    """
    entry = Entry(terms_diagram(learning, terms(learning)), {}, {}, ())
    sizes = dict.fromkeys(entry.diagram.size_symbols, learning.settings.batch or DEFAULT_BATCH)
    found, problems = carried({"terms": entry}, sizes, target)
    made = {kernel.function for kernel in found.kernels}
    lost = [report.problem for report in problems if kernel_function(report.kernel) not in made]
    if "terms" not in found.entries or lost:
        reason = lost[0] if lost else "it draws numbers, calls Python, or has no form as kernels"
        raise failure(
            "E0629", f"the loss of `{learning.name}` has no kernels: {reason}",
            help="train without `--kernels`: XLA compiles the same program",
        )  # fmt: skip
    return jax_source({"terms": entry}, learning.name, sizes, found)
