"""What an admin capped, no account's rule exceeds: what goes beyond is narrowed, and nothing is ever widened."""

from math import ceil

from engine.rules.actions import MOST_PARTS, Action, Caps
from engine.rules.limits import WrittenCeiling, WrittenLimits, WrittenThrottle


def parts_of(action: Action) -> int:
    """The most parts that a message of this action may have."""
    return MOST_PARTS if action.beyond == "split" else action.max_parts


def clamp(action: Action, caps: Caps) -> tuple[Action, tuple[str, ...]]:
    """The action within the caps, and the names of the settings that went beyond them.

    An action none of whose channels is allowed is left with none: nobody is told by it.
    """
    new: dict[str, object] = {}
    if caps.max_parts is not None and parts_of(action) > caps.max_parts:
        new["max_parts"] = caps.max_parts
        if action.beyond == "split":
            new["beyond"] = "truncate"
    if caps.lane is not None and action.lane < caps.lane:
        new["lane"] = caps.lane
    if caps.channels is not None:
        allowed = tuple(channel for channel in action.channels if channel in caps.channels)
        if allowed != action.channels:
            new["channels"] = allowed
        if action.beyond == "email" and "email" not in caps.channels:
            new["beyond"] = "truncate"
    named = tuple(name for name in new if not (name == "max_parts" and "beyond" in new and action.beyond == "split"))
    return (action.model_copy(update=new), named) if new else (action, ())


def clamp_limits(limits: WrittenLimits, caps: Caps) -> tuple[WrittenLimits, tuple[str, ...]]:
    """The limits within the caps, and the names of the settings that went beyond them."""
    new: dict[str, object] = {}
    if caps.daily is not None and (limits.daily is None or limits.daily > caps.daily):
        new["daily"] = caps.daily
    if caps.throttle is not None and not within(limits.throttle, caps.throttle):
        new["throttle"] = _both(limits.throttle, caps.throttle)
    quiet = limits.quiet_hours
    if caps.channels is not None and "email" not in caps.channels and quiet is not None and quiet.then == "email":
        new["quiet_hours"] = quiet.model_copy(update={"then": "hold"})
    return (limits.model_copy(update=new), tuple(new)) if new else (limits, ())


def within(throttle: WrittenCeiling | None, cap: WrittenCeiling) -> bool:
    """Whether whatever the throttle lets pass, the cap does too: a period of the cap holds so many of the other's."""
    return throttle is not None and throttle.max * ceil(cap.per / throttle.per) <= cap.max


def _both(throttle: WrittenThrottle | None, cap: WrittenCeiling) -> WrittenThrottle:
    """A throttle that lets pass no more than either: the fewer in the longer period."""
    if throttle is None:
        return WrittenThrottle(max=cap.max, per=cap.per)
    return throttle.model_copy(update={"max": min(throttle.max, cap.max), "per": max(throttle.per, cap.per)})
