"""Conditions and events by chance, from few words, so that they meet often; the same for the same seed."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any as Anything

from engine.account import Contact
from engine.event import Address, Attachment, MailArrived, OccasionDue
from engine.rules.book import Book
from engine.rules.when.attached import Attached
from engine.rules.when.fold import fold
from engine.rules.when.pattern import complete
from engine.rules.when.predicate import All, Any, Not, Operator, Predicate, Tree
from engine.rules.when.view import View
from engine.rules.when.window import Window
from tests.builders import a_mail, an_account

#: Case, width, ligatures, accents in both forms, half a surrogate pair, and the signs that engines use themselves.
WORDS = (
    "ab",
    "b",
    "straße",
    "STRASSE",
    "ﬁn",
    "İst",
    "é",
    "e\u0301",
    "ＦＵＬＬ",
    "x\ny",
    "a\x01b",
    "\x00",
    "\ud83d",
    "10",
    "?*",
)
#: Of whole characters: no other glob can be written.
_WHOLE = tuple(word for word in WORDS if word.isprintable() or word < "\x7f")
_PEOPLE = ("from", "to", "cc", "any_recipient", "reply_to", "organiser", "attendee")
_TEXTS = ("subject", "body", "list_id", "header:x-level", "title", "location", "category", "from", "to")
_SMALL = {
    "priority": ("high", "normal", "low"),
    "language": ("en", "nl"),
    "verified": ("dkim", "spf", "dmarc"),
    "calendar": ("work", "home"),
    "all_day": ("true", "false"),
    "status": ("confirmed", "tentative"),
}
_ADDRESSES = ("a@b.example", "B@Sub.b.example", "c@xn--strae-oqa.example", "d@other.example", "@b.example", "e")
_PATTERNS = ("a.b", "^str", r"\d{2}$", "ß", "(?-i)AB", "(ab|fin)", r"\bb\b", "(?s)x.y", "[^a]b", "é|\\x{0}")
BOOK = Book(contacts={each: Contact(id=each, email=each) for each in ("A@b.example", "d@other.example")})


def some_text(chance: Random) -> str:
    """A few words, with or without something between."""
    return chance.choice(("", " ", ", ")).join(chance.choices(WORDS, k=chance.randint(0, 4)))


def a_tree(chance: Random, depth: int = 3) -> Tree:
    """A condition at most so deep."""
    if depth == 0 or chance.random() < 0.35:
        return a_test(chance)
    parts = tuple(a_tree(chance, depth - 1) for _ in range(chance.choice((1, 2, 2, 3))))
    return chance.choice((All(parts), All(parts), Any(parts), Not(parts[0])))


def each_test(tree: Tree) -> list[Predicate]:
    """The tests of a condition."""
    if isinstance(tree, Predicate):
        return [tree]
    parts = (tree.part,) if isinstance(tree, Not) else tree.parts
    return [test for part in parts for test in each_test(part)]


def a_test(chance: Random) -> Predicate:
    """One test, of any operator."""
    operator = chance.choice([*Operator])
    field, values = _TESTS[operator](chance)
    return Predicate(field, operator, values)


_Made = tuple[str, tuple[object, ...]]


def _some(chance: Random, *values: Anything) -> tuple[object, ...]:
    return tuple(dict.fromkeys(chance.choices(values, k=chance.choice((1, 1, 1, 2, 5)))))


def _words(chance: Random) -> tuple[object, ...]:
    long = chance.choice((1, 1, 2, 9))
    words = (
        word for each in chance.choices(WORDS, k=chance.choice((1, 2, 4, 6))) for word in (each[:long], each[-long:])
    )
    return tuple(dict.fromkeys(map(fold, words)))


def _text(chance: Random) -> _Made:
    return chance.choice(_TEXTS), _words(chance)


def _is(chance: Random) -> _Made:
    field = chance.choice((*_TEXTS, *_SMALL, *_SMALL))
    return field, _some(chance, *_SMALL[field]) if field in _SMALL else (
        *_words(chance),
        fold(some_text(chance)).strip(),
    )


def _glob(chance: Random) -> _Made:
    signs = (fold(chance.choice((*_WHOLE, "*", "*", "?", "**"))) for _ in range(chance.randint(1, 3)))
    before, after = chance.choices(("", "*", "*"), k=2)
    return chance.choice(_TEXTS), (before + "".join(signs) + after,)


def _size(chance: Random) -> _Made:
    ranges = [
        (low, high)
        for low in (None, 0, 100, 101, chance.randint(0, 300))
        for high in (None, 100, 200, chance.randint(0, 300))
        if low is None or high is None or low <= high
    ]
    return "size", _some(chance, *ranges)


def _window(chance: Random) -> _Made:
    more: dict[str, Anything] = {}
    if chance.random() < 0.7:
        start, end = chance.sample(("00:00", "06:00", "08:30", "12:00", "22:00"), 2)
        more["between"] = ((start, end),)
    if chance.random() < 0.4 or not more:
        more["days"] = tuple(sorted(chance.sample(range(7), chance.randint(3, 6))))
    if chance.random() < 0.3:
        more["dates"] = ((date(2026, 11, 1), date(2026, 11, chance.randint(2, 30))),)
    return "received", (Window.model_construct(**more),)


def _attached(chance: Random) -> _Made:
    names = _some(chance, "*.pdf", "a*", "straße.*", "*")
    types = _some(chance, "image/*", "application/pdf")
    size = (None, chance.randint(0, 300))
    return "attachment", (
        Attached(*(chance.choice(((), each)) for each in (names, types)), chance.choice((None, size))),
    )


_TESTS: dict[Operator, Callable[[Random], _Made]] = {
    Operator.IS: _is,
    Operator.CONTAINS: _text,
    Operator.STARTS_WITH: _text,
    Operator.ENDS_WITH: _text,
    Operator.GLOB: _glob,
    Operator.MATCHES: lambda chance: (
        chance.choice(_TEXTS),
        tuple(map(complete, map(str, _some(chance, *_PATTERNS)))),
    ),
    Operator.EXISTS: lambda chance: (chance.choice((*_TEXTS, *_PEOPLE, "attachment", "verified")), ()),
    Operator.ADDRESS: lambda chance: (
        chance.choice(_PEOPLE),
        _some(chance, *map(fold, _ADDRESSES), "@example", "@other.example", *("*",) * (chance.random() < 0.1)),
    ),
    Operator.KNOWN: lambda chance: (chance.choice(_PEOPLE), ()),
    Operator.BETWEEN: _size,
    Operator.WITHIN: _window,
    Operator.ATTACHED: _attached,
}


def a_view(chance: Random) -> View:
    """A mail, or now and then an appointment, as the conditions see it."""
    account = an_account(language=chance.choice(("en", "nl")))
    return View(_an_occasion(chance) if chance.random() < 0.25 else _some_mail(chance), account, BOOK)


def _moment(chance: Random) -> datetime:
    return datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=chance.choice((30, 59, 60)) * chance.randint(0, 700))


def _person(chance: Random) -> Address:
    return Address(name=some_text(chance), address=chance.choice(_ADDRESSES))


def _people(chance: Random) -> tuple[Address, ...]:
    return tuple(_person(chance) for _ in range(chance.choice((0, 1, 1, 2))))


def _some_mail(chance: Random) -> MailArrived:
    headers = [("X-Level", some_text(chance)) for _ in range(chance.choice((0, 1, 2)))]
    headers += [("List-Id", f"{some_text(chance)} <{some_text(chance)}>")] * (chance.random() < 0.5)
    headers += [("X-Priority", chance.choice(("1", "3", "5")))]
    headers += [("From", "a@b.example")]
    attachments = tuple(
        Attachment(
            name=some_text(chance) + chance.choice((".pdf", ".PNG", "")),
            media_type=chance.choice(("application/pdf", "image/png", "text/plain")),
            size=chance.randint(0, 300),
            section=str(number),
        )
        for number in range(chance.choice((0, 1, 1, 2)))
    )
    trusted = chance.choice(((), ("mx.example",)))
    passed = " ".join(f"; {each}=pass {what}" for each, what in _VOUCHED if chance.random() < 0.5)
    return a_mail(
        arrived_at=_moment(chance),
        sender=_person(chance) if chance.random() < 0.9 else None,
        to=_people(chance),
        cc=_people(chance),
        reply_to=_people(chance),
        delivered_to=_people(chance),
        subject=some_text(chance),
        text=some_text(chance) + chance.choice(("", "\n")) + some_text(chance),
        headers=(("Authentication-Results", f"mx.example{passed}"), *headers),
        attachments=attachments,
        size=chance.choice((0, 100, 101, 200, chance.randint(0, 300))),
        trusted=trusted,
    )


_VOUCHED = (("dkim", "header.d=b.example"), ("spf", "smtp.mailfrom=b.example"), ("dmarc", "header.from=b.example"))


def _an_occasion(chance: Random) -> OccasionDue:
    starts = _moment(chance)
    return OccasionDue(
        account="anna",
        feed=chance.choice(("work", "home")),
        uid="1",
        starts_at=starts,
        alarm="15m",
        due_at=starts,
        title=some_text(chance),
        location=some_text(chance),
        all_day=chance.random() < 0.5,
        organiser=_person(chance) if chance.random() < 0.7 else None,
        attendees=_people(chance),
        categories=tuple(some_text(chance) for _ in range(chance.randint(0, 2))),
        status=chance.choice(("confirmed", "tentative")),
    )
