"""A text from a phone, handed on to the account's owner: the rule that nobody has to write."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from engine.account import Account
from engine.event import MessageReceived
from engine.notification import Channel, Limits, Notification, Throttle
from engine.rules.book import Book
from engine.rules.incident import SCOPE
from engine.rules.texts.clean import clean
from engine.rules.wish import Wish
from engine.rules.write import MOST, fit

#: Whoever writes without end fills a digest, not a mailbox.
_LIMITS = Limits(throttle=Throttle(max=30, per=timedelta(hours=1)))
#: Old news: after this it is not sent any more, and `tocsin explain` still knows it.
_WORTH = timedelta(days=3)
#: By SMS it is told in so many parts.
_PARTS = 3

#: Plain GSM-7, all of them.
_HEAD: Mapping[str, str] = {
    "en": "Reply from {who}: {text}",
    "nl": "Antwoord van {who}: {text}",
    "sv": "Svar från {who}: {text}",
    "fr": "Réponse de {who}: {text}",
    "de": "Antwort von {who}: {text}",
}
_AFTER: Mapping[Wish, Mapping[str, str]] = {
    Wish.STOP: {
        "en": "That number is told nothing more until it writes START.",
        "nl": "Dat nummer krijgt niets meer tot het START stuurt.",
        "sv": "Numret får inga fler meddelanden förrän det skriver START.",
        "fr": "Ce numéro ne reçoit plus rien avant d'écrire START.",
        "de": "Diese Nummer erhält nichts mehr, bis sie START schreibt.",
    },
    Wish.START: {
        "en": "That number may be told again.",
        "nl": "Dat nummer mag weer berichten krijgen.",
        "sv": "Numret får meddelanden igen.",
        "fr": "Ce numéro peut de nouveau recevoir des messages.",
        "de": "Diese Nummer darf wieder Nachrichten erhalten.",
    },
}


def forward(
    event: MessageReceived, wish: Wish, account: Account, book: Book, version: str, now: datetime
) -> Notification | None:
    """The notification to the account's owner, through the same gates as every other; None: it is not wanted, no
    road reaches them, or they sent it themselves."""
    channel = road_of(account)
    if channel is None or event.sender in account.numbers:
        return None
    after = _in(_AFTER[wish], account.language) if wish in _AFTER else ""
    head = _in(_HEAD, account.language).format(who=who_wrote(event.sender, book), text=clean(event.text))
    text = f"{head[:MOST]}\n{after}" if after else head[:MOST]
    by_mail = channel is Channel.EMAIL
    return Notification(
        event_id=event.id,
        account=account.id,
        scope=SCOPE,
        rule="reply",
        action=channel.value,
        recipient="me",
        address=account.email if by_mail else account.numbers[0],
        channel=channel,
        text=text if by_mail else fit(head, f"\n{after}" if after else "", _PARTS),
        max_parts=1 if by_mail else _PARTS,
        title=head[:60],
        limits=_LIMITS,
        decided_at=now,
        not_after=now + _WORTH,
        rules_version=version,
    )


def road_of(account: Account) -> Channel | None:
    """By which road its owner gets replies: as `replies` says, else by e-mail where there is an address."""
    wanted = account.replies or "email"
    if wanted == "email":
        return Channel.EMAIL if account.email else None
    return Channel.SMS if wanted == "sms" and account.numbers else None


def who_wrote(number: str, book: Book) -> str:
    """The number, with the name of the contact whose it is."""
    name = next((each.name or each.id for each in book.contacts.values() if number in each.numbers), "")
    return f"{number} ({clean(name)})" if name else number


def _in(texts: Mapping[str, str], language: str) -> str:
    return texts.get(language, texts["en"])
