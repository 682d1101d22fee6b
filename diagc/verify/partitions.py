"""The partitions of a program: one runs at a time; chance says which, and when the copies that they start arrive."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

here: Any = threading.local()
"""Of the running partition: its `program` and its `own` number."""


class Undefined(Exception):
    """What a kernel does has no defined result."""


HASTES: Final[tuple[dict[int, float], ...]] = (
    {-1: 0.001, 0: 1, 1: 1},
    {-1: 1000, 0: 1, 1: 1000},
    {-1: 1000, 0: 1000, 1: 1},
)
"""How likely the engine that copies (-1), the consumer and the producer get the next turn: each program runs with
copies that come as late as they may, with a producer and with a consumer that is as far ahead as it may be."""


class Program:
    """The partitions of one program and the engine that copies tiles, which is actor -1."""

    def __init__(self, place: int, seed: int, haste: dict[int, float]) -> None:
        self.place = place
        self.chance = random.Random(seed)
        self.copies: list[Callable[[], None]] = []
        self.turn = threading.Condition()
        self.active = -1
        self.ready: dict[int, Callable[[], bool]] = {}
        self.haste = haste
        self.failure: BaseException | None = None

    def run(self, partitions: Sequence[Callable[[], None]]) -> None:
        """Run partitions to their ends; what one raises is raised."""
        threads = [
            threading.Thread(target=self._partition, args=a, daemon=True) for a in enumerate(partitions)
        ]
        self.ready = dict.fromkeys(range(len(threads)), lambda: True)
        for thread in threads:
            thread.start()
        with self.turn:
            self._pass_on()
        for thread in threads:
            thread.join()
        if self.failure is not None:
            raise self.failure

    def _partition(self, own: int, work: Callable[[], None]) -> None:
        here.program, here.own = self, own
        try:
            self._wait_for_turn(own)
            work()
        except BaseException as error:
            self.failure = self.failure or error
        with self.turn:
            del self.ready[own]
            self._pass_on()

    def _wait_for_turn(self, own: int) -> None:
        with self.turn:
            self.turn.wait_for(lambda: self.active == own or self.failure is not None)
        if self.failure is not None:
            raise Undefined("another partition has failed")

    def pause(self, ready: Callable[[], bool] = lambda: True) -> None:
        """Let others run, at least until something holds."""
        own: int = here.own
        with self.turn:
            self.ready[own] = ready
            self._pass_on()
        self._wait_for_turn(own)

    def _pass_on(self) -> None:
        """Draw who goes on; copies arrive in between."""
        while self.ready and self.failure is None:
            able = [own for own, ready in self.ready.items() if ready()]
            able += [-1] if self.copies else []
            weights = [self.haste[actor] for actor in able]
            drawn = self.chance.choices(able, weights)[0] if able else -2
            if drawn == -2:
                self.failure = Undefined("the partitions wait for each other")
            elif drawn == -1:
                self.copies.pop(self.chance.randrange(len(self.copies)))()
            else:
                self.active = drawn
                break
        self.turn.notify_all()
