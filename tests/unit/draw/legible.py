"""What makes a scene legible: texts meet neither texts nor strands nor the borders of boxes, and nothing is clipped."""

from __future__ import annotations

from itertools import combinations
from typing import TypeVar

from diagc.draw import Box, Region, Scene, Strand, Text
from diagc.draw.scene import Bounds, bounds

T = TypeVar("T")


def meet(a: Bounds, b: Bounds, slack: float = 0.01) -> bool:
    return a[0] + slack < b[2] and b[0] + slack < a[2] and a[1] + slack < b[3] and b[1] + slack < a[3]


def within(inner: Bounds, outer: Bounds) -> bool:
    return outer[0] <= inner[0] and outer[1] <= inner[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


def of(scene: Scene, kind: type[T]) -> list[T]:
    return [item for item in scene.items if isinstance(item, kind)]


def sampled(strand: Strand, count: int = 24) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for k in range(0, len(strand.points) - 3, 3):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = strand.points[k : k + 4]
        for step in range(count + 1):
            t = step / count
            u = 1 - t
            x = u**3 * ax + 3 * u * u * t * bx + 3 * u * t * t * cx + t**3 * dx
            found.append((x, u**3 * ay + 3 * u * u * t * by + 3 * u * t * t * cy + t**3 * dy))
    return found


def hits(strand: Strand, area: Bounds) -> bool:
    return any(
        area[0] + 0.05 < x < area[2] - 0.05 and area[1] + 0.05 < y < area[3] - 0.05
        for x, y in sampled(strand)
    )


def assert_legible(scene: Scene) -> None:
    boxes, texts = of(scene, Box), of(scene, Text)
    for a, b in combinations(boxes, 2):
        assert not meet(a.bounds, b.bounds), (a, b)
    for a, b in combinations(texts, 2):
        assert not meet(a.bounds, b.bounds), (a, b)
    for text in texts:
        assert within(text.bounds, (0, 0, scene.width, scene.height)), text
        for box in boxes:
            assert within(text.bounds, box.bounds) or not meet(text.bounds, box.bounds), (text, box)
    assert_kept_apart(scene)
    plates = [r.bounds for r in of(scene, Region) if r.style != "cell"]
    for strand in of(scene, Strand):
        if strand.part == "open":
            for text in texts:
                assert not hits(strand, text.bounds), (strand, text)
            for box in boxes:
                assert not hits(strand, box.bounds), (strand, box)
    for text in texts:
        through = [s for s in of(scene, Strand) if s.part == "through" and hits(s, text.bounds)]
        assert not through or any(within(text.bounds, p) for p in plates), text


def assert_kept_apart(scene: Scene) -> None:
    """No strand meets a line that keeps two bundles apart."""
    strands = of(scene, Strand)
    for line in (s for s in strands if s.part == "apart"):
        left, top, right, bottom = bounds(line)
        others = (s for s in strands if s.part == "open")
        assert not any(hits(s, (left, top - 0.5, right, bottom + 0.5)) for s in others), line
