"""A digest says how many there are, names as many as fit, and counts the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.rules.texts.phrases import LANGUAGES, Phrase
from engine.rules.texts.summary import summarise
from tests.test_segments import reference

ITEMS = ["Boss: Spoed", "Bank: Fraud", "Shop: Sale"]


@pytest.mark.parametrize(
    ("items", "total", "language", "said"),
    [
        (ITEMS, 3, "en", "3 messages: Boss: Spoed; Bank: Fraud; Shop: Sale"),
        (ITEMS, 5, "nl", "5 berichten: Boss: Spoed; Bank: Fraud; Shop: Sale, en nog 2"),
        (ITEMS[:1], 1, "de", "1 Nachricht: Boss: Spoed"),
        (["a\nb", " "], 2, "fr", "2 messages: a b, et 1 de plus"),
        (["x" * 99], 1, "en", "1 message: " + "x" * 40),
        ([], 7, "sv", "7 meddelanden"),
    ],
)
def test_a_digest_names_what_it_holds(items: list[str], total: int, language: str, said: str) -> None:
    assert summarise(items, total, language, 1) == said


def test_what_there_is_no_room_for_is_counted() -> None:
    text = summarise([f"{n}{'x' * 38}" for n in range(9)], 9, "en", 1, tail="\nTocsin")
    assert text.endswith(", and 6 more\nTocsin")
    assert text.startswith("9 messages: 0xxx")


def test_a_storm_says_that_a_limit_was_reached() -> None:
    text = summarise(["Bank: Fraud"], 9_990, "en", 1, phrase=Phrase.STORM)
    assert text == "Limit reached, 9990 more messages not sent one by one: Bank: Fraud, and 9989 more"


@given(
    st.lists(st.text(max_size=60), max_size=60),
    st.integers(0, 10**6),
    st.sampled_from(LANGUAGES),
    st.integers(1, 10),
    st.text("aé€ş", max_size=60),
    st.sampled_from([Phrase.DIGEST, Phrase.STORM]),
)
def test_a_digest_fits_its_parts(
    items: list[str], more: int, language: str, parts: int, tail: str, phrase: Phrase
) -> None:
    text = summarise(items, len(items) + more, language, parts, tail, phrase)
    assert reference(text)[1] <= parts
    assert text.endswith(tail)
