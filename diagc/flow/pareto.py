"""Leading terms in the limit of large sizes.

A monomial is dominated when another one with the same powers of all scales has powers of the growing sizes that are
nowhere smaller. What is left is the Pareto front; only its terms can lead, wherever the sizes go.
"""

from __future__ import annotations

from diagc.flow.polynomial import Polynomial, Powers


def front(polynomial: Polynomial, growing: tuple[int, ...]) -> Polynomial:
    """The terms that no other dominates; `growing` are the positions of the sizes that grow."""
    groups: dict[Powers, list[Powers]] = {}
    for powers in polynomial:
        rest = tuple(p for n, p in enumerate(powers) if n not in growing)
        groups.setdefault(rest, []).append(powers)
    return {
        powers: polynomial[powers]
        for group in groups.values()
        for powers in group
        if not any(_dominates(other, powers, growing) for other in group)
    }


def _dominates(other: Powers, powers: Powers, growing: tuple[int, ...]) -> bool:
    return other != powers and all(other[n] >= powers[n] for n in growing)
