# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false, reportPrivateUsage=false
"""A function of PyTorch as the calls of ATen that one run of it makes, before autograd and decompositions see them.

This is the graph of `torch.export` without Dynamo, whose import costs as much as that of torch itself. What a run does
not show, as a number that is read from an array, is left to `torch.export`.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch._dispatch.python import enable_python_dispatcher
from torch.export.graph_signature import (
    ExportGraphSignature,
    InputKind,
    InputSpec,
    OutputKind,
    OutputSpec,
    TensorArgument,
)
from torch.fx.experimental.proxy_tensor import ProxyTorchDispatchMode
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map
from torch.utils.weak import WeakTensorKeyDictionary

_ESCAPES: Final = ("numpy", "tolist", "__array__", "__dlpack__", "data_ptr", "storage", "untyped_storage")


class Unrecorded(Exception):
    """One run does not show what the function computes."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is read of a `torch.export.ExportedProgram`."""

    graph: torch.fx.Graph
    graph_signature: ExportGraphSignature
    state_dict: Mapping[str, torch.Tensor]
    constants: Mapping[str, torch.Tensor]


def recorded(module: torch.nn.Module, arguments: Sequence[torch.Tensor], file: str) -> Recorded:
    """The calls that a module makes for arrays, with the lines of a file. Raises `Unrecorded`."""
    graph = torch.fx.Graph()
    calls = _Calls(graph, file)
    inputs = [
        calls.given(array, f"argument{place}", InputKind.USER_INPUT) for place, array in enumerate(arguments)
    ]
    inputs += [calls.given(array, path, InputKind.PARAMETER) for path, array in module.named_parameters()]
    buffers = dict(module.named_buffers())
    inputs += [calls.given(array, path, InputKind.BUFFER) for path, array in buffers.items()]
    with enable_python_dispatcher(), _NoEscape(), calls:
        results, _ = tree_flatten(module(*arguments))
    found = [calls.node(r) for r in results]
    graph.output(tuple(found))
    outputs = [OutputSpec(OutputKind.USER_OUTPUT, TensorArgument(n.name), None) for n in found]
    return Recorded(graph, ExportGraphSignature(inputs, outputs), buffers, {})


class _NoEscape(TorchFunctionMode):
    """Sees methods that read elements past the dispatcher."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if getattr(func, "__name__", "") in _ESCAPES:
            raise Unrecorded
        return func(*args, **kwargs or {})


class _Calls(ProxyTorchDispatchMode):
    """Writes every call into a graph; of torch's own mode of this kind only its place among the modes is taken."""

    def __init__(self, graph: torch.fx.Graph, file: str) -> None:
        TorchDispatchMode.__init__(self, torch._C.DispatchKey.PreDispatch)
        self._mode_key = torch._C._TorchDispatchModeKey.PROXY
        self.enter_stack: list[Any] = []
        self.graph, self.file, self.nodes = graph, file, WeakTensorKeyDictionary()
        self.with_gradients = torch.is_grad_enabled()

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """No: what skips Dynamo imports it first."""
        return False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given, named = tree_map(self._operand, (args, kwargs or {}))
        if torch.is_grad_enabled() != self.with_gradients or torch.is_autocast_enabled("cpu"):
            raise Unrecorded  # a part with settings of its own
        if _depends_on_data(func, args):
            raise Unrecorded
        with torch._C._DisablePythonDispatcher():
            made = func(*args, **kwargs or {})
            node = self.graph.call_function(func, given, named)
            node.meta = {"stack_trace": self._stack(), "val": tree_map(_type, made)}
        for place, array in enumerate(made) if isinstance(made, tuple | list) else ():
            self.nodes[array] = self.graph.call_function(operator.getitem, (node, place))
        if isinstance(made, torch.Tensor):
            self.nodes[made] = node
        return made

    def given(self, array: torch.Tensor, name: str, kind: InputKind) -> InputSpec:
        """An array that the function has as an argument or holds."""
        node = self.graph.placeholder(name.replace(".", "_"))
        node.meta = {"val": _type(array)}
        self.nodes[array] = node
        return InputSpec(kind, TensorArgument(node.name), name, True if kind is InputKind.BUFFER else None)

    def node(self, array: Any) -> torch.fx.Node:
        """What made an array. Raises `Unrecorded` where no call did."""
        if not isinstance(array, torch.Tensor) or array not in self.nodes:
            raise Unrecorded
        return self.nodes[array]

    def _operand(self, value: Any) -> Any:
        return self.node(value) if isinstance(value, torch.Tensor) else value

    def _stack(self) -> str:
        """The innermost line of the file, as torch writes one."""
        frame = inspect.currentframe()
        while frame is not None:
            if frame.f_code.co_filename == self.file:
                return f'File "{self.file}", line {frame.f_lineno}'
            frame = frame.f_back
        return ""


def _type(array: Any) -> Any:
    """An array without elements, of the same shape and dtype. Raises `Unrecorded` for what is none."""
    if not isinstance(array, torch.Tensor):
        raise Unrecorded
    return torch.empty(array.shape, dtype=array.dtype, device="meta")


def _depends_on_data(func: Any, args: tuple[Any, ...]) -> bool:
    """Whether the shape of a result depends on elements; of reads at indices only those at a mask do."""
    if func is torch.ops.aten.index.Tensor:
        return any(i is not None and i.dtype in (torch.bool, torch.uint8) for i in args[1])
    return torch.Tag.dynamic_output_shape in func.tags or torch.Tag.data_dependent_output in func.tags
