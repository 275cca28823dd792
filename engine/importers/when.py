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
    for part in (each for whole in parts for each in (whole["all"] if [*whole] == ["all"] else [whole])):
        if part == NEVER:
            return NEVER
        if part == ALWAYS or part in rest:
            continue
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
    """One of them is enough; of none it is never."""
    found: list[When] = []
    for part in (each for whole in parts for each in (whole["any"] if [*whole] == ["any"] else [whole])):
        if part == ALWAYS:
            return ALWAYS
        if part == NEVER or part in found or any(_join(other, part) for other in found):
            continue
        found.append(_copy(part))
    if len(found) == 1:
        return found[0]
    return {"any": found} if found else NEVER


def _join(into: When, part: When) -> bool:
    """Add the values of `part` where `into` asks the same of the same field with the same operator."""
    if [*into] != [*part] or len(part) != 1:
        return False
    (field,) = part
    test, more = into[field], part[field]
    if field == "header" and [*test] == [*more] and len(more) == 1:
        (name,) = more
        test, more = test[name], more[name]
    if not isinstance(test, dict) or not isinstance(more, dict) or [*test] != [*more] or len(more) != 1:
        return False
    (operator,) = more
    if operator == "matches" and len(test[operator]) >= _MOST_PATTERNS:
        return False
    if not isinstance(more[operator], list) or field in ("time", "size"):
        return False
    test[operator] = list(dict.fromkeys([*test[operator], *more[operator]]))
    return True


#: So many stand in one list (`engine.rules.conditions`).
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
