"""An event laid out for the fast engines: each field as one framed text, or as a set of keys.

A field's folded texts stand between frames, so that every operator on text is a search for a literal: `contains` for
``v``, `starts_with` for ``|v``, `ends_with` for ``v|``, `is` for ``|v|``, where ``|`` is FRAME.
"""

from collections.abc import Set

from engine.rules.predicate import Operator, Predicate
from engine.rules.view import View

#: Between the texts of a field. Where a mail itself holds this sign, it is written as STAND_IN.
FRAME = "\x01"
STAND_IN = "\x00"

#: Operators that ask whether one of a set of keys is there.
KEYED = (Operator.IS, Operator.ADDRESS)


class Texts(dict[str, str]):
    """Fields -> framed texts, made when first asked for; empty where the event does not have the field."""

    def __init__(self, view: View) -> None:
        super().__init__()
        self._view = view

    def __missing__(self, field: str) -> str:
        texts = self._view.texts(field)
        text = f"{FRAME}{FRAME.join(texts)}{FRAME}" if texts else ""
        if text.count(FRAME) > len(texts) + 1:
            text = FRAME.join(("", *(each.replace(FRAME, STAND_IN) for each in texts), ""))
        self[field] = text
        return text


class Keys(dict[str, Set[str]]):
    """What `is` and `address` compare with, under `key_of`: whole texts; or addresses, ``@domain``s and ``*``."""

    def __init__(self, view: View) -> None:
        super().__init__()
        self._view = view

    def __missing__(self, key: str) -> Set[str]:
        field, _, operator = key.rpartition(" ")
        view = self._view
        if operator == Operator.ADDRESS.value:
            found = {"*", *view.addresses(field), *["@" + domain for domain in view.domains(field)]}
        else:
            found = set(view.texts(field))
        self[key] = found
        return found


def key_of(test: Predicate) -> str:
    """Under which name `Keys` holds what a keyed test compares with."""
    return f"{test.field} {test.operator.value}"


class Sheet:
    """A view, and what the engines make of it."""

    __slots__ = ("keys", "texts", "view")

    def __init__(self, view: View) -> None:
        self.view = view
        self.texts = Texts(view)
        self.keys = Keys(view)


def literals(predicate: Predicate) -> tuple[str, ...] | None:
    """What to look for in the framed text, one of which is enough; None when that does not say it."""
    before, after = _FRAMES.get(predicate.operator, (None, None))
    if before is None or after is None:
        return None
    texts = [str(value) for value in predicate.values]
    if any(not text or FRAME in text or STAND_IN in text for text in texts):
        return None
    return tuple(before + text + after for text in texts)


_FRAMES = {
    Operator.CONTAINS: ("", ""),
    Operator.STARTS_WITH: (FRAME, ""),
    Operator.ENDS_WITH: ("", FRAME),
}


def pieces(test: Predicate) -> tuple[str, ...] | None:
    """Of each glob the longest literal in the framed text of whatever fits it; None when one has none."""
    found = tuple(_piece(str(glob)) for glob in test.values)
    return None if None in found else found  # type: ignore[return-value]


def _piece(glob: str) -> str | None:
    if FRAME in glob or STAND_IN in glob:
        return None
    longest = max(f"{FRAME}{glob}{FRAME}".replace("?", "*").split("*"), key=len)
    return longest if longest.strip(FRAME) else None
