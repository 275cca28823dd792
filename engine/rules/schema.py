"""How rules are written in `config/rules/**/*.yaml`: when ... notify ... stop."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from engine.document import Flag, VersionOne, flawed
from engine.duration import Duration
from engine.notification import OnUnknown
from engine.noun import Written
from engine.rules.render import parse
from engine.rules.words import one_or_more, read_address, read_id, read_text, slug

#: How deep all, any and not may stand in one another.
MOST_NESTED = 16

Id = Annotated[str, AfterValidator(read_id)]
Words = Annotated[str, StringConstraints(max_length=500), AfterValidator(read_text)]
Address = Annotated[str, StringConstraints(max_length=320), AfterValidator(read_address)]
_WORDS_OR_ONE = BeforeValidator(one_or_more, json_schema_input_type=Words | list[Words])
_ADDRESSES_OR_ONE = BeforeValidator(one_or_more, json_schema_input_type=Address | list[Address])
ListOfWords = Annotated[tuple[Words, ...], Field(min_length=1), _WORDS_OR_ONE]
ListOfAddresses = Annotated[tuple[Address, ...], Field(min_length=1), _ADDRESSES_OR_ONE]


def _short_for(operator: str) -> Callable[[Any], Any]:
    """``subject: urgent`` is short for ``subject: {contains: urgent}``."""

    def expand(value: Any) -> Any:
        if value is None:
            # a condition that was left open must not quietly hold for every mail
            raise PydanticCustomError("empty", "is empty")
        return {operator: value} if isinstance(value, str | list) else value

    return expand


class _Test(Written):
    """Several operators must all hold; each holds when any of its values does."""

    contains: ListOfWords = ()
    starts_with: ListOfWords = ()
    ends_with: ListOfWords = ()

    @model_validator(mode="after")
    def _looks_for_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("say what to look for: is, contains, starts_with or ends_with")
        return self


class TextTest(_Test):
    """A test of a text. On its own, a text is looked for anywhere in it."""

    is_: ListOfWords = Field(default=(), alias="is")


class AddressTest(_Test):
    """A test of who sent it. `is` knows addresses, the others look at the name and at the address."""

    is_: ListOfAddresses = Field(default=(), alias="is")


class Condition(Written):
    """Several settings must all hold."""

    sender: Annotated[
        AddressTest | None,
        BeforeValidator(_short_for("is"), json_schema_input_type=Address | list[Address] | AddressTest),
    ] = Field(default=None, alias="from")
    subject: Annotated[
        TextTest | None,
        BeforeValidator(_short_for("contains"), json_schema_input_type=Words | list[Words] | TextTest),
    ] = None
    all: Annotated[tuple["Condition", ...], Field(min_length=1)] = ()
    any: Annotated[tuple["Condition", ...], Field(min_length=1)] = ()
    not_: Annotated[
        tuple["Condition", ...],
        Field(min_length=1),
        BeforeValidator(one_or_more, json_schema_input_type="Condition | list[Condition]"),
    ] = Field(default=(), alias="not")

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("no condition stands here; for every mail write from: '*'")
        return self


def _has_no_flaw(text: str) -> str:
    _, flaws = parse(text)
    if flaws:
        raise flawed(flaws)
    return text


#: A text with fields in braces; see `engine.rules.render`.
TemplateText = Annotated[str, StringConstraints(min_length=1, max_length=2000), AfterValidator(_has_no_flaw)]
Channels = Annotated[
    tuple[Literal["sms"], ...],
    Field(min_length=1, max_length=1),
    BeforeValidator(one_or_more, json_schema_input_type=Literal["sms"] | list[Literal["sms"]]),
]
Parts = Annotated[int, Field(ge=1, le=10)]
LaneNumber = Annotated[int, Field(ge=1, le=3)]
Expiry = Annotated[Duration, Field(gt=timedelta(0), le=timedelta(days=7))]


class Defaults(Written):
    """What the file's actions say when they say nothing themselves."""

    channels: Channels = ("sms",)
    max_parts: Parts = 1
    lane: LaneNumber = 2
    on_unknown: OnUnknown = "hold"
    expires_after: Expiry | None = None


class Action(Defaults):
    """One message to one person."""

    name: Id = "sms"
    """Unique in its rule, and part of a message's identity: a new name is a new message."""
    to: Literal["me"] = "me"
    text: TemplateText = "{from}: {subject}"


class Rule(Written):
    """When these conditions hold, these people are told."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    id: Id = ""
    """Default: the slug of the name."""
    enabled: Flag = True
    when: Condition
    notify: Annotated[
        tuple[Action, ...],
        Field(min_length=1, max_length=20),
        BeforeValidator(one_or_more, json_schema_input_type=Action | list[Action]),
    ] = ()
    stop: Flag = False
    """When it matches, later rules are not asked."""

    @property
    def key(self) -> str:
        """Its id, or the slug of its name; empty when the name has no letter or digit."""
        return self.id or slug(self.name)

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if not self.notify and not self.stop:
            raise ValueError("this rule does nothing: add 'notify:' or 'stop: true' to it")
        return self


class RuleFile(Written):
    """One file of rules. They are asked in the order of the file names, then of the lines."""

    version: VersionOne
    defaults: Defaults = Defaults()
    rules: Annotated[tuple[Rule, ...], Field(max_length=1000)]
