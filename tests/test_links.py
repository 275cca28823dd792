"""A link leads to its file until its hour is over, and nobody but us can make one."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.links import Links, read_id
from tests.builders import NOW

KEY = bytes(range(32))
LINKS = Links("https://tocsin.example", KEY)
ID = UUID("5c1d7a2e-9a0b-5f0e-8a57-70c51d000001")
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def taken_apart(path: str) -> tuple[str, str, str]:
    _, media, id, hours, proof, _ = path.split("/")
    assert media == "media"
    return id, hours, proof


@given(st.uuids(), MOMENTS)
def test_a_link_leads_to_its_file_until_its_hour_is_over(id: UUID, until: datetime) -> None:
    found, end = LINKS.read(*taken_apart(LINKS.path(id, until)))
    assert found == id
    assert timedelta(0) < end - until <= timedelta(hours=1)


@given(st.uuids(), MOMENTS)
def test_the_same_file_and_hour_have_the_same_link_and_it_is_short(id: UUID, until: datetime) -> None:
    path = LINKS.path(id, until, "jpg")
    assert path == LINKS.path(id, until, "jpg")
    assert len(path) <= 67
    assert path.isascii()


@given(st.data())
def test_a_link_with_one_letter_changed_is_none_of_ours(data: st.DataObject) -> None:
    parts = list(taken_apart(LINKS.path(ID, NOW)))
    which = data.draw(st.integers(0, 2))
    place = data.draw(st.integers(0, len(parts[which]) - 1))
    letter = data.draw(st.sampled_from("0123456789ABCabc_-é/=").filter(lambda each: each != parts[which][place]))
    parts[which] = parts[which][:place] + letter + parts[which][place + 1 :]
    with pytest.raises(PermissionError):
        LINKS.read(*parts)


@given(st.tuples(st.text(max_size=40), st.text(max_size=12), st.text(max_size=40)))
def test_whatever_a_stranger_writes_is_none_of_ours(parts: tuple[str, str, str]) -> None:
    with pytest.raises(PermissionError):
        LINKS.read(*parts)


def test_another_key_believes_no_link() -> None:
    with pytest.raises(PermissionError):
        Links("", b"x" * 32).read(*taken_apart(LINKS.path(ID, NOW)))


def test_the_key_is_not_shown_and_without_a_public_address_there_is_no_link() -> None:
    assert "\\x01" not in repr(LINKS)
    assert Links("", KEY).url(ID, NOW) == ""
    assert LINKS.url(ID, NOW).startswith("https://tocsin.example/media/")


@given(st.uuids(), st.emails(), st.emails())
def test_a_link_to_unsubscribe_is_for_one_message_and_one_reader(id: UUID, reader: str, other: str) -> None:
    url = LINKS.unsubscribe(id, reader)
    _, _, written, proof = url.removeprefix("https://tocsin.example").split("/")
    assert read_id(written) == id
    assert LINKS.told(id, reader, proof)
    assert LINKS.told(id, other, proof) is (other == reader)
    assert not LINKS.told(UUID(int=id.int ^ 1), reader, proof)
    assert not Links("", b"x" * 32).told(id, reader, proof)
    assert not LINKS.told(id, reader, f"{proof}é")


@pytest.mark.parametrize("public", ["", "http://tocsin.example"])
def test_nobody_unsubscribes_where_mail_programs_would_not_go(public: str) -> None:
    assert Links(public, KEY).unsubscribe(ID, "jan@example.org") == ""
