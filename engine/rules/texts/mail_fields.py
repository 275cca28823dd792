"""What a text may say of a mail."""

import re
from collections.abc import Callable

from engine.event import Address, MailArrived
from engine.rules.texts.dates import moment
from engine.rules.texts.field import MAIL, Facts, Field, Found, Get, Shape, call, call_all, say_it
from engine.rules.texts.phrases import Phrase, say, understood
from engine.rules.when.priority import read_priority


def _mail(get: Callable[[MailArrived, Facts], Found]) -> Get:
    return lambda facts: get(facts.event, facts) if isinstance(facts.event, MailArrived) else None


def _domain(person: Address | None) -> str:
    return person.address.rpartition("@")[2] if person else ""


def _address_or_nobody(facts: Facts) -> str:
    sender = facts.event.sender if isinstance(facts.event, MailArrived) else None
    return (sender.address if sender else "") or say(Phrase.NO_SENDER, facts.reader.language)


def find_header(mail: MailArrived, name: str) -> str:
    """The first header of this name, whatever its case; empty when there is none."""
    name = name.lower()
    return next((value for each, value in mail.headers if each.lower() == name), "")


def _list_id(mail: MailArrived) -> str:
    """The identifier without the phrase before it (RFC 2919 section 3)."""
    written = find_header(mail, "List-Id")
    inside = re.search(r"<([^<>]*)>", written)
    return inside[1] if inside else written


def _size(octets: int, language: str) -> str:
    for unit, power in (("MB", 1_000_000), ("kB", 1_000)):
        if octets >= power:
            number = f"{octets / power:.1f}".removesuffix(".0") if octets < 10 * power else str(octets // power)
            return f"{number if understood(language) == 'en' else number.replace('.', ',')} {unit}"
    return f"{octets} B"


def of_header(name: str) -> Field:
    """The field of any header."""
    return Field(f"header.{name}", MAIL, f"the header {name}", "", _mail(lambda mail, _: find_header(mail, name)))


FIELDS: tuple[Field, ...] = (
    Field(
        "from",
        MAIL,
        "who sent it: the name, or the address of who has none",
        "Jan Peeters",
        _mail(lambda mail, _: call(mail.sender)),
        stated='"(unknown sender)"',
        default=say_it(Phrase.NO_SENDER),
    ),
    Field(
        "from.name",
        MAIL,
        "the sender's name",
        "Jan Peeters",
        _mail(lambda mail, _: mail.sender.name if mail.sender else ""),
        stated="the address",
        default=_address_or_nobody,
    ),
    Field(
        "from.address",
        MAIL,
        "the sender's address",
        "jan@example.org",
        _mail(lambda mail, _: mail.sender.address if mail.sender else ""),
        stated='"(unknown sender)"',
        default=say_it(Phrase.NO_SENDER),
    ),
    Field(
        "from.domain",
        MAIL,
        "what stands behind the @ of the sender's address",
        "example.org",
        _mail(lambda mail, _: _domain(mail.sender)),
        stated='"(unknown sender)"',
        default=say_it(Phrase.NO_SENDER),
    ),
    Field("to", MAIL, "to whom it was sent", "Anna, bert@example.org", _mail(lambda mail, _: call_all(mail.to))),
    Field("cc", MAIL, "who got a copy", "Carla", _mail(lambda mail, _: call_all(mail.cc))),
    Field(
        "reply_to",
        MAIL,
        "where an answer goes",
        "help@example.org",
        _mail(lambda mail, _: call_all(mail.reply_to)),
        stated="the sender's address",
        default=_address_or_nobody,
    ),
    Field(
        "subject",
        MAIL,
        "the subject",
        "Invoice 2026-118",
        _mail(lambda mail, _: mail.subject),
        stated='"(no subject)"',
        default=say_it(Phrase.NO_SUBJECT),
    ),
    Field(
        "body",
        MAIL,
        "the text, its lines as one",
        "Dear Anna, please find",
        _mail(lambda mail, _: mail.text),
        stated='"(no text)"',
        default=say_it(Phrase.NO_TEXT),
    ),
    Field(
        "received",
        MAIL,
        "when the mail server took it",
        "21/11/2026, 11:04",
        _mail(lambda mail, facts: moment(mail.arrived_at, facts.reader.zone)),
        Shape.TIME,
        always=True,
    ),
    Field(
        "size",
        MAIL,
        "how large all of it is",
        "5.2 MB",
        _mail(lambda mail, facts: _size(mail.size, facts.reader.language)),
        always=True,
    ),
    Field(
        "attachments",
        MAIL,
        "the names of the attached files",
        "invoice.pdf, terms.pdf",
        _mail(lambda mail, _: ", ".join(each.name.strip() or each.media_type for each in mail.attachments)),
    ),
    Field(
        "attachments.count",
        MAIL,
        "how many files are attached",
        "2",
        _mail(lambda mail, _: str(len(mail.attachments) or "")),
        stated="0",
        default=lambda _: "0",
    ),
    Field("list_id", MAIL, "the mailing list", "news.example.org", _mail(lambda mail, _: _list_id(mail))),
    Field(
        "priority",
        MAIL,
        "high, normal or low",
        "high",
        _mail(lambda mail, facts: say(Phrase(read_priority(mail.headers)), facts.reader.language)),
        always=True,
    ),
    Field(
        "mailbox",
        MAIL,
        "the mailbox that it is in",
        "anna@example.org",
        _mail(lambda mail, _: mail.user),
        always=True,
    ),
    Field("folder", MAIL, "the folder that it is in", "INBOX", _mail(lambda mail, _: mail.folder), always=True),
    Field("mail", MAIL, "yes for a mail", "", _mail(lambda *_: True), Shape.FLAG, always=True),
    Field("folder", MAIL, "the folder that it is in", "INBOX", _mail(lambda mail, _: mail.folder), always=True),
    Field("mail", MAIL, "yes for a mail", "", _mail(lambda *_: True), Shape.FLAG, always=True),
)
