"""Named places where a test may kill the engine. Off, a fail-point is one call that compares one variable to None."""

import os
import signal

#: Every place, in the order in which a mail passes them. `make proof` kills at each; a test holds this list
#: against the code.
POINTS = (
    "mail_read",
    "event_published",
    "position_moved",
    "event_taken",
    "decision_open",
    "decision_committed",
    "notification_published",
    "notification_taken",
    "admission_open",
    "admission_committed",
    "occasions_open",
    "reminder_published",
    "agenda_published",
    "wake_open",
    "wake_committed",
    "journey_open",
    "journey_committed",
    "digest_open",
    "digest_committed",
    "attempt_open",
    "attempt_recorded",
    "provider_answered",
    "settle_open",
    "settled",
    "unknown_recorded",
    "callback_published",
    "inbound_published",
    "receipt_taken",
    "receipt_open",
    "receipt_applied",
    "fate_published",
    "fate_forgotten",
)

_armed: tuple[str, int, str] | None = None


def arm(wish: str) -> None:
    """Arm one fail-point: ``NAME:N:kill`` ends the process by SIGKILL at the N-th pass, ``term`` by SIGTERM.

    An empty wish disarms. Raises ValueError for a name that no place has.
    """
    global _armed
    if not wish:
        _armed = None
        return
    name, count, how = wish.split(":")
    if name not in POINTS or how not in ("kill", "term"):
        raise ValueError(f"no such fail-point: {wish}")
    _armed = (name, int(count), how)


def failpoint(name: str) -> None:
    """The process may end here, when a test armed this name."""
    if _armed is not None:
        _pass(name)


def _pass(name: str) -> None:
    global _armed
    if _armed is None or _armed[0] != name:
        return
    _, left, how = _armed
    if left > 1:
        _armed = (name, left - 1, how)
        return
    _armed = None
    mark = os.environ.get("TOCSIN_FAILPOINT_MARK")
    if mark:
        with open(mark, "a", encoding="ascii") as file:  # noqa: PTH123  (unbuffered enough: closed before the kill)
            file.write(f"{name}:{how}\n")
    os.kill(os.getpid(), signal.SIGKILL if how == "kill" else signal.SIGTERM)


arm(os.environ.get("TOCSIN_FAILPOINT", ""))
