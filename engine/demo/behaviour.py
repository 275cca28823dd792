"""How the virtual phone behaves, told to it while it runs: `POST /behave`."""

from typing import Literal

from pydantic import Field

from engine.noun import Written


class Behaviour(Written):
    """One instruction: for the next requests, or for one number, do this and report that."""

    do: Literal[
        "take",
        "refuse",
        "busy",
        "unavailable",
        "fail",
        "drop_before",
        "drop_after",
        "late",
        "garbage",
    ] = "take"
    """take it and answer · 4xx · 429 · 503 · 500 without taking · hang up before taking · take it and hang up ·
    take it and answer after `seconds` · take it and answer nonsense"""
    seconds: float = Field(default=0, ge=0, le=3600)
    """`late`: the answer waits so long. `busy`, `unavailable`: the Retry-After."""
    delay: float = Field(default=0, ge=0, le=3600)
    """Seconds before anything is done at all: whoever gives up waiting may have it taken afterwards."""
    reason: Literal["bad_number", "auth", "no_credit", "not_capable", "refused"] = "refused"
    next: int | None = Field(default=1, ge=1)
    """For how many requests; null: until told otherwise."""
    to: str | None = None
    """Only for this number."""
    channel: str | None = None
    """Only for messages of this channel."""
    report: Literal["delivered", "read", "undelivered", "phone_off", "phone_full", "never"] = "delivered"
    report_after: float = Field(default=0.2, ge=0, le=3600)
    report_early: bool = False
    """The report goes out before the answer."""
    report_twice: bool = False
    report_lost: bool = False
    """Nothing is reported; whoever asks is told."""


class Script:
    """The instructions that still stand. The first that fits a number is followed, and counted down."""

    def __init__(self) -> None:
        self._standing: list[Behaviour] = []

    def add(self, behaviour: Behaviour) -> None:
        """Follow this after those that were given before."""
        self._standing.append(behaviour)

    def clear(self) -> None:
        """Behave again."""
        self._standing.clear()

    def follow(self, number: str, channel: str = "sms") -> Behaviour:
        """What to do with the next request for `number` by this channel."""
        for index, standing in enumerate(self._standing):
            if standing.to in (None, number) and standing.channel in (None, channel):
                if standing.next is not None:
                    left = standing.next - 1
                    self._standing[index : index + 1] = [standing.model_copy(update={"next": left})] if left else []
                return standing
        return Behaviour()
