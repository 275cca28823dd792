"""A field as one framed text, so that every operator on text is a search for a literal.

Its folded texts stand between frames: `contains` looks for ``v``, `starts_with` for ``|v``, `ends_with` for ``v|``,
`is` for ``|v|``, where ``|`` is FRAME. Addresses stand in a text of their own, so that no name passes for one; there
``@v|`` and ``.v|`` find a domain and what is under it.
"""

from collections.abc import Sequence

from engine.rules.matching.required import required
from engine.rules.when.predicate import Operator, Predicate
from engine.rules.when.words import ANYONE

#: Between the texts of a field. Where a mail itself holds this sign, it is written as STAND_IN.
FRAME = "\x01"
STAND_IN = "\x00"

#: Operators that ask whether one of a set of keys is there.
KEYED = (Operator.IS, Operator.ADDRESS)


def frame(texts: Sequence[str]) -> str:
    """The texts between frames; empty when there are none."""
    if not texts:
        return ""
    text = FRAME.join(texts) if len(texts) > 1 else texts[0]
    if text.count(FRAME) >= len(texts):
        text = FRAME.join([each.replace(FRAME, STAND_IN) for each in texts])
    return FRAME + text + FRAME


def frame_addresses(addresses: Sequence[str]) -> str:
    """The addresses between frames. One without an at sign is a domain as well."""
    bare = ["@" + address for address in addresses if "@" not in address]
    return frame([*addresses, *bare] if bare else addresses)


def key_of(test: Predicate) -> str:
    """Where a keyed test finds its keys (`View.keys`)."""
    return f"{test.field} {test.operator.value}"


def literals(predicate: Predicate) -> tuple[str, ...] | None:
    """What to look for in the framed text, one of which is enough; None when that does not say it."""
    before, after = _FRAMES.get(predicate.operator, (None, None))
    if before is None or after is None:
        return None
    texts = [str(value) for value in predicate.values]
    if not all(map(_plain, texts)):
        return None
    return tuple(before + text + after for text in texts)


_FRAMES = {
    Operator.IS: (FRAME, FRAME),
    Operator.CONTAINS: ("", ""),
    Operator.STARTS_WITH: (FRAME, ""),
    Operator.ENDS_WITH: ("", FRAME),
}


def address_literals(test: Predicate) -> tuple[str, ...] | None:
    """What to look for in the framed addresses, one of which is enough; None when that does not say it."""
    found: list[str] = []
    for value in map(str, test.values):
        whole, at, domain = value.rpartition("@")
        if value == ANYONE or not _plain(value):
            return None
        found += [value + FRAME, f".{domain}{FRAME}"] if at and not whole else [FRAME + value + FRAME]
    return tuple(found)


def _plain(text: str) -> bool:
    """Whether it is no empty text and has none of our own signs in it."""
    return bool(text) and FRAME not in text and STAND_IN not in text


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


def guards(test: Predicate) -> tuple[str, ...] | None:
    """Of what meets the test, each has one of these in its framed text; of a pattern, if all that text is ASCII."""
    if test.operator is not Operator.MATCHES:
        return pieces(test)
    found = [required(str(pattern)) for pattern in test.values]
    return None if None in found else tuple(literal for literals_ in found for literal in literals_ or ())
