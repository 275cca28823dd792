"""How rules are written in `config/rules/**/*.yaml`: when ... notify ... stop."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from engine.document import Flag, VersionOne
from engine.noun import Written
from engine.rules.actions import Action, Caps, Defaults, Id
from engine.rules.conditions import Condition
from engine.rules.limits import WrittenLimits
from engine.rules.testing import RuleTest
from engine.rules.words import one_or_more, slug

#: Kinds of mail that nobody wrote by hand: they trigger nothing where a rule does not accept them.
Kind = Literal["automatic", "list", "bounce"]


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
        BeforeValidator(one_or_more, json_schema_input_type=Action | list[Action]),
    ] = ()
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
