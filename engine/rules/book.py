"""What rules call by name: lists, windows, contacts, groups and templates, each from a file of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.account import Contact


@dataclass(frozen=True, slots=True)
class Book:
    """The names that one account's rules may use: those of its own files, and those of every account."""

    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Addresses (`@domain` too) and words, as they are written."""
    windows: Mapping[str, object] = field(default_factory=dict)
    """`engine.rules.when.window.Window` by name."""
    contacts: Mapping[str, Contact] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The ids of contacts."""
    templates: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """A text by language; the one that is written for all languages stands under the empty name."""


@dataclass(frozen=True, slots=True)
class Books:
    """The book of every account: what is written for all, and what is added for some."""

    shared: Book = field(default_factory=Book)
    """Global rules use only this one."""
    own: Mapping[str, Book] = field(default_factory=dict)
    """By account, the shared names among them."""

    def of(self, account: str) -> Book:
        """The names that this account's rules may use."""
        return self.own.get(account, self.shared)
