"""Invitations and the numbers that answer them: given, kept, used again; answers in any order; on both databases."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations
from uuid import UUID, uuid5

import pytest
import sqlalchemy as sa

from engine.identity import TOCSIN
from engine.invitation import Invitation
from engine.reason import Reason
from engine.rsvp import MOST_CODES, Answer, Typed
from engine.store import accounts, due, invitations
from engine.store.database import Database
from engine.store.due import DueKind
from engine.store.invitations import Said, Taken
from engine.store.tables import invitation
from tests.builders import NOW, an_account

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _account(store: Database) -> None:
    store.write(lambda c: accounts.upsert(c, [an_account(), an_account("bert")], "v", NOW))


def an_invitation(n: int = 1, **more: object) -> Invitation:
    values = {"account": "anna", "feed": "home", "uid": f"u{n}", "recurrence_id": "", "title": f"Party {n:03d}"}
    return Invitation(**{**values, "starts_at": NOW + DAY, "ends_at": NOW + DAY + HOUR, **more})  # type: ignore[arg-type]


def tell(store: Database, *told: Invitation, now: datetime = NOW) -> list[int]:
    codes = store.write(lambda c: invitations.number(c, told, now), {"anna", "bert"})
    return [codes.get(each.id, 0) for each in told]


def said(text: int, answer: Answer = Answer.YES, code: int = 0, at: datetime = NOW) -> Said:
    return Said(uuid5(TOCSIN, str(text)), "anna", Typed(answer, code), at)


def heed(store: Database, one: Said, now: datetime = NOW) -> Taken | None:
    return store.write(lambda c: invitations.heed(c, [one], now)).get(one.event_id)


def find(store: Database, each: Invitation) -> Invitation:
    found = store.read(lambda c: invitations.find(c, each.id))
    assert found is not None
    return found


def due_ids(store: Database, now: datetime = NOW) -> list[UUID]:
    return [UUID(each.key) for each in store.write(lambda c: due.take(c, now)) if each.kind is DueKind.RSVP]


def test_each_invitation_has_a_number_of_its_own_and_keeps_it(store: Database) -> None:
    assert tell(store, an_invitation(1), an_invitation(2)) == [1, 2]
    assert tell(store, an_invitation(2, starts_at=NOW + 2 * DAY), an_invitation(3)) == [2, 3]
    assert tell(store, an_invitation(1, account="bert")) == [1]
    assert find(store, an_invitation(2)).starts_at == NOW + 2 * DAY


def test_a_number_is_used_again_only_when_its_appointment_is_over(store: Database) -> None:
    soon = an_invitation(1, ends_at=NOW + HOUR)
    tell(store, soon)
    assert tell(store, *(an_invitation(n) for n in range(2, MOST_CODES + 1))) == list(range(2, MOST_CODES + 1))
    assert tell(store, an_invitation(100)) == [0]
    assert tell(store, an_invitation(100), now=NOW + HOUR) == [1]
    assert store.read(lambda c: invitations.find(c, soon.id)) is None


def test_a_word_without_a_number_answers_the_only_open_invitation(store: Database) -> None:
    tell(store, an_invitation(1))
    taken = heed(store, said(1, Answer.NO))
    assert taken is not None
    assert (taken[0], find(store, an_invitation(1)).answer) == (Reason.RSVP_PENDING, Answer.NO)
    assert due_ids(store) == [an_invitation(1).id]


def test_a_word_without_a_number_is_no_answer_where_nothing_is_open(store: Database) -> None:
    assert heed(store, said(1)) is None
    tell(store, an_invitation(1), an_invitation(2, account="bert"), an_invitation(3, ends_at=NOW))
    heed(store, said(1))
    assert heed(store, said(2)) is None


def test_where_two_are_open_the_number_is_asked_for(store: Database) -> None:
    tell(store, an_invitation(1), an_invitation(2))
    assert heed(store, said(1)) == (Reason.RSVP_WHICH, None)
    assert due_ids(store) == []
    assert heed(store, said(2, code=2)) is not None
    assert find(store, an_invitation(2)).answer is Answer.YES
    assert heed(store, said(3)) is not None  # now one is open
    assert find(store, an_invitation(1)).answer is Answer.YES


def test_an_unknown_number_and_one_that_is_over_are_named(store: Database) -> None:
    tell(store, an_invitation(1))
    assert heed(store, said(1, code=7)) == (Reason.RSVP_UNKNOWN, None)
    late = heed(store, said(2, code=1), NOW + 2 * DAY)
    assert late is not None
    assert late[0] is Reason.RSVP_OVER
    assert find(store, an_invitation(1)).answer is None
    store.write(lambda c: invitations.sweep(c, NOW + 9 * DAY))
    assert heed(store, said(3, code=1), NOW + 9 * DAY) == (Reason.RSVP_UNKNOWN, None)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_of_several_answers_the_last_counts_in_whatever_order_they_come(
    store: Database, order: tuple[int, ...]
) -> None:
    tell(store, an_invitation(1))
    for n in (*order, *order):
        heed(store, said(n, list(Answer)[n], code=1, at=NOW + n * HOUR))
    assert find(store, an_invitation(1)).answer is Answer.MAYBE


def test_an_answer_that_comes_while_another_is_written_is_written_after_it(store: Database) -> None:
    tell(store, an_invitation(1))
    heed(store, said(1, Answer.YES, code=1))
    [id] = due_ids(store)
    first = find(store, an_invitation(1))
    heed(store, said(2, Answer.NO, code=1, at=NOW + HOUR), NOW + HOUR)
    store.write(lambda c: invitations.end(c, first, Reason.RSVP_WRITTEN))
    store.write(lambda c: invitations.put_off(c, first, NOW + DAY))
    assert due_ids(store, NOW + HOUR) == [id]
    second = find(store, an_invitation(1))
    assert (second.answer, second.reason, second.tries) == (Answer.NO, Reason.RSVP_PENDING, 0)
    store.write(lambda c: invitations.end(c, second, Reason.RSVP_WRITTEN))
    assert due_ids(store, NOW + 2 * DAY) == []


def test_what_was_answered_is_asked_again_when_the_calendar_asks_again(store: Database) -> None:
    tell(store, an_invitation(1))
    heed(store, said(1))
    pending = find(store, an_invitation(1))
    assert tell(store, an_invitation(1)) == [0]
    store.write(lambda c: invitations.end(c, pending, Reason.RSVP_WRITTEN))
    assert tell(store, an_invitation(1), now=NOW + HOUR) == [0]
    moved = replace(an_invitation(1), starts_at=NOW + 5 * DAY, ends_at=NOW + 6 * DAY)
    assert tell(store, moved, now=NOW + 2 * DAY) == [1]


def test_a_text_that_stands_decided_answers_nothing_else(store: Database) -> None:
    from engine.decision import Decision
    from engine.store import decisions
    from tests.builders import a_mail

    tell(store, an_invitation(1), an_invitation(2))
    mail = a_mail()
    one = Said(mail.id, "anna", Typed(Answer.YES), NOW)
    decided = Decision(event_id=mail.id, account="anna", decided_at=NOW, rules_version="v", reason=Reason.RSVP_WHICH)
    store.write(lambda c: decisions.record(c, [(mail, decided)], NOW))
    heed(store, said(9, code=1))
    assert heed(store, one) is None
    rows = store.read(lambda c: c.execute(sa.select(invitation.c.answer).order_by(invitation.c.code)).scalars().all())
    assert rows == ["ACCEPTED", ""]
