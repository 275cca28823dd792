"""One notification over several channels: whether the next one is to be taken, and what became of it as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from engine.notification import Channel, Fallback, OnUnknown
from engine.reason import Reason
from engine.receipt import Fate

_ARRIVED = (Fate.DELIVERED, Fate.READ)
_ENDED_BADLY = (Fate.FAILED, Fate.UNDELIVERED)


class Step(StrEnum):
    """What a journey does next."""

    WAIT = "wait"
    GO_ON = "go_on"
    """Take the next channel."""
    DONE = "done"
    """No other channel will be taken."""


@dataclass(frozen=True)
class Leg:
    """What is known of the message on the present channel."""

    fate: Fate
    unknown: bool = False
    """Whether its provider may have taken it without our knowing."""
    late: bool = False
    """Whether the time is over in which it had to arrive, or to be read."""
    reports: bool = False
    """Whether its provider says what has arrived."""
    reads: bool = False
    """Whether its provider says what was read by this channel."""
    reached: bool = False
    """Whether an earlier channel reached the receiver after all."""


def decide(leg: Leg, fallback: Fallback, on_unknown: OnUnknown = "hold") -> Step:
    """Whether to wait, to take the next channel, or to leave it at this.

    A message of which nobody knows whether it was taken is not overtaken, unless its rule prefers twice to never.
    """
    if leg.reached or leg.fate in (Fate.READ, Fate.EXPIRED, Fate.WITHDRAWN):
        return Step.DONE
    hold = leg.unknown and on_unknown == "hold"
    too_late = leg.late and (_misses_arrival(leg, fallback) or _misses_reading(leg, fallback))
    if leg.fate in _ENDED_BADLY:
        return _after_failure(leg, fallback, hold=hold)
    if leg.fate is Fate.UNCERTAIN:
        return Step.GO_ON if not hold and ("failed" in fallback.on or too_late) else Step.WAIT
    if leg.fate is Fate.SENDING:
        # In the air: its answer is recorded first. One that is being asked after is in nobody's hands.
        return Step.GO_ON if too_late and leg.unknown and not hold else Step.WAIT
    if leg.fate is Fate.QUEUED:
        return Step.GO_ON if too_late and not hold else Step.WAIT
    if too_late:
        return Step.GO_ON
    return Step.WAIT if _may_still_fall(leg, fallback) else Step.DONE


def reached(fate: Fate, fallback: Fallback, *, reads: bool) -> bool:
    """Whether a message on an earlier channel, with a provider that tells of reading or not, did its work."""
    return fate is Fate.READ or (fate is Fate.DELIVERED and not (reads and "not_read" in fallback.on))


def _after_failure(leg: Leg, fallback: Fallback, *, hold: bool) -> Step:
    if hold and leg.fate is Fate.FAILED:
        return Step.DONE  # given up without an answer: it may have been sent
    if "failed" in fallback.on:
        return Step.GO_ON
    if not {"not_delivered", "not_read"} & set(fallback.on):
        return Step.DONE
    return Step.GO_ON if leg.late else Step.WAIT


def _misses_arrival(leg: Leg, fallback: Fallback) -> bool:
    """Whether it counts that it has not arrived. That of which nobody would hear when it does is left alone."""
    gone = leg.fate is Fate.SENT
    return "not_delivered" in fallback.on and leg.fate is not Fate.DELIVERED and (leg.reports or not gone)


def _misses_reading(leg: Leg, fallback: Fallback) -> bool:
    """Whether it counts that it has not been read."""
    gone = leg.fate in (Fate.SENT, Fate.DELIVERED)
    return "not_read" in fallback.on and (leg.reads or not gone)


def _may_still_fall(leg: Leg, fallback: Fallback) -> bool:
    """Whether what was sent may yet give a reason: the network's no, a bounce, or the end of its time."""
    if leg.fate is Fate.SENT and "failed" in fallback.on:
        return True
    return not leg.late and (_misses_arrival(leg, fallback) or _misses_reading(leg, fallback))


def why(leg: Leg, last: Reason, fallback: Fallback) -> Reason:
    """Why the next channel is taken; `last`: what the last receipt of the message says."""
    if leg.fate is Fate.QUEUED and not leg.unknown:
        return Reason.NOT_IN_TIME
    if leg.fate in (Fate.QUEUED, Fate.SENDING, Fate.UNCERTAIN):
        return Reason.LEFT_OPEN
    if leg.fate is Fate.SENT and _misses_arrival(leg, fallback):
        return Reason.NOT_DELIVERED
    return last if leg.fate in _ENDED_BADLY else Reason.NOT_READ


# ---- the whole

#: From the best that may be said of a message to the worst; a notification has the best of its messages' fates.
_BEST_FIRST = (
    Fate.READ,
    Fate.DELIVERED,
    Fate.SENT,
    Fate.SENDING,
    Fate.QUEUED,
    Fate.COLLECTED,
    Fate.HELD,
    Fate.UNCERTAIN,
    Fate.UNDELIVERED,
    Fate.DIGESTED,
    Fate.FAILED,
    Fate.EXPIRED,
    Fate.WITHDRAWN,
    Fate.REFUSED,
)
_NAMES = {Channel.EMAIL: "e-mail"}
_WITH_BY = (*_ARRIVED, Fate.SENT)


@dataclass(frozen=True)
class Status:
    """What became of a notification as a whole: a word, and a sentence that names every channel."""

    fate: Fate
    sentence: str


def sum_up(fates: Mapping[Channel, Fate]) -> Status:
    """The status of a notification whose messages came to these ends. Raises ValueError when there are none."""
    order = sorted(fates.items(), key=lambda each: _BEST_FIRST.index(each[1]))
    if not order:
        raise ValueError("a notification without a message has no status")
    said = [_say(channel, fate) for channel, fate in order]
    return Status(order[0][1], "; ".join(said))


def _say(channel: Channel, fate: Fate) -> str:
    name = name_of(channel)
    return f"{fate} by {name}" if fate in _WITH_BY else f"{name} {fate}"


def name_of(channel: Channel) -> str:
    """How people write it."""
    return _NAMES.get(channel, channel.value)
