"""Transfer along a pullback as a specification: what was trained on one source, used for another.

Two things bear the name. *Precomposition* φ∘f: the trained features φ stay, a small map f of the new inputs into the
old ones trains. The *fibre product* {(x, y): φ(x) = ψ(y)} of the features of both sides: they stay, shared coordinates
come from canonical correlations, and one head trains on both. Beside them: from scratch, a head on φ, all of φ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from diagc.core.learning import LearningDiagram
from diagc.diagnostics import Label, failure
from diagc.source import Source, Span
from diagc.syntax import tree
from diagc.syntax.format import format_source
from diagc.syntax.parse import parse


@dataclass(frozen=True, slots=True)
class Side:
    """A learning diagram that is a chain: column, features, head, and a target; with its texts."""

    name: str
    source: tree.SourceDecl
    features: tree.Model
    head: tree.Model
    chain: tuple[str, ...]
    equation: tree.Equation
    rest: tuple[str, ...]

    @property
    def column(self) -> str:
        return f"{self.source.name.text}.{self.chain[0]}"


def side(source: Source, learning: LearningDiagram) -> Side:
    """The parts of a learning diagram that can be transferred from or to. Raises `DiagnosticError` E1303 otherwise."""
    found = next(
        i for i in parse(source).items if isinstance(i, tree.Learning) and i.name.text == learning.name
    )
    equations = [i for i in found.items if isinstance(i, tree.Equation)]
    sources = [i for i in found.items if isinstance(i, tree.SourceDecl)]
    if len(equations) != 1 or len(sources) != 1:
        raise _unfit(found.span, "it has not one source and one equation")
    steps = learning.equations[0].paths[0].steps
    models = {i.name.text: i for i in found.items if isinstance(i, tree.Model) and i.mode == "train"}
    if len(steps) < 3 or steps[0].style != "data" or any(s.label not in models for s in steps[1:3]):
        raise _unfit(
            equations[0].prediction.span, "its prediction is no chain of a column, features and a head"
        )
    rest = tuple(
        i.span.text for i in found.items
        if isinstance(i, tree.Setting)
        or (isinstance(i, tree.Optimise) and all(o.model is None for o in i.optimisers))
    )  # fmt: skip
    first, second = models[steps[1].label], models[steps[2].label]
    return Side(learning.name, sources[0], first, second, tuple(s.label for s in steps), equations[0], rest)


def _unfit(place: Span, reason: str) -> Exception:
    return failure(
        "E1303", f"this analysis cannot take the diagram: {reason}", Label(place),
        help="write `column |> features |> head ~ source.label` with two models that train",
    )  # fmt: skip


APPROACHES = ("scratch", "probe", "finetune", "precomposition", "fibre_product")


@dataclass(frozen=True, slots=True)
class Emitted:
    """The specification and which approaches it has; a reason for each that it has not."""

    text: str
    approaches: tuple[str, ...]
    missing: dict[str, str]


def emitted(source: Source, old: Side, new: Side, rank: int, shared: int) -> Emitted:
    """The specification with one learning diagram for each approach; weights lie beside it, by approach."""
    kept, missing = _without_learnings(source), _missing(old, new)
    blocks = {
        "scratch": _block("scratch", new, [new.features.span.text, new.head.span.text]),
        "probe": _block("probe", new, [_moved(old, new, "frozen"), new.head.span.text]),
        "finetune": _block("finetune", new, [_moved(old, new, "train"), new.head.span.text]),
        "precomposition": _precomposition(old, new),
        "fibre_product": _fibre_product(old, new),
    }
    chosen = tuple(name for name in APPROACHES if name not in missing)
    extra = [_added(kept, old, new, rank, shared)]
    text = "\n".join([kept, *extra, _block("origin", old, [old.features.span.text, old.head.span.text]),
                      *(blocks[name] for name in chosen)])  # fmt: skip
    return Emitted(format_source(Source("transfer.diag", text)), chosen, missing)


def _missing(old: Side, new: Side) -> dict[str, str]:
    """Why an approach is not possible between types."""
    found: dict[str, str] = {}
    if _domain(old.features) != _domain(new.features):
        reason = f"the features read {_domain(old.features)}, the target has {_domain(new.features)}"
        found |= dict.fromkeys(("probe", "finetune"), reason)
    if _codomain(old.features) != _domain(new.head):
        reason = f"the features give {_codomain(old.features)}, the head takes {_domain(new.head)}"
        found |= dict.fromkeys(("probe", "finetune", "precomposition"), reason)
    if _codomain(old.head) != _codomain(new.head):
        found["fibre_product"] = "the two sides have no classes in common"
    return found


def _without_learnings(source: Source) -> str:
    """The text before and between the learning diagrams."""
    spans = [i.span for i in parse(source).items if isinstance(i, tree.Learning | tree.Glue)]
    made, last = list[str](), 0
    for span in spans:
        made.append(source.text[last : span.start])
        last = span.end
    return "".join([*made, source.text[last:]])


def _domain(model: tree.Model) -> str:
    return " ".join(t.span.text for t in model.domain)


def _codomain(model: tree.Model) -> str:
    return " ".join(t.span.text for t in model.codomain)


def _implementation(model: tree.Model) -> str:
    assert model.implementation is not None
    return model.implementation.span.text


def _declared(mode: str, name: str, of: tree.Model, folder: str | None) -> str:
    weights = f' from "{folder}/{of.name.text}.safetensors"' if folder is not None else ""
    return f"{mode} {name}: {_domain(of)} -> {_codomain(of)} = {_implementation(of)}{weights}"


def _moved(old: Side, new: Side, mode: str) -> str:
    """The old features in the place of the new ones."""
    return _declared(mode, new.features.name.text, old.features, "origin")


def _block(name: str, of: Side, models: Sequence[str], chain: Sequence[str] | None = None) -> str:
    path = " |> ".join([of.column, *(chain or of.chain[1:])])
    lines = [of.source.span.text, *models, f"commute fit: {path} ~ {_compared(of)}", *of.rest]
    return f"learning {name} {{\n" + "\n".join(f"  {line}" for line in lines) + "\n}\n"


def _compared(of: Side) -> str:
    """The target of the equation, its comparator and its options."""
    equation, place = of.equation, of.source.name.text
    target = equation.target.span.text
    target = target if "." in target else f"{place}.{target}"
    options = " ".join(option.span.text for option in equation.options)
    return f"{target} by {equation.comparator.span.text.removeprefix('by ')} {options}".rstrip()


def _precomposition(old: Side, new: Side) -> str:
    models = [
        f"train domain_map: {_domain(new.features)} -> {_domain(old.features)} = pulled_back",
        _declared("frozen", "origin_features", old.features, "origin"),
        new.head.span.text,
    ]
    return _block("precomposition", new, models, ["domain_map", "origin_features", *new.chain[2:]])


def _fibre_product(old: Side, new: Side) -> str:
    """One head on shared coordinates of both sides, which trains on the samples of both."""
    prefixed = old.source.span.text.replace(f"source {old.source.name.text}", "source origin_samples", 1)
    there = _compared(old).replace(f"{old.source.name.text}.", "origin_samples.", 1)
    classes = _codomain(new.head)
    models = [
        _declared("frozen", "origin_features", old.features, "origin"),
        _declared("frozen", "target_features", new.features, "scratch"),
        _projection("left", _codomain(old.features)),
        _projection("right", _codomain(new.features)),
        f"train shared_head: f32[shared_feature] -> {classes} = dense[shared_feature {_axes(classes)}]",
    ]
    tail = " ".join(new.chain[3:])
    path = f"target_features |> right |> shared_head{' |> ' + tail if tail else ''}"
    here = f"commute fit: {new.column} |> {path} ~ {_compared(new)}"
    back = f"commute origin_fit: origin_samples.{old.chain[0]} |> origin_features |> left |> shared_head ~ {there}"
    lines = [prefixed, new.source.span.text, *models, here, back, *new.rest]
    return "learning fibre_product {\n" + "\n".join(f"  {line}" for line in lines) + "\n}\n"


def _projection(name: str, domain: str) -> str:
    return (
        f"frozen {name}: {domain} -> f32[shared_feature] = dense[{_axes(domain)} shared_feature] "
        f'from "shared/{name}.safetensors"'
    )


def _axes(written: str) -> str:
    """The axes of a type as it is written."""
    return written.partition("[")[2].rpartition("]")[0]


def _added(kept: str, old: Side, new: Side, rank: int, shared: int) -> str:
    """The axes and functions that the pullbacks need: a map of low rank between inputs."""
    start, end = _domain(new.features), _domain(old.features)
    inner = f"sum[{_axes(start)}](new_input * map_down)"
    return f"""
axis map_rank: {rank}, shared_feature: {shared}

# New inputs as old ones{", which they are at first" if start == end else ""}: what trains has {rank} dimensions.
fn pulled_back(new_input: {start}) -> {end} {{
  param map_down: f32[{_axes(start)} map_rank] ~ glorot
  param map_up: f32[map_rank {_axes(end)}] ~ {"zeros" if start == end else "glorot"}
  param map_shift: {end} ~ zeros
  return {"new_input + " if start == end else ""}sum[map_rank]({inner} * map_up) + map_shift
}}
"""
