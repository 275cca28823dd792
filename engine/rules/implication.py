"""What follows from what: whether one condition can never hold, or never without another.

Sound and not complete: a yes is proven, a no means that nothing was proven. The proof is a semantic tableau
(Smullyan, First-Order Logic, 1968, chapter II): everything is taken apart until each branch holds two tests that
exclude each other.
"""

from collections.abc import Iterator

from engine.rules.when.predicate import All, Any, Not, Operator, Predicate, Tree
from engine.rules.when.words import ANYONE

#: Steps that one proof may take. What needs more is too involved for a person to have meant it.
MOST_STEPS = 500
#: Pairs of values that two tests are compared by; longer lists are only looked through for equals.
MOST_PAIRS = 10_000

#: Fields of which an event has at most one value. (Of `from` that is the address: its name is a second text.)
_SINGLE = frozenset(
    (
        *("from", "subject", "body", "list_id", "size", "priority", "language"),
        *("calendar", "title", "location", "organiser", "all_day", "status"),
        *("sms_from", "sms_to", "keyword", "text"),
    )
)
#: Fields whose texts are names and addresses: `contains` and its like look at either.
_PEOPLE = frozenset(["from", "to", "cc", "any_recipient", "reply_to", "organiser", "attendee", "sms_from", "sms_to"])
_TEXT = (Operator.IS, Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH)
#: What can only be met by a field that says something. (A header may be there and blank.)
_SAYS = (*_TEXT, Operator.GLOB, Operator.MATCHES, Operator.ADDRESS, Operator.ATTACHED)


def never(tree: Tree) -> bool:
    """Whether it is proven that no event meets this condition."""
    return _closes([tree], [], [MOST_STEPS])


def implies(narrow: Tree, wide: Tree) -> bool:
    """Whether it is proven that every event that meets `narrow` meets `wide` too."""
    return never(All((narrow, Not(wide))))


def same(one: Tree, other: Tree) -> bool:
    """Whether both were written alike, wherever they stand."""
    return bare(one) == bare(other)


def bare(tree: Tree) -> object:
    """The condition without its places and words, to compare and to hash."""
    if isinstance(tree, Predicate):
        return tree.field, tree.operator, tree.values
    if isinstance(tree, Not):
        return "not", bare(tree.part)
    return type(tree).__name__, tuple(bare(part) for part in tree.parts)


_Literal = tuple[bool, Predicate]


def _closes(waiting: list[Tree], literals: list[_Literal], steps: list[int]) -> bool:
    """Whether everything in `waiting` and `literals` cannot hold at once. Branches are opened last."""
    forks: list[tuple[Tree, ...]] = []
    waiting = list(waiting)
    literals = list(literals)
    while waiting:
        steps[0] -= 1
        if steps[0] < 0:
            return False
        tree = waiting.pop()
        positive = True
        while isinstance(tree, Not):
            positive, tree = not positive, tree.part
        if isinstance(tree, Predicate):
            new = (positive, tree)
            if (not positive and _always(tree)) or any(_clash(new, old) for old in literals):
                return True
            literals.append(new)
        elif isinstance(tree, All) == positive:
            waiting += tree.parts if positive else [Not(part) for part in tree.parts]
        else:
            forks.append(tree.parts if positive else tuple(Not(part) for part in tree.parts))
    if not forks:
        return False
    # The narrowest fork first: an empty one closes at once.
    forks.sort(key=len)
    rest: list[Tree] = [Any(fork) for fork in forks[1:]]
    return all(_closes([branch, *rest], literals, steps) for branch in forks[0])


def _clash(one: _Literal, other: _Literal) -> bool:
    if one[0] and other[0]:
        return _exclude(one[1], other[1]) or _exclude(other[1], one[1])
    if one[0] == other[0]:
        return False
    held, failed = (one[1], other[1]) if one[0] else (other[1], one[1])
    return _entails(held, failed)


def _always(test: Predicate) -> bool:
    return test.operator is Operator.ADDRESS and ANYONE in test.values


def _entails(narrow: Predicate, wide: Predicate) -> bool:
    """Whether each way to meet `narrow` is a way to meet `wide`."""
    if narrow.field != wide.field:
        return False
    if narrow.operator is wide.operator and set(narrow.values) <= set(wide.values):
        return True
    if not narrow.values or not wide.values:
        return wide.operator is Operator.EXISTS and narrow.operator in _SAYS and not _always(narrow)
    if len(narrow.values) * len(wide.values) > MOST_PAIRS:
        return False
    return all(any(_follows(narrow, v, wide, w) for w in wide.values) for v in narrow.values)


def _follows(narrow: Predicate, v: object, wide: Predicate, w: object) -> bool:
    """Whether whatever meets the one value meets the other."""
    first, second = narrow.operator, wide.operator
    if first is second and v == w:
        return True
    if first is Operator.BETWEEN and second is Operator.BETWEEN:
        (low, high), (least, most) = _range(v), _range(w)
        return least <= low and high <= most
    if not isinstance(v, str) or not isinstance(w, str):
        return False
    if first is Operator.ADDRESS and second is Operator.ADDRESS:
        return _under(v, w)
    if second is Operator.CONTAINS and first in _TEXT:
        return w in v
    if second is Operator.STARTS_WITH and first in (Operator.STARTS_WITH, Operator.IS):
        return v.startswith(w)
    return second is Operator.ENDS_WITH and first in (Operator.ENDS_WITH, Operator.IS) and v.endswith(w)


def _exclude(one: Predicate, other: Predicate) -> bool:
    """Whether no single-valued field can meet both."""
    if one.field != other.field or one.field not in _SINGLE or not one.values or not other.values:
        return False
    if len(one.values) * len(other.values) > MOST_PAIRS:
        return False
    return all(_apart(one, v, other, w) for v in one.values for w in other.values)


def _apart(one: Predicate, v: object, other: Predicate, w: object) -> bool:
    first, second = one.operator, other.operator
    if first is Operator.BETWEEN and second is Operator.BETWEEN:
        (low, high), (least, most) = _range(v), _range(w)
        return high < least or most < low
    if not isinstance(v, str) or not isinstance(w, str):
        return False
    if first is Operator.ADDRESS and second is Operator.ADDRESS:
        return ANYONE not in (v, w) and not _under(v, w) and not _under(w, v)
    if one.field in _PEOPLE or second not in _TEXT:
        return False
    match first:
        case Operator.IS:
            return not _has(v, second, w)
        case Operator.STARTS_WITH:
            return second is first and not v.startswith(w) and not w.startswith(v)
        case Operator.ENDS_WITH:
            return second is first and not v.endswith(w) and not w.endswith(v)
    return False


def _has(text: str, operator: Operator, value: str) -> bool:
    match operator:
        case Operator.IS:
            return text == value
        case Operator.STARTS_WITH:
            return text.startswith(value)
        case Operator.ENDS_WITH:
            return text.endswith(value)
    return value in text


def _under(address: str, domain: str) -> bool:
    """Whether an address, or a whole @domain, is in `domain`, which may also be one address."""
    if not domain.startswith("@"):
        return address == domain
    host = address.rpartition("@")[2]
    return host == domain[1:] or host.endswith("." + domain[1:])


def _range(value: object) -> tuple[float, float]:
    low, high = value if isinstance(value, tuple) else (None, None)
    return (float("-inf") if low is None else low), (float("inf") if high is None else high)


def predicates(tree: Tree) -> Iterator[Predicate]:
    """Every test in a condition."""
    if isinstance(tree, Predicate):
        yield tree
    elif isinstance(tree, Not):
        yield from predicates(tree.part)
    else:
        for part in tree.parts:
            yield from predicates(part)
