"""How rules are written in `config/rules/**/*.yaml`: when ... notify ... stop."""

import re
from datetime import timedelta
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from engine.document import Flag, VersionOne
from engine.duration import Duration
from engine.noun import Written
from engine.rules.actions import Action, Caps, Defaults, Id, Road
from engine.rules.limits import WrittenLimits
from engine.rules.offset import Offset, WrittenOffset
from engine.rules.testing import RuleTest
from engine.rules.when.conditions import Condition
from engine.rules.when.words import one_or_more, slug

#: Kinds of mail that nobody wrote by hand: they trigger nothing where a rule does not accept them.
Kind = Literal["automatic", "list", "bounce"]
#: The settings that only a rule about appointments has.
OF_REMINDERS = ("remind", "late", "on_change")
OnChange = Literal["notify", "silent"]


class Late(Written):
    """What becomes of a reminder whose moment was missed: the engine stood still, or the appointment is that new."""

    after: Annotated[Duration, Field(ge=timedelta(0), le=timedelta(days=7))] = timedelta(minutes=5)
    then: Literal["drop", "say so"] = "say so"


def _actions(value: Any) -> Any:
    """One action is a list of one; a word in the place of an action names who is told, or how."""
    actions = one_or_more(value)
    for each in actions if isinstance(actions, list) else ():
        if isinstance(each, str):
            name = "channels" if each in get_args(Road) else "to"
            meant = f"did you mean '{{{name}: {each}}}'?" if re.fullmatch(r"[\w:-]+", each) else ""
            context = {"label": meant, "hint": 'like {to: me, text: "{from.name}: {subject|90}"}'}
            raise PydanticCustomError("value_error", "write a block of settings here", context)
    return actions


def _each_once(offsets: tuple[Offset, ...]) -> tuple[Offset, ...]:
    return tuple({offset.label: offset for offset in offsets}.values())


class Rule(Written):
    """When these conditions hold, these people are told."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    id: Id = ""
    """Default: the slug of the name."""
    enabled: Flag = True
    when: Condition
    accept: Annotated[
        tuple[Kind, ...],
        Field(min_length=1),
        BeforeValidator(one_or_more, json_schema_input_type=Kind | list[Kind]),
    ] = ()
    """Mail of machines, lists and bounces triggers nothing unless it is named here."""
    notify: Annotated[
        tuple[Action, ...],
        Field(min_length=1, max_length=20),
        BeforeValidator(_actions, json_schema_input_type=Action | list[Action]),
    ] = ()
    remind: Annotated[
        tuple[WrittenOffset, ...],
        Field(min_length=1, max_length=10),
        BeforeValidator(one_or_more, json_schema_input_type=WrittenOffset | list[WrittenOffset]),
        AfterValidator(_each_once),
    ] = ()
    """Of appointments: `1 day`, `2 h`, `18:00 the day before`, `alarms` (the calendar's own, the default)."""
    late: Late = Late()
    """Of appointments: what becomes of a reminder that could not be told in time."""
    on_change: OnChange = "silent"
    """Of appointments: whether a move or a cancellation is told to who was reminded before."""
    limits: WrittenLimits = WrittenLimits()
    stop: Flag = False
    """When it matches, later rules of the same scope are not asked."""
    final: Flag = False
    """Only in global files: when it matches, neither later global rules nor the account's own are asked."""

    @property
    def key(self) -> str:
        """Its id, or the slug of its name; empty when the name has no letter or digit."""
        return self.id or slug(self.name)

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if not self.notify and not self.stop and not self.final:
            raise ValueError("this rule does nothing: add 'notify:' or 'stop: true' to it")
        return self


class RuleFile(Written):
    """One file of rules. They are asked in the order of the file names, then of the lines."""

    version: VersionOne
    defaults: Defaults = Defaults()
    caps: Caps | None = None
    """Only in global files: what no account's rule may go beyond."""
    rules: Annotated[tuple[Rule, ...], Field(max_length=1000)]
    tests: Annotated[tuple[RuleTest, ...], Field(max_length=1000)] = ()
    """What `tocsin test` runs."""
