"""A vendor's XML that is a head and rows, read without trusting it: nothing is fetched, nothing grows."""

from collections.abc import Mapping
from typing import NamedTuple
from xml.parsers import expat

#: Deeper than any vendor nests.
_MOST_DEPTH = 16


class Flat(NamedTuple):
    """The texts of the head, and of each row, by their tags."""

    root: str
    head: Mapping[str, str]
    rows: list[dict[str, str]]


def read_flat(body: bytes, row: str) -> Flat:
    """Read a document whose rows are the elements called `row`. Raises ValueError when it is none."""
    reader = _Reader(row)
    try:
        reader.parser.Parse(body, True)
    except expat.ExpatError as error:
        raise ValueError(f"not well-formed XML, line {error.lineno}") from None
    except LookupError:
        raise ValueError("an encoding that nobody knows") from None
    return Flat(reader.root, reader.head, reader.rows)


class _Reader:
    def __init__(self, row: str) -> None:
        self.root = ""
        self.head: dict[str, str] = {}
        self.rows: list[dict[str, str]] = []
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._check_doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._hear
        self._row = row
        self._open: list[str] = []
        self._said: list[str] = []

    def _check_doctype(self, _name: str, _system: str | None, _public: str | None, has_subset: bool) -> None:
        # A bare name of a document type is what vendors write; declarations of one's own are an attack.
        if has_subset:
            raise ValueError("declarations are not read")

    def _start(self, tag: str, _attributes: Mapping[str, str]) -> None:
        self.root = self.root or tag
        self._open.append(tag)
        self._said.clear()
        if len(self._open) > _MOST_DEPTH:
            raise ValueError("nested too deep")
        if tag == self._row:
            self.rows.append({})

    def _end(self, tag: str) -> None:
        self._open.pop()
        into = self.rows[-1] if self._row in self._open else self.head
        into[tag] = "".join(self._said).strip()
        self._said.clear()

    def _hear(self, text: str) -> None:
        self._said.append(text)
