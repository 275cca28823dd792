"""Gmail's exported filters (Settings, Filters, Export): an Atom feed with apps:property in each entry.

They have no order: every filter that matches acts. So what forwards comes first here, then what throws away, since a
star on what lies in the trash tells nobody.
"""

from dataclasses import dataclass, field
from xml.parsers import expat

from engine.importers.assemble import Converted, Wish, assemble
from engine.importers.content import wrong
from engine.importers.search import read_search, size
from engine.importers.step import Left, Step, UnlikeError
from engine.importers.when import When, all_of

_ATOM, _APPS = "http://www.w3.org/2005/Atom ", "http://schemas.google.com/apps/2006 "
_MOST_DEPTH = 16
_REMEDY = "give the file that Gmail's settings export under Filters: mailFilters.xml"

_FORWARD = "forward"
_TELLING = {"shouldStar": "star", "shouldAlwaysMarkAsImportant": "mark as important", "forwardTo": _FORWARD}
_SORTING = {
    "label": "label",
    "smartLabelToApply": "category",
    "shouldArchive": "skip the inbox",
    "shouldMarkAsRead": "mark as read",
    "shouldNeverSpam": "never spam",
    "shouldNeverMarkAsImportant": "never important",
    "cannedResponse": "answer",
    "shouldTrash": "delete",
    "shouldSpam": "spam",
}
_AWAY = ("shouldTrash", "shouldSpam")
#: A chat is never in a mailbox; the other two stand beside every filter, also where it asks for no size.
_WITHOUT_MEANING = ("excludeChats", "sizeOperator", "sizeUnit", "includeSpamTrash")
_CRITERIA = ("from", "to", "subject", "hasTheWord", "doesNotHaveTheWord", "size", "hasAttachment")
_SIZE_UNITS = {"s_sb": "", "s_skb": "k", "s_smb": "m"}
_SIZE_SIGNS = {"s_sl": ">", "s_ss": "<"}


@dataclass
class _Entry:
    line: int
    said: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)


def convert(text: str, wish: Wish) -> Converted:
    """The filters of an export as rules. Raises ConfigurationError when it is none."""
    entries = _read(text, wish.file)
    steps = [_step(entry) for entry in entries]
    steps.sort(key=_turn)
    return assemble(steps, wish, ordered=False)


def _turn(step: Step) -> int:
    if _FORWARD in step.does:
        return 1 if step.discards else 0
    return 2 if step.discards else 3


def _step(entry: _Entry) -> Step:
    said = {name: value for name, value in entry.said.items() if value not in ("", "false")}
    name = _name(said, entry.line)
    strange = [each for each in said if each not in (*_TELLING, *_SORTING, *_WITHOUT_MEANING, *_CRITERIA)]
    tells = any(each in said for each in _TELLING)
    notes: tuple[Left, ...] = ()
    if "forwardTo" in said:
        reason = "it forwards to an address, the rule tells 'to': give who is behind it an entry in contacts/"
        notes = (Left(entry.lines["forwardTo"], name, reason, part=True),)
    away = any(each in said for each in _AWAY)
    does = tuple(word for each, word in {**_TELLING, **_SORTING}.items() if each in said) + tuple(strange)
    return Step(
        line=entry.line,
        name=name,
        when=_when(said, entry, strange),
        # what is deleted and starred is deleted; what is deleted and forwarded was forwarded
        tells="forwardTo" in said or (tells and not away),
        ends=away,
        discards=away,
        does=does,
        notes=notes,
    )


def _name(said: dict[str, str], line: int) -> str:
    for label in ("label", "subject", "from", "hasTheWord", "to"):
        if said.get(label):
            return said[label][:60]
    return f"Gmail filter, line {line}"


def _when(said: dict[str, str], entry: _Entry, strange: list[str]) -> When | UnlikeError:
    if strange:
        return UnlikeError(f"'{strange[0]}' is not known here", entry.lines[strange[0]])
    parts: list[When] = []
    at = ""
    try:
        for at in _CRITERIA:
            if at in said:
                parts.append(_criterion(at, said))
    except UnlikeError as unlike:
        unlike.line = entry.lines[at]
        return unlike
    return all_of(parts) if parts else UnlikeError("it looks for nothing that is known here")


def _criterion(name: str, said: dict[str, str]) -> When:
    value = said[name]
    match name:
        case "hasTheWord":
            return read_search(value)
        case "doesNotHaveTheWord":
            # one word is enough to keep the filter away: none of them may be there
            return read_search(f"-{{{value}}}")
        case "hasAttachment":
            return {"attachment": "true"}
        case "size":
            sign = _SIZE_SIGNS.get(said.get("sizeOperator", ""))
            unit = _SIZE_UNITS.get(said.get("sizeUnit", ""))
            if sign is None or unit is None:
                raise UnlikeError("a size without its operator or unit")
            return size(sign, value + unit)
    return read_search(value, name)


def _read(text: str, file: str) -> list[_Entry]:
    reader = _Reader(file)
    try:
        reader.parser.Parse(text, True)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        raise wrong(f"not well-formed XML: {reason}", file, error.lineno, remedy=_REMEDY) from None
    return reader.entries


class _Reader:
    """Expat alone: no document type, so no entities, so nothing that grows."""

    def __init__(self, file: str) -> None:
        self.entries: list[_Entry] = []
        self.parser = expat.ParserCreate(encoding="utf-8", namespace_separator=" ")
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self._file = file
        self._open: list[str] = []

    def _wrong(self, message: str) -> Exception:
        return wrong(message, self._file, self.parser.CurrentLineNumber, remedy=_REMEDY)

    def _refuse(self, *_: object) -> None:
        raise self._wrong("a document type, which no export of filters has")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        line = self.parser.CurrentLineNumber
        if not self._open and name != f"{_ATOM}feed":
            raise self._wrong("not an export of Gmail's filters: its root is no Atom feed")
        if len(self._open) >= _MOST_DEPTH:
            raise self._wrong("elements inside elements without end")
        if name == f"{_ATOM}entry":
            self.entries.append(_Entry(line))
        elif name == f"{_APPS}property" and self.entries and self._open[-1] == f"{_ATOM}entry":
            key = attributes.get("name", "")
            self.entries[-1].said[key] = attributes.get("value", "").strip()
            self.entries[-1].lines[key] = line
        self._open.append(name)

    def _end(self, _: str) -> None:
        self._open.pop()
