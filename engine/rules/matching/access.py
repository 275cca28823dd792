"""Where a condition is found: the few of its tests that a mail must meet before the whole need be asked.

With every test unmet a condition either fails or holds. If it fails it has a `cover`: tests of which one is met
whenever it holds. If it holds it has a `shield`: tests of which one is met whenever it fails. So each rule has one of
the two, and none has to be asked for every mail (Fabret et al., "Filtering algorithms and implementation for very
fast publish/subscribe systems", SIGMOD 2001: access predicates).
"""

from dataclasses import dataclass

from engine.rules.when.predicate import All, Any, Not, Operator, Predicate, Tree

#: From this share of mails on, a test says too little: then what contradicts it is looked for too.
COMMON = 0.05


@dataclass(frozen=True, slots=True)
class Way:
    """Tests of which one is met when it matters, and the share of mails that is guessed to meet one."""

    share: float
    tests: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Access:
    """How a rule is found. It holds when a test in `sure` is met; where one in `maybe` is, its condition is asked.

    It also holds when a test in `presumed` is met (or always, if that is None), unless one in `doubts` is met: then
    its condition is asked.
    """

    sure: tuple[Predicate, ...] = ()
    maybe: tuple[Predicate, ...] = ()
    presumed: tuple[Predicate, ...] | None = ()
    doubts: tuple[Predicate, ...] = ()


def access(tree: Tree) -> Access:
    """The cheapest way to a rule with this condition."""
    tests = disjunction(tree)
    if tests:
        return Access(maybe=tests) if _vague(tests) else Access(sure=tests)
    way = cover(tree)
    if way is None:
        against = shield(tree)
        return Access(presumed=None, doubts=against.tests if against else ())
    if way.share >= COMMON and isinstance(tree, All):
        for part in tree.parts:
            tests = disjunction(part)
            against = shield(All(tuple(other for other in tree.parts if other is not part)))
            if tests and not _vague(tests) and against is not None:
                return Access(presumed=tests, doubts=against.tests)
    return Access(maybe=way.tests)


def rest(tree: Tree) -> Tree:
    """What is still to be asked of a rule whose condition this is, once it is found by its `access`."""
    if not isinstance(tree, All):
        return tree
    way = access(tree)
    met = way.maybe or way.presumed
    for number, part in enumerate(tree.parts):
        if met and disjunction(part) == met and not _vague(met):
            return All(tree.parts[:number] + tree.parts[number + 1 :])
    return tree


def _vague(tests: tuple[Predicate, ...]) -> bool:
    """Whether an index finds more than meets the tests: of a glob it looks for one piece only."""
    return any(test.operator is Operator.GLOB for test in tests)


def disjunction(tree: Tree) -> tuple[Predicate, ...]:
    """The tests of which one is enough, when the condition says no more than that; else none."""
    if isinstance(tree, Predicate):
        return (tree,)
    if isinstance(tree, Any):
        parts = [disjunction(part) for part in tree.parts]
        return tuple(test for part in parts for test in part) if all(parts) else ()
    return ()


def cover(tree: Tree) -> Way | None:
    """Tests of which one is met whenever the condition holds; None when it holds with none of them met."""
    match tree:
        case Predicate():
            return Way(share(tree), (tree,))
        case Not(part):
            return shield(part)
        case All(parts):
            return _cheapest([cover(part) for part in parts])
        case Any(parts):
            return _together([cover(part) for part in parts])


def shield(tree: Tree) -> Way | None:
    """Tests of which one is met whenever the condition fails; None when it fails with none of them met."""
    match tree:
        case Predicate():
            return None
        case Not(part):
            return cover(part)
        case All(parts):
            return _together([shield(part) for part in parts])
        case Any(parts):
            return _cheapest([shield(part) for part in parts])


def _cheapest(ways: list[Way | None]) -> Way | None:
    return min((way for way in ways if way is not None), key=lambda way: way.share, default=None)


def _together(ways: list[Way | None]) -> Way | None:
    known = [way for way in ways if way is not None]
    if len(known) < len(ways):
        return None
    return Way(sum(way.share for way in known), tuple(dict.fromkeys(test for way in known for test in way.tests)))


#: The share of mails that is guessed to meet a test, by its operator; a pattern is dear, since all of them are tried.
_SHARES = {
    Operator.IS: 1e-4,
    Operator.ADDRESS: 1e-3,
    Operator.STARTS_WITH: 1e-3,
    Operator.ENDS_WITH: 1e-3,
    Operator.CONTAINS: 5e-3,
    Operator.GLOB: 5e-3,
    Operator.MATCHES: 3e-2,
    Operator.ATTACHED: 5e-2,
}
_COMMON_FIELDS = frozenset(("priority", "verified", "language", "calendar", "all_day", "status"))
_ORDINARY = 0.4


def share(test: Predicate) -> float:
    """The share of mails that is guessed to meet a test. A wrong guess costs time, never an answer."""
    if test.field in _COMMON_FIELDS:
        return _ORDINARY
    each = _SHARES.get(test.operator, _ORDINARY)
    if test.operator in (Operator.CONTAINS, Operator.GLOB):
        long = 8 if test.field == "body" else 1
        return min(_ORDINARY, sum(each * long * 6 / max(len(str(value)), 1) for value in test.values))
    if "*" in test.values:
        return 1.0
    return min(_ORDINARY, each * len(test.values))
