"""The rules in force: checked, compiled, in the order in which they are asked."""

from collections.abc import Generator, Mapping, Sequence
from copy import copy
from dataclasses import InitVar, dataclass, field
from datetime import timedelta

from engine.account import Contact
from engine.decision import RuleAnswer
from engine.notification import Channel, Digest, Fallback, Lane, OnUnknown, Throttle
from engine.reason import Reason
from engine.rules.actions import Beyond
from engine.rules.attach import Attach
from engine.rules.book import Book, Books
from engine.rules.matching.scope import LARGE, Scope
from engine.rules.offset import Offset
from engine.rules.schema import Late, OnChange
from engine.rules.texts.render import Template
from engine.rules.when.compile import About
from engine.rules.when.predicate import Tree
from engine.rules.when.view import View

#: The scope whose rules are asked first, for every account.
GLOBAL = "global"


@dataclass(frozen=True, slots=True)
class ReadyQuiet:
    """A rule's quiet hours. `between` and `then` are None where the receiver's own stand."""

    between: tuple[str, str] | None = None
    then: str | None = None
    urgent: bool = False
    """Lane 1 goes all the same."""
    unless: Tree | None = None
    """What meets this goes all the same."""


@dataclass(frozen=True, slots=True)
class ReadyLimits:
    """A rule's limits; None is off."""

    same_by: tuple[str, ...] = ()
    """The fields that make two events the same; empty: the same may be told again."""
    same_for: timedelta = timedelta(0)
    throttle: Throttle | None = None
    quiet: ReadyQuiet | None = None
    digest: Digest | None = None
    daily: int | None = None


@dataclass(frozen=True, slots=True)
class ReadyAction:
    """One message to each of its recipients, ready to be written."""

    name: str
    recipients: tuple[Contact, ...]
    """`me` (`engine.rules.reach.ME`) stands for whoever's rule it is."""
    channels: tuple[Channel, ...]
    """In order; empty where the admin's caps leave none."""
    texts: Mapping[str, Template]
    """By language; the one for all languages under the empty name."""
    max_parts: int
    beyond: Beyond
    lane: Lane
    on_unknown: OnUnknown
    expires_after: timedelta | None
    signature: str | None
    """None: the account's."""
    together: bool = False
    """All channels at once."""
    fallback: Fallback | None = None
    """When the next channel is taken; None: never."""
    attach: Attach = "none"
    """Which files of a mail go along."""


@dataclass(frozen=True, slots=True)
class ReadyRule:
    """One rule, ready to be asked."""

    scope: str
    id: str
    name: str
    place: str
    about: About
    when: Tree
    actions: tuple[ReadyAction, ...]
    stop: bool
    final: bool = False
    accept: frozenset[str] = frozenset()
    """Kinds of mail that nobody wrote by hand and that may trigger it (`engine.rules.when.automatic`)."""
    limits: ReadyLimits = ReadyLimits()
    remind: tuple[Offset, ...] = ()
    """When it reminds of an appointment; empty for a rule about mail."""
    late: Late = field(default_factory=Late)
    on_change: OnChange = "silent"

    @property
    def path(self) -> str:
        """`scope/id`: its name in every scope."""
        return f"{self.scope}/{self.id}"

    def unasked(self, reason: Reason) -> RuleAnswer:
        """Its answer when an earlier rule keeps it from being asked."""
        return RuleAnswer(self.scope, self.id, self.name, self.place, reason)


@dataclass(frozen=True)
class Ruleset:
    """All rules of all scopes. `version` names the configuration that they are from."""

    scopes: Mapping[str, tuple[ReadyRule, ...]] = field(default_factory=dict)
    version: str = ""
    books: Books = field(default_factory=Books)
    before: InitVar["Ruleset | None"] = None
    """Another ruleset: what is the same object in both is not built again."""
    indexed: Mapping[str, Scope] = field(init=False, compare=False, repr=False)
    """The large scopes, where not every rule is asked for every event."""

    def __post_init__(self, before: "Ruleset | None") -> None:
        known = before.indexed if before is not None else {}
        large = {name: rules for name, rules in self.scopes.items() if len(rules) >= LARGE}
        built = {
            name: known[name].become(rules) if name in known else Scope.of(rules) for name, rules in large.items()
        }
        object.__setattr__(self, "indexed", built)

    def settle(self) -> Generator[None, None, "Ruleset"]:
        """The same rules; where many are beside the index it is built anew, in steps of about 2 ms."""
        settled = dict(self.indexed)
        for name, scope in self.indexed.items():
            if scope.due:
                settled[name] = yield from scope.settle()
        new = copy(self)
        object.__setattr__(new, "indexed", settled)
        return new

    def worth_asking(self, scope: str, view: View) -> Sequence[ReadyRule]:
        """The rules of a scope that are asked for evidence: all of a small one, of a large one those that hold."""
        rules = self.scopes.get(scope, ())
        indexed = self.indexed.get(scope)
        return rules if indexed is None else [rules[number] for number in indexed.matching(view)]

    def of(self, account: str) -> tuple[ReadyRule, ...]:
        """The rules that an account's mail meets: the global ones, then its own."""
        return (*self.scopes.get(GLOBAL, ()), *self.scopes.get(account, ()))

    @property
    def attaches(self) -> bool:
        """Whether any rule sends files along."""
        return any(
            action.attach != "none" for rules in self.scopes.values() for rule in rules for action in rule.actions
        )

    def book(self, account: str) -> Book:
        """The names that conditions are held against for this account."""
        return self.books.of(account)
