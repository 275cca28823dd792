"""How conditions are written in a rule's `when`: several settings must all hold; of a list, one is enough.

Left to itself, a value stands for the operator that people mean: a text is looked for anywhere in a subject, a body,
a title or a location (`contains`), and is the whole of anything else (`is`, or `glob` where it has a `*`).
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError

from engine.document import Flag, flawed
from engine.noun import Written
from engine.rules.shorthand import attachment, operator
from engine.rules.when.comparison import intersect, read_comparison
from engine.rules.when.pattern import is_glob, read_pattern
from engine.rules.when.priority import Priority
from engine.rules.when.window import Window
from engine.rules.when.words import (
    one_or_more,
    read_address,
    read_header_name,
    read_media_type,
    read_number,
    read_text,
)

#: How deep all, any and not may stand in one another.
MOST_NESTED = 16

Words = Annotated[str, StringConstraints(max_length=500), AfterValidator(read_text)]
Address = Annotated[str, StringConstraints(max_length=320), AfterValidator(read_address)]
#: See `engine.rules.when.pattern`.
Pattern = Annotated[str, AfterValidator(read_pattern)]
MediaType = Annotated[str, StringConstraints(max_length=127), AfterValidator(read_media_type)]
HeaderName = Annotated[str, AfterValidator(read_header_name)]
#: The name of something in a file of its own: a list, a window.
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]

ListOfWords = Annotated[
    tuple[Words, ...], Field(min_length=1), BeforeValidator(one_or_more, json_schema_input_type=Words | list[Words])
]
ListOfAddresses = Annotated[
    tuple[Address, ...],
    Field(min_length=1),
    BeforeValidator(one_or_more, json_schema_input_type=Address | list[Address]),
]
Number = Annotated[str, StringConstraints(max_length=40), AfterValidator(read_number)]
ListOfNumbers = Annotated[
    tuple[Number, ...],
    Field(min_length=1),
    BeforeValidator(one_or_more, json_schema_input_type=Number | list[Number]),
]
ListOfPatterns = Annotated[
    tuple[Pattern, ...],
    Field(min_length=1, max_length=100),
    BeforeValidator(one_or_more, json_schema_input_type=Pattern | list[Pattern]),
]
ListOfTypes = Annotated[
    tuple[MediaType, ...],
    Field(min_length=1),
    BeforeValidator(one_or_more, json_schema_input_type=MediaType | list[MediaType]),
]
ListOfNames = Annotated[
    tuple[Name, ...], Field(min_length=1), BeforeValidator(one_or_more, json_schema_input_type=Name | list[Name])
]


def _given(value: Any) -> Any:
    if value is None:
        # a condition that was left open must not quietly hold for every mail
        raise PydanticCustomError("empty", "is empty")
    return value


def _short_for(choose: Callable[[Any], str]) -> Callable[[Any], Any]:
    """``subject: urgent`` is short for ``subject: {contains: urgent}``; `choose` names the operator."""

    def expand(value: Any) -> Any:
        if not isinstance(_given(value), str | list):
            return value
        flaws = [flaw for each in one_or_more(value) if isinstance(each, str) and (flaw := operator(each))]
        if flaws:
            raise flawed(flaws)
        return {choose(value): value}

    return expand


def _shape(value: Any) -> str:
    """`glob` for what has a wildcard in it, else `is`."""
    return "glob" if any(isinstance(each, str) and is_glob(each) for each in one_or_more(value)) else "is"


def _no_contradiction(comparisons: tuple[str, ...]) -> tuple[str, ...]:
    if intersect(map(read_comparison, comparisons)) is None:
        raise ValueError(f"no size is {' and '.join(comparisons)}")
    return comparisons


def _read_size(value: Any) -> str:
    # a block (min: 5 MB) is answered with the form too
    read_comparison(value if isinstance(value, str) else "")
    return " ".join(value.split())


_Comparison = Annotated[
    str, StringConstraints(max_length=40), BeforeValidator(_read_size, json_schema_input_type=str)
]
#: Comparisons that must all hold: ``"> 1 MB"`` or ``["> 1 MB", "< 5 MB"]``.
Sizes = Annotated[
    tuple[_Comparison, ...],
    Field(min_length=1),
    BeforeValidator(one_or_more, json_schema_input_type=_Comparison | list[_Comparison]),
    AfterValidator(_no_contradiction),
]
Given = Annotated[Flag | None, BeforeValidator(_given, json_schema_input_type=bool)]


class _Test(Written):
    """Several operators must all hold; each holds when any of its values does."""

    contains: ListOfWords = ()
    starts_with: ListOfWords = ()
    ends_with: ListOfWords = ()
    glob: ListOfWords = ()
    """The whole text: ``*`` is any text, ``?`` is one character."""
    matches: ListOfPatterns = ()
    """An RE2 pattern, found anywhere in the text; see `engine.rules.when.pattern`."""
    in_: ListOfNames = Field(default=(), alias="in")
    """Names of lists: their values as if they stood here."""
    exists: Given = None

    @model_validator(mode="after")
    def _looks_for_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError(
                "say what to look for: is, contains, starts_with, ends_with, glob, matches, in or exists"
            )
        if self.exists is False and len(self.model_fields_set) > 1:
            raise ValueError("'exists: false' leaves nothing to look for: remove it, or the others")
        return self


class TextTest(_Test):
    """A test of a text."""

    is_: ListOfWords = Field(default=(), alias="is")


class AddressTest(_Test):
    """A test of people. `is` and `in` know addresses, the others look at the name and at the address.

    `in` also knows ``contacts`` (of the account that the mail is for) and ``group:name``.
    """

    is_: ListOfAddresses = Field(default=(), alias="is")


class NumberTest(_Test):
    """A test of a phone's number, with its country code: ``+32475123456``.

    `in` also knows ``contacts`` (of the account that the text is for) and ``group:name``.
    """

    is_: ListOfNumbers = Field(default=(), alias="is")


class AttachmentTest(Written):
    """A test of attachments: one of them must meet all of it."""

    name: ListOfWords = ()
    """Globs for its file name: ``*.pdf``."""
    type: ListOfTypes = ()
    """Its media type, perhaps with a wildcard: ``application/pdf``, ``image/*``."""
    size: Sizes = ()
    exists: Given = None

    @model_validator(mode="after")
    def _looks_for_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("say what to look for: name, type or size; for any attachment write attachment: true")
        if self.exists is False and len(self.model_fields_set) > 1:
            raise ValueError("'exists: false' leaves nothing to look for: remove it, or the others")
        return self


def _each_attachment(value: Any) -> Any:
    values = value if isinstance(value, list) else [value]
    for each in values:
        if isinstance(each, str) and (meant := attachment(each)):
            label = f"did you mean '{meant}'?"
            raise PydanticCustomError(
                "value_error", "write true, false or a block of settings here", {"label": label}
            )
    return [{"exists": each} if isinstance(each, str) else each for each in values] if value is not None else None


class TimeTest(Window):
    """When a mail was received, or an appointment begins, by the account's clock. All of it must hold."""

    window: ListOfNames = ()
    """Names of windows: one of them is enough."""
    not_window: ListOfNames = ()
    """Names of windows: in none of them."""


Contained = Annotated[
    TextTest | None,
    BeforeValidator(_short_for(lambda _: "contains"), json_schema_input_type=Words | list[Words] | TextTest),
]
Exact = Annotated[
    TextTest, BeforeValidator(_short_for(lambda _: "is"), json_schema_input_type=Words | list[Words] | TextTest)
]
Shaped = Annotated[
    TextTest | None, BeforeValidator(_short_for(_shape), json_schema_input_type=Words | list[Words] | TextTest)
]
Who = Annotated[
    AddressTest | None,
    BeforeValidator(_short_for(lambda _: "is"), json_schema_input_type=Address | list[Address] | AddressTest),
]
Phone = Annotated[
    NumberTest | None,
    BeforeValidator(_short_for(_shape), json_schema_input_type=Number | list[Number] | NumberTest),
]
Status = Literal["confirmed", "tentative", "cancelled"]
Language = Literal["en", "nl", "sv", "fr", "de"]
Method = Literal["dkim", "spf", "dmarc"]


def _verdicts(value: Any) -> Any:
    """One verdict is a list of one; of YAML 1.1's yes and no this says what was meant."""
    return one_or_more(value if value not in ("yes", "no", "on", "off") else _TRUTH.validate_python(value))


_TRUTH = TypeAdapter[bool](Flag)


def _one_verdict(value: tuple[str, ...]) -> tuple[str, ...]:
    if len(value) > 1 and {"true", "false"} & set(value):
        raise ValueError("true and false stand alone; of dkim, spf and dmarc one is enough")
    return value


class Condition(Written):
    """Several settings must all hold. It is about mails, about texts from phones or about appointments: none has the
    fields of another."""

    sender: Who = Field(default=None, alias="from")
    """A whole address, ``@domain`` for everything under it, or ``*`` for every mail."""
    to: Who = None
    cc: Who = None
    any_recipient: Who = None
    """To, Cc and the address that the mail was delivered to."""
    reply_to: Who = None
    subject: Contained = None
    body: Contained = None
    list_id: Shaped = None
    """What stands between the angle brackets of List-Id."""
    header: Annotated[Mapping[HeaderName, Exact], Field(min_length=1, max_length=50)] = Field(default_factory=dict)
    """Any header by its name; of one that stands there several times, one value is enough."""
    size: Sizes = ()
    """Of the whole mail: ``> 5 MB``."""
    attachment: Annotated[
        tuple[AttachmentTest, ...],
        Field(min_length=1),
        BeforeValidator(_each_attachment, json_schema_input_type=bool | AttachmentTest | list[AttachmentTest]),
    ] = ()
    priority: Annotated[
        tuple[Priority, ...],
        Field(min_length=1),
        BeforeValidator(one_or_more, json_schema_input_type=Priority | list[Priority]),
    ] = ()
    """What the sender says: X-Priority, Importance and Priority."""
    verified: Annotated[
        tuple[Literal["true", "false", "dkim", "spf", "dmarc"], ...],
        Field(min_length=1),
        BeforeValidator(_verdicts, json_schema_input_type=bool | Method | list[Method]),
        AfterValidator(_one_verdict),
    ] = ()
    """Whether a server that the mailbox's `trust:` names vouches for the domain in From; of methods one is enough."""
    time: Annotated[TimeTest | None, BeforeValidator(_given, json_schema_input_type=TimeTest)] = None
    language: Annotated[
        tuple[Language, ...],
        Field(min_length=1),
        BeforeValidator(one_or_more, json_schema_input_type=Language | list[Language]),
    ] = ()
    """The account's."""
    calendar: Shaped = None
    title: Contained = None
    location: Contained = None
    organiser: Who = None
    attendee: Who = None
    category: Shaped = None
    all_day: Given = None
    status: Annotated[
        tuple[Status, ...],
        Field(min_length=1),
        BeforeValidator(one_or_more, json_schema_input_type=Status | list[Status]),
    ] = ()
    sms_from: Phone = None
    """The phone that a text came from; ``*`` for every text."""
    sms_to: Phone = None
    """Our number, short number or endpoint code that it was sent to."""
    keyword: Shaped = None
    """The first word of a text, in whatever case."""
    text: Contained = None
    """The whole text that a phone sent."""
    all: Annotated[tuple["Condition", ...], Field(min_length=1)] = ()
    any: Annotated[tuple["Condition", ...], Field(min_length=1)] = ()
    not_: Annotated[
        tuple["Condition", ...],
        Field(min_length=1),
        BeforeValidator(one_or_more, json_schema_input_type="Condition | list[Condition]"),
    ] = Field(default=(), alias="not")
    """None of these."""

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("no condition stands here; for every mail write from: '*'")
        return self
