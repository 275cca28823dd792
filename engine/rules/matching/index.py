"""Many rules at once: what a mail holds is looked up, and only the rules that it can meet are asked.

Equal tests of different rules are one. Of each rule only the tests of its access (`engine.rules.matching.access`) are
looked for: keys in a dict, literals by one walk of an automaton over each field, patterns by an RE2 set, sizes among
sorted bounds; what is left, as windows of time and attachments, is asked once per test. What was found are clues: the
number of a test, or a number below 0 that stands for several.

An index never changes. It is built in short steps, so that a loop can do other work in between.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from math import ceil
from typing import TypeVar

from engine.rules.matching.access import access, rest
from engine.rules.matching.automaton import Automaton, carry
from engine.rules.matching.bounds import Bounds
from engine.rules.matching.closure import Test, close
from engine.rules.matching.frame import key_of, literals, pieces
from engine.rules.matching.moments import Moments
from engine.rules.when.comparison import Range
from engine.rules.when.match import meets
from engine.rules.when.pattern import PatternSet, encode
from engine.rules.when.predicate import Operator, Predicate, Tree
from engine.rules.when.view import View
from engine.rules.when.window import Window

#: One step takes in so many rules, or makes an automaton of so many literals or a set of so many patterns.
RULES, LITERALS, PATTERNS = 50, 1_000, 64
#: Each automaton and each set walks over the text again, so a field has no more of them than this, however large.
WALKS = 8
#: Conditions that are kept as functions; of a large scope most are never asked.
KEPT = 4_096

Numbers = Sequence[int]
Made = TypeVar("Made")


class Index:
    """Rules by what they look for. They are known by their place in `trees`."""

    def __init__(self, trees: Sequence[Tree]) -> None:
        """Empty; `build` and `of` fill it."""
        self._trees = trees
        self._kept: dict[int, Test] = {}
        self.sure: list[Numbers] = []
        self.maybe: list[Numbers] = []
        self.presumed: dict[int, Numbers] = {}
        self.doubts: dict[int, Numbers] = {}
        self.always: set[int] = set()
        self.several: dict[int, list[int]] = {}
        self.keys: dict[str, dict[str, int]] = {}
        self.automata: dict[str, list[Automaton]] = {}
        self.patterns: dict[str, list[PatternSet]] = {}
        self.bounds = Bounds()
        self.moments = Moments()
        self.attached: list[tuple[Predicate, int]] = []
        self.asked: list[tuple[Predicate, int]] = []

    @classmethod
    def of(cls, trees: Sequence[Tree]) -> "Index":
        """The index of these conditions, in one go."""
        return finish(cls.build(trees))

    @classmethod
    def build(cls, trees: Sequence[Tree]) -> Generator[None, None, "Index"]:
        """The index of these conditions, in steps of about 2 ms."""
        index = cls(trees)
        maker = _Maker(index)
        for number, tree in enumerate(trees):
            maker.take(number, tree)
            if number % RULES == RULES - 1:
                yield
        yield from maker.finish()
        return index

    @property
    def size(self) -> int:
        """Of how many rules it is."""
        return len(self._trees)

    def matching(self, view: View) -> set[int]:
        """The rules whose conditions hold."""
        met = self._met(view)
        hits: set[int] = set().union(*map(self.sure.__getitem__, met))
        asked: set[int] = set().union(*map(self.maybe.__getitem__, met))
        if self.always or self.presumed:
            presumed = self.always.union(*(self.presumed[test] for test in self.presumed.keys() & met))
            doubted = presumed.intersection(
                chain.from_iterable(self.doubts[test] for test in self.doubts.keys() & met)
            )
            hits |= presumed - doubted
            asked |= doubted
        kept = self._kept
        for number in asked - hits:
            if (kept.get(number) or self._close(number))(view):
                hits.add(number)
        return hits

    def _met(self, view: View) -> set[int]:
        """The tests that the event meets, and globs that it may meet."""
        clues = set[int]()
        for place, numbers in self.keys.items():
            found = numbers.keys() & view.keys(place)
            if found:
                clues.update([numbers[key] for key in found])
        for field, automata in self.automata.items():
            text = view.framed(field)
            if text:
                carried = carry(text)
                for automaton in automata:
                    clues.update(automaton.scan(carried))
        for field, sets in self.patterns.items():
            for raw in map(encode, view.raw(field)):
                for patterns in sets:
                    clues.update(patterns.scan(raw))
        if view.size is not None:
            clues.update(self.bounds.around(view.size))
        if self.moments:
            clues.update(self.moments.covering(view.local))
        if view.attachments:
            clues.update(clue for test, clue in self.attached if meets(test, view))
        clues.update(clue for test, clue in self.asked if meets(test, view))
        shared = self.several.keys() & clues
        if shared:
            clues -= shared
            clues.update(chain.from_iterable(self.several[clue] for clue in shared))
        return clues

    def _close(self, number: int) -> Test:
        if len(self._kept) >= KEPT:
            self._kept.clear()
        test = self._kept[number] = close(rest(self._trees[number]))
        return test


def finish(steps: Generator[None, None, Made]) -> Made:
    """What the steps make, made without a pause."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            made: Made = end.value
            return made


class _Maker:
    """Fills an index."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._tests: dict[tuple[str, Operator, tuple[object, ...]], int] = {}
        self._literals: dict[str, dict[str, int]] = {}
        self._patterns: dict[str, dict[str, int]] = {}
        self._ranges: dict[Range, int] = {}
        self._windows: dict[Window, int] = {}

    def take(self, number: int, tree: Tree) -> None:
        """Take a rule in."""
        index, way = self._index, access(tree)
        for test in way.sure:
            _append(index.sure, self._know(test), number)
        for test in way.maybe:
            _append(index.maybe, self._know(test), number)
        if way.presumed is None:
            index.always.add(number)
        for test in way.presumed or ():
            _append(index.presumed, self._know(test), number)
        for test in way.doubts:
            _append(index.doubts, self._know(test), number)

    def finish(self) -> Iterator[None]:
        """Make what is made of all rules together."""
        index = self._index
        for field, literals_ in self._literals.items():
            for some in _portions(literals_, LITERALS):
                index.automata.setdefault(field, []).append(Automaton(some))
                yield
        for field, patterns in self._patterns.items():
            for some in _portions(patterns, PATTERNS):
                index.patterns.setdefault(field, []).append(PatternSet(some))
                yield
        index.bounds = Bounds(self._ranges.items())
        index.moments = Moments(self._windows.items())

    def _know(self, test: Predicate) -> int:
        """The number of a test. One that is new is looked for from now on."""
        key = test.field, test.operator, test.values
        known = self._tests.get(key)
        if known is None:
            known = self._tests[key] = len(self._tests)
            self._index.sure.append(())
            self._index.maybe.append(())
            self._look_for(test, known)
        return known

    def _look_for(self, test: Predicate, known: int) -> None:
        table, values = self._table(test)
        if table is None:
            asked = self._index.attached if test.operator is Operator.ATTACHED else self._index.asked
            asked.append((test, known))
            return
        several = self._index.several
        for value in values:
            before = table.setdefault(value, known)
            if before < 0:
                several[before].append(known)
            elif before != known:
                table[value] = -len(several) - 1
                several[table[value]] = [before, known]

    def _table(self, test: Predicate) -> tuple[dict[object, int] | None, Iterable[object]]:
        """Where a test's clues are kept, and what they are; nowhere when it can only be asked."""
        table: object = None
        values: Iterable[object] | None = test.values
        match test.operator:
            case Operator.IS | Operator.ADDRESS:
                table = self._index.keys.setdefault(key_of(test), {})
            case Operator.CONTAINS | Operator.STARTS_WITH | Operator.ENDS_WITH:
                table, values = self._literals.setdefault(test.field, {}), literals(test)
            case Operator.GLOB:
                table, values = self._literals.setdefault(test.field, {}), pieces(test)
            case Operator.MATCHES:
                table = self._patterns.setdefault(test.field, {})
            case Operator.BETWEEN:
                table = self._ranges
            case Operator.WITHIN:
                table = self._windows
        return (None, ()) if values is None else (table, values)  # type: ignore[return-value]


def _append(lists: list[Numbers] | dict[int, Numbers], at: int, number: int) -> None:
    """Add a number to what stands at a place. Most have one, and a tuple of one is small."""
    before = lists[at] if isinstance(lists, list) else lists.get(at, ())
    if isinstance(before, list):
        before.append(number)
    else:
        lists[at] = [*before, number] if before else (number,)


def _portions(table: Mapping[str, int], least: int) -> Iterator[list[tuple[str, int]]]:
    """The entries of a table in portions: of `least`, or larger ones where there would be more than WALKS."""
    size = max(least, ceil(len(table) / WALKS))
    entries = iter(table.items())
    while portion := [*islice(entries, size)]:
        yield portion
