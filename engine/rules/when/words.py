"""What may be written as an address, an id or a text to look for."""

import re
from typing import Any
from unicodedata import combining, normalize

from pydantic_core import PydanticCustomError

from engine.heard import number_of
from engine.rules.when.fold import fold

ANYONE = "*"


def slug(name: str) -> str:
    """A name as an id: ``Bank, urgent!`` is ``bank-urgent``. A rule keeps its identity as long as its id stays."""
    plain = "".join(c for c in normalize("NFKD", fold(name)) if not combining(c))
    return re.sub(r"[\W_]+", "-", plain).strip("-")[:64].strip("-")


def read_id(value: str) -> str:
    """An id as it is written. Raises with the right form of it."""
    if value and value == slug(value):
        return value
    label = f"did you mean '{slug(value)}'?" if slug(value) else ""
    raise PydanticCustomError("value_error", "write an id in small letters, digits and '-'", {"label": label})


def read_text(value: str) -> str:
    """A text to look for. Raises when it would be found in every mail."""
    if not fold(value).strip():
        raise ValueError("a blank text would be found in every mail")
    return value


def read_address(value: str) -> str:
    """``jan@example.org``, ``@example.org`` (with everything under it) or ``*``, folded."""
    written = fold(value.strip())
    name, at, domain = written.rpartition("@")
    if written == ANYONE:
        return written
    if at and domain and not re.search(r"[\s*@<>,;:]", name + domain):
        return written
    label = ""
    inside = re.search(r"(?:<|^mailto:)([^<>\s@:]+@[^<>\s@?]+)", written)
    if inside:
        label = f"did you mean '{inside[1]}'?"
    elif not at and re.fullmatch(r"(\*?\.)?[\w-]+(\.[\w-]+)+", domain):
        label = f"did you mean '@{domain.removeprefix('*').removeprefix('.')}'?"
    elif name == ANYONE and domain and ANYONE not in domain:
        label = f"did you mean '@{domain}'?"
    hint = "@domain: everyone under it; {contains: jan} for a part of a name; {in: NAME} for a list of lists/"
    raise PydanticCustomError(
        "value_error", "write a whole address, @domain or '*' here", {"label": label, "hint": hint}
    )


def read_header_name(value: str) -> str:
    """The name of a header (RFC 5322 section 3.6.8), without its colon. Raises with the right form of it."""
    if re.fullmatch(r"[!-9;-~]{1,100}", value):
        return value
    plain = "-".join(value.replace(":", " ").split())
    label = f"did you mean '{plain}'?" if re.fullmatch(r"[!-9;-~]{1,100}", plain) else ""
    raise PydanticCustomError("value_error", "write the name of a header here, like X-Alert-Level", {"label": label})


def read_media_type(value: str) -> str:
    """A media type (RFC 2045 section 5.1), perhaps with a wildcard. Raises with the right form of it."""
    if re.fullmatch(r"[^\s/;]+/[^\s/;]+", value):
        return value
    known = {"pdf": "application/pdf", "zip": "application/zip", "jpeg": "image/jpeg", "jpg": "image/jpeg"}
    known.update({"png": "image/png", "calendar": "text/calendar", "html": "text/html", "image": "image/*"})
    meant = known.get(value.strip().lower().lstrip("*."), "")
    label = f"did you mean '{meant}'?" if meant else ""
    hint = "by the ending of its name: name: '*.pdf'"
    raise PydanticCustomError(
        "value_error", "write a media type as application/pdf or image/*", {"label": label, "hint": hint}
    )


def read_number(value: str) -> str:
    """A phone's number as E.164; a short number, a code or a name as it stands, folded. Raises ValueError with a
    remedy for a number that lacks its country."""
    number = number_of(value)
    if not number:
        raise ValueError("no number stands here")
    if number[0] in "+0" and not re.fullmatch(r"\+[0-9]{7,15}", number):
        raise ValueError("write the number with its country code, like +32 475 12 34 56")
    return fold(number)


def one_or_more(value: Any) -> Any:
    """A single value is a list of one."""
    return [value] if isinstance(value, str | dict) else value
