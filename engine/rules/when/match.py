"""Whether a condition holds: the plain reading of the tree, which every faster engine must agree with.

`holds` answers; `explain` answers and says with what evidence.
"""

from collections.abc import Callable, Mapping

from engine.decision import Evidence
from engine.rules.when.attached import Attached
from engine.rules.when.comparison import inside
from engine.rules.when.fold import fold
from engine.rules.when.pattern import fits, found
from engine.rules.when.predicate import All, Any, Not, Operator, Predicate, Tree
from engine.rules.when.view import SHOWN, View
from engine.rules.when.window import Window
from engine.rules.when.words import ANYONE


def holds(tree: Tree, view: View) -> bool:
    """Whether the condition holds for the event."""
    if isinstance(tree, Predicate):
        return meets(tree, view)
    if isinstance(tree, Not):
        return not holds(tree.part, view)
    if isinstance(tree, Any):
        return any(holds(part, view) for part in tree.parts)
    return all(holds(part, view) for part in tree.parts)


def meets(test: Predicate, view: View) -> bool:
    """Whether the event meets one test."""
    return _TESTS[test.operator](test, view)


def test_of(test: Predicate) -> Callable[[View], bool]:
    """One test as a function of the event."""
    ask = _TESTS[test.operator]
    return lambda view: ask(test, view)


def explain(tree: Tree, view: View, out: list[Evidence]) -> bool:
    """As `holds`; adds to `out` what held, up to and including the first that failed.

    Of an `any` that is the part that held, or all of them when none did.
    """
    if isinstance(tree, All):
        return all(explain(part, view, out) for part in tree.parts)
    if isinstance(tree, Any):
        failed: list[Evidence] = []
        for part in tree.parts:
            own: list[Evidence] = []
            if explain(part, view, own):
                out += own
                return True
            failed += own
        out += failed
        return False
    answer = holds(tree, view)
    out.append(Evidence(words_of(tree), shown(tree, view), answer, tree.place))
    return answer


def words_of(tree: Tree) -> str:
    """The condition in words."""
    if isinstance(tree, Predicate):
        return tree.words
    if isinstance(tree, Not):
        return f"not {_bracket(tree.part)}"
    return (" or " if isinstance(tree, Any) else " and ").join(map(_bracket, tree.parts))


def _bracket(part: Tree) -> str:
    return words_of(part) if isinstance(part, Predicate | Not) else f"({words_of(part)})"


def shown(tree: Tree, view: View) -> str:
    """What the event holds of the fields that the condition looks at, as the evidence shows it."""
    if isinstance(tree, Predicate):
        return _line(tree, view) if tree.field == "body" else view.shown(tree.field)
    parts = (tree.part,) if isinstance(tree, Not) else tree.parts
    return " · ".join(dict.fromkeys(shown(part, view) for part in parts))[:SHOWN]


def _line(test: Predicate, view: View) -> str:
    """The first line of the body that meets the test by itself, else its beginning."""
    lines = [line.strip() for text in view.raw("body") for line in text.splitlines() if line.strip()]
    for line in lines:
        if _meets_text(test, fold(line), line):
            return line[:SHOWN]
    return lines[0][:SHOWN] if lines else ""


def _meets_text(test: Predicate, folded: str, raw: str) -> bool:
    if test.operator is Operator.MATCHES:
        return any(found(str(pattern), raw) for pattern in test.values)
    ask = _TEXT_TESTS.get(test.operator)
    return ask is not None and ask(test.values, folded)


def _is(values: tuple[object, ...], text: str) -> bool:
    return text in values


def _contains(values: tuple[object, ...], text: str) -> bool:
    return any(str(value) in text for value in values)


def _starts(values: tuple[object, ...], text: str) -> bool:
    return any(text.startswith(str(value)) for value in values)


def _ends(values: tuple[object, ...], text: str) -> bool:
    return any(text.endswith(str(value)) for value in values)


def _fits(values: tuple[object, ...], text: str) -> bool:
    return any(fits(str(value), text) for value in values)


_TEXT_TESTS: Mapping[Operator, Callable[[tuple[object, ...], str], bool]] = {
    Operator.IS: _is,
    Operator.CONTAINS: _contains,
    Operator.STARTS_WITH: _starts,
    Operator.ENDS_WITH: _ends,
    Operator.GLOB: _fits,
}


def _text(test: Predicate, view: View) -> bool:
    ask = _TEXT_TESTS[test.operator]
    return any(ask(test.values, text) for text in view.texts(test.field))


def _matches(test: Predicate, view: View) -> bool:
    return any(found(str(pattern), text) for text in view.raw(test.field) for pattern in test.values)


def _exists(test: Predicate, view: View) -> bool:
    return bool(view.attachments) if test.field == "attachment" else bool(view.texts(test.field))


def _address(test: Predicate, view: View) -> bool:
    if ANYONE in test.values or any(address in test.values for address in view.addresses(test.field)):
        return True
    return any(domain in test.values for domain in view.domains(test.field))


def _known(test: Predicate, view: View) -> bool:
    return not view.known.isdisjoint(view.addresses(test.field))


def _between(test: Predicate, view: View) -> bool:
    return view.size is not None and any(inside(view.size, allowed) for allowed in test.values)  # type: ignore[arg-type]


def _within(test: Predicate, view: View) -> bool:
    return any(isinstance(window, Window) and window.covers(view.local) for window in test.values)


def _attached(test: Predicate, view: View) -> bool:
    return any(
        isinstance(wanted, Attached) and wanted.meets(attachment)
        for wanted in test.values
        for attachment in view.attachments
    )


_TESTS: Mapping[Operator, Callable[[Predicate, View], bool]] = {
    **dict.fromkeys(_TEXT_TESTS, _text),
    Operator.MATCHES: _matches,
    Operator.EXISTS: _exists,
    Operator.ADDRESS: _address,
    Operator.KNOWN: _known,
    Operator.BETWEEN: _between,
    Operator.WITHIN: _within,
    Operator.ATTACHED: _attached,
}
