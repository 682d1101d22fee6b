"""Loops of known length that carry arrays from step to step, as state machines along an axis.

Law: what a body computes of its inputs at one step is, woven along the axis, what it computes at all steps; so what
does not read the state is written outside of the machine, and so is what reads the states that the steps have made.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from diagc.importers.traced import Literal, Operand, Operation, Traced, Variable, read
from diagc.importers.values import Value, number
from diagc.importers.windows import Windows


@dataclass(frozen=True, slots=True)
class _Body:
    """One step: its states, what it reads at the step, its operations, the next states and what it returns."""

    states: tuple[Variable, ...]
    rows: tuple[Variable, ...]
    operations: tuple[Operation, ...]
    following: tuple[Operand, ...]
    results: tuple[Operand, ...]

    @staticmethod
    def of(operation: Operation) -> _Body:
        made: Traced = read(operation.params["body"])
        count: int = operation.params["states"]
        inputs = tuple(variable for _, variable, _ in made.inputs)
        return _Body(
            inputs[:count], inputs[count:], made.operations, made.outputs[:count], made.outputs[count:]
        )

    def depending(self, numbers: Collection[int]) -> set[int]:
        """What depends on some variables, with them."""
        found = set(numbers)
        for operation in self.operations:
            if found & _read(operation):
                found |= {r.number for r in operation.results}
        return found

    def needed(self, outputs: Sequence[Operand], known: Collection[int]) -> list[Operation]:
        """The operations that outputs are made by, of what is known."""
        wanted = {o.number for o in outputs if isinstance(o, Variable)}
        found: list[Operation] = []
        for operation in reversed(self.operations):
            if {r.number for r in operation.results} & (wanted - set(known)):
                found.append(operation)
                wanted |= _read(operation)
        return found[::-1]

    def counts(self, place: int) -> int | None:
        """By how much a state counts up, if it is an integer that does nothing else."""
        state, after = self.states[place], self.following[place]
        if state.shape or state.dtype[0] not in "iu" or not isinstance(after, Variable):
            return None
        made = next((o for o in self.operations if o.results[0].number == after.number), None)
        if made is None or made.primitive != "add" or state not in made.operands:
            return None
        steps = [o.value for o in made.operands if isinstance(o, Literal)]
        return int(steps[0]) if steps else None


def _read(operation: Operation) -> set[int]:
    return {o.number for o in operation.operands if isinstance(o, Variable)}


@dataclass(frozen=True, slots=True)
class _Run:
    """A machine while it is written: its axis, and for each state its start, its name, and whether it counts steps."""

    body: _Body
    axis: int
    length: int
    turned: bool
    starts: tuple[Value, ...]
    states: tuple[Value, ...]
    counting: Mapping[int, int]
    """By how much the states count up that do nothing else, by their places."""

    @property
    def carried(self) -> list[int]:
        """The places of the states that the machine has."""
        return [place for place in range(len(self.states)) if place not in self.counting]


class Machines(Windows):
    """Writes them, and with its bases every operation."""

    def on_machine(self, operation: Operation, *operands: Value) -> list[Value]:
        body, given = _Body.of(operation), operation.params
        starts, rows = operands[: len(body.states)], operands[len(body.states) :]
        axis = next((r.dims[0] for r in rows if r.dims[0] is not None), None)
        axis = self.fresh(given["length"]) if axis is None else axis
        self.used.add(axis)
        for variable, row in zip(body.rows, rows, strict=True):
            self.values[variable.number] = self._at_step(row, axis, given["reverse"])
        steps = {place: body.counts(place) for place, start in enumerate(starts) if start.number is not None}
        counting = {place: step for place, step in steps.items() if step is not None}
        states = tuple(self._state(body, i, v, axis, counting.get(i)) for i, v in enumerate(starts))
        run = _Run(body, axis, given["length"], given["reverse"], starts, states, counting)
        depending = body.depending([body.states[place].number for place in run.carried])
        self._apply([o for o in body.operations if o.results[0].number not in depending], run, lines=True)
        self._machine(run, depending)
        results = self._results_of(run, depending)
        self.operation = operation
        finals = [self._final(run, place) for place in range(len(states))]
        own = [*body.states, *body.rows]
        along = body.depending([v.number for v in own])
        pairs = zip(results, body.results, strict=True)
        return [
            *finals,
            *(self._stacked(run, v, isinstance(o, Variable) and o.number in along) for v, o in pairs),
        ]

    def _at_step(self, row: Value, axis: int, turned: bool) -> Value:
        """A row at the step: the axis of the machine is no dimension in its body."""
        own = row.dims[0]
        if own is not None and not self.axes.unite(axis, own):
            row = self.renamed(row, own, axis)
        if turned and own is not None:
            row = self._turned(row, axis, row.shape[0])
        self.axes.keep_apart({axis, *row.axes})
        return replace(row, dims=row.dims[1:], shape=row.shape[1:], number=None)

    def _turned(self, value: Value, axis: int, length: int) -> Value:
        name = self.axis_name(axis)
        return replace(value, text=f"{value.bracketed}[{name} -> {length - 1} - {name}]", atom=True)

    # ---- states

    def _state(self, body: _Body, place: int, start: Value, axis: int, step: int | None) -> Value:
        """A state before its step: a name, or the index where it counts steps."""
        variable = body.states[place]
        if step is not None:
            times, first = (number(n, start.dtype, ()) for n in (step, start.number or 0))
            text = f"{times.bracketed} * {self.axis_name(axis)} + {first.bracketed}"
            if (times.number, first.number) == (1, 0):
                text = self.axis_name(axis)
            self.values[variable.number] = Value(text, (), variable.dtype, (), text == self.axis_name(axis))
            return self.values[variable.number]
        dims = [
            own if own is not None else self.fresh(size)
            for own, size in zip(start.dims, start.shape, strict=True)
        ]
        self.axes.keep_apart({axis, *dims})
        made = Value(f"v{next(self.counts)}", tuple(dims), variable.dtype, variable.shape)
        self.values[variable.number] = made
        return made

    def _apply(self, operations: Sequence[Operation], run: _Run, lines: bool) -> None:
        """The values of operations of a body, in lines of their own where no state is read."""
        for operation in operations:
            self.operation, self.made = operation, 0
            made = self.apply(operation)
            for value in made:
                self.axes.keep_apart({run.axis, *value.axes})
            if lines:
                self._results(operation, made)
            else:
                pairs = zip(operation.results, made, strict=True)
                self.values |= {v.number: replace(m, dtype=v.dtype) for v, m in pairs}

    def _machine(self, run: _Run, depending: set[int]) -> None:
        """The line of the machine."""
        if not run.carried:
            return
        following = [run.body.following[place] for place in run.carried]
        self._apply(
            [o for o in run.body.needed(following, ()) if o.results[0].number in depending], run, lines=False
        )
        states, steps = [run.states[place] for place in run.carried], list[str]()
        for state, after in zip(states, following, strict=True):
            (_, step), _, _ = self.aligned([state, self.value(after)])
            there = set(map(self.axes.root, step.axes))
            missing = [self.axis_name(d) for d in state.axes if self.axes.root(d) not in there]
            steps.append(f"{step.bracketed} + zeros[{' '.join(missing)}]()" if missing else step.text)
        starts = ", ".join(
            f"{s.text} = {run.starts[p].text}" for s, p in zip(states, run.carried, strict=True)
        )
        names = ", ".join(s.text for s in states)
        self.lines.append(f"{names} = scan[{self.axis_name(run.axis)}]({starts}; {', '.join(steps)})")

    # ---- results

    def _results_of(self, run: _Run, depending: set[int]) -> list[Value]:
        """What the steps return, of the states that the machine has made."""
        known = set[int]()
        for place in run.carried:
            before, after = run.body.states[place], run.body.following[place]
            if isinstance(after, Variable) and after.number in depending and after.number != before.number:
                self.values[after.number] = replace(run.states[place], dtype=after.dtype)
                known.add(after.number)
        for place in run.carried:
            if run.body.states[place].number not in known:
                self.values[run.body.states[place].number] = self._before(run, place)
        needed = run.body.needed(run.body.results, known)
        self._apply([o for o in needed if o.results[0].number in depending], run, lines=True)
        return [self.value(o) for o in run.body.results]

    def _before(self, run: _Run, place: int) -> Value:
        """A state before each step: that after the step before, and the start first."""
        name, state = self.axis_name(run.axis), run.states[place]
        first, _, _ = self.aligned([run.starts[place], state])
        text = f"where({name} == 0, {first[0].text}, {state.text}[{name} -> {name} - 1 else 0])"
        return replace(state, text=text)

    def _final(self, run: _Run, place: int) -> Value:
        """A state after the last step."""
        start, state = run.starts[place], run.states[place]
        if place in run.counting:
            total = int(start.number or 0) + run.length * run.counting[place]
            return number(total, start.dtype, ())
        return replace(state, text=f"{state.text}[{self.axis_name(run.axis)} -> {run.length - 1}]")

    def _stacked(self, run: _Run, value: Value, along: bool) -> Value:
        """What all steps return, one after the other."""
        if run.turned and along:
            value = self._turned(value, run.axis, run.length)
        dims = (run.axis if along else None, *value.dims)
        return replace(value, dims=dims, shape=(run.length, *value.shape))
