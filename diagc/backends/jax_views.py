"""Views and gathers as slices, reshapes or index arrays, whichever is the plainest that means the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from diagc.backends.jax_text import ATOM, SUM, TERM, Text, aligned, permuted
from diagc.backends.jax_windows import windowed
from diagc.core.axes import ONE, Axis, Coordinate, Size, in_order

SizeText = Callable[[Size], Text]
Coordinates = Mapping[Axis, Coordinate]


def view_text(value: Text, coordinates: Coordinates, fill: str | None, sizes: SizeText) -> Text:
    """The value read at coordinates of some of its axes. The order of the result's dimensions is free."""
    if fill is None:
        made = _reshaped(value, coordinates, sizes) or _sliced(value, coordinates, sizes)
        if made is not None:
            return made
    if (made := windowed(value, coordinates, fill)) is not None:
        return made
    block = in_order(axis for coordinate in coordinates.values() for axis in coordinate.axes)
    indices = {axis: index_text(c, block, sizes) for axis, c in coordinates.items()}
    return indexed_text(value, indices, block, fill, sizes)


def index_text(coordinate: Coordinate, frame: Sequence[Axis], sizes: SizeText) -> Text:
    """The index along an operand's axis at every point of the frame."""
    parts: list[str] = []
    for axis, coefficient in coordinate.terms:
        steps = aligned(Text(f"jnp.arange({sizes(axis.size).text})", axes=(axis,)), frame)
        if coefficient == ONE:
            parts.append(steps.text)
        else:
            parts.append(f"{sizes(coefficient).at(TERM)} * {steps.text}")
    if coordinate.offset != Size() or not parts:
        parts.append(sizes(coordinate.offset).text)
    level = SUM if len(parts) > 1 or "-" in parts[0] else TERM if " * " in parts[0] else ATOM
    total = Text(" + ".join(parts).replace("+ -", "- "), level, coordinate.axes)
    if coordinate.divisor != ONE:
        total = Text(f"{total.at(TERM)} // {sizes(coordinate.divisor).at(TERM + 1)}", TERM, coordinate.axes)
    if coordinate.modulus is not None:
        total = Text(f"{total.at(TERM)} % {sizes(coordinate.modulus).at(TERM + 1)}", TERM, coordinate.axes)
    return total


def indexed_text(
    value: Text, indices: Mapping[Axis, Text], block: tuple[Axis, ...], fill: str | None, sizes: SizeText
) -> Text:
    """Advanced indexing: `indices`, aligned to the axes of `block`, replace axes of the value.

    An axis of the value that is also in the block is followed along its diagonal.
    """
    marks: list[str] = []
    places: list[int] = []
    for place, axis in enumerate(value.axes):
        if axis in indices:
            marks.append(indices[axis].text)
            places.append(place)
        elif axis in block:
            marks.append(aligned(Text(f"jnp.arange({sizes(axis.size).text})", axes=(axis,)), block).text)
            places.append(place)
        else:
            marks.append(":")
    adjacent = places[-1] - places[0] + 1 == len(places)
    before = value.axes[: places[0]] if adjacent else ()
    rest = tuple(a for i, a in enumerate(value.axes) if i not in places and a not in before)
    while marks[-1] == ":":
        marks.pop()
    index = ", ".join(marks)
    text = f"{value.at(ATOM)}[{index}]" if fill is None else f"_read({value.text}, jnp.s_[{index}], {fill})"
    return Text(text, ATOM, (*before, *block, *rest))


def _sliced(value: Text, coordinates: Coordinates, sizes: SizeText) -> Text | None:
    """Basic indexing, where every coordinate is a constant or follows one axis of its own."""
    marks: list[str] = []
    axes: list[Axis] = []
    for axis in value.axes:
        coordinate = coordinates.get(axis, Coordinate.along(axis))
        mark = _slice(axis, coordinate, sizes)
        if mark is None:
            return None
        marks.append(mark)
        axes.extend(coordinate.axes)
    if len(set(axes)) < len(axes):
        return None
    while marks and marks[-1] == ":":
        marks.pop()
    text = f"{value.at(ATOM)}[{', '.join(marks)}]" if marks else value.text
    return Text(text, ATOM if marks else value.level, tuple(axes))


def _slice(axis: Axis, coordinate: Coordinate, sizes: SizeText) -> str | None:
    offset = coordinate.offset
    if not coordinate.is_affine or len(coordinate.terms) > 1:
        return None
    if not coordinate.terms:
        return sizes(offset).text
    target, coefficient = coordinate.terms[0]
    step = coefficient.value
    if step == -1 and offset == axis.size - 1 and target.size == axis.size:
        return "::-1"
    if step is None or step < 1:
        return None
    stop = offset + coefficient * target.size
    start_text = "" if offset == Size() else sizes(offset).text
    stop_text = "" if stop == axis.size else sizes(stop).text
    return f"{start_text}:{stop_text}" + (f":{step}" if step > 1 else "")


@dataclass(frozen=True, slots=True)
class _Group:
    """Adjacent axes of the operand that become these axes of the result by a reshape."""

    sources: tuple[Axis, ...]
    targets: tuple[Axis, ...]


def _reshaped(value: Text, coordinates: Coordinates, sizes: SizeText) -> Text | None:
    """Splits and merges of product axes; None where a coordinate is something else, or where there is neither."""
    groups, seen = list[_Group](), set[Axis]()
    for axis in value.axes:
        if axis in seen:
            continue
        group = _group(axis, coordinates)
        if group is None:
            return None
        seen.update(group.sources)
        groups.append(group)
    targets = tuple(axis for group in groups for axis in group.targets)
    if len(set(targets)) < len(targets) or all(len(g.sources) == len(g.targets) == 1 for g in groups):
        return None
    ordered = permuted(value, [axis for group in groups for axis in group.sources])
    return ordered.method(f"reshape({', '.join(sizes(axis.size).text for axis in targets)})").renamed(targets)


def _group(axis: Axis, coordinates: Coordinates) -> _Group | None:
    coordinate = coordinates.get(axis, Coordinate.along(axis))
    if coordinate.axis is not None:
        return _Group((axis,), (coordinate.axis,)) if coordinate.axis.size == axis.size else None
    if coordinate.is_affine:
        return _split(axis, coordinate)
    return _merge(coordinate, coordinates)


def _split(axis: Axis, coordinate: Coordinate) -> _Group | None:
    """One axis read at the mixed-radix number of several."""
    remaining, found, radix = dict(coordinate.terms), list[Axis](), ONE
    while remaining and coordinate.offset == Size():
        following = next((a for a, c in remaining.items() if c == radix), None)
        if following is None:
            return None
        del remaining[following]
        found.insert(0, following)
        radix = radix * following.size
    return _Group((axis,), tuple(found)) if found and radix == axis.size else None


def _merge(coordinate: Coordinate, coordinates: Coordinates) -> _Group | None:
    """Several axes read at the digits of one."""
    if len(coordinate.terms) != 1:
        return None
    target, radix = coordinate.terms[0][0], ONE
    remaining = {
        axis: c for axis, c in coordinates.items() if c.terms == ((target, ONE),) and c.offset == Size()
    }
    found: list[Axis] = []
    while remaining:
        for axis, digit in remaining.items():
            whole = digit.modulus is None and len(remaining) == 1
            if digit.divisor == radix and (whole or digit.modulus == axis.size):
                break
        else:
            return None
        del remaining[axis]
        found.insert(0, axis)
        radix = radix * axis.size
    return _Group(tuple(found), (target,)) if radix == target.size else None
