"""The command line. Commands are imported when they are called, so that `diagc --help` starts in no time.

Exit codes: 0 fine, 1 the spec or a comparison failed, 2 usage or environment, 70 a bug in diagc.
"""

from __future__ import annotations

import importlib
import keyword
import os
import sys
import traceback
from typing import Any, Final, NoReturn

import click

from diagc.cli.errors import FORMATS, report
from diagc.cli.examples import with_examples
from diagc.cli.suggest import suggestion
from diagc.diagnostics import DiagnosticError
from diagc.version import __version__

BUG: Final = 70

_COMMANDS: Final = {
    "import": ("diagc.cli.importer", "Write the specification of a function of JAX or PyTorch."),
    "optimise": ("diagc.cli.optimise", "Write derived code in place of a function of JAX or PyTorch."),
    "check": ("diagc.cli.source", "Report every error of specs."),
    "fmt": ("diagc.cli.source", "Lay specs out in the one style."),
    "explain": ("diagc.cli.source", "Print the page that documents an error code."),
    "compile": ("diagc.cli.emit", "Write the Triton and JAX code of a spec."),
    "derive": ("diagc.cli.derive", "Show the steps from a diagram to its kernel."),
    "trace": ("diagc.cli.derive", "Show the passes from a diagram to its kernels."),
    "cost": ("diagc.cli.cost", "Predict bytes, operations and time on a machine."),
    "pseudocode": ("diagc.cli.pseudocode", "List variables and operations with their places and clocks."),
    "draw": ("diagc.cli.figure", "Draw a spec as SVG, PDF, TikZ or a page."),
    "verify": ("diagc.cli.compare", "Compare every back end with the float64 reference."),
    "lint-kernels": ("diagc.cli.lint", "Compile kernels ahead of time and check what the GPU would get."),
    "flow": ("diagc.cli.flow", "Expand gradient flow in diagrams: series, regimes, curves."),
    "runs": ("diagc.cli.runs", "Invariants of landscapes and runs: persistence, classes."),
    "codesign": ("diagc.cli.codesign", "Find the best machines for kernels; solve design problems."),
    "bench": ("diagc.cli.bench", "Measure what is emitted beside its peers."),
    "machine": ("diagc.cli.machine", "Measure the GPU at hand for the cost model."),
    "loss": ("diagc.cli.train", "Print the terms of the loss of a learning diagram."),
    "train": ("diagc.cli.train", "Train the models of a learning diagram."),
    "model": ("diagc.cli.model", "Take trained models apart and put them together."),
    "serve": ("diagc.cli.serve", "Open a local page: editor, figure, cost, code."),
    "lsp": ("diagc.cli.editor", "Serve an editor: errors, types, definitions, renaming."),
    "doctor": ("diagc.cli.setup", "Say what is installed and what commands need."),
    "completion": ("diagc.cli.setup", "Print the script for completion in a shell."),
}


def _name(command: str) -> str:
    """The function of a command: words of Python get an underscore."""
    name = command.replace("-", "_")
    return f"{name}_" if keyword.iskeyword(name) else name


class _Lazy(click.Group):
    """A group that knows its commands by name and imports one when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        found: click.Command = getattr(importlib.import_module(_COMMANDS[cmd_name][0]), _name(cmd_name))
        return with_examples(found, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"no command is called `{args[0]}`{suggestion(args[0], _COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except DiagnosticError as error:
            ctx.exit(report(error.diagnostics, ctx.params.get("style", "full")))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="diagc")
@click.option(
    "--format", "style", type=click.Choice(FORMATS), default="full", help="How errors of specs are printed."
)
def cli(style: str) -> None:
    """A compiler for diagrams of deep learning.

    Write down what an algorithm computes, with named axes; diagc derives the fused kernel, proves each step, draws it
    and trains what learns.

    \b
    diagc check specs/attention/attention.diag
    diagc compile specs/attention/attention.diag -o out
    diagc train specs/learning/teacher.diag --data data/digits_train.npz
    diagc --format short compile specs/dense/matmul.diag -o out
    """


def main() -> NoReturn:
    """Run a command; every failure becomes a diagnostic and an exit code."""
    try:
        code = cli.main(standalone_mode=False)  # what `Exit` carries, or what a command returns: nothing
        sys.exit(code if isinstance(code, int) else 0)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except DiagnosticError as error:
        sys.exit(report(error.diagnostics))
    except BrokenPipeError:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # the reader has gone: say nothing more
        sys.exit(0)
    except Exception:
        traceback.print_exc()
        click.echo(
            "error: this is a bug in diagc; please report it with the spec and the lines above", err=True
        )
        sys.exit(BUG)


if __name__ == "__main__":
    main()
