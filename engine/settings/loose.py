"""Files that stand in no configuration folder: each is held against what it looks like."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from engine.channels.tariff import TariffFile
from engine.document import MOST_BYTES, Document, Problem, in_order, read, validate
from engine.rules.book import Books
from engine.rules.load import RuleFolder
from engine.rules.load import load as load_rules
from engine.rules.ruleset import GLOBAL
from engine.settings.accounts import Accounts
from engine.settings.books import BookFiles
from engine.settings.engine_file import engine_file
from engine.settings.plain import real

Kind = Literal["rules", "contacts", "lists", "windows", "templates", "account", "engine", "tariff"]

#: What a file is called or stands in, in a configuration folder.
_PLACES: Mapping[str, Kind] = {
    "rules": "rules",
    "contacts": "contacts",
    "lists": "lists",
    "windows": "windows",
    "templates": "templates",
    "accounts": "account",
    "engine.yaml": "engine",
    "tariff.yaml": "tariff",
}
#: Settings that only one kind of file has.
_SIGNS: Mapping[str, Kind] = {
    "rules": "rules",
    "contacts": "contacts",
    "groups": "contacts",
    "lists": "lists",
    "windows": "windows",
    "templates": "templates",
    "mailboxes": "account",
    "numbers": "account",
    "calendars": "account",
    "agenda": "account",
    "plan": "account",
    "zone": "account",
    "providers": "engine",
    "stream": "engine",
    "store": "engine",
    "web": "engine",
    "inbound": "engine",
    "bounces": "engine",
    "proxy": "engine",
    "media": "engine",
    "currency": "tariff",
    "sms": "tariff",
}
_TWINS = tuple(f"duplicate-{name}" for name in ("contact", "group", "list", "window", "template"))
#: Who owns a rule file that no folder names an account for.
_SOMEBODY = "me"


def home_of(path: Path) -> Path | None:
    """The configuration folder that a file or folder stands in: the nearest one above with an engine.yaml."""
    whole = real(path)
    return next((folder for folder in (whole, *whole.parents) if (folder / "engine.yaml").is_file()), None)


def check_loose(path: Path) -> tuple[int, list[Problem]]:
    """How many files were read, and all problems in them. Names stand for those of the files beside them."""
    documents = [(each, _read(each)) for each in _files(path)]
    sorted_out = [(place, document, _kind(place, document)) for place, document in documents]
    books, problems = _books([(document, kind) for _, document, kind in sorted_out])
    for place, document, kind in sorted_out:
        problems += _check(place, document, kind, books)
    return len(documents), in_order(problems)


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    inside = sorted(each for each in path.rglob("*") if each.is_file() and each.suffix in (".yaml", ".yml"))
    yield from (each for each in inside if not any(part.startswith(".") for part in each.relative_to(path).parts))


def _read(path: Path) -> Document:
    try:
        with path.open("rb") as file:
            return read(file.read(MOST_BYTES + 1), str(path))
    except OSError as error:
        message = f"this file cannot be read: {error.strerror}"
        document = Document(str(path), broken=True)
        document.problems.append(Problem(message, str(path), code="file", hint="look at its owner and its mode"))
        return document


def _kind(path: Path, document: Document) -> Kind:
    """By where it stands, else by a setting that only one kind has, else it is rules."""
    if path.name in _PLACES:
        return _PLACES[path.name]
    for folder in (path.parent.name, path.parent.parent.name):
        if folder in _PLACES and (folder != "rules" or path.parent.name != folder):
            return _PLACES[folder]
    found: Any = document.data if isinstance(document.data, dict) else {}
    return next((_SIGNS[name] for name in _SIGNS if name in found), "rules")


def _books(files: list[tuple[Document, Kind]]) -> tuple[Books, list[Problem]]:
    """The names in all files. Twice the same name is no mistake here: nobody says that the files belong together."""
    reading = BookFiles(None)
    for document, kind in files:
        if kind == "contacts":
            owner = document.data.get("account") if isinstance(document.data, dict) else None
            reading.add_contacts(document, [owner] if isinstance(owner, str) else [])
        elif kind == "lists":
            reading.add_lists(document)
        elif kind == "windows":
            reading.add_windows(document)
        elif kind == "templates":
            reading.add_templates(document)
    books = reading.books()
    return books, [problem for problem in reading.problems if problem.code not in _TWINS]


def _check(path: Path, document: Document, kind: Kind, books: Books) -> list[Problem]:
    if kind == "rules":
        scope = path.parent.name if path.parent.parent.name == "rules" else _SOMEBODY
        scope = GLOBAL if path.parent.name == GLOBAL else scope
        folder = RuleFolder(scope, str(path.parent), [document])
        return load_rules([folder], [scope], books=books)[1]
    if kind == "account":
        accounts = Accounts(None, path.parent)
        accounts.add(document)
        return accounts.problems
    if kind == "engine":
        return validate(document, engine_file())[1]
    return validate(document, TariffFile)[1] if kind == "tariff" else []
