"""How it is written when the next channel is taken."""

from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from engine.duration import Duration
from engine.notification import Fallback, FallbackOn
from engine.noun import Written
from engine.rules.off import OFF
from engine.rules.when.words import one_or_more

#: What a person means by "in order": whatever ended badly, and whatever nothing can pay for.
_AT_ONCE: tuple[FallbackOn, ...] = ("failed", "no_credit")
_IN_TIME: tuple[FallbackOn, ...] = ("not_delivered", "not_read")


def _reasons(value: Any) -> Any:
    return () if value in (OFF, [], "[]") else one_or_more(value)


def _once(values: tuple[FallbackOn, ...]) -> tuple[FallbackOn, ...]:
    return tuple(dict.fromkeys(values))


class WrittenFallback(Written):
    """When the next of the `channels` is taken."""

    after: Annotated[Duration, Field(gt=timedelta(0), le=timedelta(days=7))] | None = None
    """In this time a message must have arrived (`not_delivered`) or been read (`not_read`)."""
    on: Annotated[
        tuple[FallbackOn, ...],
        BeforeValidator(_reasons, json_schema_input_type=FallbackOn | list[FallbackOn]),
        AfterValidator(_once),
    ] = _AT_ONCE
    """`failed`, `no_credit`, `not_delivered`, `not_read`. Default: the first two; with `after` the third too."""

    @model_validator(mode="after")
    def _has_its_time(self) -> Self:
        if "on" not in self.model_fields_set:
            return self
        timed = set(_IN_TIME) & set(self.on)
        if timed and self.after is None:
            raise ValueError(f"say after how long: {min(timed)} needs `after: 10 min`")
        if self.after is not None and not timed:
            raise ValueError("`after` is the time of not_delivered and not_read: add one of them to `on`")
        return self

    def noun(self) -> Fallback | None:
        """As notifications carry it; None: the next channel is never taken."""
        by_default = self.after is not None and "on" not in self.model_fields_set
        on: tuple[FallbackOn, ...] = (*_AT_ONCE, "not_delivered") if by_default else self.on
        return Fallback(after=self.after, on=on) if on else None
