"""An event as the conditions see it."""

from collections.abc import Callable, Mapping, Set
from datetime import datetime
from functools import cached_property
from typing import Any as Anything

from engine.account import Account
from engine.event import Address, Attachment, Event, OccasionDue
from engine.phone import mask
from engine.rules.book import Book
from engine.rules.matching.frame import frame, frame_addresses
from engine.rules.when.authentication import METHODS, verified
from engine.rules.when.comparison import show_size
from engine.rules.when.domain import above
from engine.rules.when.fold import fold
from engine.rules.when.predicate import Operator
from engine.rules.when.priority import read_priority
from engine.rules.when.words import ANYONE
from engine.rules.zone import find_zone, in_zone

#: How much of what an event holds the evidence shows, in characters.
SHOWN = 200
#: Before the name of a header, where a field is one.
HEADER = "header:"
_NO_BOOK = Book()
_ANYONE = frozenset((ANYONE,))


class View:
    """An event as the conditions see it: each folded text is made when the first rule asks for it, and once.

    A field that the event does not have, or that is blank, has no texts; only a header may be there and blank.
    """

    __slots__ = (
        "__dict__",
        "_addressed",
        "_framed",
        "_header_names",
        "_keys",
        "_people",
        "_read",
        "_texts",
        "account",
        "book",
        "event",
    )

    def __init__(self, event: Event, account: Account, book: Book = _NO_BOOK) -> None:
        self.event = event
        self.account = account
        self.book = book
        self._people, self._read = _READERS.get(event.kind, _NOTHING)
        self._texts: dict[str, tuple[str, ...]] = {}
        self._framed: dict[str, str] = {}
        self._addressed: dict[str, str] = {}
        self._keys: dict[str, Set[str]] = {}
        self._header_names: list[str] | None = None

    def texts(self, field: str) -> tuple[str, ...]:
        """What a field holds, folded, without blanks around it. Of people: names and addresses."""
        found = self._texts.get(field)
        if found is None:
            found = tuple([fold(text).strip() for text in self.raw(field)])
            if "" in found and not field.startswith(HEADER):
                found = tuple(filter(None, found))
            self._texts[field] = found
        return found

    def raw(self, field: str) -> tuple[str, ...]:
        """What a field holds as it stands in the event, for patterns and for the evidence."""
        read = self._read.get(field)
        if read is not None:
            values = read(self.event)
        elif field in _FIELDS_OF_PEOPLE:
            return tuple([part for each in self.people(field) for part in (each.name, each.address) if part])
        elif field.startswith(HEADER):
            return self._header(field.removeprefix(HEADER))
        elif field == "list_id":
            values = tuple([_list_id(value) for value in self._header("list-id")[:1]])
        else:
            values = (self.account.language,) if field == "language" else ()
        return tuple([value for value in values if value and not value.isspace()])

    def people(self, field: str) -> tuple[Address, ...]:
        """Who stands in a field."""
        get = self._people.get(field)
        return get(self.event) if get else ()

    def addresses(self, field: str) -> tuple[str, ...]:
        """The addresses in a field, folded."""
        return tuple([fold(each.address) for each in self.people(field) if each.address])

    def domains(self, field: str) -> Set[str]:
        """The domains of a field's addresses and what they are under: @mail.acme.example, @acme.example, @example."""
        return _domains(self.addresses(field))

    def framed(self, field: str) -> str:
        """What a field holds, folded, as one text (`engine.rules.matching.frame`); empty when it has no texts."""
        found = self._framed.get(field)
        if found is None:
            found = self._framed[field] = frame(self.texts(field))
        return found

    def addressed(self, field: str) -> str:
        """The addresses in a field, folded, as one text; empty when there are none."""
        found = self._addressed.get(field)
        if found is None:
            found = self._addressed[field] = frame_addresses(self.addresses(field))
        return found

    def keys(self, name: str) -> Set[str]:
        """What a keyed test (`key_of`) compares with: a field's texts; or its addresses, their domains and ``*``."""
        found = self._keys.get(name)
        if found is None:
            field, _, operator = name.rpartition(" ")
            if operator == Operator.ADDRESS.value:
                addresses = self.addresses(field)
                found = {ANYONE, *addresses, *_domains(addresses)} if addresses else _ANYONE
            else:
                found = set(self.texts(field))
            self._keys[name] = found
        return found

    @cached_property
    def known(self) -> frozenset[str]:
        """The addresses and numbers of the account's contacts, folded."""
        people = self.book.contacts.values()
        return frozenset(fold(each) for contact in people for each in (contact.email, *contact.numbers) if each)

    @cached_property
    def local(self) -> datetime:
        """When the mail or the text was received, or the appointment begins, by the account's clock."""
        event = self.event
        moment = event.starts_at if isinstance(event, OccasionDue) else event.happened_at
        return in_zone(moment, find_zone(self.account.zone))

    @property
    def size(self) -> int | None:
        """Of the whole mail, in bytes; None of an appointment."""
        return self.event.size if self.event.kind == "mail" else None

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """The mail's attachments."""
        return self.event.attachments if self.event.kind == "mail" else ()

    def shown(self, field: str) -> str:
        """What a field holds, as the evidence shows it."""
        if field in _NUMBERS:
            return ", ".join(mask(each.address) for each in self.people(field))
        if field in _FIELDS_OF_PEOPLE:
            return ", ".join(_show_person(each) for each in self.people(field)[:20])[:SHOWN]
        match field:
            case "size":
                return show_size(self.size) if self.size is not None else ""
            case "received":
                return f"{self.local:%a %Y-%m-%d %H:%M}"
            case "attachment":
                return ", ".join(_show_attachment(each) for each in self.attachments[:20])[:SHOWN]
        return " · ".join(text[:SHOWN] for text in self.raw(field)[:20])[:SHOWN]

    def _header(self, wanted: str) -> tuple[str, ...]:
        """The values of a header that is named in small letters."""
        if self.event.kind != "mail":
            return ()
        headers, names = self.event.headers, self._header_names
        if names is None:
            names = self._header_names = [name.lower() for name, _ in headers]
        times = names.count(wanted)
        if times < 2:
            return (headers[names.index(wanted)][1],) if times else ()
        return tuple([value for name, (_, value) in zip(names, headers, strict=True) if name == wanted])


def _show_person(person: Address) -> str:
    return f"{person.name} <{person.address}>" if person.name else person.address


def _show_attachment(attachment: Attachment) -> str:
    return f"{attachment.name or 'no name'} ({attachment.media_type}, {show_size(attachment.size)})"


def _domains(addresses: tuple[str, ...]) -> Set[str]:
    # one that is longer than any that exists (RFC 1035, section 2.3.4) is not remembered
    domains = [address.rpartition("@")[2] for address in addresses]
    found = [above(each) if len(each) < 256 else above.__wrapped__(each) for each in domains]
    return found[0] if len(found) == 1 else frozenset().union(*found)


def _list_id(header: str) -> str:
    """What stands between the angle brackets of List-Id (RFC 2919 section 3), or all of it."""
    before, opened, inner = header.rpartition("<")
    return inner.partition(">")[0] if opened else before or inner


_Texts = Mapping[str, Callable[[Anything], tuple[str, ...]]]
_People = Mapping[str, Callable[[Anything], tuple[Address, ...]]]
#: By kind of event: who stands in a field, and what else does.
_READERS: Mapping[str, tuple[_People, _Texts]] = {
    "mail": (
        {
            "from": lambda mail: (mail.sender,) if mail.sender else (),
            "to": lambda mail: mail.to,
            "cc": lambda mail: mail.cc,
            "any_recipient": lambda mail: (*mail.to, *mail.cc, *mail.delivered_to),
            "reply_to": lambda mail: mail.reply_to,
        },
        {
            "subject": lambda mail: (mail.subject,),
            "body": lambda mail: (mail.text,),
            "priority": lambda mail: (read_priority(mail.headers),),
            "verified": lambda mail: tuple(sorted(verified(mail), key=METHODS.index)),
        },
    ),
    "message": (
        {
            "sms_from": lambda text: (Address(address=text.sender),),
            "sms_to": lambda text: (Address(address=text.to),) if text.to else (),
        },
        {
            "keyword": lambda text: (text.keyword,),
            "text": lambda text: (text.text,),
        },
    ),
    "occasion": (
        {
            "organiser": lambda occasion: (occasion.organiser,) if occasion.organiser else (),
            "attendee": lambda occasion: occasion.attendees,
        },
        {
            "calendar": lambda occasion: (occasion.feed,),
            "title": lambda occasion: (occasion.title,),
            "location": lambda occasion: (occasion.location,),
            "category": lambda occasion: occasion.categories,
            "all_day": lambda occasion: ("true" if occasion.all_day else "false",),
            "status": lambda occasion: (occasion.status,),
        },
    ),
}
_NOTHING: tuple[_People, _Texts] = ({}, {})
#: Which of them is a phone's, and not shown whole.
_NUMBERS = frozenset({"sms_from", "sms_to"})
_FIELDS_OF_PEOPLE = frozenset(field for people, _ in _READERS.values() for field in people)
