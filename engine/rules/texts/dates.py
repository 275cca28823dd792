"""Dates and times as their reader writes them. The only door to Babel, which is loaded when the first is written.

Patterns are those of Unicode CLDR (UTS 35 part 4), of which the letters that make sense in a message are known.
Babel's own signs are made plain: a narrow no-break space or the û of ``août`` is not in GSM-7, and would double
the price of the whole message.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Literal
from unicodedata import category, normalize

from engine.rules.texts.phrases import Phrase, say, understood
from engine.rules.zone import in_zone
from engine.segments import count

Style = Literal["short", "medium", "long", "full"]
STYLES: Mapping[str, Style] = {"short": "short", "medium": "medium", "long": "long", "full": "full"}
HALVES = ("date", "time")

#: Letters of a pattern, and the most characters that each becomes in any of our languages.
LETTERS: Mapping[str, int] = {
    "y": 4, "yy": 2, "yyyy": 4, "M": 2, "MM": 2, "MMM": 5, "MMMM": 9, "d": 2, "dd": 2, "E": 4, "EEE": 4, "EEEE": 10,
    "H": 2, "HH": 2, "h": 2, "hh": 2, "a": 4, "mm": 2, "ss": 2,
}  # fmt: skip
#: The most characters of a date in each style; a time is always HH:mm, 5, and two signs stand between them.
_DATES: Mapping[str, int] = {"short": 10, "medium": 13, "long": 18, "full": 30}

_RUN = re.compile(r"([A-Za-z])\1*|[ :/.,-]+|.", re.DOTALL)
_MONTHS_AS_MINUTES = re.compile(r"(?<=d[ /.-])mm?(?=[ /.-]|$)|(?<![:.m])mm?(?=[/.-]y)")
_OF_DAY = frozenset("Hhams")
# What strftime and other date languages write for our letters.
_STRFTIME: Mapping[str, str] = {
    "%Y": "yyyy", "%y": "yy", "%m": "MM", "%B": "MMMM", "%b": "MMM", "%d": "dd", "%A": "EEEE", "%a": "EEE",
    "%H": "HH", "%I": "hh", "%p": "a", "%M": "mm", "%S": "ss",
}  # fmt: skip
# English as it is written in Europe: 3/4 is a day in April, and an afternoon has hours beyond 12.
_LOCALES: Mapping[str, str] = {"en": "en_GB"}
_PLAIN: Mapping[str, str] = {"\u2019": "'", "\u2018": "'", "\u2013": "-", "\u2014": "-", "\u2212": "-"}


@dataclass(frozen=True, slots=True)
class Moment:
    """A time on a clock that its reader knows."""

    at: datetime
    """In the reader's zone; of a whole day, in the zone that the day is of."""
    whole_day: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """How a moment is to be written: by a pattern, or in a style, all of it or a half."""

    pattern: str = ""
    style: Style = "short"
    half: str = ""

    @property
    def longest(self) -> int:
        """The most characters that it becomes in any language."""
        if self.pattern:
            return sum(LETTERS.get(run, len(run)) for run in _runs(self.pattern))
        date, time = _DATES[self.style], 5
        return {"date": date, "time": time}.get(self.half, date + 2 + time)


def is_pattern(form: str) -> bool:
    """Whether every letter of it is known, and stands where it makes sense."""
    runs = _runs(form)
    letters = [run for run in runs if run[0].isalpha()]
    if not letters or any(run not in LETTERS and run.strip(" :/.,-") for run in runs):
        return False
    firsts = {run[0] for run in letters}
    if ("h" in firsts) != ("a" in firsts) or ("m" in firsts and not firsts & {"H", "h"}):
        return False  # half a day without saying which, or minutes of no hour: months were meant
    return not (re.search(r"[Hh][:.]M", form) or _MONTHS_AS_MINUTES.search(form))


def correct(form: str) -> str:
    """The pattern that was probably meant, or nothing."""
    meant = re.sub("%.", lambda code: _STRFTIME.get(code[0], code[0]), form)
    meant = meant.replace("D", "d").replace("Y", "y").replace("S", "s").replace("A", "a")
    meant = re.sub(r"(?<!y)yyy(?!y)", "yyyy", meant)
    if "a" not in meant:
        meant = meant.replace("h", "H")
    meant = re.sub(r"([Hh][:.])(MM?)", r"\1mm", meant)
    meant = re.sub(r"([Hh][:.])m(?!m)", r"\1mm", meant)
    meant = _MONTHS_AS_MINUTES.sub(lambda month: month[0].upper(), meant)
    if not re.search("[Hh]", meant):
        meant = meant.replace("m", "M")
    return meant if meant != form and is_pattern(meant) else ""


def moment(at: datetime, zone: tzinfo, whole_day: bool = False) -> Moment:
    """The moment on the clocks of a zone."""
    return Moment(in_zone(at, zone), whole_day)


def write(found: Moment, form: Form, language: str) -> str:
    """The moment in this form. A whole day has no time of day: where one is asked for, it is said to be whole."""
    if found.whole_day:
        form = _without_time(form)
        if form.half == "time":
            return say(Phrase.ALL_DAY, language)
    return plain(_writer(form, understood(language))(found.at))


def span(until: timedelta, language: str) -> str:
    """How long from now, in at most two units: ``in 1 h 30 min``, ``5 min ago``, ``now``."""
    minutes = round(abs(until) / timedelta(minutes=1))
    if not minutes:
        return say(Phrase.NOW, language)
    if minutes >= 2 * 24 * 60:
        said = _days(round(minutes / (24 * 60)), language)
    else:
        days, rest = divmod(minutes, 24 * 60)
        hours, rest = divmod(rest, 60)
        units = [_days(days, language)] if days else []
        units += [say(Phrase.HOURS, language, n=hours)] if hours else []
        units += [say(Phrase.MINUTES, language, n=rest)] if rest and not days else []
        said = " ".join(units)
    return say(Phrase.IN if until > timedelta(0) else Phrase.AGO, language, span=said)


def days(until: int, language: str) -> str:
    """How many days from today: ``today``, ``tomorrow``, ``in 3 days``."""
    if until in (0, 1):
        return say(Phrase.TOMORROW if until else Phrase.TODAY, language)
    return say(Phrase.IN if until > 0 else Phrase.AGO, language, span=_days(abs(until), language))


def plain(text: str) -> str:
    """The text in letters of GSM-7, as far as they have one: ``août`` is ``aout``."""
    if not count(text).forced_by:
        return text
    return "".join(each if not count(each).forced_by else _plain(each) for each in text)


def _plain(character: str) -> str:
    if character in _PLAIN:
        return _PLAIN[character]
    bare = "".join(each for each in normalize("NFKD", character) if category(each) not in ("Mn", "Cf"))
    return character if count(bare).forced_by else bare


def _days(number: int, language: str) -> str:
    return say(Phrase.DAY if number == 1 else Phrase.DAYS, language, n=number)


def _runs(form: str) -> list[str]:
    return [run[0] for run in _RUN.finditer(form)]


def _without_time(form: Form) -> Form:
    if not form.pattern:
        return Form(style=form.style, half=form.half or "date")
    letters = {run[0] for run in _runs(form.pattern) if run[0].isalpha()}
    if not letters & _OF_DAY:
        return form
    return Form(half="date", style="medium") if letters - _OF_DAY else Form(half="time")


@lru_cache(maxsize=512)
def _writer(form: Form, language: str) -> Callable[[datetime], str]:
    from babel import Locale
    from babel.dates import get_date_format, get_datetime_format, parse_pattern

    locale = Locale.parse(_LOCALES.get(language, language))
    pattern = form.pattern
    if not pattern:
        date = str(get_date_format(form.style, locale).pattern)
        glue = str(get_datetime_format(form.style, locale))
        pattern = {"date": date, "time": "HH:mm"}.get(form.half) or glue.replace("{1}", date).replace("{0}", "HH:mm")
    compiled = parse_pattern(pattern)
    return lambda at: compiled.apply(at, locale)
