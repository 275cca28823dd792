"""A field as one framed text, so that every operator on text is a search for a literal.

Its folded texts stand between frames: `contains` looks for ``v``, `starts_with` for ``|v``, `ends_with` for ``v|``,
where ``|`` is FRAME.
"""

from collections.abc import Sequence

from engine.rules.predicate import Operator, Predicate

#: Between the texts of a field. Where a mail itself holds this sign, it is written as STAND_IN.
FRAME = "\x01"
STAND_IN = "\x00"

#: Operators that ask whether one of a set of keys is there.
KEYED = (Operator.IS, Operator.ADDRESS)


def frame(texts: Sequence[str]) -> str:
    """The texts between frames; empty when there are none."""
    text = f"{FRAME}{FRAME.join(texts)}{FRAME}" if texts else ""
    if text.count(FRAME) > len(texts) + 1:
        return frame([each.replace(FRAME, STAND_IN) for each in texts])
    return text


def key_of(test: Predicate) -> str:
    """Where a keyed test finds its keys (`View.keys`)."""
    return f"{test.field} {test.operator.value}"


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
    """Of each glob the longest literal in the framed text of whatever fits it; None when it has none."""
    if test.operator is not Operator.GLOB:
        return None
    found = tuple(_piece(str(glob)) for glob in test.values)
    return None if None in found else found  # type: ignore[return-value]


def _piece(glob: str) -> str | None:
    if FRAME in glob or STAND_IN in glob:
        return None
    longest = max(f"{FRAME}{glob}{FRAME}".replace("?", "*").split("*"), key=len)
    return longest if longest.strip(FRAME) else None
