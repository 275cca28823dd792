"""How many pages a text takes on a fax."""

from textwrap import wrap

#: A4 in a type of 10 characters and 6 lines to the inch, with margins.
LINE, LINES = 80, 60


def count_pages(text: str) -> int:
    """Pages of 60 lines of 80 characters; an empty text is one page: it is sent and paid for."""
    lines = sum(max(1, len(wrap(line, LINE))) for line in text.splitlines())
    return max(1, -(-lines // LINES))
