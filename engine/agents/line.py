"""THE LINE: the whole behaviour of the engine, read on one screen.

calendars ─remind─► reminders ─wake─► events
mailboxes ─watch─► events ─match─► notifications ─route─► send queue ─send─► provider
                                          files │ enclose────►▲                 │ callback
due ─wake─────────────────────────────────────────────────────┘◄──settle── receipts
outbox ─relay─► fates
commands ─obey─► the stream a dead letter came from
files ─reload─► the configuration in force
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal

from engine import topics
from engine.agents.enclose import enclose
from engine.agents.match import match
from engine.agents.obey import obey
from engine.agents.relay import relay
from engine.agents.reload import reload
from engine.agents.remind import remind
from engine.agents.route import route
from engine.agents.send import send
from engine.agents.settle import settle
from engine.agents.wake import wake
from engine.agents.watch import watch
from engine.topics import Topic

#: A hop on a topic is called with the desk and a list of the topic's nouns, and its outputs are durable when it
#: returns; a hop on anything else is called with the desk and runs until the engine drains.
Work = Callable[..., Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Hop:
    """One hop of the line. What has the lower `drain` rank stops first, so that nothing is taken in any more
    while what was taken in is still finished."""

    name: str
    input: Topic | Literal["enclosures", "mailboxes", "calendars", "commands", "files", "queue", "due", "outbox"]
    work: Work
    drain: int


LINE: tuple[Hop, ...] = (
    Hop("watch", "mailboxes", watch, drain=1),
    Hop("remind", "calendars", remind, drain=1),
    Hop("obey", "commands", obey, drain=1),
    Hop("reload", "files", reload, drain=1),
    Hop("match", topics.EVENTS, match, drain=2),
    Hop("route", topics.NOTIFICATIONS, route, drain=2),
    Hop("settle", topics.RECEIPTS, settle, drain=2),
    Hop("enclose", "enclosures", enclose, drain=3),
    Hop("send", "queue", send, drain=3),
    Hop("wake", "due", wake, drain=3),
    Hop("relay", "outbox", relay, drain=4),
)
