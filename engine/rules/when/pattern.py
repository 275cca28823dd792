"""Patterns and globs in conditions. The only door to RE2: a rule's author never reaches Python's `re`.

A pattern is looked for anywhere in the text as it was written (not folded), and without regard to case unless it
begins with ``(?-i)``. RE2 answers in time linear in the text whatever the pattern; it has no look-around and no
back-references (https://github.com/google/re2/wiki/Syntax). ``^`` and ``$`` are the ends of the whole text, of a line
after ``(?m)``; ``.`` is no line break before ``(?s)``.

A glob is held against the whole folded text: ``*`` is any text, ``?`` is one character, everything else is itself.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import re2
from pydantic_core import PydanticCustomError

#: What one pattern may be: characters, and instructions that it becomes.
MOST_PATTERN = 1_000
MOST_PROGRAM = 5_000
#: Bytes that RE2 may take to learn whether a pattern is too large; at its own 8 MB a hostile one takes 80 ms.
_TRIAL = 1 << 19
#: Bytes that a set of patterns may take: what it learns of the texts it has seen, and forgets when it is full.
_MOST_SET = 64 << 20

_REMEDIES = (
    (("(?=", "(?!", "(?<=", "(?<!"), "look-around", "write a second condition, or 'not:' with one"),
    (("(?>",), "an atomic group", "a plain group '(?:' is as safe here"),
    (("++", "*+", "?+"), "a possessive repetition", "a plain repetition is as safe here"),
    (("(?P", "(?P=", "(?P>", "(?R", "(?(", "(?#"), "this kind of group", "known here: (…), (?:…), (?P<name>…), (?i)"),
)


def read_pattern(text: str) -> str:
    """A pattern as its author wrote it. Raises with RE2's reason and what to write instead."""
    if len(text) > MOST_PATTERN:
        message = f"a pattern may have {MOST_PATTERN:,} characters, this one has {len(text):,}"
        raise _refuse(message, "use several patterns in a list: one of them is enough")
    try:
        program = _trial(text)
    except re2.error as error:
        raise _refuse(*_explain(text, error)) from None
    except UnicodeEncodeError:
        raise _refuse("a pattern cannot hold half of a character", "write the character itself") from None
    if program is None or program.programsize > MOST_PROGRAM:
        raise _refuse(*_TOO_LARGE)
    if all(program.search(probe) for probe in _PROBES):
        raise _refuse("this pattern is found in every text", "ask for one character at least: '+' in place of '*'")
    return text


def complete(text: str) -> str:
    """The pattern as RE2 is given it: without regard to case, unless its author says otherwise."""
    return f"(?i){text}"


def found(pattern: str, text: str) -> bool:
    """Whether a pattern (from `complete`) is found in a text."""
    return _compile(pattern).search(encode(text)) is not None


def encode(text: str) -> bytes:
    """A text as RE2 reads it. Half a surrogate pair is a question mark there."""
    return text.encode("utf-8", "replace")


def fits(glob: str, text: str) -> bool:
    """Whether a folded glob is the whole of a folded text."""
    return _compile(translate(glob)).fullmatch(encode(text)) is not None


def is_glob(text: str) -> bool:
    """Whether a text has a wildcard in it."""
    return "*" in text or "?" in text


@lru_cache(maxsize=4096)
def translate(glob: str) -> str:
    """A glob as an RE2 pattern for the whole of a text."""
    known = {"*": ".*", "?": "."}
    return "(?s)" + "".join(known.get(sign) or re2.escape(sign) for sign in glob)


@lru_cache(maxsize=4096)
def _compile(pattern: str) -> Any:
    return re2.compile(pattern, _options())


def _options(memory: int | None = None) -> Any:
    options = re2.Options()
    options.log_errors = False
    if memory is not None:
        options.max_mem = memory
    return options


def _trial(text: str) -> Any:
    """The program; None where RE2 need not even try: it takes 0.2 ms for each of these classes of all Unicode."""
    if text.count("\\p") + text.count("\\P") > _MOST_CLASSES:
        return None
    return re2.compile(complete(text), _options(_TRIAL))


#: What is found in all of these is taken to be found in every text.
_PROBES = (b"", *(bytes((code,)) for code in range(32, 127)), bytes(range(32, 127)) * 50, "é\n日 ".encode())
_MOST_CLASSES = 25
_TOO_LARGE = ("this pattern becomes too large", "its repetitions multiply: make {…} smaller, or use + or *")


def _explain(text: str, error: Exception) -> tuple[str, str]:
    said = error.args[0] if error.args else ""
    reason = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    if "too large" in reason:
        return _TOO_LARGE
    for signs, name, remedy in _REMEDIES:
        if any(reason.endswith(f": {sign}") for sign in signs):
            return f"a pattern here has no {name}: '{reason.rpartition(': ')[2]}'", remedy
    if reason.startswith("invalid escape sequence: \\") and reason[-1] in "123456789":
        return f"a pattern here has no back-reference: '{reason[-2:]}'", "write out what it repeats"
    if reason.startswith("invalid repetition size"):
        return f"{reason}: 1,000 is the most, also of repetitions in one another", "use + or * for more"
    return f"not a pattern: {reason.replace(complete(''), '')}", _HINTS.get(reason.partition(":")[0], _SYNTAX)


_SYNTAX = "for a text as it stands, use contains: or glob:"
_HINTS = {
    "missing )": "each ( needs its ); for the sign itself write \\(",
    "unexpected )": "each ) needs its (; for the sign itself write \\)",
    "missing ]": "each [ needs its ]; for the sign itself write \\[",
    "no argument for repetition operator": "* + ? repeat what stands before them; for the sign itself write \\*",
    "trailing \\": "for the sign itself write \\\\",
}


def _refuse(message: str, hint: str) -> PydanticCustomError:
    return PydanticCustomError("value_error", "{message}", {"message": message, "hint": hint})


class PatternSet:
    """Many patterns looked for at once, in one walk over the text."""

    def __init__(self, patterns: Sequence[tuple[str, int]]) -> None:
        """Each pattern (from `complete`) with its clue."""
        self._clues = [clue for _, clue in patterns]
        options = _options(_MOST_SET)
        self._set = re2.Set.SearchSet(options)
        for pattern, _ in patterns:
            self._set.Add(pattern)
        self._set.Compile()

    def scan(self, encoded: bytes) -> list[int]:
        """The clues of the patterns that are found in a text (see `encode`)."""
        clues = self._clues
        return [clues[number] for number in self._set.Match(encoded) or ()]
