"""Conditions as data: the tree that a rule's `when` is compiled to, and that every engine answers alike."""

from dataclasses import dataclass
from enum import StrEnum


class Operator(StrEnum):
    """How a field is held against the values; it holds when any of the values does."""

    IS = "is"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    GLOB = "glob"
    MATCHES = "matches"
    """An RE2 pattern, found anywhere in the text unless it is anchored."""
    EXISTS = "exists"
    ADDRESS = "address"
    """Values are whole addresses, or `@domain` for a domain and everything under it, or `*`."""
    KNOWN = "known"
    """No values: the address is one of the account's contacts (`View.known`)."""
    BETWEEN = "between"
    """Values are ranges of numbers (sizes, in bytes): (lowest or None, highest or None), both included."""
    WITHIN = "within"
    """Values are `engine.rules.when.window.Window`s; the field is the moment the mail was received."""
    ATTACHED = "attached"
    """Values are `engine.rules.when.attached.Attached`s: one attachment must meet all of one of them."""


@dataclass(frozen=True, slots=True)
class Predicate:
    """One test of one field. `values` are folded (`engine.rules.when.fold`), except patterns, ranges and windows."""

    field: str
    """`from`, `to`, `cc`, `any_recipient`, `reply_to`, `subject`, `body`, `list_id`, `header:x-name`, `size`,
    `priority`, `verified`, `received`, `language`, `calendar`, `title`, `location`, `organiser`, `attendee`,
    `category`, `all_day`, `status`, `attachment`, `sms_from`, `sms_to`, `keyword`, `text`."""
    operator: Operator
    values: tuple[object, ...]
    place: str = ""
    """file:line:column of the condition."""
    words: str = ""
    """As its author wrote it, for the evidence."""


@dataclass(frozen=True, slots=True)
class All:
    """Holds when all of its parts do."""

    parts: tuple["Tree", ...]


@dataclass(frozen=True, slots=True)
class Any:
    """Holds when one of its parts does."""

    parts: tuple["Tree", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Holds when its part does not."""

    part: "Tree"
    place: str = ""


Tree = Predicate | All | Any | Not
