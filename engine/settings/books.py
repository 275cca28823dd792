"""The files of names, held against one another: the book of every account."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from engine import phone
from engine.account import Contact
from engine.document import Document, Path, Problem, suggest, validate
from engine.rules.book import Book, Books
from engine.settings.book_files import ContactsFile, ListsFile, TemplatesFile, WindowsFile, WrittenContact
from engine.settings.person import read_numbers

T = TypeVar("T")

#: Whose a name is that every account may use.
_ALL = ""


@dataclass(frozen=True)
class _Named:
    """Where a name stands, and whose it is."""

    owner: str
    document: Document
    path: Path


class BookFiles:
    """The files of names read so far."""

    def __init__(self, region: str | None) -> None:
        self.problems: list[Problem] = []
        self._region = region
        self._lists: dict[str, tuple[str, ...]] = {}
        self._windows: dict[str, object] = {}
        self._templates: dict[str, Mapping[str, str]] = {}
        self._contacts: dict[str, dict[str, Contact]] = {_ALL: {}}
        self._groups: dict[str, dict[str, tuple[str, ...]]] = {_ALL: {}}
        self._members: list[tuple[str, str, Document, Path]] = []
        self._seen: dict[tuple[str, str], list[_Named]] = {}

    def add_lists(self, document: Document) -> None:
        """One more file of lists/."""
        file = self._read(document, ListsFile)
        for name, values in file.lists.items() if file else ():
            if self._is_new("list", name, _Named(_ALL, document, ("lists", name))):
                self._lists[name] = values

    def add_windows(self, document: Document) -> None:
        """One more file of windows/."""
        file = self._read(document, WindowsFile)
        for name, window in file.windows.items() if file else ():
            if self._is_new("window", name, _Named(_ALL, document, ("windows", name))):
                self._windows[name] = window

    def add_templates(self, document: Document) -> None:
        """One more file of templates/."""
        file = self._read(document, TemplatesFile)
        for name, texts in file.templates.items() if file else ():
            if self._is_new("template", name, _Named(_ALL, document, ("templates", name))):
                self._templates[name] = texts.by_language

    def add_contacts(self, document: Document, accounts: Collection[str]) -> None:
        """One more file of contacts/; `accounts` are those whose it may be."""
        file = self._read(document, ContactsFile)
        if file is None:
            return
        owner = file.account or _ALL
        if file.account is not None and file.account not in accounts:
            message = f"there is no account '{file.account}'"
            hint = f"accounts: {', '.join(sorted(accounts)) or 'none'}; left out, the contacts are everybody's"
            label = suggest(file.account, accounts)
            self.problems.append(
                document.problem(("account",), message, code="unknown-account", label=label, hint=hint)
            )
        for index, written in enumerate(file.contacts):
            self._add_contact(written, owner, document, ("contacts", index))
        for name, members in file.groups.items():
            if self._is_new("group", name, _Named(owner, document, ("groups", name))):
                self._groups.setdefault(owner, {})[name] = members
            for index, member in enumerate(members):
                self._members.append((owner, member, document, ("groups", name, index)))

    def books(self) -> Books:
        """What the files make, once all are read; members that nobody knows are now problems."""
        shared = Book(self._lists, self._windows, self._contacts[_ALL], self._groups[_ALL], self._templates)
        owners = {*self._contacts, *self._groups} - {_ALL}
        own = {
            owner: replace(
                shared,
                contacts={**shared.contacts, **self._contacts.get(owner, {})},
                groups={**shared.groups, **self._groups.get(owner, {})},
            )
            for owner in sorted(owners)
        }
        books = Books(shared, own)
        for owner, member, document, path in self._members:
            self._check_member(member, books.of(owner), document, path)
        return books

    def _read(self, document: Document, model: type[T]) -> T | None:
        file, problems = validate(document, model)
        self.problems += problems
        return file

    def _add_contact(self, written: WrittenContact, owner: str, document: Document, path: Path) -> None:
        new = self._is_new("contact", written.id, _Named(owner, document, (*path, "id")))
        numbers, problems = read_numbers(written.numbers, document, (*path, "numbers"), self._region)
        self.problems += problems
        contact = written.contact(numbers, self._fax(written, document, (*path, "fax")))
        if not (written.numbers or written.email or written.fax):
            message = f"'{written.id}' cannot be reached"
            label = "add 'numbers:', 'email:' or 'fax:'"
            self._warn(document, (*path, "id"), message, "no-number", label)
        if written.agreed is None:
            message = f"'{written.id}' has not agreed to be told, and is not"
            self._warn(document, (*path, "id"), message, "no-consent", "add 'agreed:' with how and when they agreed")
        if new:
            self._contacts.setdefault(owner, {})[written.id] = contact

    def _fax(self, written: WrittenContact, document: Document, path: Path) -> str:
        if written.fax is None:
            return ""
        try:
            return phone.parse(written.fax, self._region)
        except ValueError as error:
            self.problems.append(document.problem(path, str(error), code="number"))
            return ""

    def _is_new(self, kind: str, name: str, named: _Named) -> bool:
        """Two of one name are a mistake where one account would see both."""
        others = self._seen.setdefault((kind, name), [])
        clash = next(
            (each for each in others if each.owner == named.owner or _ALL in (each.owner, named.owner)), None
        )
        others.append(named)
        if clash is None:
            return True
        related = (clash.document.related(clash.path, "the first one", key=kind != "contact"),)
        self.problems.append(
            named.document.problem(
                named.path,
                f"a second {kind} named '{name}'",
                key=kind != "contact",
                code=f"duplicate-{kind}",
                related=related,
            )
        )
        return False

    def _check_member(self, member: str, book: Book, document: Document, path: Path) -> None:
        if member in book.contacts:
            return
        message = f"there is no contact '{member}'"
        hint = f"known here: {', '.join(book.contacts) or 'none'}"
        label = suggest(member, book.contacts)
        self.problems.append(document.problem(path, message, code="unknown-contact", label=label, hint=hint))

    def _warn(self, document: Document, path: Path, message: str, code: str, label: str) -> None:
        self.problems.append(document.problem(path, message, severity="warning", code=code, label=label))
