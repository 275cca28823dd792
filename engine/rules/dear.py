"""What a condition costs to ask, so that the cheap part of it is asked first."""

from collections.abc import Iterable

from engine.rules.frame import KEYED, literals
from engine.rules.predicate import All, Any, Not, Operator, Predicate, Tree


def cheapest_first(parts: Iterable[Tree]) -> list[Tree]:
    """The parts of an `all` or an `any` in the order in which they are best asked; the answer is the same."""
    return sorted(parts, key=_dear)


def _dear(tree: Tree) -> int:
    match tree:
        case Predicate():
            if tree.operator in KEYED:
                return 0
            if literals(tree) is not None:
                return 2 if tree.field == "body" else 1
            return 4 if tree.operator is Operator.MATCHES else 3
        case Not(part):
            return _dear(part)
        case All(parts) | Any(parts):
            return max(map(_dear, parts), default=0)
