"""What may stand behind a field: ``|80``, ``|or "text"``, ``|first_line``, ``|upper``, ``|lower``, a form of a time.

Their order says nothing: first the line is chosen, then the case, then it is cut. A text for nothing is never cut.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from engine.document import suggest
from engine.rules.texts.clean import clean, is_blank
from engine.rules.texts.dates import HALVES, LETTERS, STYLES, Form, correct, is_pattern
from engine.rules.texts.field import Field, Shape
from engine.rules.texts.pieces import Mistake, Part

#: No message holds more: ten parts of 160.
MOST = 1600

#: What may stand behind a text, for the reference.
OF_TEXTS: Mapping[str, str] = {
    "80": "at most so many characters of it",
    'or "text"': "this instead of nothing",
    "first_line": "its first line that is not empty",
    "upper": "IN CAPITALS",
    "lower": "in small letters",
}
#: What may stand behind a time, for the reference; and any pattern of `engine.rules.texts.dates.LETTERS`.
OF_TIMES: Mapping[str, str] = {
    "HH:mm": "a pattern: y M d E, H h m s a, and the signs : / . , -",
    "short": "21/11/2026, 11:04",
    "medium": "21 Nov 2026, 11:04",
    "long": "21 November 2026, 11:04",
    "full": "Saturday, 21 November 2026, 11:04",
    "date": "only the date, in one of these styles",
    "time": "only the time",
    'or "text"': "this instead of nothing",
}

_OR = re.compile(r"""or\s*(?:"([^"]*)"|'([^']*)')""")
_OTHER_OR = re.compile(r"""(?:or|default|otherwise|else|if_empty)\b[\s(:=]*["'“”„‘’]*([^"'“”„‘’()]*)["'“”„‘’]*\)?""")
_OTHER_CUT = re.compile(r"[a-z_]*[\s(:=\[]*([0-9]+)[\s)\]]*")
#: A pattern of all that is known, once, is shorter.
_LONGEST_PATTERN = 60
_WORDS = ("first_line", "upper", "lower")


@dataclass(frozen=True, slots=True)
class Filters:
    """What is done with what a field has."""

    most: int = 0
    """Characters; 0: as many as there are."""
    otherwise: str = ""
    """What stands there when there is nothing; empty: the field's own default."""
    first_line: bool = False
    case: str = ""
    form: Form = field(default_factory=Form)


@dataclass(frozen=True, slots=True)
class _Step:
    """One filter: what it is about, of which a field has one, and what it does to the others."""

    about: str
    apply: Callable[[Filters], Filters]


def read(of: Field, parts: Sequence[Part], whole: tuple[int, int]) -> tuple[Filters, list[Mistake]]:
    """The filters behind a field and their mistakes; `whole` is where the braces stand."""
    found = Filters()
    mistakes: list[Mistake] = []
    seen: set[str] = set()
    for part in parts:
        start, end = (part.start, part.end) if part.text else whole
        step = _read_time(of.name, part.text) if of.shape is Shape.TIME else _read_text(of.name, part.text)
        if isinstance(step, _Refused):
            mistakes.append(Mistake(start, end, step.message, step.label, step.hint))
            continue
        if step.about in seen or ("pattern" in seen | {step.about} and {"style", "half"} & (seen | {step.about})):
            mistakes.append(Mistake(start, end, f"'{part.text}' and a filter before it contradict each other"))
        seen.add(step.about)
        found = step.apply(found)
    return found, mistakes


@dataclass(frozen=True, slots=True)
class _Refused:
    message: str
    label: str = ""
    hint: str = ""


def _read_text(name: str, word: str) -> _Step | _Refused:
    if word.isdecimal() and word.isascii() and 1 <= int(word[:5]) <= MOST:
        return _Step("length", lambda old: replace(old, most=int(word)))
    if word in ("upper", "lower"):
        return _Step("case", lambda old: replace(old, case=word))
    if word == "first_line":
        return _Step("line", lambda old: replace(old, first_line=True))
    if or_ := _OR.fullmatch(word):
        return _read_or(name, or_)
    if not word or re.fullmatch(r"[-+]?[0-9.,]+", word):
        return _Refused(f"write how many characters of {name} to keep, 1 to {MOST}", f"like {{{name}|80}}")
    if is_pattern(word) or word in (*STYLES, *HALVES):
        return _Refused(f"'{word}' is a form of a time, and {name} is a text", hint=_known(OF_TEXTS))
    return _Refused(f"unknown filter '{word}'", _meant(word) or suggest(word, _WORDS), _known(OF_TEXTS))


def _read_time(name: str, word: str) -> _Step | _Refused:
    if word in STYLES:
        return _Step("style", lambda old: replace(old, form=replace(old.form, style=STYLES[word])))
    if word in HALVES:
        return _Step("half", lambda old: replace(old, form=replace(old.form, half=word)))
    if or_ := _OR.fullmatch(word):
        return _read_or(name, or_)
    if len(word) <= _LONGEST_PATTERN and is_pattern(word):
        return _Step("pattern", lambda old: replace(old, form=replace(old.form, pattern=word)))
    meant = correct(word[:_LONGEST_PATTERN])
    label = (
        f"did you mean '{meant}'?" if meant else suggest(word.lower(), (*STYLES, *HALVES)) or _meant(word, ("or",))
    )
    hint = f"known here: {', '.join((*STYLES, *HALVES, *LETTERS))} and the signs : / . , -"
    return _Refused(f"'{word}' is no form of a time", label, hint)


def _read_or(name: str, match: re.Match[str]) -> _Step | _Refused:
    otherwise = clean(match[1] or match[2] or "")
    if is_blank(otherwise):
        label = f"write {{if {name}}}…{{end}} around what is to be left out"
        return _Refused("an empty text would leave a hole in the message", label)
    return _Step("or", lambda old: replace(old, otherwise=otherwise))


def _meant(word: str, only: Sequence[str] = ()) -> str:
    """What other languages write for one of our filters."""
    meant = ""
    if or_ := _OTHER_OR.fullmatch(word):
        meant = f'or "{or_[1].strip() or "…"}"'
    elif only:
        pass
    elif cut := _OTHER_CUT.fullmatch(word):
        meant = cut[1] if 1 <= int(cut[1][:5]) <= MOST else ""
    elif word.rstrip("( )").lower().replace("-", "_").replace(" ", "_") in _WORDS:
        meant = word.rstrip("( )").lower().replace("-", "_").replace(" ", "_")
    return f"did you mean '{meant}'?" if meant else ""


def _known(filters: Mapping[str, str]) -> str:
    return f"known here: {', '.join(filters)}"
