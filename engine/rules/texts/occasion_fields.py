"""What a text may say of an appointment that is due."""

from collections.abc import Callable
from datetime import timedelta

from engine.event import OccasionDue
from engine.rules.texts.dates import Moment, days, moment, span
from engine.rules.texts.field import OCCASION, Facts, Field, Found, Get, Shape, call, call_all, say_it
from engine.rules.texts.phrases import Phrase, say


def _occasion(get: Callable[[OccasionDue, Facts], Found]) -> Get:
    return lambda facts: get(facts.event, facts) if isinstance(facts.event, OccasionDue) else None


def _starts(event: OccasionDue, facts: Facts) -> Moment:
    return moment(event.starts_at, facts.home if event.all_day else facts.reader.zone, event.all_day)


def _ends(event: OccasionDue, facts: Facts) -> Moment | None:
    if event.ends_at is None:
        return None
    if not event.all_day:
        return moment(event.ends_at, facts.reader.zone)
    # the end is the first moment that is no longer of it (RFC 5545 3.6.1): people name the last day
    last = max(event.starts_at, event.ends_at - timedelta(seconds=1))
    return moment(last, facts.home, whole_day=True)


def _in(event: OccasionDue, facts: Facts) -> str:
    language = facts.reader.language
    if not event.all_day:
        return span(event.starts_at - facts.now, language)
    first, today = (moment(at, facts.home).at.date() for at in (event.starts_at, facts.now))
    return days((first - today).days, language)


def _rsvp(event: OccasionDue, facts: Facts) -> str:
    """For the owner only: nobody else answers for them."""
    return say(Phrase.RSVP, facts.reader.language, n=event.rsvp) if event.rsvp and facts.reader.owner else ""


FIELDS: tuple[Field, ...] = (
    Field(
        "title",
        OCCASION,
        "what it is called",
        "Dentist",
        _occasion(lambda event, _: event.title),
        stated='"(no title)"',
        default=say_it(Phrase.NO_TITLE),
    ),
    Field("location", OCCASION, "where it is", "Room 2", _occasion(lambda event, _: event.location)),
    Field("starts", OCCASION, "when it starts", "21/11/2026, 11:00", _occasion(_starts), Shape.TIME, always=True),
    Field(
        "ends", OCCASION, "when it ends; of whole days, the last", "21/11/2026, 12:00", _occasion(_ends), Shape.TIME
    ),
    Field("in", OCCASION, "how long until it starts", "in 1 h 30 min", _occasion(_in), always=True),
    Field("all_day", OCCASION, "yes for whole days", "", _occasion(lambda event, _: event.all_day), Shape.FLAG),
    Field(
        "calendar",
        OCCASION,
        "the calendar that it is in",
        "work",
        _occasion(lambda event, _: event.feed),
        always=True,
    ),
    Field(
        "organiser",
        OCCASION,
        "who called for it: the name, or the address",
        "Jan Peeters",
        _occasion(lambda event, _: call(event.organiser)),
    ),
    Field(
        "attendees",
        OCCASION,
        "who was asked to come",
        "Anna, Bert",
        _occasion(lambda event, _: call_all(event.attendees)),
    ),
    Field(
        "attendees.count",
        OCCASION,
        "how many were asked to come",
        "2",
        _occasion(lambda event, _: str(len(event.attendees) or "")),
        stated="0",
        default=lambda _: "0",
    ),
    Field(
        "categories",
        OCCASION,
        "its categories",
        "work, travel",
        _occasion(lambda event, _: ", ".join(filter(None, event.categories))),
    ),
    Field(
        "status",
        OCCASION,
        "confirmed, tentative or cancelled",
        "confirmed",
        _occasion(lambda event, facts: say(Phrase(event.status), facts.reader.language)),
        always=True,
    ),
    Field(
        "rsvp",
        OCCASION,
        "how the owner answers the invitation by a text; nothing where there is no such answer",
        "YES 2 / NO 2?",
        _occasion(_rsvp),
    ),
    Field("appointment", OCCASION, "yes for an appointment", "", _occasion(lambda *_: True), Shape.FLAG, always=True),
)
