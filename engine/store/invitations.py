"""Invitations that were told, by the numbers that answer them, and the answers that are being written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.invitation import Invitation
from engine.reason import Reason
from engine.rsvp import MOST_CODES, Answer, Typed
from engine.store import due
from engine.store.database import Connection, lock_accounts
from engine.store.due import DueKind
from engine.store.tables import decision, invitation

#: What is over is kept so long, so that who answers late hears that it is.
KEEP = timedelta(days=7)
#: No calendar is looked at more seldom.
_SHOWN = timedelta(days=1)


def number(connection: Connection, told: Sequence[Invitation], now: datetime) -> dict[UUID, int]:
    """The code of each invitation that is about to be told, by its id; none of one that was answered or has no room.

    The caller holds its accounts' locks.
    """
    codes: dict[UUID, int] = {}
    for each in sorted(told, key=lambda each: (each.starts_at, each.title)):
        had = find(connection, each.id)
        if had is None:
            if code := _free_code(connection, each.account, now):
                row = {**_values(each), "code": code, "answer": "", "reason": "", "tries": 0}
                connection.execute(sa.insert(invitation).values(id=each.id, **row))
                codes[each.id] = code
            continue
        # Of a series the last that was told of; of what moved, where it is now.
        values: dict[str, object] = {"title": each.title, "starts_at": each.starts_at, "ends_at": each.ends_at}
        asked_again = _asked_again(had, now)
        if asked_again:
            values |= {"answer": "", "answered_at": None, "event_id": None, "reason": ""}
        _change(connection, each.id, **values)
        if had.answer is None or asked_again:
            codes[each.id] = had.code
    return codes


def _asked_again(had: Invitation, now: datetime) -> bool:
    """Whether an answer was written so long ago that the calendar would show it: whoever asks there asks anew."""
    if had.answered_at is None or had.reason is Reason.RSVP_PENDING:
        return False
    return had.answered_at < now - _SHOWN


def _values(each: Invitation) -> dict[str, object]:
    return {
        "account_id": each.account,
        "feed": each.feed,
        "uid": each.uid,
        "recurrence_id": each.recurrence_id,
        "title": each.title,
        "starts_at": each.starts_at,
        "ends_at": each.ends_at,
    }


def _free_code(connection: Connection, account: str, now: datetime) -> int:
    """The smallest number that nobody has, or had lately; 0 when all are those of appointments that are to come."""
    mine = invitation.c.account_id == account
    rows = connection.execute(sa.select(invitation.c.code, invitation.c.ends_at).where(mine)).all()
    taken = {row.code: row.ends_at for row in rows}
    for code in range(1, MOST_CODES + 1):
        if code not in taken:
            return code
    over = min((row for row in rows if row.ends_at <= now), key=lambda row: row.ends_at, default=None)
    if over is None:
        return 0
    connection.execute(sa.delete(invitation).where(mine, invitation.c.code == over.code))
    return int(over.code)


@dataclass(frozen=True)
class Said:
    """An answer that came in a text."""

    event_id: UUID
    account: str
    typed: Typed
    at: datetime


Taken = tuple[Reason, Invitation | None]
"""What became of an answer, and which invitation it was for."""


def heed(connection: Connection, all_said: Sequence[Said], now: datetime) -> dict[UUID, Taken]:
    """Take answers down, each once, in the transaction that writes the decision on it and before that is written."""
    if not all_said:
        return {}
    lock_accounts(connection, {said.account for said in all_said})
    ids = [said.event_id for said in all_said]
    known = set(connection.execute(sa.select(decision.c.event_id).where(decision.c.event_id.in_(ids))).scalars())
    found: dict[UUID, Taken] = {}
    for said in all_said:
        if said.event_id not in known and (taken := _take(connection, said, now)) is not None:
            found[said.event_id] = taken
    return found


def _take(connection: Connection, said: Said, now: datetime) -> Taken | None:
    """None when it is no answer: nothing is open that a word without a number could mean. Of two answers the later
    counts, in whatever order they come."""
    found = _meant(connection, said, now)
    if not isinstance(found, Invitation):
        return None if found is None else (found, None)
    if found.ends_at <= now:
        return Reason.RSVP_OVER, found
    if found.answered_at is None or (found.answered_at, str(found.event_id)) < (said.at, str(said.event_id)):
        values = {"answer": said.typed.answer.value, "answered_at": said.at, "event_id": said.event_id, "tries": 0}
        _change(connection, found.id, **values, reason=Reason.RSVP_PENDING.value)
        due.schedule(connection, DueKind.RSVP, str(found.id), now)
    return Reason.RSVP_PENDING, found


def _meant(connection: Connection, said: Said, now: datetime) -> Invitation | Reason | None:
    mine = sa.select(invitation).where(invitation.c.account_id == said.account)
    if said.typed.code:
        row = connection.execute(mine.where(invitation.c.code == said.typed.code)).one_or_none()
        return Reason.RSVP_UNKNOWN if row is None else _invitation(row)
    still_open = (invitation.c.ends_at > now) & (invitation.c.answer == "")
    rows = connection.execute(mine.where(still_open).limit(2)).all()
    if len(rows) > 1:
        return Reason.RSVP_WHICH
    return _invitation(rows[0]) if rows else None


def find(connection: Connection, id: UUID) -> Invitation | None:
    """The invitation of this id."""
    row = connection.execute(sa.select(invitation).where(invitation.c.id == id)).one_or_none()
    return None if row is None else _invitation(row)


def by_event(connection: Connection, event_id: UUID) -> Invitation | None:
    """The invitation that was last answered by this text."""
    row = connection.execute(sa.select(invitation).where(invitation.c.event_id == event_id)).one_or_none()
    return None if row is None else _invitation(row)


def end(connection: Connection, found: Invitation, reason: Reason) -> None:
    """Its answer has come to this; one that came meanwhile stays due."""
    if _stands(connection, found):
        _change(connection, found.id, reason=reason.value)
        due.cancel(connection, DueKind.RSVP, str(found.id))


def put_off(connection: Connection, found: Invitation, until: datetime) -> None:
    """Its answer is to be written later; one that came meanwhile stays due."""
    if _stands(connection, found):
        _change(connection, found.id, tries=found.tries + 1)
        due.schedule(connection, DueKind.RSVP, str(found.id), until)


def _stands(connection: Connection, found: Invitation) -> bool:
    """Whether no other answer came since."""
    mine = sa.select(invitation.c.event_id).where(invitation.c.id == found.id).with_for_update()
    return connection.execute(mine).scalar_one_or_none() == found.event_id


def sweep(connection: Connection, now: datetime) -> None:
    """Forget what has been over for a while."""
    connection.execute(sa.delete(invitation).where(invitation.c.ends_at < now - KEEP))


def _change(connection: Connection, id: UUID, **values: object) -> None:
    connection.execute(sa.update(invitation).where(invitation.c.id == id).values(**values))


def _invitation(row: sa.Row[Any]) -> Invitation:
    return Invitation(
        account=row.account_id,
        feed=row.feed,
        uid=row.uid,
        recurrence_id=row.recurrence_id,
        title=row.title,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        code=row.code,
        answer=Answer(row.answer) if row.answer else None,
        answered_at=row.answered_at,
        event_id=row.event_id,
        reason=Reason(row.reason) if row.reason else None,
        tries=row.tries,
    )
