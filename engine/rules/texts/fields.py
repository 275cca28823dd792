"""What a text may name: a closed list of fields, and what stands there when an event has no such thing."""

import re
from collections.abc import Mapping

from engine.rules.texts import mail_fields, message_fields, occasion_fields
from engine.rules.texts.field import ANY, Field, say_it
from engine.rules.texts.mail_fields import of_header
from engine.rules.texts.phrases import Phrase

_COMMON: tuple[Field, ...] = (
    Field(
        "account",
        ANY,
        "whose rules these are",
        "Anna",
        lambda facts: facts.reader.account,
        stated="its id",
        default=lambda facts: facts.event.account,
    ),
    Field(
        "rule",
        ANY,
        "the name of the rule",
        "Fraud alert",
        lambda facts: facts.reader.rule,
        stated='"(no name)"',
        default=say_it(Phrase.NO_NAME),
    ),
)

#: Every field by its name, besides ``header.NAME``.
FIELDS: Mapping[str, Field] = {
    field.name: field for field in (*mail_fields.FIELDS, *message_fields.FIELDS, *occasion_fields.FIELDS, *_COMMON)
}

_HEADER = re.compile(r"header\.([A-Za-z0-9][A-Za-z0-9_-]{0,75})")

#: What other programs call a field.
OTHER_NAMES: Mapping[str, str] = {
    "sender": "from",
    "sender.name": "from.name",
    "sender.address": "from.address",
    "name": "from.name",
    "email": "from.address",
    "from.email": "from.address",
    "date": "received",
    "time": "received",
    "arrived": "received",
    "text": "body",
    "message": "body",
    "content": "body",
    "summary": "title",
    "where": "location",
    "when": "starts",
    "begins": "starts",
    "organizer": "organiser",
    "organizer.name": "organiser",
    "organiser.name": "organiser",
    "attachment": "attachments",
    "list": "list_id",
    "datum": "received",
    "tijd": "received",
    "onderwerp": "subject",
    "afzender": "from",
    "naam": "from.name",
    "bijlagen": "attachments",
}

#: What says of another kind of event nearly the same: by kind, field of a mail -> field of that kind.
TWINS: Mapping[str, Mapping[str, str]] = {
    "occasion": {"subject": "title", "from": "organiser", "from.name": "organiser", "received": "starts"},
    "message": {"subject": "text", "body": "text", "from": "sms_from", "from.name": "sms_from"},
}


def find(name: str) -> Field | None:
    """The field of this name, among them ``header.X-Spam-Score`` and every other header."""
    header = _HEADER.fullmatch(name)
    return of_header(header[1]) if header else FIELDS.get(name)


def names(kinds: frozenset[str]) -> tuple[str, ...]:
    """The names that a text about these kinds may use, in the order of the reference."""
    known = tuple(name for name, field in FIELDS.items() if field.kinds & kinds)
    return (*known, "header.NAME") if "mail" in kinds else known
