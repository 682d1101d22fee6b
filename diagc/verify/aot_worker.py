"""Compiles kernel configurations and reports their resources: run as a process of its own.

Each line of standard input is a request in JSON, each line of standard output the answer to it. Neither a GPU nor torch
is needed.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from diagc.modules import module_of

triton: Any = importlib.import_module("triton")  # it has no type information
_backends: Any = importlib.import_module("triton.backends.compiler")
_compiler: Any = importlib.import_module("triton.compiler")
_gluon: Any = importlib.import_module("triton.experimental.gluon._runtime")

TARGETS: Final = {
    "sm_80": ("cuda", 80, 32), "sm_90": ("cuda", 90, 32), "sm_100": ("cuda", 100, 32), "gfx942": ("hip", "gfx942", 64),
}  # fmt: skip
_INSTRUCTION = re.compile(r"^\s+/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\w+\s+)?([A-Z0-9_.]+)", re.MULTILINE)
_COUNTED = ("HGMMA", "HMMA", "LDGSTS", "UTMALDG")
_SERIALISED = "wgmma.mma_async instructions are serialized"


def main() -> None:
    """Answer requests: `file function signature constants aligned target warps stages`."""
    for line in sys.stdin:
        try:
            answer = _compile(json.loads(line))
        except Exception as error:  # what the compiler raises is the finding
            answer = {"error": f"{type(error).__name__}: {str(error).strip()[-400:]}"}
        print(json.dumps(answer), flush=True)


def _compile(request: dict[str, Any]) -> dict[str, Any]:
    function = getattr(module_of(Path(request["file"])), request["function"])
    names: list[str] = list(function.arg_names)
    signature = {n: "constexpr" if n in request["constants"] else request["signature"][n] for n in names}
    attributes = {(names.index(n),): [["tt.divisibility", 16]] for n in request["aligned"]}
    kind = _gluon.GluonASTSource if isinstance(function, _gluon.GluonJITFunction) else _compiler.ASTSource
    source = kind(fn=function, signature=signature, constexprs=request["constants"], attrs=attributes)
    backend, arch, warp = TARGETS[request["target"]]
    options = {"num_warps": request["warps"], "num_stages": request["stages"]}
    start, log = time.process_time(), io.StringIO()
    triton.knobs.nvidia.dump_ptxas_log = triton.knobs.compilation.always_compile = True
    triton.knobs.compilation.disable_line_info = True  # or the PTX names a temporary file
    with contextlib.redirect_stdout(log):
        compiled = triton.compile(source, target=_backends.GPUTarget(backend, arch, warp), options=options)
    answer: dict[str, Any] = {
        "seconds": time.process_time() - start, "shared": compiled.metadata.shared,
        "scratch": getattr(compiled.metadata, "global_scratch_size", 0),
    }  # fmt: skip
    if backend == "cuda":
        answer |= _registers(log.getvalue()) | _instructions(compiled.asm["cubin"])
        answer["ptx"] = compiled.asm["ptx"]
    return answer


def _registers(log: str) -> dict[str, int]:
    """Registers, spilled bytes, and whether products wait for each other, by the log of the assembler."""
    spills = re.search(r"(\d+) bytes spill stores, (\d+) bytes spill loads", log)
    used = re.search(r"Used (\d+) registers", log)
    if spills is None or used is None:
        raise RuntimeError(f"ptxas gave no report: {log[-300:]}")
    spilled = int(spills[1]) + int(spills[2])
    return {"registers": int(used[1]), "spills": spilled, "serialised": _SERIALISED in log}


def _instructions(cubin: bytes) -> dict[str, int]:
    tool = Path(triton.__file__).parent / "backends" / "nvidia" / "bin" / "cuobjdump"
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(cubin)
        file.flush()
        listing = subprocess.run(
            [tool, "-sass", file.name], capture_output=True, text=True, check=False
        ).stdout
    operations = _INSTRUCTION.findall(listing)
    return {name: sum(op.startswith(name) for op in operations) for name in _COUNTED}


if __name__ == "__main__":
    main()
