"""Defects to plant in a copy of the code. A judge that does not notice them is no judge."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Plant:
    """One defect: (file, right code, wrong code) replacements, and the trials that should bring it out."""

    name: str
    changes: tuple[tuple[str, str, str], ...]
    points: tuple[str, ...]
    classes: tuple[str, ...] = ("idempotent", "queryable", "opaque")

    def put_into(self, code: Path) -> None:
        """Plant it. Raises ValueError when the right code is not there exactly once: look after the plant."""
        for name, right, wrong in self.changes:
            file = code / name
            text = file.read_text()
            if text.count(right) != 1:
                raise ValueError(f"{self.name}: {name} holds {text.count(right)} times: {right!r}")
            file.write_text(text.replace(right, wrong))


_EMIT = """\
                if events:
                    await self._emit(events)
"""
_MOVE = """\
                if kept is not None:
                    await self._positions.save(self.key, kept)
                    failpoint("position_moved")
"""

PLANTS = (
    Plant(
        "an interrupted call counts as never made: sent again under a new reference",
        (
            (
                "engine/store/attempts.py",
                "        _resolve(connection, row, Reason.INTERRUPTED, known, now, timedelta(0))",
                "        _again(connection, row, Reason.INTERRUPTED, now, timedelta(0), '')",
            ),
        ),
        points=("provider_answered", "settle_open"),
        classes=("opaque",),
    ),
    Plant(
        "the provider is called before the attempt is durable",
        (
            (
                "engine/agents/send.py",
                "lambda connection: send_queue.claim(connection, terms, MOST_AT_ONCE, desk.clock, calls)",
                "lambda connection: _peek(connection, terms, MOST_AT_ONCE, desk.clock, calls)",
            ),
            (
                "engine/agents/send.py",
                "async def _attempt(",
                "def _peek(connection, terms, room, clock, calls):\n"
                "    trial = connection.begin_nested()\n"
                "    taken = send_queue.claim(connection, terms, room, clock, calls)\n"
                "    trial.rollback()\n"
                "    return taken\n\n\n"
                "async def _attempt(",
            ),
        ),
        points=("provider_answered", "attempt_recorded"),
        classes=("opaque",),
    ),
    Plant(
        "a record is acknowledged before its work is committed",
        (
            (
                "engine/wiring.py",
                "        await hop.work(desk, nouns)\n",
                "        later = lambda: asyncio.ensure_future(hop.work(desk, nouns))\n"
                "        asyncio.get_running_loop().call_later(2.5, later)\n",
            ),
        ),
        points=("event_published", "decision_open", "notification_taken"),
        classes=("idempotent",),
    ),
    Plant(
        "ids are drawn, not derived",
        (
            (
                "engine/identity.py",
                "    return uuid5(TOCSIN, _ENCODE([kind, *origin]))",
                "    from uuid import uuid4\n\n    return uuid4()",
            ),
        ),
        points=("event_published", "admission_committed", "notification_published"),
        classes=("idempotent",),
    ),
    Plant(
        "the position moves before the mail is on the stream",
        (
            (
                "engine/sources/imap/watcher.py",
                _EMIT + _MOVE,
                _MOVE + _EMIT,
            ),
        ),
        points=("position_moved",),
        classes=("idempotent",),
    ),
    Plant(
        "an uncertain message gives its credit back at once",
        (
            (
                "engine/store/attempts.py",
                "    change(connection, row.id, fate=Fate.UNCERTAIN.value)\n",
                "    change(connection, row.id, fate=Fate.UNCERTAIN.value)\n"
                "    from engine.store import ledger\n\n"
                "    ledger.release(connection, row.id, row.bucket_id, row.units, now)\n",
            ),
        ),
        points=("unknown_recorded",),
        classes=("opaque",),
    ),
)
