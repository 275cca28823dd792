"""The text of a message: ``Bank: {subject|80} ({received|HH:mm}){if cc}, also to {cc|30}{end}``.

A closed list of fields (`engine/rules/texts/fields.py`) and of filters (`engine/rules/texts/filters.py`), and one
condition. No loops, calls or arithmetic: what a text may cost is known before it is used.
"""

from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from engine.document import Flaw
from engine.rules.texts.clean import clean, find_unsafe
from engine.rules.texts.dates import moment
from engine.rules.texts.field import KINDS, Field, Kind, Reader, Shape
from engine.rules.texts.fields import FIELDS, find
from engine.rules.texts.filters import read
from engine.rules.texts.pieces import Hole, Mistake, Words, cut
from engine.rules.texts.refusal import refuse
from engine.rules.texts.template import Choice, Piece, Slot, Template, assemble

__all__ = ["FIELDS", "Kind", "Reader", "Template", "check", "clean", "clock", "parse"]

#: Characters of a written text; more could not be sent, and is not looked at.
MOST_WRITTEN = 2000
#: How deep {if} may stand in {if}.
MOST_NESTED = 4
#: A text with more mistakes than these is something else altogether.
_MOST_FLAWS = 20
_LONGEST_THEN = 40


def parse(text: str, kind: Kind = "mail") -> tuple[Template, list[Flaw]]:
    """The template and all its mistakes; with mistakes the template is not to be used.

    `kind` says which events the text will meet: a field that one of them may lack must say what stands there instead.
    """
    if len(text) > MOST_WRITTEN:
        hint = f"{len(text)} characters stand here, and ten parts hold 1530"
        return assemble(()), [Flaw(text[:20], f"a text of more than {MOST_WRITTEN} characters", "shorten it", hint)]
    reading = _Reading(KINDS[kind])
    for piece in cut(text):
        reading.take(piece)
        if len(reading.mistakes) >= _MOST_FLAWS:
            break
    else:
        reading.close()
    mistakes = sorted(reading.mistakes, key=lambda mistake: mistake.start)[:_MOST_FLAWS]
    return assemble(reading.pieces), [_flaw(text, mistake) for mistake in mistakes]


def check(text: str) -> list[Flaw]:
    """The mistakes of a text of which nobody knows yet which events it will meet: those it has for every kind."""
    kinds: tuple[Kind, ...] = ("mail", "message", "occasion", "any")
    return min((parse(text, kind)[1] for kind in kinds), key=len)


def clock(at: datetime, zone: tzinfo) -> str:
    """HH:mm in a zone."""
    return f"{moment(at, zone).at:%H:%M}"


def _flaw(text: str, mistake: Mistake) -> Flaw:
    """The mistake with so much of what follows it that it is found at its own place."""
    part = text[mistake.start : mistake.end]
    rest = text[mistake.end : mistake.end + _LONGEST_THEN].partition("\n")[0]
    length = next((n for n in range(len(rest)) if text.find(part + rest[:n]) == mistake.start), len(rest))
    return Flaw(part, mistake.message, mistake.label, mistake.hint, rest[:length])


@dataclass(slots=True)
class _Open:
    """An {if} whose {end} has not come yet, and what was known outside it."""

    hole: Hole
    field: Field | None
    negated: bool
    kinds: frozenset[str]
    present: frozenset[str]
    outside: list[Piece]
    then: list[Piece] | None = None
    """What stood before {else}."""


@dataclass(slots=True)
class _Reading:
    """A text while it is read: what is known at this place of the event, and which {if} are open."""

    kinds: frozenset[str]
    present: frozenset[str] = frozenset()
    pieces: list[Piece] = field(default_factory=list)
    open: list[_Open] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)

    def take(self, piece: Words | Hole | Mistake) -> None:
        """The next piece."""
        if isinstance(piece, Mistake):
            self.mistakes.append(piece)
        elif isinstance(piece, Words):
            self._words(piece)
        else:
            words = piece.parts[0].text.split()
            if words[:1] == ["if"]:
                self._if(piece, words[1:])
            elif words == ["else"] and len(piece.parts) == 1:
                self._else(piece)
            elif words == ["end"] and len(piece.parts) == 1:
                self._end(piece)
            else:
                self._slot(piece)

    def close(self) -> None:
        """The text is over."""
        for each in self.open:
            self._refuse(each.hole, "this {if} has no {end}", "write {end} where it ends")
        if self.open:
            self.pieces = []

    def _refuse(self, hole: Hole, message: str, label: str = "", hint: str = "") -> None:
        self.mistakes.append(Mistake(hole.start, hole.end, message, label, hint))

    def _words(self, words: Words) -> None:
        unsafe = find_unsafe(words.text)
        if unsafe:
            at = words.start + unsafe.start()
            message = f"a character that cannot be seen here (U+{ord(unsafe[0]):04X})"
            self.mistakes.append(Mistake(at, at + 1, message, "write a space" if unsafe[0] == "\t" else "remove it"))
        self.pieces.append(words.text)

    def _slot(self, hole: Hole) -> None:
        name = hole.parts[0]
        found = find(name.text)
        if found is None or not found.kinds & self.kinds:
            self.mistakes.append(refuse(hole, self.kinds))
            self._go_on(hole, self.mistakes[-1].meant)
            return
        if found.shape is Shape.FLAG:
            label = f"write {{if {found.name}}}…{{end}}"
            self._refuse(hole, f"'{found.name}' is a yes or a no, and no text", label)
            return
        filters, mistakes = read(found, hole.parts[1:], (hole.start, hole.end))
        self.mistakes += mistakes
        if not (mistakes or filters.otherwise or found.name in self.present or found.has_default(self.kinds)):
            message = f"not every event has {found.name}, and nothing stands there then"
            label = f'write {found.name}|or "…"'
            hint = f"or put it between {{if {found.name}}} and {{end}}"
            self.mistakes.append(Mistake(name.start, name.end, message, label, hint))
        self.pieces.append(Slot(found, filters))

    def _if(self, hole: Hole, words: list[str]) -> None:
        negated = words[:1] == ["not"]
        asked = words[1:] if negated else words
        found = find(asked[0]) if len(asked) == 1 and len(hole.parts) == 1 else None
        if found is None or not found.kinds & self.kinds:
            self.mistakes.append(refuse(hole, self.kinds, asks=True))
            found = None
        if len(self.open) == MOST_NESTED:
            self._refuse(hole, f"{{if}} stands more than {MOST_NESTED} deep", "write the text flatter")
        self.open.append(_Open(hole, found, negated, self.kinds, self.present, self.pieces))
        self.pieces = []
        self._learn(self.open[-1], there=not negated)

    def _go_on(self, hole: Hole, meant: str) -> None:
        """What a misspelt word would have done, so that its echoes are not told too."""
        if meant == "if":
            self.open.append(_Open(hole, None, False, self.kinds, self.present, self.pieces))
            self.pieces = []
        elif meant == "else" and self.open and self.open[-1].then is None:
            self._else(hole)
        elif meant == "end" and self.open:
            self._end(hole)

    def _else(self, hole: Hole) -> None:
        if not self.open:
            self._refuse(hole, "an {else} without an {if} before it", "remove it")
            return
        last = self.open[-1]
        if last.then is not None:
            self._refuse(hole, "a second {else} of one {if}", "remove it")
            return
        last.then, self.pieces = self.pieces, []
        self._learn(last, there=last.negated)

    def _end(self, hole: Hole) -> None:
        if not self.open:
            self._refuse(hole, "an {end} without an {if} before it", "remove it")
            return
        last = self.open.pop()
        then, otherwise = (self.pieces, []) if last.then is None else (last.then, self.pieces)
        if last.negated:
            then, otherwise = otherwise, then
        self.pieces, self.kinds, self.present = last.outside, last.kinds, last.present
        if last.field is not None:
            self.pieces.append(Choice(last.field, tuple(then), tuple(otherwise)))

    def _learn(self, last: _Open, there: bool) -> None:
        """What the event is known to be where the field of this {if} is there, or is not."""
        asked = last.field
        self.kinds, self.present = last.kinds, last.present
        if asked is None:
            return
        if there:
            self.kinds, self.present = last.kinds & asked.kinds, last.present | {asked.name}
        elif asked.always:
            self.kinds = last.kinds - asked.kinds or last.kinds
