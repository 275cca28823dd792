"""What is said of an appointment besides the rule's own text: that it moved, that it is off, that this comes late."""

from datetime import datetime

from engine.event import OccasionDue
from engine.rules.texts.clean import clean
from engine.rules.texts.dates import Form, days, moment, span, write
from engine.rules.texts.field import Reader
from engine.rules.texts.phrases import Phrase, say
from engine.rules.zone import in_zone

#: What is said where the rule's author wrote nothing.
DEFAULT_TEXT = "{title}, {starts|EEE d MMM HH:mm}{if location}, {location}{end}"
#: A moment as a reminder names it: ``Sat 21 Nov 11:00``; of a whole day, the day.
SHORT = Form(pattern="EEE d MMM HH:mm")
_DAY = Form(pattern="EEE d MMM")
#: A title is cut to this many characters, so that both times of a move fit beside it.
_MOST_TITLE = 80


def say_change(event: OccasionDue, reader: Reader) -> str:
    """That it was moved or called off, in the reader's language and zone."""
    title = clean(event.title)[:_MOST_TITLE].rstrip() or say(Phrase.NO_TITLE, reader.language)
    at = say_when(event.starts_at, event.all_day, reader)
    if event.change == "cancelled":
        return say(Phrase.CALLED_OFF, reader.language, title=title, at=at)
    was = say_when(event.was or event.starts_at, event.all_day, reader)
    return say(Phrase.MOVED, reader.language, title=title, at=at, was=was)


def say_late(event: OccasionDue, reader: Reader, now: datetime) -> str:
    """How long ago it started, or how soon it does: what a reminder of another moment would leave open."""
    until = event.starts_at - now
    if event.all_day:
        home = reader.home or reader.zone
        ahead = (in_zone(event.starts_at, home).date() - in_zone(now, home).date()).days
        said, started = days(ahead, reader.language), ahead < 0
    else:
        said, started = span(until, reader.language), until.total_seconds() < 0
    return say(Phrase.STARTED if started else Phrase.STARTS, reader.language, span=said)


def say_when(at: datetime, whole_day: bool, reader: Reader) -> str:
    """When it starts, short enough for a message."""
    home = reader.home or reader.zone
    if whole_day:
        return write(moment(at, home, whole_day=True), _DAY, reader.language)
    return write(moment(at, reader.zone), SHORT, reader.language)
