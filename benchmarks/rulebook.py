"""Rules as people might have them, by chance: most words are of other mails than those that are matched."""

import re
from collections.abc import Iterable
from random import Random

from engine.event import MailArrived
from engine.rules.when.fold import fold
from engine.rules.when.pattern import complete
from engine.rules.when.predicate import All, Any, Not, Operator, Predicate, Tree

_SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]
_HEADERS = ("x-mailer", "user-agent", "organization", "precedence", "errors-to", "x-mailing-list")
_SIZES = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 250_000)


class Rulebook:
    """Writes rules. `own` is the share of words that no mail has: names, numbers of orders, projects."""

    def __init__(self, mails: Iterable[MailArrived], own: float, seed: int = 3) -> None:
        self._chance = Random(seed)
        self._own = own
        mails = list(mails)
        self._senders = [mail.sender.address for mail in mails if mail.sender and "@" in mail.sender.address]
        self._people = [each.address for mail in mails for each in (*mail.to, *mail.cc) if "@" in each.address]
        self._names = [word for mail in mails if mail.sender for word in _words(mail.sender.name, 4)]
        self._subjects = [word for mail in mails for word in _words(mail.subject, 4)]
        said = [_words(mail.text, 6) or ["none"] for mail in mails]
        self._bodies = [word for words in said for word in self._chance.choices(words, k=20)]
        self._headers = [
            (name.lower(), word)
            for mail in mails
            for name, value in mail.headers
            if name.lower() in _HEADERS
            for word in _words(value, 4)
        ]
        self._written = 0

    def write(self, number: int) -> list[Tree]:
        """So many rules more."""
        return [self._rule() for _ in range(number)]

    def _rule(self) -> Tree:
        """Of 100 rules 30 are one test, 32 all of 2 or 3, 12 any of 2 to 4, 12 one and any, 9 one and not, 5 more."""
        self._written += 1
        test, kind = self._test, self._chance.random()
        if kind < 0.30:
            return test()
        if kind < 0.62:
            return All(self._some(2, 3))
        if kind < 0.74:
            return Any(self._some(2, 4))
        if kind < 0.86:
            return All((test(), Any(self._some(2, 3))))
        if kind < 0.95:
            return All((test(), Not(test())))
        return All((Any(self._some(2, 2)), Not(Any(self._some(2, 2))), test()))

    def _some(self, least: int, most: int) -> tuple[Predicate, ...]:
        return tuple(self._test() for _ in range(self._chance.randint(least, most)))

    def _test(self) -> Predicate:
        chance = self._chance
        _, operator, field = chance.choices(_KINDS, _SHARES)[0]
        match operator:
            case Operator.ADDRESS:
                return self._told(field, operator, self._address(field))
            case Operator.BETWEEN:
                size = chance.choice(_SIZES)
                limits = chance.choice(((size + 1, None), (None, size - 1)))
                return Predicate(field, operator, (limits,), self._place(), f"size {limits}")
            case Operator.MATCHES:
                pattern = self._pattern()
                return Predicate(field, operator, (complete(pattern),), self._place(), pattern)
            case Operator.GLOB:
                return self._told(field, operator, f"*{self._word('subject')}*{self._word('subject')}*")
            case Operator.CONTAINS if field == "header":
                name, word = chance.choice(self._headers)
                return self._told(f"header:{name}", operator, self._new() if self._is_own() else word)
            case Operator.IS if field == "list_id":
                return self._told(field, operator, f"{self._new()}.{chance.choice(_LISTS)}")
        return self._told(field, operator, self._word(field))

    def _told(self, field: str, operator: Operator, value: str) -> Predicate:
        return Predicate(field, operator, (fold(value),), self._place(), value)

    def _place(self) -> str:
        return f"rules/global/{self._written // 1000:03}.yaml:{self._written % 1000 * 7 + 3}:{9}"

    def _is_own(self) -> bool:
        return self._chance.random() < self._own

    def _new(self, most: int = 4) -> str:
        return "".join(self._chance.choices(_SYLLABLES, k=self._chance.randint(2, most)))

    def _address(self, field: str) -> str:
        if self._chance.random() < 0.4:
            domain = f"{self._new()}.{self._new()}.example"
            return "@" + (domain if self._is_own() else self._chance.choice(self._senders).rpartition("@")[2])
        if self._is_own():
            return f"{self._new()}.{self._new()}@{self._new()}.example"
        return self._chance.choice(self._senders if field == "from" else self._people)

    def _word(self, field: str) -> str:
        if self._is_own():
            return self._new() + (f" {self._new()}" if field == "body" else str(self._chance.randint(0, 999)))
        word = self._chance.choice({"subject": self._subjects, "body": self._bodies}.get(field, self._names))
        return self._chance.choice((word, word, word.lower(), word.upper()))

    def _pattern(self) -> str:
        plain = [re.sub("[^a-z0-9]", "", self._word("subject").lower()) or "none" for _ in range(3)]
        return self._chance.choice(
            (
                f"({'|'.join(plain)})",
                rf"\[{plain[0]}[-_ ]?[0-9]{{2,5}}\]",
                f"{plain[0]}[a-z ]{{0,20}}{plain[1]}",
                f"(invoice|order|ticket|alert) #?[0-9]{{3,8}} {plain[0]}",
            )
        )


_LISTS = ("lists.example", "example.org", "freelists.org", "linux.ie")
#: Of 100 tests so many are this operator on this field.
_KINDS = (
    (0.33, Operator.ADDRESS, "from"),
    (0.08, Operator.CONTAINS, "from"),
    (0.25, Operator.CONTAINS, "subject"),
    (0.03, Operator.STARTS_WITH, "subject"),
    (0.01, Operator.ENDS_WITH, "subject"),
    (0.02, Operator.IS, "subject"),
    (0.03, Operator.GLOB, "subject"),
    (0.04, Operator.MATCHES, "subject"),
    (0.03, Operator.ADDRESS, "to"),
    (0.02, Operator.ADDRESS, "cc"),
    (0.02, Operator.CONTAINS, "to"),
    (0.06, Operator.CONTAINS, "body"),
    (0.015, Operator.MATCHES, "body"),
    (0.02, Operator.IS, "list_id"),
    (0.025, Operator.CONTAINS, "header"),
    (0.02, Operator.BETWEEN, "size"),
)


_SHARES = [share for share, _, _ in _KINDS]


def _words(text: str, least: int) -> list[str]:
    return re.findall(rf"\w{{{least},}}", text)
