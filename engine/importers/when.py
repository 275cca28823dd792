"""Conditions as a rule's `when` holds them, put together so that people like to read them."""

import re
from collections.abc import Iterable
from typing import Any

#: A condition as it is written: a setting or several, all of which must hold.
When = dict[str, Any]

ALWAYS: When = {"from": "*"}
NEVER: When = {"not": ALWAYS}

PEOPLE = ("from", "to", "cc", "any_recipient", "reply_to")
_HEADER = "header:"


def ask(field: str, operator: str, *values: str) -> When:
    """One test of a field; ``header:X-Spam`` is a header. Of several values one is enough."""
    test = {operator: list(dict.fromkeys(values))}
    return {"header": {field.removeprefix(_HEADER): test}} if field.startswith(_HEADER) else {field: test}


def there(field: str) -> When:
    """Whether the mail has it."""
    test = {"exists": "true"}
    return {"header": {field.removeprefix(_HEADER): test}} if field.startswith(_HEADER) else {field: test}


def all_of(parts: Iterable[When]) -> When:
    """All of them; none is always."""
    merged: When = {}
    rest: list[When] = []
    seen = {repr(ALWAYS)}
    for part in (each for whole in parts for each in (whole["all"] if [*whole] == ["all"] else [whole])):
        if part == NEVER:
            return NEVER
        if repr(part) in seen:
            continue
        seen.add(repr(part))
        if not _merge(merged, part):
            rest.append(part)
    if rest:
        return {"all": [merged, *rest]}
    return merged or ALWAYS


def _merge(into: When, part: When) -> bool:
    """Write the settings of `part` beside the others; False when one of them is taken."""
    if not into.keys() & part.keys():
        into.update(part)
        return True
    if [*part] == ["header"] and not into["header"].keys() & part["header"].keys():
        into["header"] = {**into["header"], **part["header"]}
        return True
    if [*part] == ["not"] and isinstance(into.get("not"), list | dict):
        into["not"] = [*_list(into["not"]), *_list(part["not"])]
        return True
    return False


def any_of(parts: Iterable[When]) -> When:
    """One of them is enough; of none it is never. What asks the same of the same field becomes one list."""
    found: list[When] = []
    lists: dict[tuple[str, ...], dict[str, None]] = {}
    filled: list[tuple[When, dict[str, None]]] = []
    seen = {repr(NEVER)}
    for part in (each for whole in parts for each in (whole["any"] if [*whole] == ["any"] else [whole])):
        if part == ALWAYS:
            return ALWAYS
        if repr(part) in seen:
            continue
        seen.add(repr(part))
        part = _copy(part)
        spot, test = _spot(part)
        if spot in lists:
            lists[spot].update(dict.fromkeys(test[spot[-1]]))
        else:
            found.append(part)
        if spot and spot not in lists:
            lists[spot] = dict.fromkeys(test[spot[-1]])
            filled.append((test, lists[spot]))
        if spot[-1:] == ("matches",) and len(lists[spot]) >= _MOST_PATTERNS:
            del lists[spot]
    for test, values in filled:
        (operator,) = test
        test[operator] = [*values]
    if len(found) == 1:
        return found[0]
    return {"any": found} if found else NEVER


def _spot(part: When) -> tuple[tuple[str, ...], When]:
    """Where the values of a test with one operator stand, and the test; nowhere for anything else."""
    spot: tuple[str, ...] = ()
    test: Any = part
    while isinstance(test, dict) and len(test) == 1:
        ((name, inner),) = test.items()
        spot = (*spot, name)
        if isinstance(inner, list):
            return (
                (spot, test) if len(spot) == (3 if spot[0] == "header" else 2) and spot[0] not in _APART else ((), {})
            )
        test = inner
    return (), {}


#: Not tests with an operator, or one whose values must all hold.
_APART = ("time", "size", "not", "attachment")
#: So many stand in one list (`engine.rules.when.conditions`).
_MOST_PATTERNS = 100


def none_of(part: When) -> When:
    """Not this."""
    if [*part] == ["not"] and isinstance(part["not"], dict):
        return dict(part["not"])
    return {"not": part}


def _copy(part: Any) -> Any:
    if isinstance(part, dict):
        return {key: _copy(value) for key, value in part.items()}
    return [_copy(each) for each in part] if isinstance(part, list) else part


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def escape(text: str) -> str:
    """A text as a pattern that finds just that."""
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", text)


_ADDRESS = re.compile(r"[^\s@<>,;:*?\"()]+@[^\s@<>,;:*?\"()]+")
_DOMAIN = re.compile(r"[\w-]+(?:\.[\w-]+)+")


def is_address(text: str) -> bool:
    """Whether a text is one whole address."""
    return _ADDRESS.fullmatch(text) is not None


def is_domain(text: str) -> bool:
    """Whether a text is a domain of two labels at least."""
    return _DOMAIN.fullmatch(text) is not None
