"""What a condition costs to ask, so that the cheap and decisive part of it is asked first."""

from collections.abc import Iterable

from engine.rules.matching.access import share
from engine.rules.matching.frame import KEYED, guards, literals
from engine.rules.when.predicate import All, Any, Not, Operator, Predicate, Tree

#: What a field costs to read. Rules ask for the first ones anyway, and seldom for the others.
_FIELDS = {"from": 1.0, "subject": 1.0, "title": 1.0, "size": 1.0, "to": 2.0, "cc": 2.0, "language": 2.0, "body": 8.0}
_OTHER = 4.0
#: What calling a function costs, RE2 most of all.
_CALL, _PATTERN = 4.0, 10.0


def cheapest_first(parts: Iterable[Tree]) -> list[Tree]:
    """The parts of an `all` or an `any` in the order in which they are best asked; the answer is the same."""
    return sorted(parts, key=_dear)


def _dear(tree: Tree) -> float:
    match tree:
        case Predicate():
            return _cost(tree) / (1.0 - min(share(tree), 0.9))
        case Not(part):
            return _dear(part) * 2
        case All(parts):
            return min(map(_dear, parts), default=0.0)
        case Any(parts):
            return sum(map(_dear, parts))


def _cost(test: Predicate) -> float:
    reading = _FIELDS.get(test.field, _OTHER)
    if test.operator in KEYED or test.operator is Operator.BETWEEN or literals(test) is not None:
        return reading
    if test.operator is Operator.MATCHES:
        return reading + (1.0 if guards(test) else _PATTERN)
    return reading + (1.0 if guards(test) else _CALL)
