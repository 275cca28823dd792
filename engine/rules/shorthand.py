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


def attachment(text: str) -> str:
    """``*.pdf`` or ``application/pdf``."""
    if re.fullmatch(r"[a-z]+/[\w.+*-]+", text):
        return f"{{type: {json.dumps(text)}}}"
    return f"{{name: {json.dumps(text)}}}" if re.search(r"[.*?]", text) else ""


def operator(text: str) -> Flaw | None:
    """``contains urgent``: the name of an operator inside the text, where it would be looked for as a word."""
    found = _OPERATOR.fullmatch(text.strip())
    if found is None:
        return None
    name = {"c": "contains", "s": "starts_with", "e": "ends_with"}[found[1][0].lower()]
    block = f"{{{name}: {json.dumps(found[2].strip(), ensure_ascii=False)}}}"
    return Flaw(
        text,
        f"'{found[1]}' would be looked for as a word here",
        f"did you mean '{block}'?",
        "an operator is a setting of its own; to look for the word: {contains: …}",
    )
