"""The GPU of this machine, as torch sees it."""

from __future__ import annotations

import importlib
import re
import subprocess

from diagc.diagnostics import failure


def require_gpu() -> None:
    """Raise `DiagnosticError` E1001 where torch finds no GPU."""
    try:
        found = importlib.import_module("torch").cuda.is_available()
    except ImportError:
        found = False
    if not found:
        raise failure(
            "E1001",
            "torch finds no GPU on this machine",
            help="run on a machine with a GPU, or leave `--gpu` out",
        )


def device_name() -> str:
    """The name of the GPU, fit for a folder."""
    name = importlib.import_module("torch").cuda.get_device_name()
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def device_facts() -> dict[str, str]:
    """Name, driver and clocks of the GPU."""
    fields = ("name", "driver_version", "clocks.sm", "clocks.mem", "power.limit")
    command = ["nvidia-smi", f"--query-gpu={','.join(fields)}", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return {"name": device_name()}
    return dict(zip(fields, (part.strip() for part in done.stdout.splitlines()[0].split(",")), strict=False))
