"""Whose a text from a phone is: the most particular route, by number and by keyword."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.event import MessageReceived
from engine.heard import MOST_TEXT, Heard, Route, find_route, keyword_of, number_of, words_of
from engine.topics import EVENTS
from tests.builders import NOW, a_text

OURS, OTHER = "+32460200000", "+32460200001"
ROUTES = (
    Route(keyword="hulp", account="help"),
    Route(keyword="hulp lift", account="lift"),
    Route(number=OURS, account="anna"),
    Route(number=OURS, keyword="bert", account="bert"),
    Route(number="1960", account="code"),
)


@pytest.mark.parametrize(
    ("to", "text", "account"),
    [
        (OURS, "hello", "anna"),
        (OURS, "BERT, are you there?", "bert"),
        (OURS, "bertha", "anna"),
        (OURS, "Hulp!", "anna"),
        (OTHER, "Hulp!", "help"),
        (OTHER, "  «HULP» lift stuck", "lift"),
        (OTHER, "lift hulp", ""),
        (OTHER, "", ""),
        ("1960", "anything", "code"),
        ("", "hulp", "help"),
        ("", "hello", ""),
    ],
)
def test_the_most_particular_route_takes_it(to: str, text: str, account: str) -> None:
    found = find_route(ROUTES, to, text)
    assert (found.account if found else "") == account


@given(st.text(), st.permutations(ROUTES))
def test_the_order_in_which_routes_are_written_does_not_matter(text: str, routes: list[Route]) -> None:
    assert find_route(routes, OTHER, text) == find_route(ROUTES, OTHER, text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("« Stop! »", ("stop",)),
        ("ARRÊT.", ("arrêt",)),
        ("ARRE\u0302T", ("arrêt",)),
        ("\uff33\uff34\uff2f\uff30", ("stop",)),
        ("--- ...", ()),
        ("a-b c", ("a-b", "c")),
    ],
)
def test_words_are_folded_and_lose_the_punctuation_around_them(text: str, words: tuple[str, ...]) -> None:
    assert words_of(text) == words
    assert keyword_of(text) == (words[0] if words else "")


@pytest.mark.parametrize(
    ("written", "region", "number"),
    [
        ("32475123456", None, "+32475123456"),
        ("+32475123456", None, "+32475123456"),
        ("0032475123456", None, "+32475123456"),
        ("0475 12 34 56", "BE", "+32475123456"),
        ("46701740605", "BE", "+46701740605"),
        (" 1960 ", None, "1960"),
        ("Proximus", "BE", "Proximus"),
    ],
)
def test_a_number_is_written_as_e164_where_it_is_one(written: str, region: str | None, number: str) -> None:
    assert number_of(written, region) == number


def test_what_a_provider_brings_again_is_the_same_event() -> None:
    assert a_text().id == a_text(text="repaired", account="bert", found_by="reply").id
    assert a_text().id != a_text(provider="other").id
    assert a_text().id != a_text(provider_ref="m2").id


def test_without_a_reference_what_it_says_and_the_minute_make_the_event() -> None:
    bare = a_text(provider_ref="")
    assert bare.id == a_text(provider_ref="", received_at=NOW.replace(second=59), account="bert").id
    others = [
        a_text(provider_ref="", **{name: value})
        for name, value in (("text", "x"), ("sender", OTHER), ("to", OTHER), ("received_at", NOW.replace(minute=5)))
    ]
    assert len({bare.id, *(each.id for each in others)}) == 5


def test_the_event_survives_the_stream() -> None:
    event = a_text("Größe ☺")
    key, value = EVENTS.encode(event)
    assert key == b"anna"
    assert EVENTS.decode(value) == event
    assert isinstance(EVENTS.decode(value), MessageReceived)


@given(st.text(max_size=20), st.integers(0, 3))
def test_any_text_is_kept_within_bounds_and_can_be_encoded(text: str, many: int) -> None:
    found = Heard(provider="p", sender="+1", text=(text + "\ud83d") * (many * 400), at=NOW)
    assert len(found.text) <= MOST_TEXT
    found.text.encode()
