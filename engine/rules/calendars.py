"""The calendars that a rule names are there: a misspelt one would never remind of anything."""

from collections.abc import Collection, Iterator

from engine.document import Document, Path, Problem, suggest
from engine.rules.when.conditions import Condition
from engine.rules.when.fold import fold


def check_calendars(
    condition: Condition, document: Document, path: Path, known: Collection[str]
) -> Iterator[Problem]:
    """The calendars named in a condition, whole and not by a pattern, that no account has."""
    for name in condition.calendar.is_ if condition.calendar else ():
        if fold(name) not in known:
            at: Path = (*path, "calendar")
            yield unknown_calendar(name, document, at if at in document.values else path, known)
    for key, inner in (("all", condition.all), ("any", condition.any), ("not", condition.not_)):
        for index, each in enumerate(inner):
            here: Path = (*path, key, index)
            yield from check_calendars(each, document, here if here in document.values else (*path, key), known)


def unknown_calendar(name: str, document: Document, at: Path, known: Collection[str]) -> Problem:
    """A calendar that is nobody's, and the one that was probably meant."""
    names = sorted(known)
    hint = f"known here: {', '.join(names) or 'none'}; they stand under 'calendars:' of the account"
    label = suggest(name, names)
    message = f"there is no calendar '{name}'"
    return document.problem(at, message, part=name, code="unknown-calendar", label=label, hint=hint)
