"""What a Triton file offers: each entry as one function, whatever it launches, with its derivative for torch."""

from __future__ import annotations

from collections.abc import Mapping

from diagc.backends.forms import formed
from diagc.backends.launcher import TORCH, free_symbols, launcher_text
from diagc.backends.launches import Differentiated, EntryKernels, Form, Plan
from diagc.backends.shapes import bind_shapes, read_sizes
from diagc.backends.sizes import input_name
from diagc.backends.torch_on_cpu import decorator
from diagc.backends.triton_calls import call_launches, condition
from diagc.backends.triton_descriptors import HELPER, PIPELINES
from diagc.backends.triton_module import imports, kernel_texts, module_text
from diagc.backends.triton_parts import PROCESSORS, parted_plans
from diagc.backends.writer import Writer, identifier, tuple_text, unpacking


def emit_module(entries: list[EntryKernels], source: str, version: str, form: Form = "pointers") -> str:
    """The text of the file: kernels in a form, launchers, and one function for each entry."""
    entries = [formed(entry, form) for entry in entries]
    parts: list[str] = []
    helpers: set[str] = set()
    for entry in entries:
        texts, used = kernel_texts(entry.variants)
        parts += [*texts, *_functions(entry)]
        helpers |= used
    every = [variant for entry in entries for variant in entry.variants]
    forms = {variant.form for variant in every}
    if forms != {"pointers"}:
        parts.insert(0, HELPER.lstrip("\n"))
    if "gluon" in forms:
        parts.insert(1, PIPELINES.lstrip("\n"))
    if "persistent" in forms or any(entry.parted for entry in entries):
        parts.insert(0, PROCESSORS)
    return module_text(
        (identifier(entry.name) for entry in entries), parts, helpers, source, version, imports(every)
    )


def _functions(entry: EntryKernels) -> list[str]:
    name = identifier(entry.name)
    alone = (
        len(entry.plans) == 1
        and len(entry.plans[0].launches) == 1
        and not (entry.differentiated or entry.parted)
    )
    if alone:
        return [decorator(entry.diagram) + launcher_text(entry.plans[0].launches[0], name, TORCH)]
    launches = {launch.diagram.name: launch for plan in entry.every_plan for launch in plan.launches}
    parts = [launcher_text(launch, TORCH.launcher(launch.diagram), TORCH) for launch in launches.values()]
    parts += [_autograd(entry, made) for made in entry.differentiated]
    return [*parts, decorator(entry.diagram) + _public(entry)]


def _class(made: Differentiated) -> str:
    return f"_{identifier(made.name)}_autograd"


# ---- one function for an entry


def _public(entry: EntryKernels) -> str:
    writer, inputs = Writer(), entry.diagram.inputs
    writer.taken.update(("torch", "triton", "tl", entry.name))
    names = {input_name(node): writer.fresh(input_name(node)) for node in inputs}
    symbols = {symbol: writer.fresh(symbol) for symbol in entry.diagram.size_symbols}
    results = len(entry.diagram.outputs)
    result = "torch.Tensor" if results == 1 else f"tuple[{', '.join(['torch.Tensor'] * results)}]"
    arguments = [f"{name}: torch.Tensor" for name in names.values()]
    writer.call(f"def {identifier(entry.name)}", arguments, f" -> {result}:")
    with writer.indented():
        writer.line(f'"""{_signature(entry)} Any strides; sizes are read off the shapes."""')
        bind_shapes(writer, {n: names[input_name(n)] for n in inputs}, symbols)
        if entry.differentiated:
            _when_differentiated(writer, entry, names, symbols)
        for place, plan in enumerate(entry.plans):
            fits = condition(plan, symbols)
            last = place == len(entry.plans) - 1
            if last or not fits:
                _run(writer, entry, place, dict(names), symbols)
                break
            writer.line(f"if {fits}:")
            with writer.indented():
                _run(writer, entry, place, dict(names), symbols)
    return writer.text


def _signature(entry: EntryKernels) -> str:
    described = ", ".join(f"{input_name(n)}: {n.array}" for n in entry.diagram.inputs)
    outputs = zip(entry.diagram.output_names, entry.diagram.layouts, strict=True)
    made = ", ".join(f"{name}: {array}" for name, array in outputs)
    gradient = " Gradients by torch.autograd." if entry.differentiated else ""
    return f"{entry.name}({described}) -> {made}.{gradient}"


def _run(
    writer: Writer, entry: EntryKernels, place: int, names: dict[str, str], symbols: Mapping[str, str]
) -> None:
    if place == 0:
        parted_plans(writer, entry, names, symbols)
    call_launches(writer, entry.plans[place], names, symbols)
    writer.line(f"return {', '.join(names[name] for name in entry.diagram.output_names)}")


def _when_differentiated(
    writer: Writer, entry: EntryKernels, names: Mapping[str, str], symbols: Mapping[str, str]
) -> None:
    """Where a gradient is asked for, the call that keeps what it reads, or why there is none at these sizes."""
    inputs = [names[input_name(node)] for node in entry.diagram.inputs]
    moving = [n for n, g in zip(inputs, entry.differentiated[0].gradients, strict=True) if g is not None]
    wanted = f"{moving[0]}.requires_grad"
    if len(moving) > 1:
        wanted = f"any(array.requires_grad for array in ({', '.join(moving)}))"
    writer.line(f"if torch.is_grad_enabled() and {wanted}:")
    with writer.indented():
        for made in entry.differentiated:
            fits = " and ".join(
                filter(None, (condition(made.forward, symbols), condition(made.backward, symbols)))
            )
            call = f"return {_class(made)}.apply({', '.join(inputs)})"
            if not fits:
                writer.line(call)
                return
            writer.line(f"if {fits}:")
            with writer.indented():
                writer.line(call)
        writer.line(
            f'raise ValueError("{entry.name}: gradients are made for sizes whose tiles are held on chip")'
        )


# ---- torch.autograd


def _autograd(entry: EntryKernels, made: Differentiated) -> str:
    writer = Writer()
    writer.line(f"class {_class(made)}(torch.autograd.Function):")
    with writer.indented():
        writer.line(f'"""{entry.name} and its derivative."""')
        writer.line()
        _forward(writer, entry, made)
        writer.line()
        _backward(writer, entry, made)
    return writer.text


def _forward(writer: Writer, entry: EntryKernels, made: Differentiated) -> None:
    inputs = entry.diagram.inputs
    with writer.scope():
        writer.taken.update(("torch", "triton", "tl", "ctx"))
        names = {input_name(node): writer.fresh(input_name(node)) for node in inputs}
        kept = _needed(made.backward)
        symbols = {symbol: writer.fresh(symbol) for symbol in dict.fromkeys((*_needed(made.forward), *kept))}
        writer.line("@staticmethod")
        writer.line(f"def forward(ctx, {', '.join(names.values())}):")
        with writer.indented():
            read_sizes(writer, {n: names[input_name(n)] for n in inputs}, symbols)
            call_launches(writer, made.forward, names, symbols)
            writer.line(f"ctx.save_for_backward({', '.join(names[name] for name in made.saved)})")
            if kept:
                writer.line(f"ctx.sizes = {tuple_text([symbols[symbol] for symbol in kept])}")
            results = list(zip(entry.diagram.output_names, entry.diagram.layouts, strict=True))
            fixed = [names[name] for name, layout in results if layout.dtype.kind != "float"]
            if fixed:
                writer.line(f"ctx.mark_non_differentiable({', '.join(fixed)})")
            writer.line(f"return {', '.join(names[name] for name, _ in results)}")


def _backward(writer: Writer, entry: EntryKernels, made: Differentiated) -> None:
    with writer.scope():
        writer.taken.update(("torch", "triton", "tl", "ctx"))
        names = {input_name(node): writer.fresh(input_name(node)) for node in made.cotangents}
        given = iter(names.values())
        real = [layout.dtype.kind == "float" for layout in entry.diagram.layouts]
        arguments = [next(given) if is_real else writer.fresh("unused") for is_real in real]
        names |= {name: writer.fresh(name) for name in made.saved}
        symbols = {symbol: writer.fresh(symbol) for symbol in _needed(made.backward)}
        writer.line("@staticmethod")
        writer.line("@torch.autograd.function.once_differentiable")
        writer.line(f"def backward(ctx, {', '.join(arguments)}):")
        with writer.indented():
            if made.saved:
                writer.line(f"{unpacking([names[name] for name in made.saved])} = ctx.saved_tensors")
            if symbols:
                writer.line(f"{unpacking(list(symbols.values()))} = ctx.sizes")
            call_launches(writer, made.backward, names, symbols)
            gradients = [names[g] if g is not None else "None" for g in made.gradients]
            writer.line(f"return {', '.join(gradients)}")


def _needed(plan: Plan) -> list[str]:
    """The sizes that the launches of a plan ask for."""
    return list(dict.fromkeys(symbol for launch in plan.launches for symbol in free_symbols(launch)))
