"""How a text is laid out on the pages of a fax. What is counted here is what is priced, and what is drawn."""

from textwrap import TextWrapper
from unicodedata import normalize

#: A4 in a type of equal widths: about 12 characters to the inch, 6 lines to the inch, with margins.
LINE, LINES = 80, 60
_WRAP = TextWrapper(LINE, expand_tabs=True, replace_whitespace=False, break_on_hyphens=False)

Page = tuple[str, ...]
"""At most 60 lines of at most 80 characters."""


def lay_out(text: str) -> tuple[Page, ...]:
    """The pages of `text`. An empty text is one empty page: it is sent and paid for."""
    lines: list[str] = []
    for line in normalize("NFC", text).splitlines():
        lines += _WRAP.wrap(line) or [""]
    return tuple(tuple(lines[at : at + LINES]) for at in range(0, max(1, len(lines)), LINES))


def count_pages(text: str) -> int:
    """How many pages `text` takes."""
    return len(lay_out(text))
