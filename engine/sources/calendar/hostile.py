"""What is refused before anything is expanded: rules that ring by the minute or for ever would stop the others."""

from collections.abc import Iterable
from math import prod

from engine.sources.calendar.lines import Line
from engine.sources.calendar.split import Chunk

MOST_CHARACTERS = 1_000_000
MOST_INSTANCES_CHANGED = 2_000
MOST_RULES = 10
MOST_DATES = 5_000
MOST_COUNT = 100_000
#: The product of the lengths of a rule's BY lists.
MOST_CHOICES = 1_000


def refuse(chunk: Chunk, lines: Iterable[Line]) -> str:
    """Why this appointment is not expanded, as a sentence; empty when it may be.

    `lines`: all properties of its VEVENTs and VTIMEZONEs, because a zone's rules are run as well.
    """
    size = sum(map(len, chunk.events)) + sum(map(len, chunk.zones))
    if size > MOST_CHARACTERS:
        return f"it is {size} characters long; at most {MOST_CHARACTERS} are read"
    if len(chunk.events) > MOST_INSTANCES_CHANGED:
        return f"it has {len(chunk.events)} changed instances; at most {MOST_INSTANCES_CHANGED} are read"
    rules = dates = 0
    for line in lines:
        if line.name in ("RRULE", "EXRULE"):
            rules += 1
            if problem := _problem(line.value):
                return f"its rule {line.value[:80]} is refused: {problem}"
        elif line.name in ("RDATE", "EXDATE"):
            dates += line.value.count(",") + 1
    if rules > MOST_RULES * max(1, len(chunk.events) + 4 * len(chunk.zones)):
        return f"it has {rules} rules"
    if dates > MOST_DATES:
        return f"it names {dates} single dates; at most {MOST_DATES} are read"
    return ""


def _problem(rule: str) -> str:
    """Why this rule may not be run. One that is merely broken is left to the expander, which says so."""
    pairs = [part.partition("=") for part in rule.upper().split(";")]
    parts = {name.strip(): value.strip() for name, _, value in pairs}
    frequency = parts.get("FREQ", "")
    if frequency in ("SECONDLY", "MINUTELY"):
        return "nobody is reminded by the minute"
    interval = parts.get("INTERVAL", "1")
    if not interval.isdecimal() or int(interval[:9]) < 1:
        return "its INTERVAL must be 1 or more"
    # A negative COUNT is what some programs write for none; the expander knows it.
    count = parts.get("COUNT", "1").lstrip("-")
    if not count.isdecimal() or len(count) > 9 or int(count) > MOST_COUNT:
        return f"its COUNT is over {MOST_COUNT}"
    choices = prod(value.count(",") + 1 for name, value in parts.items() if name.startswith("BY"))
    if choices > MOST_CHOICES:
        return f"its BY parts make {choices} choices; at most {MOST_CHOICES} are tried"
    return ""
