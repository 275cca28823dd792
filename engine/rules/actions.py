"""How it is written who is told, what, and by which road: `notify`, and the `defaults` and `caps` of a file."""

import re
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from engine.document import Flag, flawed
from engine.duration import Duration
from engine.notification import OnUnknown
from engine.noun import Written
from engine.rules import shorthand
from engine.rules.attach import Attach
from engine.rules.fallback import WrittenFallback
from engine.rules.limits import WrittenCeiling, WrittenLimits
from engine.rules.off import OFF, or_off
from engine.rules.texts.render import MOST_WRITTEN, check
from engine.rules.when.words import one_or_more, read_id

ME = "me"
GROUP = "group:"
#: A joined SMS of more parts is refused by many networks.
MOST_PARTS = 10

Id = Annotated[str, AfterValidator(read_id)]
Road = Literal["sms", "email", "fax", "mms", "rcs"]
Beyond = Literal["truncate", "split", "refuse", "email"]


def _recipient(value: str) -> str:
    name = value.removeprefix(GROUP)
    if re.search(r"[@{}]|^[+\d][\d ()./-]*$", name):
        hint = "who is told is never taken from a mail; give that person an entry in contacts/ and write its id here"
        raise PydanticCustomError("value_error", "write me, a contact's id or group:name here", {"hint": hint})
    read_id(name)
    return value


def _signature(value: str) -> str:
    if value == OFF:
        return ""
    if not value.isprintable() or not value.strip():
        raise ValueError("write a few words on one line, or off")
    return value.strip()


def _has_no_flaw(text: str) -> str:
    flaws = check(text)
    if flaws:
        raise flawed(flaws)
    return text


_LANES = {"urgent": "1", "high": "1", "normal": "2", "bulk": "3", "low": "3"}


def _lane(value: Any) -> Any:
    meant = _LANES.get(value.lower()) if isinstance(value, str) else None
    if meant is None:
        return value
    context = {"label": f"did you mean '{meant}'?", "hint": "1 is urgent, 2 normal, 3 bulk"}
    raise PydanticCustomError("value_error", "write the number of a lane here", context)


def _once(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


#: A text with fields in braces; see `engine.rules.texts.render`.
TemplateText = Annotated[str, StringConstraints(min_length=1, max_length=MOST_WRITTEN), AfterValidator(_has_no_flaw)]
Channels = Annotated[
    tuple[Road, ...],
    Field(min_length=1),
    BeforeValidator(one_or_more, json_schema_input_type=Road | list[Road]),
    AfterValidator(_once),
]
Recipient = Annotated[str, AfterValidator(_recipient)]
Recipients = Annotated[
    tuple[Recipient, ...],
    Field(min_length=1, max_length=100),
    BeforeValidator(one_or_more, json_schema_input_type=Recipient | list[Recipient]),
    AfterValidator(_once),
]
Parts = Annotated[int, Field(ge=1, le=MOST_PARTS)]
LaneNumber = Annotated[int, Field(ge=1, le=3), BeforeValidator(_lane)]
Expiry = Annotated[Duration, Field(gt=timedelta(0), le=timedelta(days=7))]
#: So short that a text of one part has room beside it, also where each letter costs double.
Signature = Annotated[str, StringConstraints(max_length=30), AfterValidator(_signature)]


class Manner(Written):
    """How a message goes."""

    channels: Channels = ("sms",)
    """In order: the first by which the recipient can be reached, then the next as `fallback` says."""
    together: Flag = False
    """By all channels at once."""
    fallback: Annotated[WrittenFallback | None, or_off(WrittenFallback, "{after: 10 min}", shorthand.fallback)] = (
        WrittenFallback()
    )
    """When the next channel is taken. `off`: never, once a message is on its way."""
    max_parts: Parts = 1
    beyond: Beyond = "truncate"
    """What becomes of a text that needs more parts: cut; sent whole in up to 10; refused; sent by e-mail."""
    lane: LaneNumber = 2
    """1 urgent, 2 normal, 3 bulk."""
    on_unknown: OnUnknown = "hold"
    expires_after: Expiry | None = None
    attach: Attach = "none"
    """Which files of the mail go along: documents are PDF and pictures. An SMS has links to them."""
    signature: Signature | None = None
    """Stands at the end and is counted; `off` for none. Default: the account's."""

    @model_validator(mode="after")
    def _is_at_once_or_in_order(self) -> Self:
        if self.together and self.fallback is not None and "fallback" in self.model_fields_set:
            raise ValueError("together sends by every channel at once, so fallback has no next one: leave one out")
        return self


class Defaults(Manner):
    """What the file's rules and actions say when they say nothing themselves."""

    limits: WrittenLimits = WrittenLimits()


class Action(Manner):
    """One message to each of these people."""

    name: Id = "sms"
    """Unique in its rule, and part of a message's identity: a new name is a new message."""
    to: Recipients = (ME,)
    """`me`, a contact's id, `group:name`."""
    text: TemplateText | None = None
    template: Annotated[str, Field(min_length=1)] | None = None
    """The name of a text in templates/, instead of `text`."""


class Caps(Written):
    """What no account's rule may go beyond. Only in global files."""

    max_parts: Parts | None = None
    lane: LaneNumber | None = None
    """The most urgent that may be used: with 2, no account's rule sends in lane 1."""
    channels: Channels | None = None
    daily: Annotated[int, Field(ge=1, le=10_000)] | None = None
    throttle: WrittenCeiling | None = None
