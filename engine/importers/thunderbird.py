"""Thunderbird's msgFilterRules.dat: lines of ``key="value"``, each filter from its name to its condition.

A filter that moves or deletes a mail is the last that sees it (wiki.mozilla.org/Filters).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from engine.importers.assemble import Converted, Wish, assemble
from engine.importers.content import wrong
from engine.importers.step import Left, Step, UnlikeError
from engine.importers.when import ALWAYS, When, all_of, any_of, ask, is_address, none_of, there

_LINE = re.compile(r'\s*([A-Za-z]+)="((?:[^"\\]|\\.)*)"\s*')
_REMEDY = "give the file msgFilterRules.dat from the account's folder in the Thunderbird profile"
#: nsMsgFilterType: when mail comes in, after the junk check, and every ten minutes; 0x10 is by hand.
_INCOMING = 0x1 | 0x20 | 0x100

_STOP = "Stop execution"
_ENDING = ("Move to folder", "Delete", _STOP)
_TELLING = {"Mark flagged": "star", "Forward": "forward", "Watch thread": "watch"}
_IMPORTANT = "$label1"
_ALARM = re.compile(r"alert|sound|notif|toast", re.IGNORECASE)


@dataclass
class _Filter:
    line: int
    name: str
    enabled: bool = True
    kind: int = _INCOMING
    actions: list[tuple[int, str, str]] = field(default_factory=list)
    condition: str = ""
    condition_line: int = 0


def convert(text: str, wish: Wish) -> Converted:
    """The filters of the file as rules. Raises ConfigurationError when it is none."""
    return assemble([_step(each) for each in _read(text, wish.file)], wish, ordered=True)


def _read(text: str, file: str) -> list[_Filter]:
    found: list[_Filter] = []
    known = False
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        form = _LINE.fullmatch(line)
        if form is None:
            what = "a value that never closes" if line.count('"') % 2 else 'not a line of key="value"'
            raise wrong(what if known else "not a filter file of Thunderbird", file, number, remedy=_REMEDY)
        key, value = form[1], re.sub(r'\\(["\\])', r"\1", form[2])
        if key == "version":
            known = True
        elif not known:
            raise wrong("not a filter file of Thunderbird: it has no version", file, number, remedy=_REMEDY)
        elif key == "name":
            found.append(_Filter(number, value))
        elif found:
            _add(found[-1], key, value, number)
    if not known:
        raise wrong("not a filter file of Thunderbird: it has no version", file, remedy=_REMEDY)
    return found


def _add(filter_: _Filter, key: str, value: str, number: int) -> None:
    match key:
        case "enabled":
            filter_.enabled = value == "yes"
        case "type" if value.isdecimal() and len(value) < 10:
            filter_.kind = int(value)
        case "action":
            filter_.actions.append((number, value, ""))
        case "actionValue" | "customId" if filter_.actions:
            at, action, told = filter_.actions[-1]
            filter_.actions[-1] = at, action, f"{told} {value}".strip()
        case "condition":
            filter_.condition, filter_.condition_line = value, number


def _step(filter_: _Filter) -> Step:
    notes: list[Left] = []
    does: list[str] = []
    tells, ends, lane = False, False, 0
    for line, action, value in filter_.actions:
        if action != _STOP:
            does.append(action)
        ends = ends or action in _ENDING
        tells = tells or _tells(action, value)
        if action == "Change priority" and value in ("High", "Highest"):
            lane = 1
        if action == "Forward":
            reason = "it forwards to an address, the rule tells 'to': give who is behind it an entry in contacts/"
            notes.append(Left(line, filter_.name, reason, part=True))
    return Step(
        line=filter_.line,
        name=filter_.name or f"Thunderbird filter, line {filter_.line}",
        when=_when(filter_),
        tells=tells,
        ends=ends,
        discards="Delete" in does and not tells,
        # what never sees incoming mail silences nothing either
        enabled=filter_.enabled and bool(filter_.kind & _INCOMING),
        does=tuple(does),
        lane=lane,
        notes=tuple(notes),
    )


def _tells(action: str, value: str) -> bool:
    return (
        action in _TELLING
        or (action == "Change priority" and value in ("High", "Highest"))
        or (action == "AddTag" and value == _IMPORTANT)
        or (action == "Label" and value == "1")
        or (action == "Custom" and _ALARM.search(value) is not None)
    )


def _when(filter_: _Filter) -> When | UnlikeError:
    try:
        if not filter_.kind & _INCOMING:
            raise UnlikeError("it is not asked about incoming mail")
        return read_condition(filter_.condition)
    except UnlikeError as unlike:
        unlike.line = filter_.condition_line or filter_.line
        return unlike


def read_condition(text: str) -> When:
    """``AND (subject,contains,x) AND (from,is,y)``, all with one word, or ``ALL``. Raises UnlikeError."""
    if text.strip() == "ALL":
        return ALWAYS
    terms = [*_terms(text)]
    if not terms:
        raise UnlikeError("it has no condition")
    kinds = {kind for kind, _ in terms}
    if len(kinds) > 1:
        raise UnlikeError("AND and OR in one condition can be read in two ways")
    parts = [_term(term) for _, term in terms]
    return any_of(parts) if kinds == {"OR"} else all_of(parts)


_OPEN = re.compile(r"\s*(AND|OR)\s*\(", re.IGNORECASE)


def _terms(text: str) -> list[tuple[str, str]]:
    """Each term with the word before it. A bracket inside quotes closes nothing."""
    found = []
    at = 0
    while text[at:].strip():
        start = _OPEN.match(text, at)
        if start is None:
            raise UnlikeError(f"{text[at : at + 40]!r} is no term of a condition")
        quoted, end = False, start.end()
        while end < len(text) and (quoted or text[end] != ")"):
            if text.startswith('\\"', end):
                end += 1
            elif text[end] == '"':
                quoted = not quoted
            end += 1
        if end >= len(text):
            raise UnlikeError("a bracket that never closes")
        found.append((start[1].upper(), text[start.end() : end]))
        at = end + 1
    return found


def _term(text: str) -> When:
    form = re.fullmatch(r'\s*("[^"]*"|[^,]*),([^,]*),(.*)', text, re.DOTALL)
    if form is None:
        raise UnlikeError(f"{text[:40]!r} has not the three parts of a term")
    name, operator, value = form[1].strip(), form[2].strip().lower(), form[3]
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1].replace('\\"', '"')
    positive = _DENIALS.get(operator, operator)
    found = _test(name.lower(), name, positive, value)
    return found if positive == operator else none_of(found)


_DENIALS = {
    "doesn't contain": "contains",
    "isn't": "is",
    "isn't empty": "is empty",
    "isn't in ab": "is in ab",
    "doesn't match": "matches",
}
_TEXTS = {"contains": "contains", "begins with": "starts_with", "ends with": "ends_with", "is": "is"}
_ALL_ADDRESSES = ("from", "to", "cc")
_FIELDS = {
    "from": ("from",),
    "from in ab": ("from",),
    "to": ("to",),
    "cc": ("cc",),
    "to or cc": ("to", "cc"),
    "all addresses": _ALL_ADDRESSES,
}
_NO_LIKE = {
    "date": "a rule asks when a mail was received, not what its Date says",
    "age in days": "a rule is asked when mail arrives: it has no age yet",
    "status": "it asks what became of the mail, which is not known when it arrives",
    "tag": "it asks what became of the mail, which is not known when it arrives",
    "label": "it asks what became of the mail, which is not known when it arrives",
    "junk status": "the junk filter is Thunderbird's own",
    "junk percent": "the junk filter is Thunderbird's own",
    "junk score origin": "the junk filter is Thunderbird's own",
}


def _test(field_: str, written: str, operator: str, value: str) -> When:
    if field_ in _NO_LIKE:
        raise UnlikeError(f"{written}: {_NO_LIKE[field_]}")
    if operator == "is in ab":
        raise UnlikeError("the address book is Thunderbird's: write its addresses to lists/ and use in:")
    if field_ in _FIELDS:
        return any_of(_person(each, operator, value) for each in _FIELDS[field_])
    if written.startswith('"'):
        return _text(f"header:{written.strip(chr(34))}", operator, value)
    read = _OTHERS.get(field_)
    if read is None:
        raise UnlikeError(f"'{written}' is no field that is known here")
    return read(operator, value)


def _person(field_: str, operator: str, value: str) -> When:
    """The name and the address are looked at one by one, there as here."""
    if operator == "is" and not is_address(value):
        if set(value) & set("*?"):
            raise UnlikeError(f"a name with a wildcard in it: {value!r}")
        return ask(field_, "glob", value)
    return _text(field_, operator, value)


def _text(field_: str, operator: str, value: str) -> When:
    if operator == "is empty":
        return none_of(there(field_))
    if operator not in _TEXTS:
        raise UnlikeError(f"'{operator}' has no like here")
    return ask(field_, _TEXTS[operator], value)


def _body(operator: str, value: str) -> When:
    if operator != "contains":
        raise UnlikeError(f"body {operator}: Thunderbird asks this of each line")
    return ask("body", "contains", value)


def _size(operator: str, value: str) -> When:
    """In whole kB of 1,024 bytes, rounded down; what is smaller than one counts as one."""
    if not value.isdecimal() or len(value) > 9:
        raise UnlikeError(f"{value!r} is no size in kB")
    kilobytes = int(value)
    above: When = {"size": [f">= {kilobytes + 1} KiB"]} if kilobytes else ALWAYS
    below: When = {"size": [f"< {kilobytes} KiB"]} if kilobytes > 1 else none_of(ALWAYS)
    match operator:
        case "is greater than":
            return above
        case "is less than":
            return below
        case "is":
            return all_of([none_of(above), none_of(below)])
    raise UnlikeError(f"size {operator}: has no like here")


_LEVELS = ("lowest", "low", "normal", "high", "highest")
_MEANT = {"lowest": "low", "low": "low", "normal": "normal", "high": "high", "highest": "high"}


def _priority(operator: str, value: str) -> When:
    """Ours has three levels: what divides low from lowest, or high from highest, has no like."""
    wanted = value.lower()
    if wanted not in _LEVELS:
        raise UnlikeError(f"'{value}' is no priority that is known here")
    at = _LEVELS.index(wanted)
    sets = {"is": _LEVELS[at : at + 1], "is higher than": _LEVELS[at + 1 :], "is lower than": _LEVELS[:at]}
    if operator not in sets:
        raise UnlikeError(f"priority {operator}: has no like here")
    chosen = {_MEANT[level] for level in sets[operator]}
    if any(_MEANT[level] in chosen for level in _LEVELS if level not in sets[operator]):
        raise UnlikeError(f"priority {operator} {value}: our levels are high, normal and low")
    return (
        {"priority": [level for level in ("high", "normal", "low") if level in chosen]} if chosen else none_of(ALWAYS)
    )


def _attached(operator: str, value: str) -> When:
    if operator != "is":
        raise UnlikeError(f"attachment status {operator}: has no like here")
    return {"attachment": "true" if value.lower() in ("true", "1", "") else "false"}


_OTHERS: Mapping[str, Callable[[str, str], When]] = {
    "subject": lambda operator, value: _text("subject", operator, value),
    "body": _body,
    "size": _size,
    "priority": _priority,
    "has attachment status": _attached,
    "attachment status": _attached,
}
