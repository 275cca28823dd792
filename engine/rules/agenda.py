"""What is planned, told at a chosen time: the rule that nobody has to write."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta, tzinfo
from itertools import groupby

from engine.account import Account, Agenda
from engine.event import AgendaDue, Item
from engine.notification import Channel, Fallback, Lane, Notification, Road
from engine.occasion import Occasion
from engine.rules.appointment import say_when
from engine.rules.incident import SCOPE
from engine.rules.reach import ME, address, who
from engine.rules.texts.clean import clean
from engine.rules.texts.dates import Form, Moment, write
from engine.rules.texts.field import Reader
from engine.rules.texts.phrases import Phrase, say
from engine.rules.write import MOST, sign
from engine.rules.zone import find_zone, in_zone
from engine.segments import count, shorten
from engine.wall import first_at, minutes, on

#: After this it is old news, and is not sent any more.
WORTH = timedelta(hours=12)
#: So much of one appointment an event carries, and so many of them.
MOST_ITEMS = 500
_MOST_WORDS = 200
_DAY = timedelta(days=1)
_DATE = Form(pattern="EEE d MMM")
_WEEKDAY = Form(pattern="EEE")
_LONG_DATE = Form(style="full", half="date")
_TIME = Form(half="time")
#: How many characters of a title and of a place an SMS gives room to; the first with which all fit is taken, and
#: where none is, the last.
_ROOMS = ((60, 40), (60, 0), (30, 0))


def next_moment(agenda: Agenda, zone: tzinfo, after: datetime) -> tuple[date, datetime]:
    """The next day that the agenda is told of, and when, later than `after`.

    It is told once on each of its days: where a clock is put forward over its time, at the first moment after; where
    it is put back, at the first. A day that the zone never had is passed over.
    """
    day = in_zone(after, zone).date() - _DAY
    while True:
        at = first_at(on(day, minutes(agenda.at)), zone)
        if at > after and (not agenda.days or day.weekday() in agenda.days) and _exists(day, zone):
            return day, at
        day += _DAY


def _exists(day: date, zone: tzinfo) -> bool:
    return in_zone(first_at(on(day, 0), zone), zone).date() == day


def window(agenda: Agenda, day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """From the beginning of the day to the end of it, or of the sixth after it."""
    length = 7 * _DAY if agenda.span == "week" else _DAY
    return first_at(on(day, 0), zone), first_at(on(day + length, 0), zone)


def pick(occasions: Iterable[Occasion], agenda: Agenda, day: date, zone: tzinfo) -> tuple[Item, ...]:
    """What the agenda says of these: not what is cancelled, elsewhere or at another time."""
    start, end = window(agenda, day, zone)
    found = [
        Item(each.starts_at, clean(each.title)[:_MOST_WORDS], clean(each.location)[:_MOST_WORDS], each.all_day)
        for each in occasions
        if each.status != "cancelled"
        and (not agenda.calendars or each.feed in agenda.calendars)
        and each.starts_at < end
        and (each.ends_at > start or each.starts_at >= start)
    ]
    found.sort(key=lambda item: (_day_of(item, day, zone), not item.all_day, item.starts_at, item.title))
    return tuple(found[:MOST_ITEMS])


def notify(event: AgendaDue, agenda: Agenda, account: Account, version: str, now: datetime) -> Notification | None:
    """The notification to the account's owner, through the same gates as every other; None: no road reaches them."""
    person = who(ME, account)
    zone = find_zone(account.zone)
    reader = Reader(account.language, zone, account=account.name, home=zone)
    tail = sign(account.signature)
    roads = [
        Road(
            channel=Channel(channel),
            address=address(person, Channel(channel)),
            text=say_short(event, reader, agenda.max_parts, tail)
            if channel == "sms"
            else say_all(event, reader) + tail,
            max_parts=agenda.max_parts,
        )
        for channel in agenda.channels
        if address(person, Channel(channel))
    ]
    if not roads:
        return None
    return Notification(
        event_id=event.id,
        account=account.id,
        scope=SCOPE,
        rule=f"agenda-{agenda.name}",
        action=roads[0].channel.value,
        recipient=person.id,
        **dict(roads[0]),
        otherwise=tuple(roads[1:]),
        fallback=Fallback() if len(roads) > 1 else None,
        title=_head(event, reader),
        lane=Lane(agenda.lane),
        decided_at=now,
        not_after=event.due_at + WORTH,
        rules_version=version,
    )


def say_short(event: AgendaDue, reader: Reader, parts: int, tail: str = "") -> str:
    """All of it in so many parts of an SMS with `tail` behind it; what finds no room is counted: ``+3 more``."""
    head = _head(event, reader)
    if not event.items:
        return shorten(say(Phrase.NOTHING, reader.language, day=head), parts, tail)
    text = ""
    for title, place in _ROOMS:
        shown = 0
        for text in _growing(event, reader, head, title, place):
            if count(text + tail).parts > parts:
                break
            shown += 1
        if shown == len(event.items):
            return text + tail
    return _counted(event, reader, head, parts, tail)


def _counted(event: AgendaDue, reader: Reader, head: str, parts: int, tail: str) -> str:
    """As many as there is room for, and the number of the others."""
    kept = _with_rest(head, reader, len(event.items), ":")
    for shown, text in enumerate(_growing(event, reader, head, *_ROOMS[-1]), 1):
        text = _with_rest(text, reader, len(event.items) - shown, ";")
        if count(text + tail).parts > parts:
            break
        kept = text
    return shorten(kept, parts, tail)


def _with_rest(text: str, reader: Reader, rest: int, sign: str) -> str:
    return f"{text}{sign} {say(Phrase.REST, reader.language, n=rest)}" if rest else text


def _growing(event: AgendaDue, reader: Reader, head: str, title: int, place: int) -> Iterator[str]:
    """The text with one appointment, with two, ..."""
    text = f"{head}:"
    for number, item in enumerate(event.items):
        text += f"{';' if number else ''} {_line(item, event, reader, title, place, day=event.span == 'week')}"
        yield text


def say_all(event: AgendaDue, reader: Reader) -> str:
    """All of it, a line for each appointment, under the day where there are several."""
    if not event.items:
        return say(Phrase.NOTHING, reader.language, day=_head(event, reader))
    lines: list[str] = []
    first = date.fromisoformat(event.day)
    for day, items in groupby(event.items, key=lambda item: _day_of(item, first, reader.zone)):
        lines += [""] if lines else []
        lines.append(_write_day(day, _LONG_DATE, reader.language))
        lines += [_line(item, event, reader, _MOST_WORDS, _MOST_WORDS) for item in items]
    return _fit("\n".join(lines), event.items, reader)


def _fit(text: str, items: Sequence[Item], reader: Reader) -> str:
    """No road carries more than so many characters: whole lines are left out, and counted."""
    if len(text) <= MOST:
        return text
    kept = text[: MOST - 100].rpartition("\n")[0]
    lost = sum(1 for line in text[len(kept) :].splitlines() if line)
    return f"{kept}\n{say(Phrase.REST, reader.language, n=min(lost, len(items)))}"


def _line(item: Item, event: AgendaDue, reader: Reader, title: int, place: int, day: bool = False) -> str:
    """``09:00 Dentist, Room 2``; with its day of the week where there are several."""
    first = date.fromisoformat(event.day)
    name = item.title[:title].rstrip() or say(Phrase.NO_TITLE, reader.language)
    where = item.location[:place].rstrip()
    at = Moment(in_zone(item.starts_at, reader.zone), item.all_day)
    if at.at.date() < first and not item.all_day:
        when = say_when(item.starts_at, False, reader)  # it goes on since another day
    else:
        weekday = _write_day(_day_of(item, first, reader.zone), _WEEKDAY, reader.language) if day else ""
        when = " ".join(filter(None, (weekday, write(at, _TIME, reader.language))))
    return f"{when} {name}, {where}" if where else f"{when} {name}"


def _day_of(item: Item, first: date, zone: tzinfo) -> date:
    """The day under which it stands: what began before the first stands under that."""
    return max(first, in_zone(item.starts_at, zone).date())


def _head(event: AgendaDue, reader: Reader) -> str:
    day = _write_day(date.fromisoformat(event.day), _DATE, reader.language)
    return say(Phrase.WEEK, reader.language, day=day) if event.span == "week" else day


def _write_day(day: date, form: Form, language: str) -> str:
    return write(Moment(on(day, 12 * 60), whole_day=True), form, language)
