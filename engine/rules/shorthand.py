"""What people write in a word or two where a block belongs, and the block that they mean."""

import json
import re
from collections.abc import Callable

from engine.document import Flaw

#: The block that was meant by a text, or nothing.
Meant = Callable[[str], str]

_LENGTH = r"(?:[1-9][0-9]{0,5} ?)?[a-z]+"
_RATE = re.compile(rf"([0-9]{{1,5}}) ?(?:x|times|keer)? ?(?:/|per|a|in) ?({_LENGTH})")
_OPERATOR = re.compile(r"(contains|starts[ _-]?with|ends[ _-]?with)[ :]+(.+)", re.IGNORECASE | re.DOTALL)
#: As Perl and JavaScript write a pattern, and as Gmail writes a choice.
_SLASHES = re.compile(r"/([^/]+)/[gimsu]+")
_OR = re.compile(r" +(?:OR|OF|\|\|) +")
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):[0-5][0-9]")
_PERIODS = {"daily": "day", "weekly": "week", "hourly": "1h", "day": "day", "week": "week"}


def throttle(text: str) -> str:
    """``5/hour``."""
    rate = _RATE.fullmatch(text.strip().lower())
    if rate is None:
        return ""
    length = {"hour": "1h", "h": "1h", "uur": "1h", "minute": "1m", "min": "1m", "m": "1m"}
    length |= {"day": "1d", "d": "1d", "dag": "1d", "week": "7d", "w": "7d"}
    per = length.get(rate[2]) or (rate[2] if rate[2][0].isdigit() else "")
    return f"{{max: {rate[1]}, per: {per}}}" if per else ""


def dedupe(text: str) -> str:
    """``1d``."""
    return f"{{for: {text}}}" if re.fullmatch(r"[1-9][0-9]{0,5} ?[a-z]+", text.strip()) else ""


def quiet_hours(text: str) -> str:
    """``22:00-07:00``."""
    return f'{{between: "{text}"}}' if re.fullmatch(r"[0-9:.h]+ ?[-–] ?[0-9:.h]+", text.strip()) else ""


def digest(text: str) -> str:
    """``daily``, ``1h`` or ``08:30``."""
    written = text.strip().lower()
    if _TIME.fullmatch(written):
        return f'{{at: "{written.rjust(5, "0")}"}}'
    every = _PERIODS.get(written) or (written if re.fullmatch(r"[1-9][0-9]{0,5} ?[a-z]+", written) else "")
    return f"{{every: {every}}}" if every else ""


def fallback(text: str) -> str:
    """``10 min``."""
    return f"{{after: {text.strip()}}}" if re.fullmatch(r"[1-9][0-9]{0,5} ?[a-z]+", text.strip()) else ""


def attachment(text: str) -> str:
    """``*.pdf`` or ``application/pdf``."""
    if re.fullmatch(r"[a-z]+/[\w.+*-]+", text):
        return f"{{type: {json.dumps(text)}}}"
    return f"{{name: {json.dumps(text)}}}" if re.search(r"[.*?]", text) else ""


def operator(text: str) -> Flaw | None:
    """``contains urgent``, ``/urgent/i``, ``urgent OR asap``: an operator inside a text, where it would be a word."""
    written = text.strip()
    if found := _OPERATOR.fullmatch(written):
        name = {"c": "contains", "s": "starts_with", "e": "ends_with"}[found[1][0].lower()]
        return _flaw(text, found[1], f"{{{name}: {_quoted(found[2])}}}")
    if found := _SLASHES.fullmatch(written):
        return _flaw(text, "/", f"{{matches: {_quoted(found[1])}}}")
    if _OR.search(written):
        return _flaw(text, "OR", f"[{', '.join(map(_quoted, _OR.split(written)))}]")
    return None


def _flaw(text: str, sign: str, meant: str) -> Flaw:
    hint = "an operator is a setting of its own; to look for the very text: {contains: …}"
    return Flaw(text, f"'{sign}' would be looked for in the mail here", f"did you mean '{meant}'?", hint)


def _quoted(text: str) -> str:
    return json.dumps(text.strip(), ensure_ascii=False)
