"""An occurrence's key tells it from its siblings."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from engine.occasion import Alarm, Occasion

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)


def occasion(at: datetime = AT, recurrence_id: str = "") -> Occasion:
    return Occasion(
        feed="work", uid="a@x", recurrence_id=recurrence_id, starts_at=at, ends_at=at + timedelta(hours=1)
    )


def test_occurrences_that_share_a_recurrence_id_have_keys_of_their_own() -> None:
    first, second = occasion(recurrence_id="20261122T090000Z"), occasion(AT + timedelta(days=7), "20261122T090000Z")
    assert first.key != second.key


def test_the_key_does_not_depend_on_the_zone_a_start_is_written_in() -> None:
    assert occasion().key == occasion(AT.astimezone(ZoneInfo("Asia/Tokyo"))).key


def test_an_occasion_comes_back_from_json_as_it_was() -> None:
    there = occasion().model_copy(update={"alarms": (Alarm(key="k", at=AT),)})
    assert Occasion.model_validate_json(there.model_dump_json()) == there
