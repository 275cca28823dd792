"""The rules of one scope, in order, behind the engine that suits their number.

A small scope is one function (`engine.rules.matching.generate`). A large one is an index, and beside it the rules
that changed since it was built, asked one by one, so that a change costs what it changes (`become`). Once these are
many, `settle` builds the index anew in short steps. A scope itself never changes: who has one keeps it until its work
is done.
"""

from collections.abc import Generator, Iterable, Mapping, Sequence
from operator import is_not
from typing import Protocol

from engine.rules.matching.closure import Test, close
from engine.rules.matching.generate import Ask, generate
from engine.rules.matching.index import Index, finish
from engine.rules.when.predicate import Tree
from engine.rules.when.view import View

#: From this many rules on an index is the faster one (`make bench ONLY=rules` shows both).
LARGE = 150
#: With more changed rules than this beside an index, it is time to `settle`.
MOST_CHANGED = 64


class Conditional(Protocol):
    """A rule, as far as a scope knows it."""

    @property
    def when(self) -> Tree:
        """Its condition."""


class Scope:
    """Rules in order, ready to be asked."""

    __slots__ = ("_engine", "rules")

    def __init__(self, rules: tuple[Conditional, ...], engine: "Ask | _Indexed") -> None:
        """Use `of`."""
        self.rules = rules
        self._engine = engine

    @classmethod
    def of(cls, rules: Sequence[Conditional]) -> "Scope":
        """The scope of these rules, all of it built now."""
        return finish(cls.build(rules))

    @classmethod
    def build(cls, rules: Sequence[Conditional]) -> "Generator[None, None, Scope]":
        """The scope of these rules, built in steps of about 2 ms; the last one returns it."""
        trees = [rule.when for rule in rules]
        if len(trees) < LARGE:
            return cls(tuple(rules), generate(trees))
        index = yield from Index.build(trees)
        return cls(tuple(rules), _Indexed(index, [*range(len(trees))]))

    def matching(self, view: View) -> Sequence[int]:
        """The numbers of the rules whose conditions hold, in order. What `stop` makes of them is for who asks."""
        if isinstance(self._engine, _Indexed):
            return self._engine.matching(view)
        return self._engine(view)

    @property
    def due(self) -> bool:
        """Whether it is time to `settle`."""
        return isinstance(self._engine, _Indexed) and len(self._engine.changed) > MOST_CHANGED

    def settle(self) -> "Generator[None, None, Scope]":
        """The same rules with nothing beside the index, as `build`. If rules changed meanwhile: `become` these."""
        return Scope.build(self.rules)

    def become(self, rules: Sequence[Conditional]) -> "Scope":
        """The scope of these rules. What is the same object here and there is not built again."""
        rules = tuple(rules)
        if len(rules) < LARGE or not isinstance(self._engine, _Indexed):
            return Scope.of(rules)
        return Scope(rules, self._engine.become(self.rules, rules))


class _Indexed:
    """An index and what changed since: `slots[n]` is rule n's number in the index, or -1 if it is in `changed`."""

    __slots__ = ("_index", "_places", "_slots", "changed")

    def __init__(
        self,
        index: Index,
        slots: list[int],
        places: list[int] | None = None,
        changed: Mapping[int, Test] | None = None,
    ) -> None:
        """`places` is `slots` read the other way round, -1 for who left; None when both are the same."""
        self._index = index
        self._slots = slots
        self._places = places
        self.changed = changed or {}

    def matching(self, view: View) -> list[int]:
        """The numbers of the rules whose conditions hold, in order."""
        found = self._index.matching(view)
        places = self._places
        if places is None:
            return sorted(found)
        numbers = [places[slot] for slot in found if places[slot] >= 0]
        numbers += [number for number, test in self.changed.items() if test(view)]
        return sorted(numbers)

    def become(self, old: tuple[Conditional, ...], new: tuple[Conditional, ...]) -> "_Indexed":
        """The same for other rules: what stands before the first and behind the last difference stays."""
        most = min(len(old), len(new))
        start = _same(old, new, most)
        same = _same(reversed(old), reversed(new), most)
        tail = min(same, most - start)
        before, after = range(start, len(old) - tail), range(start, len(new) - tail)

        slot_of = {id(old[number]): self._slots[number] for number in before}
        test_of = {id(old[number]): self.changed[number] for number in before if number in self.changed}
        slots = self._slots.copy()
        slots[before.start : before.stop] = [slot_of.pop(id(new[number]), -1) for number in after]
        moved = after.stop - before.stop
        changed = {
            number if number < start else number + moved: test
            for number, test in self.changed.items()
            if number not in before
        }
        for number in after:
            if slots[number] < 0:
                changed[number] = test_of.get(id(new[number])) or close(new[number].when)
        return _Indexed(self._index, slots, self._place(slots, before, after), changed)

    def _place(self, slots: list[int], before: range, after: range) -> list[int]:
        if len(before) != len(after):
            places = [-1] * self._index.size
            for number, slot in enumerate(slots):
                if slot >= 0:
                    places[slot] = number
            return places
        places = self._places.copy() if self._places is not None else [*range(self._index.size)]
        for number in before:
            if self._slots[number] >= 0:
                places[self._slots[number]] = -1
        for number in after:
            if slots[number] >= 0:
                places[slots[number]] = number
        return places


def _same(one: Iterable[Conditional], other: Iterable[Conditional], most: int) -> int:
    """With how many of the same objects both begin."""
    differ = [*map(is_not, one, other)]
    return differ.index(True) if True in differ else most
