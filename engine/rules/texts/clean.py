"""What came from outside, made safe to stand in a message: on one line, and with nothing in it that hides."""

import re
from unicodedata import category

#: Longer text cannot be sent anyway (10 parts are 1530 characters).
_MOST = 2000

# Signs without width that senders hide in their mails by the hundred. Not the joiners that emoji and Persian need.
_NOTHING = re.compile("[\u00ad\u034f\u180e\u200b\u2060-\u2064\ufeff]+")
# Controls (C0, C1, line and paragraph separators) and marks that turn the direction of writing: in a message
# they would forge lines or hide text. Half of a surrogate pair is no character at all.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\\s]+")
# In what its author wrote, a line break and any number of blanks are meant.
_REFUSED = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def clean(text: str) -> str:
    """What came from a mail, on one line: controls and line breaks become spaces."""
    return _UNSAFE.sub(" ", _NOTHING.sub("", text.lstrip()[:_MOST])).strip()


def first_line(text: str) -> str:
    """The first line that is not blank."""
    return next(iter(text.lstrip()[:_MOST].splitlines()), "")


def is_blank(text: str) -> bool:
    """Whether a reader would see nothing."""
    return all(category(character)[0] in "ZCM" for character in text)


def find_unsafe(text: str) -> re.Match[str] | None:
    """The first character that has no place in a written text."""
    return _REFUSED.search(text)
