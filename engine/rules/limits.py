"""How a rule's limits are written: against too much, all of them on by default, and `off` switches one off."""

from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from engine.duration import Duration, parse
from engine.notification import Digest, Throttle
from engine.noun import Written
from engine.quiet import QuietHours
from engine.rules import shorthand
from engine.rules.hours import Days, Hours, Time
from engine.rules.off import or_off
from engine.rules.when.conditions import Condition
from engine.rules.when.words import one_or_more

#: What may say that two events are the same.
SameBy = Literal[
    "message_id", "from", "to", "cc", "subject", "body", "list_id", "calendar", "title", "location", "text"
]
_Then = Literal["hold", "drop", "email"]
_MORNING = "08:00"


class WrittenDedupe(Written):
    """The same is told once in a period."""

    by: Annotated[
        tuple[SameBy, ...],
        Field(min_length=1),
        BeforeValidator(one_or_more, json_schema_input_type=SameBy | list[SameBy]),
    ] = ("message_id",)
    """What must be equal; `text` is the message as it would be sent."""
    for_: Annotated[Duration, Field(gt=timedelta(0), le=timedelta(days=31))] = Field(
        default=timedelta(days=7), alias="for"
    )


class WrittenCeiling(Written):
    """At most so many in any such period."""

    max: Annotated[int, Field(ge=1, le=10_000)]
    per: Annotated[Duration, Field(ge=timedelta(minutes=1), le=timedelta(days=31))]


class WrittenThrottle(WrittenCeiling):
    """At most so many in any such period; the rest is dropped, or told together."""

    then: Literal["drop", "digest"] = "digest"

    def noun(self) -> Throttle:
        """As notifications carry it."""
        return Throttle(max=self.max, per=self.per, then=self.then)


class WrittenHours(Written):
    """Hours in which a person is not to be disturbed, by that person's clock."""

    between: Hours
    then: _Then = "hold"

    def noun(self) -> QuietHours:
        """As notifications carry it."""
        return QuietHours(start=self.between[0], end=self.between[1], then=self.then)


class WrittenQuiet(Written):
    """Quiet hours of a rule. What is left out is the receiver's own."""

    between: Hours | None = None
    then: _Then | None = None
    except_: Annotated[
        Condition | Literal["urgent"] | None,
        Field(alias="except"),
    ] = None
    """Who is told all the same: what meets this condition, or `urgent` (lane 1)."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("say between, then or except; the receiver's own quiet hours need no setting")
        return self


def _every(value: Any) -> Any:
    return parse(value) if isinstance(value, str) and value not in ("day", "week") else value


class WrittenDigest(Written):
    """Everything is collected and told together."""

    every: Annotated[Literal["day", "week"] | timedelta, BeforeValidator(_every, json_schema_input_type=str)] = "day"
    """A length of time, or `day` or `week`: then at the times of `at`."""
    at: Annotated[
        tuple[Time, ...],
        Field(max_length=24),
        BeforeValidator(one_or_more, json_schema_input_type=Time | list[Time]),
    ] = ()
    """By the receiver's clock. Default: 08:00."""
    on: Days = ()
    """The days of the week. Default: all of them, or Monday with `every: week`."""
    max_items: Annotated[int, Field(ge=1, le=500)] = 50

    @model_validator(mode="after")
    def _is_one_plan(self) -> Self:
        if not self.model_fields_set & {"every", "at"}:
            raise ValueError("say when: 'every' (1h, day, week) or 'at' (08:30)")
        if isinstance(self.every, timedelta):
            if not timedelta(minutes=5) <= self.every <= timedelta(days=7):
                raise ValueError("a digest is told every 5 minutes at most, and every 7 days at least")
            if self.at or self.on:
                raise ValueError("write 'every' with a length of time, or 'at' and 'on' with times, not both")
        return self

    def noun(self) -> Digest:
        """As notifications carry it."""
        if isinstance(self.every, timedelta):
            return Digest(every=self.every, max_items=self.max_items)
        days = self.on or ((0,) if self.every == "week" else ())
        return Digest(at=tuple(sorted(self.at or (_MORNING,))), days=days, max_items=self.max_items)


class WrittenLimits(Written):
    """What is set against too much. Each stands for itself: what is not named keeps its default."""

    dedupe: Annotated[WrittenDedupe | None, or_off(WrittenDedupe, "{by: message_id, for: 7d}", shorthand.dedupe)] = (
        WrittenDedupe()
    )
    throttle: Annotated[
        WrittenThrottle | None, or_off(WrittenThrottle, "{max: 3, per: 1h, then: digest}", shorthand.throttle)
    ] = WrittenThrottle(max=10, per=timedelta(hours=1))
    quiet_hours: Annotated[
        WrittenQuiet | None, or_off(WrittenQuiet, '{between: "22:00-07:00", then: hold}', shorthand.quiet_hours)
    ] = WrittenQuiet.model_construct()
    digest: Annotated[WrittenDigest | None, or_off(WrittenDigest, '{every: day, at: "08:30"}', shorthand.digest)] = (
        None
    )
    daily: Annotated[Annotated[int, Field(ge=1, le=10_000)] | None, or_off(int, "10")] = 20
    """Messages of this rule a day, in the account's zone; what is beyond is named in one digest."""

    def over(self, defaults: "WrittenLimits") -> "WrittenLimits":
        """These limits, with those of the file where they say nothing."""
        given = {name: getattr(defaults, name) for name in defaults.model_fields_set - self.model_fields_set}
        return self.model_copy(update=given) if given else self
