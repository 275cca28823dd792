"""A small scope as one function in Python's own code: nothing is called where a comparison is enough.

Only `repr` of constants and the names below enter the source; what a rule's author wrote is never a name.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from engine.rules.matching.dear import cheapest_first
from engine.rules.matching.frame import KEYED, address_literals, guards, key_of, literals
from engine.rules.when.match import meets
from engine.rules.when.predicate import All, Any, Not, Operator, Predicate, Tree
from engine.rules.when.view import View

Ask = Callable[[View], list[int]]

#: Up to so many literals are looked for one by one; more keys are looked up.
_FEW = 4


def generate(trees: Sequence[Tree]) -> Ask:
    """A function that answers which of the conditions hold, in order."""
    writer = _Writer(trees)
    lines = ["def ask(view):", "    framed, addressed, keys, hits = view.framed, view.addressed, view.keys, []"]
    lines += (f"    {name} = {place}" for place, name in writer.read.items())
    for number, tree in enumerate(trees):
        lines += (f"    if {writer.expression(tree)}:", f"        hits.append({number})")
    source = "\n".join([*lines, "    return hits"])
    exec(compile(source, "<rules>", "exec"), writer.names)  # noqa: S102  (constants and names of our own, no other text)
    ask: Ask = writer.names["ask"]  # type: ignore[assignment]
    return ask


class _Writer:
    """Writes conditions as expressions. `names` holds what is no constant: `test0`, `test1`, ..."""

    def __init__(self, trees: Sequence[Tree]) -> None:
        self.names: dict[str, object] = {}
        places = dict.fromkeys(place for tree in trees for place in _first(tree))
        self.read = {place: f"read{number}" for number, place in enumerate(places)}
        """What every event is asked for, by its place. Other places are read where a rule comes that far."""

    def expression(self, tree: Tree) -> str:
        """The condition as an expression."""
        match tree:
            case Predicate():
                return self._test(tree)
            case Not(part):
                return f"(not {self.expression(part)})"
            case All(parts):
                return f"({' and '.join(self.expression(part) for part in cheapest_first(parts)) or True})"
            case Any(parts):
                return f"({' or '.join(self.expression(part) for part in cheapest_first(parts)) or False})"

    def _test(self, test: Predicate) -> str:
        place = _place(test)
        where = self.read.get(place, place) if place else ""
        if test.operator is Operator.BETWEEN:
            return f"({where} is not None and {_either(_inside(where, *each) for each in test.values)})"  # type: ignore[misc]
        wanted = _wanted(test)
        if wanted is not None:
            return _either(f"{literal!r} in {where}" for literal in wanted)
        if test.operator in KEYED:
            return f"(not {where}.isdisjoint({tuple(map(str, test.values))!r}))"
        name = f"test{len(self.names)}"
        self.names[name] = partial(meets, test)
        if not place:
            return f"{name}(view)"
        found = [f"{literal!r} in {where}" for literal in guards(test) or ()]
        if test.operator is Operator.MATCHES:
            found.append(f"not {where}.isascii()")
        return f"({_either(found)} and {name}(view))"


def _either(expressions: Iterable[str]) -> str:
    return f"({' or '.join(expressions) or False})"


def _inside(size: str, low: int | None, high: int | None) -> str:
    """`engine.rules.when.comparison.inside` as an expression."""
    bounds = (f"{low} <= {size}" if low is not None else "", f"{size} <= {high}" if high is not None else "")
    return " and ".join(filter(None, bounds)) or "True"


def _wanted(test: Predicate) -> tuple[str, ...] | None:
    """What is looked for, one of which is enough; None when there is another way or only the test itself knows."""
    if test.operator in KEYED and len(test.values) > _FEW:
        return None
    return address_literals(test) if test.operator is Operator.ADDRESS else literals(test)


def _place(test: Predicate) -> str:
    """Where a test looks, as an expression: a text, keys or the size; empty when it has to be called."""
    if test.operator is Operator.BETWEEN:
        return "view.size"
    if _wanted(test) is not None:
        return f"{'addressed' if test.operator is Operator.ADDRESS else 'framed'}({test.field!r})"
    if test.operator in KEYED:
        return f"keys({key_of(test)!r})"
    return f"framed({test.field!r})" if guards(test) is not None else ""


def _first(tree: Tree) -> Iterator[str]:
    """The places that a condition asks for whatever the event holds: those of its first test, or of an `any` all."""
    match tree:
        case Predicate():
            place = _place(tree)
            if place:
                yield place
        case Not(part):
            yield from _first(part)
        case All(parts):
            for part in cheapest_first(parts)[:1]:
                yield from _first(part)
        case Any(parts):
            for part in parts:
                yield from _first(part)
