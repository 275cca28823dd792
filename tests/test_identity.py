"""The same origin gives the same id, on every machine and for ever; another origin another."""

import json
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.event import MailArrived, OccasionDue
from engine.identity import TOCSIN, derive
from engine.message import message_id
from engine.notification import Channel
from tests.builders import NOW, a_mail, a_notification

Origin = st.lists(st.one_of(st.text(), st.integers(), st.none()), max_size=6)


@given(Origin)
def test_an_id_is_the_uuid5_of_the_json_array(origin: list[str | int | None]) -> None:
    assert derive("mail", *origin) == uuid5(TOCSIN, json.dumps(["mail", *origin], separators=(",", ":")))


@given(Origin, Origin)
def test_different_origins_have_different_ids(one: list[str | int | None], other: list[str | int | None]) -> None:
    assert (derive("x", *one) == derive("x", *other)) == (one == other)


def test_pieces_of_an_origin_do_not_run_into_each_other() -> None:
    assert derive("x", "a", "bc") != derive("x", "ab", "c")
    assert derive("x", "1") != derive("x", 1)


@pytest.mark.parametrize(
    ("found", "known"),
    [
        pytest.param(a_mail().id, "c90db26f-669a-5fd0-be65-7052f87e564d", id="mail"),
        pytest.param(a_notification().id, "f857cc97-d91b-507a-b7ae-85b667225919", id="notification"),
        pytest.param(
            message_id(a_notification().id, Channel.SMS), "a43af68e-1654-5cf1-9340-a2605adaf27d", id="message"
        ),
    ],
)
def test_ids_never_change_between_versions(found: UUID, known: str) -> None:
    # A change here gives every event in flight at the upgrade a second identity, and so a second SMS.
    assert str(found) == known


@pytest.mark.parametrize("field", ["account", "host", "user", "folder", "uidvalidity", "uid"])
def test_every_piece_of_a_mails_origin_counts(field: str) -> None:
    mail = a_mail()
    value = getattr(mail, field)
    other = mail.model_copy(update={field: value + 1 if isinstance(value, int) else value + "x"})
    assert MailArrived.model_validate(other.model_dump()).id != mail.id


@pytest.mark.parametrize("field", ["subject", "text", "message_id", "read_at"])
def test_nothing_else_of_a_mail_counts(field: str) -> None:
    mail = a_mail()
    dumped = mail.model_dump() | {field: NOW if field == "read_at" else "other"}
    assert MailArrived.model_validate(dumped).id == mail.id


@pytest.mark.parametrize("field", ["rules_version", "text", "address", "max_parts"])
def test_neither_the_rules_version_nor_the_text_nor_the_number_is_a_notifications_identity(field: str) -> None:
    told = a_notification()
    other = a_notification(**{field: 2 if field == "max_parts" else "+32470000009"})
    assert other.id == told.id


def test_a_moved_appointment_is_another_event_and_a_renamed_one_the_same() -> None:
    due = OccasionDue(account="anna", feed="work", uid="1@x", starts_at=NOW, alarm="-PT2H", due_at=NOW)
    moved = due.model_dump() | {"starts_at": NOW.replace(hour=18)}
    assert OccasionDue.model_validate(moved).id != due.id
    assert OccasionDue.model_validate(due.model_dump() | {"title": "Dentist"}).id == due.id
