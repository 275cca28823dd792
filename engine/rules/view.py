"""An event as the conditions see it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property

from engine.account import Account
from engine.event import Address, Attachment, Event, MailArrived, OccasionDue
from engine.rules.authentication import METHODS, verified
from engine.rules.book import Book
from engine.rules.comparison import show_size
from engine.rules.fold import fold
from engine.rules.priority import read_priority
from engine.rules.zone import find_zone, in_zone

#: How much of what an event holds the evidence shows, in characters.
SHOWN = 200
#: Before the name of a header, where a field is one.
HEADER = "header:"
_NO_BOOK = Book()


class View:
    """An event as the conditions see it: each folded text is made when the first rule asks for it, and once.

    A field that the event does not have, or that is blank, has no texts; only a header may be there and blank.
    """

    __slots__ = ("__dict__", "_domains", "_texts", "account", "book", "event")

    def __init__(self, event: Event, account: Account, book: Book = _NO_BOOK) -> None:
        self.event = event
        self.account = account
        self.book = book
        self._texts: dict[str, tuple[str, ...]] = {}
        self._domains: dict[str, frozenset[str]] = {}

    def texts(self, field: str) -> tuple[str, ...]:
        """What a field holds, folded, without blanks around it. Of people: names and addresses."""
        found = self._texts.get(field)
        if found is None:
            found = tuple(fold(text).strip() for text in self.raw(field))
            if not field.startswith(HEADER):
                found = tuple(text for text in found if text)
            self._texts[field] = found
        return found

    def raw(self, field: str) -> tuple[str, ...]:
        """What a field holds as it stands in the event, for patterns and for the evidence."""
        if field in _PEOPLE:
            return tuple(part for each in self.people(field) for part in (each.name, each.address) if part)
        if isinstance(self.event, MailArrived):
            if field.startswith(HEADER):
                return self._headers.get(field.removeprefix(HEADER), ())
            get = _MAIL_TEXTS.get(field)
            values = get(self.event) if get else ()
        elif isinstance(self.event, OccasionDue):
            read = _OCCASION_TEXTS.get(field)
            values = read(self.event) if read else ()
        else:
            values = ()
        if field == "language":
            values = (self.account.language,)
        return tuple(value for value in values if value.strip())

    def people(self, field: str) -> tuple[Address, ...]:
        """Who stands in a field."""
        get = _PEOPLE[field]
        return get(self.event) if isinstance(self.event, MailArrived | OccasionDue) else ()

    def addresses(self, field: str) -> tuple[str, ...]:
        """The addresses in a field, folded."""
        key = f"{field} address"
        found = self._texts.get(key)
        if found is None:
            found = self._texts[key] = tuple(fold(each.address) for each in self.people(field) if each.address)
        return found

    def domains(self, field: str) -> frozenset[str]:
        """The domains of a field's addresses and what they are under: mail.acme.example, acme.example, example."""
        found = self._domains.get(field)
        if found is None:
            names: set[str] = set()
            for address in self.addresses(field):
                labels = address.rpartition("@")[2].split(".")
                names.update(".".join(labels[start:]) for start in range(len(labels)))
            found = self._domains[field] = frozenset(names)
        return found

    @cached_property
    def known(self) -> frozenset[str]:
        """The addresses of the account's contacts, folded."""
        return frozenset(fold(contact.email) for contact in self.book.contacts.values() if contact.email)

    @cached_property
    def local(self) -> datetime:
        """When the mail was received, or the appointment begins, by the account's clock."""
        event = self.event
        moment = event.starts_at if isinstance(event, OccasionDue) else event.happened_at
        return in_zone(moment, find_zone(self.account.zone))

    @property
    def size(self) -> int | None:
        """Of the whole mail, in bytes; None of an appointment."""
        return self.event.size if isinstance(self.event, MailArrived) else None

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """The mail's attachments."""
        return self.event.attachments if isinstance(self.event, MailArrived) else ()

    def shown(self, field: str) -> str:
        """What a field holds, as the evidence shows it."""
        if field in _PEOPLE:
            return ", ".join(_show_person(each) for each in self.people(field)[:20])[:SHOWN]
        match field:
            case "size":
                return show_size(self.size) if self.size is not None else ""
            case "received":
                return f"{self.local:%a %Y-%m-%d %H:%M}"
            case "attachment":
                return ", ".join(_show_attachment(each) for each in self.attachments[:20])[:SHOWN]
        return " · ".join(text[:SHOWN] for text in self.raw(field)[:20])[:SHOWN]

    @cached_property
    def _headers(self) -> Mapping[str, tuple[str, ...]]:
        """The values of each header, under its name in small letters."""
        found: dict[str, tuple[str, ...]] = {}
        if isinstance(self.event, MailArrived):
            for name, value in self.event.headers:
                found[name.lower()] = (*found.get(name.lower(), ()), value)
        return found


def _show_person(person: Address) -> str:
    return f"{person.name} <{person.address}>" if person.name else person.address


def _show_attachment(attachment: Attachment) -> str:
    return f"{attachment.name or 'no name'} ({attachment.media_type}, {show_size(attachment.size)})"


def _list_id(mail: MailArrived) -> tuple[str, ...]:
    """What stands between the angle brackets of List-Id (RFC 2919 section 3), or all of it."""
    told = next((value for name, value in mail.headers if name.lower() == "list-id"), "")
    before, opened, inner = told.rpartition("<")
    return (inner.partition(">")[0] if opened else before or inner,)


_Texts = tuple[str, ...]
_MAIL_TEXTS: Mapping[str, Callable[[MailArrived], _Texts]] = {
    "subject": lambda mail: (mail.subject,),
    "body": lambda mail: (mail.text,),
    "list_id": _list_id,
    "priority": lambda mail: (read_priority(mail.headers),),
    "verified": lambda mail: tuple(sorted(verified(mail), key=METHODS.index)),
}
_OCCASION_TEXTS: Mapping[str, Callable[[OccasionDue], _Texts]] = {
    "calendar": lambda occasion: (occasion.feed,),
    "title": lambda occasion: (occasion.title,),
    "location": lambda occasion: (occasion.location,),
    "category": lambda occasion: occasion.categories,
    "all_day": lambda occasion: ("true" if occasion.all_day else "false",),
    "status": lambda occasion: (occasion.status,),
}


def _sender(event: MailArrived | OccasionDue) -> tuple[Address, ...]:
    return (event.sender,) if isinstance(event, MailArrived) and event.sender else ()


def _organiser(event: MailArrived | OccasionDue) -> tuple[Address, ...]:
    return (event.organiser,) if isinstance(event, OccasionDue) and event.organiser else ()


_PEOPLE: Mapping[str, Callable[[MailArrived | OccasionDue], tuple[Address, ...]]] = {
    "from": _sender,
    "to": lambda event: event.to if isinstance(event, MailArrived) else (),
    "cc": lambda event: event.cc if isinstance(event, MailArrived) else (),
    "any_recipient": lambda event: (
        (*event.to, *event.cc, *event.delivered_to) if isinstance(event, MailArrived) else ()
    ),
    "reply_to": lambda event: event.reply_to if isinstance(event, MailArrived) else (),
    "organiser": _organiser,
    "attendee": lambda event: event.attendees if isinstance(event, OccasionDue) else (),
}
