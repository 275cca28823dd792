"""The rules in force: checked, compiled, in the order in which they are asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from engine.decision import RuleAnswer
from engine.notification import Channel, Lane, OnUnknown
from engine.reason import Reason
from engine.rules.match import Matcher
from engine.rules.render import Template

#: The scope whose rules are asked first, for every account.
GLOBAL = "global"


@dataclass(frozen=True, slots=True)
class ReadyAction:
    """One message to one person, ready to be written."""

    name: str
    to: str
    channel: Channel
    text: Template
    max_parts: int
    lane: Lane
    on_unknown: OnUnknown
    expires_after: timedelta | None


@dataclass(frozen=True, slots=True)
class ReadyRule:
    """One rule, ready to be asked."""

    scope: str
    id: str
    name: str
    place: str
    when: Matcher
    actions: tuple[ReadyAction, ...]
    stop: bool
    stopped: RuleAnswer = field(init=False)
    """Its answer when it is not asked, made once."""

    def __post_init__(self) -> None:
        answer = RuleAnswer(scope=self.scope, rule=self.id, name=self.name, place=self.place, reason=Reason.STOPPED)
        object.__setattr__(self, "stopped", answer)


@dataclass(frozen=True)
class Ruleset:
    """All rules of all scopes. `version` names the configuration that they are from."""

    scopes: Mapping[str, tuple[ReadyRule, ...]] = field(default_factory=dict)
    version: str = ""

    def of(self, account: str) -> tuple[ReadyRule, ...]:
        """The rules that an account's mail meets: the global ones, then its own."""
        return (*self.scopes.get(GLOBAL, ()), *self.scopes.get(account, ()))
