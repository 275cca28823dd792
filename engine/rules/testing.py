"""How a rule file's `tests:` are written: a mail or an appointment, and what the rules are to make of it."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from email.utils import getaddresses
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from engine.account import Account
from engine.document import Document, Flag, Path, Problem, suggest
from engine.event import Address, Attachment, MailArrived, MessageReceived, OccasionDue, Subject
from engine.heard import keyword_of, number_of
from engine.noun import Written
from engine.occasion import Alarm, Occasion
from engine.reason import Reason
from engine.rules.offset import WrittenOffset
from engine.rules.when.words import one_or_more, read_number

#: When a test's mail arrives that says nothing of it: on a Monday morning, by the account's clock.
MOMENT = datetime(2026, 1, 12, 10, 0)  # noqa: DTZ001  (it gets the account's zone)
#: Who vouches for the senders of `verified` mail.
_SERVER = "tests.invalid"
_METHODS = ("dkim", "spf", "dmarc")
_UNITS = {"": 1, "b": 1, "kb": 1_000, "mb": 1_000_000, "gb": 1_000_000_000}
_SIZE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?) ?([kmg]?b?)", re.IGNORECASE)
_FORMS = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d")


def _size(value: Any) -> Any:
    """``5 MB`` in bytes."""
    if not isinstance(value, str):
        return value
    found = _SIZE.fullmatch(value.strip())
    unit = found[2].lower().removesuffix("b") if found else ""
    if found is None:
        raise ValueError("write a size as 300 kB or 5 MB")
    return int(float(found[1]) * _UNITS[f"{unit}b" if unit else ""])


def _moment(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    for form in _FORMS:
        try:
            return datetime.strptime(value, form)  # noqa: DTZ007  (it gets the account's zone)
        except ValueError:
            continue
    raise ValueError("write a moment as 2026-11-22 23:30, by the account's clock")


def _methods(value: Any) -> Any:
    if value in ("true", True):
        return list(_METHODS)
    return [] if value in ("false", False) else one_or_more(value)


def _reason(value: str) -> str:
    known = [reason.value for reason in Reason]
    if value in known:
        return value
    raise PydanticCustomError("value_error", "there is no such reason", {"label": suggest(value, known)})


Line = Annotated[str, StringConstraints(max_length=2000)]
Lines = Annotated[tuple[Line, ...], BeforeValidator(one_or_more, json_schema_input_type=Line | list[Line])]
Size = Annotated[int, BeforeValidator(_size, json_schema_input_type=str)]
Moment = Annotated[datetime, BeforeValidator(_moment, json_schema_input_type=str)]


class WrittenAttachment(Written):
    """One attachment of a test's mail."""

    name: Line = ""
    type: Line = "application/octet-stream"
    size: Size = 1000


class WrittenMail(Written):
    """A mail, as far as the test cares; everything has a plain default."""

    sender: Line = Field(default="somebody@example.org", alias="from")
    to: Lines = ()
    cc: Lines = ()
    reply_to: Lines = ()
    subject: Line = ""
    body: Annotated[str, StringConstraints(max_length=60_000)] = ""
    header: Mapping[str, Lines] = {}
    list_id: Line = ""
    message_id: Line = ""
    size: Size = 1000
    attachment: Annotated[
        tuple[WrittenAttachment, ...],
        BeforeValidator(one_or_more, json_schema_input_type=WrittenAttachment | list[WrittenAttachment]),
    ] = ()
    priority: Literal["high", "normal", "low"] | None = None
    verified: Annotated[
        tuple[Literal["dkim", "spf", "dmarc"], ...],
        BeforeValidator(_methods, json_schema_input_type=bool | list[str]),
    ] = ()
    received: Moment = MOMENT
    """By the account's clock."""

    def event(self, account: Account, zone: tzinfo) -> MailArrived:
        """The mail as it would have arrived for `account`."""
        moment = self.received.replace(tzinfo=zone)
        people = _people((self.sender,))
        headers = [(name, value) for name, values in self.header.items() for value in values]
        headers += [("Reply-To", value) for value in self.reply_to]
        headers += [("List-Id", self.list_id)] if self.list_id else []
        headers += [("Importance", self.priority)] if self.priority else []
        if self.verified:
            domain = people[0].address.rpartition("@")[2] if people else ""
            said = [f"{method}=pass {_PROPERTY[method]}={domain}" for method in self.verified]
            headers.insert(0, ("Authentication-Results", "; ".join((_SERVER, *said))))
        return MailArrived(
            account=account.id,
            host="tests.invalid",
            user=account.id,
            folder="INBOX",
            uidvalidity=1,
            uid=1,
            arrived_at=moment,
            read_at=moment,
            message_id=self.message_id,
            sender=people[0] if people else None,
            to=_people(self.to),
            cc=_people(self.cc),
            reply_to=_people(self.reply_to),
            delivered_to=_people(tuple(value for name, value in headers if name.lower() == "delivered-to")),
            subject=self.subject,
            headers=(("From", self.sender), ("Subject", self.subject), *headers),
            text=self.body,
            attachments=tuple(
                Attachment(name=each.name, media_type=each.type.lower(), size=each.size, section=str(number))
                for number, each in enumerate(self.attachment, 2)
            ),
            size=self.size,
            trusted=(_SERVER,) if self.verified else (),
        )


#: Which of its words a method vouches for (RFC 8601 2.7).
_PROPERTY = {"dkim": "header.d", "spf": "smtp.mailfrom", "dmarc": "header.from"}


class WrittenAppointment(Written):
    """One occurrence of an appointment, of which a reminder is due."""

    calendar: Line = "calendar"
    title: Line = ""
    location: Line = ""
    organiser: Line = ""
    attendee: Lines = ()
    category: Lines = ()
    all_day: Flag = False
    status: Literal["confirmed", "tentative", "cancelled"] = "confirmed"
    starts: Moment = MOMENT
    """By the account's clock."""
    ends: Moment | None = None
    """Left out: an hour after it starts, or of a whole day, with the day."""
    due: Moment | None = None
    """When the reminder is due; left out: when it starts."""
    alarms: Annotated[
        tuple[WrittenOffset, ...],
        BeforeValidator(one_or_more, json_schema_input_type=WrittenOffset | list[WrittenOffset]),
    ] = ()
    """What the calendar itself asks for, like `30 min`."""

    def event(self, account: Account, zone: tzinfo) -> OccasionDue:
        """The reminder as it would have come due for `account`."""
        occasion = self.occasion(zone)
        return OccasionDue(
            account=account.id,
            alarm="test",
            due_at=self.due.replace(tzinfo=zone) if self.due else occasion.starts_at,
            **{name: getattr(occasion, name) for name in _OF_BOTH},
        )

    def occasion(self, zone: tzinfo) -> Occasion:
        """The appointment as it would stand in the calendar."""
        starts = self.starts.replace(tzinfo=zone)
        length = timedelta(days=1) if self.all_day else timedelta(hours=1)
        ends = self.ends.replace(tzinfo=zone) if self.ends else starts + length
        organiser = _people((self.organiser,))
        plain = Occasion(
            feed=self.calendar,
            uid="test",
            starts_at=starts,
            ends_at=max(starts, ends),
            title=self.title,
            location=self.location,
            all_day=self.all_day,
            organiser=organiser[0] if organiser else None,
            attendees=_people(self.attendee),
            categories=self.category,
            status=self.status,
        )
        rings = [each for offset in self.alarms for each in offset.moments(plain, zone)]
        return plain.model_copy(update={"alarms": tuple(Alarm(key=label, at=at) for label, at in rings)})


class WrittenMessage(Written):
    """A text that a phone sent to one of our numbers."""

    sender: Annotated[Line, AfterValidator(read_number)] = Field(default="+32470000099", alias="from")
    to: Line = ""
    text: Annotated[str, StringConstraints(max_length=10_000)] = ""
    received: Moment = MOMENT
    """By the account's clock."""

    def event(self, account: Account, zone: tzinfo) -> MessageReceived:
        """The text as it would have come for `account`."""
        moment = self.received.replace(tzinfo=zone)
        return MessageReceived(
            account=account.id,
            provider="test",
            sender=self.sender,
            to=number_of(self.to) if self.to else "",
            keyword=keyword_of(self.text),
            text=self.text,
            received_at=moment,
            read_at=moment,
        )


#: What an appointment and the event of its reminder have in common.
_OF_BOTH = tuple(name for name in Occasion.model_fields if name in OccasionDue.model_fields)


def _people(lines: tuple[str, ...]) -> tuple[Address, ...]:
    found = getaddresses([line for line in lines if line])
    return tuple(Address(name=name, address=address.lower()) for name, address in found if address)


def _bound(value: str) -> str:
    if _BOUND.fullmatch(value.strip()):
        return value.strip()
    raise ValueError('write a number, or a bound like "<= 2" or "<= 0.10 EUR"')


_BOUND = re.compile(r"(<=|>=|<|>|=)? ?([0-9]{1,9}(?:[.,][0-9]{1,4})?)(?: ?([A-Z]{3}))?")

Bound = Annotated[str, AfterValidator(_bound)]


def read_bound(text: str) -> tuple[str, str, str]:
    """(operator, amount, currency or nothing) of a bound that was checked."""
    found = _BOUND.fullmatch(text)
    assert found is not None  # the schema has seen to it
    return found[1] or "=", found[2].replace(",", "."), found[3] or ""


class WrittenText(Written):
    """What the text of a message is, or has in it."""

    is_: Line | None = Field(default=None, alias="is")
    contains: Lines = ()
    """All of them, as they stand."""

    @model_validator(mode="after")
    def _looks_for_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("say what to look for: is or contains")
        return self


def _text(value: Any) -> Any:
    return {"contains": value} if isinstance(value, str | list) else value


class Expectation(Written):
    """What is to come of it. What is left out is not looked at."""

    nothing: Flag = False
    """Nobody is told."""
    rule: Lines = ()
    """These rules match, by name or id."""
    not_rule: Lines = ()
    """These do not."""
    sms: Bound | None = None
    """So many messages by SMS."""
    email: Bound | None = None
    fax: Bound | None = None
    to: Lines | None = None
    """Exactly these are told, by name."""
    text: Annotated[
        WrittenText | None, BeforeValidator(_text, json_schema_input_type=WrittenText | Line | list[Line])
    ] = None
    """Of one of the messages."""
    parts: Bound | None = None
    """SMS parts, of all messages together."""
    cost: Bound | None = None
    """The price of all messages together."""
    remind: Annotated[
        tuple[Moment, ...] | None, BeforeValidator(one_or_more, json_schema_input_type=Moment | list[Moment])
    ] = None
    """Of an appointment: the moments at which the rules remind of it, exactly these, by the account's clock."""
    reason: Annotated[str, AfterValidator(_reason)] | None = None
    """Why something is told or not: the reason of the decision, of a rule, or of a message."""

    @model_validator(mode="after")
    def _expects_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("say what to expect, like {rule: ..., sms: 1}, or nothing")
        return self


def _expectation(value: Any) -> Any:
    return {"nothing": True} if value == "nothing" else value


class RuleTest(Written):
    """One test: run by `tocsin test`, which tells nobody and changes nothing."""

    name: Annotated[str, StringConstraints(max_length=200)] = ""
    account: Annotated[str, StringConstraints(max_length=64)] = ""
    """Whose mail it is; left out: the account of the file's folder, or the only one."""
    mail: WrittenMail | None = None
    message: WrittenMessage | None = None
    appointment: WrittenAppointment | None = None
    expect: Annotated[
        Expectation, BeforeValidator(_expectation, json_schema_input_type=Expectation | Literal["nothing"])
    ]

    @model_validator(mode="after")
    def _is_of_one_thing(self) -> Self:
        if len([each for each in (self.mail, self.message, self.appointment) if each is not None]) != 1:
            raise ValueError("write one of 'mail:', 'message:' and 'appointment:'")
        if self.appointment is None and self.expect.remind is not None:
            raise ValueError("nobody is reminded of a mail or a text: 'remind' is expected of an appointment")
        return self

    def event(self, account: Account, zone: tzinfo) -> Subject:
        """The event of the test, as it would have come for `account`."""
        written = self.mail or self.message or self.appointment
        assert written is not None  # one of them is there
        return written.event(account, zone)


def check_names(
    tests: Sequence[RuleTest], rules: Sequence[str], accounts: Collection[str], document: Document
) -> Iterator[Problem]:
    """The names in a file's tests that are nobody's. `accounts`: whose mail it may be; none: unknown, any may be."""
    for index, test in enumerate(tests):
        path: Path = ("tests", index)
        if test.account and accounts and test.account not in accounts:
            message = f"rules of '{test.account}' are not asked here"
            label = suggest(test.account, accounts)
            yield document.problem((*path, "account"), message, code="unknown-account", label=label)
        for key, names in (("rule", test.expect.rule), ("not_rule", test.expect.not_rule)):
            for name in names:
                if name not in rules:
                    at = (*path, "expect", key)
                    hint = f"known here: {', '.join(dict.fromkeys(rules))}"[:300]
                    message = f"there is no rule '{name}'"
                    yield document.problem(
                        at, message, part=name, code="unknown-rule", label=suggest(name, rules), hint=hint
                    )
