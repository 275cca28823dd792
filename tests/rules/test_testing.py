"""The mail of a test is the mail that would have arrived."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from engine.event import MailArrived, MessageReceived, OccasionDue
from engine.rules.testing import Expectation, RuleTest, read_bound
from engine.rules.when.authentication import verified
from engine.rules.when.view import View
from tests.builders import an_account

ANNA = an_account()
BRUSSELS = ZoneInfo("Europe/Brussels")


def mail(**written: Any) -> MailArrived:
    """The event of a test with this mail."""
    made = RuleTest.model_validate({"mail": written, "expect": "nothing"}).event(ANNA, BRUSSELS)
    assert isinstance(made, MailArrived)
    return made


@pytest.mark.parametrize(
    ("written", "field", "held"),
    [
        ({"from": "The Boss <Boss@Acme.Example>"}, "from", ("the boss", "boss@acme.example")),
        ({"to": ["a@x.example", "b@x.example"]}, "to", ("a@x.example", "b@x.example")),
        ({"cc": "a@x.example"}, "any_recipient", ("a@x.example",)),
        ({"reply_to": "c@x.example"}, "reply_to", ("c@x.example",)),
        ({"subject": "Spoed"}, "subject", ("spoed",)),
        ({"body": "Hello"}, "body", ("hello",)),
        ({"list_id": "<news.example>"}, "list_id", ("news.example",)),
        ({"header": {"X-Level": "high"}}, "header:x-level", ("high",)),
        ({"priority": "high"}, "priority", ("high",)),
    ],
)
def test_a_setting_is_where_conditions_look_for_it(
    written: dict[str, Any], field: str, held: tuple[str, ...]
) -> None:
    assert View(mail(**written), ANNA).texts(field) == held


@pytest.mark.parametrize(
    ("written", "methods"),
    [("true", {"dkim", "spf", "dmarc"}), (["spf"], {"spf"}), ("dkim", {"dkim"}), ("false", set())],
)
def test_verified_mail_is_verified(written: Any, methods: set[str]) -> None:
    assert set(verified(mail(**{"from": "a@x.example"}, verified=written))) == methods


def test_sizes_moments_and_attachments_are_read_as_people_write_them() -> None:
    made = mail(size="5 MB", received="2026-07-01 12:00", attachment={"name": "a.pdf", "type": "application/pdf"})
    assert made.size == 5_000_000
    assert made.arrived_at.astimezone(UTC) == datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert [(each.name, each.media_type) for each in made.attachments] == [("a.pdf", "application/pdf")]


def test_an_appointment_is_one_that_is_due() -> None:
    written = {"calendar": "work", "title": "Dentist", "starts": "2026-07-01 12:00", "attendee": "a@x.example"}
    made = RuleTest.model_validate({"appointment": written, "expect": "nothing"}).event(ANNA, BRUSSELS)
    assert isinstance(made, OccasionDue)
    assert (made.feed, made.title, made.attendees[0].address) == ("work", "Dentist", "a@x.example")
    assert made.due_at.astimezone(UTC) == datetime(2026, 7, 1, 10, tzinfo=UTC)


def test_a_text_is_one_that_a_phone_sent() -> None:
    written = {"from": "0032 470 00 00 77", "to": "1960", "text": "Hulp!", "received": "2026-07-01 12:00"}
    made = RuleTest.model_validate({"message": written, "expect": "nothing"}).event(ANNA, BRUSSELS)
    assert isinstance(made, MessageReceived)
    assert (made.sender, made.to, made.keyword, made.text) == ("+32470000077", "1960", "hulp", "Hulp!")
    assert made.received_at.astimezone(UTC) == datetime(2026, 7, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "read"),
    [("1", ("=", "1", "")), ("<= 0,10 EUR", ("<=", "0.10", "EUR")), (">2", (">", "2", "")), ("= 3", ("=", "3", ""))],
)
def test_a_bound_is_a_sign_an_amount_and_perhaps_a_currency(text: str, read: tuple[str, str, str]) -> None:
    assert read_bound(text) == read


@pytest.mark.parametrize("bound", ["one", "<= ", "1 euro", "=> 1", "-1", "1 2"])
def test_what_is_no_bound_is_refused(bound: str) -> None:
    with pytest.raises(ValidationError, match="write a number, or a bound"):
        Expectation.model_validate({"cost": bound})


@pytest.mark.parametrize(
    "test",
    [
        {"expect": "nothing"},
        {"mail": {}, "appointment": {}, "expect": "nothing"},
        {"mail": {}, "message": {}, "expect": "nothing"},
        {"message": {}, "expect": {"remind": "2026-07-01 12:00"}},
        {"message": {"from": "0470 00 00 77"}, "expect": "nothing"},
        {"mail": {}},
        {"mail": {}, "expect": {}},
        {"mail": {"received": "tomorrow"}, "expect": "nothing"},
        {"mail": {"size": "big"}, "expect": "nothing"},
        {"mail": {}, "expect": {"reason": "because"}},
    ],
)
def test_what_is_no_test_is_refused(test: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RuleTest.model_validate(test)
