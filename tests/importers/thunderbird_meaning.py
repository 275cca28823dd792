"""What Thunderbird's filters mean, by its documentation alone: an interpreter that shares nothing with the importer.

Terms look at each name and address of a header one by one, without regard to case; a size is in whole kB.
"""

import re
from dataclasses import dataclass, field

from tests.importers.gmail_meaning import Mail


@dataclass
class Filter:
    """One filter of a msgFilterRules.dat."""

    name: str
    line: int
    said: dict[str, str] = field(default_factory=dict)
    actions: list[str] = field(default_factory=list)


def filters(text: str) -> list[Filter]:
    """The filters of a file, in their order."""
    found: list[Filter] = []
    for number, line in enumerate(text.splitlines(), 1):
        key, _, rest = line.partition("=")
        value = rest.strip()[1:-1].replace('\\"', '"').replace("\\\\", "\\")
        if key == "name":
            found.append(Filter(value, number))
        elif key == "action":
            found[-1].actions.append(value)
        elif found:
            found[-1].said[key] = value
    return found


def matches(condition: str, mail: Mail) -> bool:
    """Whether a condition holds for a mail."""
    if condition == "ALL":
        return True
    terms = re.findall(r'(AND|OR) \(("[^"]*"|[^,]*),([^,]*),("[^"]*"|[^)]*)\)', condition)
    assert terms, condition
    answers = [_term(name, operator, value.strip('"'), mail) for _, name, operator, value in terms]
    return any(answers) if terms[0][0] == "OR" else all(answers)


def _term(name: str, operator: str, value: str, mail: Mail) -> bool:
    if operator in ("doesn't contain", "isn't"):
        return not _term(name, {"doesn't contain": "contains", "isn't": "is"}[operator], value, mail)
    if name == "size":
        kilobytes = mail.size // 1024 if mail.size >= 1024 else 1
        return kilobytes > int(value) if operator == "is greater than" else kilobytes < int(value)
    if name == "priority":
        levels = ["Lowest", "Low", "Normal", "High", "Highest"]
        level, wanted = levels.index(_priority(mail)), levels.index(value)
        return {"is": level == wanted, "is higher than": level > wanted, "is lower than": level < wanted}[operator]
    if name == "has attachment status":
        return bool(mail.files)
    texts = _texts(name, mail)
    if operator == "is empty":
        return not any(texts)
    wanted_text = value.lower().strip() if operator == "is" else value.lower()
    compare = {
        "contains": str.__contains__,
        "is": str.__eq__,
        "begins with": str.startswith,
        "ends with": str.endswith,
    }
    return any(compare[operator](each.lower().strip(), wanted_text) for each in texts)


def _texts(name: str, mail: Mail) -> list[str]:
    people = {
        "from": ["from"],
        "to": ["to"],
        "cc": ["cc"],
        "to or cc": ["to", "cc"],
        "all addresses": ["from", "to", "cc"],
    }
    if name in people:
        return [part for header in people[name] for pair in mail.people[header] for part in pair if part]
    if name == "subject":
        return [mail.subject]
    if name == "body":
        return [mail.body]
    return [str(value) for value in mail.headers.get_all(name.strip('"'), [])]


def _priority(mail: Mail) -> str:
    levels = {"1": "Highest", "2": "High", "3": "Normal", "4": "Low", "5": "Lowest", "high": "High", "low": "Low"}
    for header in ("x-priority", "importance", "priority", "x-msmail-priority"):
        told = str(mail.headers[header] or "").split()
        if told:
            return levels.get(told[0].lower(), "Normal")
    return "Normal"
