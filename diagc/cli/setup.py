"""Commands about the installation: `doctor` and `completion`."""

from __future__ import annotations

import os
import shutil
import sys
from importlib import metadata
from typing import Final

import click

_PARTS: Final = (
    ("jax", "jax", "compile --target jax, verify, train, the Python API", ""),
    ("optax", "optax", "train", ""),
    ("pygraphviz", "pygraphviz", "draw, derive --format html, serve", ""),
    ("triton", "triton", "verify --target sm_90, lint-kernels, kernels on a GPU", ""),
    ("torch", "torch", "running Triton files, bench", "torch"),
    ("matplotlib", "matplotlib", "draw -o figure.pdf", "figures"),
    ("pygls", "pygls", "lsp: diagnostics, hover, rename in an editor", "editor"),
    ("starlette", "starlette", "serve: the local page", "serve"),
    ("uvicorn", "uvicorn", "serve: the local page", "serve"),
    ("ipython", "ipython", "%load_ext diagc in notebooks", "notebook"),
    ("pillow", "pillow", "train on folders of images", "data"),
    ("pyarrow", "pyarrow", "train on parquet files", "data"),
    ("scikit-learn", "scikit-learn", "train --data sklearn:digits", "data"),
    ("gudhi", "gudhi", "runs persistence on grids", "topology"),
)
"""Distribution, name that is shown, what needs it, and the extra that brings it."""

_ON_GPU: Final = "verify --gpu, bench --gpu, machine measure"
_SHELLS: Final = ("bash", "zsh", "fish")


@click.command()
def doctor() -> None:
    """Say what is installed, and what each command would need.

    \b
    diagc doctor
    """
    from diagc.version import __version__

    click.echo(f"diagc {__version__}, Python {sys.version.split()[0]} in {sys.prefix}\n")
    missing: dict[str, list[str]] = {}
    for name, shown, use, extra in _PARTS:
        version = _version(name)
        click.echo(f"  {'ok' if version else '--'}  {shown:<14} {version or 'missing':<12} {use}")
        if version is None:
            missing.setdefault(extra, []).append(name)
    gpu = shutil.which("nvidia-smi") is not None
    click.echo(f"  {'ok' if gpu else '--'}  {'GPU':<14} {'found' if gpu else 'none':<12} {_ON_GPU}")
    if missing:
        click.echo("")
    for extra, names in missing.items():
        wanted = f"'diagc[{extra}]'" if extra else " ".join(names)
        click.echo(f"pip install {wanted}    # {', '.join(names)}")


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS), required=False)
def completion(shell: str | None) -> None:
    """Print the script that completes commands and options in a SHELL; by default in the one in use.

    \b
    diagc completion bash >> ~/.bashrc
    diagc completion fish > ~/.config/fish/completions/diagc.fish
    """
    from click.shell_completion import get_completion_class

    from diagc.cli.main import cli

    name = shell or os.path.basename(os.environ.get("SHELL", "bash"))
    made = get_completion_class(name)
    if made is None:
        raise click.UsageError(f"`{name}` is not known; choose one of {', '.join(_SHELLS)}")
    click.echo(made(cli, {}, "diagc", "_DIAGC_COMPLETE").source())
