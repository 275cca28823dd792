"""A small scope as one function in Python's own code: nothing is called where a comparison is enough.

Only `repr` of constants and the names below enter the source; what a rule's author wrote is never a name.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from engine.rules.dear import cheapest_first
from engine.rules.frame import KEYED, key_of, literals, pieces
from engine.rules.match import meets
from engine.rules.predicate import All, Any, Not, Predicate, Tree
from engine.rules.view import View

Ask = Callable[[View], list[int]]

#: From this many tests on, a field is read once for all of them.
_OFTEN = 2
#: Dear to read, so that it is read when the first rule needs it.
_DEAR = "framed('body')"


def generate(trees: Sequence[Tree]) -> Ask:
    """A function that answers which of the conditions hold, in order."""
    writer = _Writer(trees)
    lines = [
        "def ask(view):",
        "    framed, keys, hits = view.framed, view.keys, []",
        *writer.reads,
    ]
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
        used = Counter(place for tree in trees for place in _places(tree))
        often = [place for place, times in used.items() if times >= _OFTEN and place != _DEAR]
        self._local = {place: f"read{number}" for number, place in enumerate(often)}
        self.reads = [f"    {name} = {place}" for place, name in self._local.items()]

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
        where = self._local.get(place, place) if place else ""
        if test.operator in KEYED:
            if len(test.values) > 1:
                return f"(not {where}.isdisjoint({tuple(map(str, test.values))!r}))"
            return f"({' or '.join(f'{str(key)!r} in {where}' for key in test.values) or False})"
        wanted = literals(test)
        found = " or ".join(f"{literal!r} in {where}" for literal in wanted or pieces(test) or ())
        if wanted is not None:
            return f"({found or False})"
        name = f"test{len(self.names)}"
        self.names[name] = partial(meets, test)
        return f"(({found}) and {name}(view))" if found else f"{name}(view)"


def _place(test: Predicate) -> str | None:
    """Where a test looks, as an expression: a field's framed text, or its keys; None when it has to be called."""
    if test.operator in KEYED:
        return f"keys({key_of(test)!r})"
    return f"framed({test.field!r})" if literals(test) is not None or pieces(test) is not None else None


def _places(tree: Tree) -> Iterator[str]:
    match tree:
        case Predicate():
            place = _place(tree)
            if place is not None:
                yield place
        case Not(part):
            yield from _places(part)
        case All(parts) | Any(parts):
            for part in parts:
                yield from _places(part)
