"""What is an answer to an invitation, and what only looks like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.rsvp import WORDS, Answer, Typed, read_answer
from engine.rules.wish import Wish, read_wish

YES, NO, MAYBE = Answer


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("JA", Typed(YES)),
        ("ja 2", Typed(YES, 2)),
        ("Nej 2.", Typed(NO, 2)),
        (" OK 2 ", Typed(YES, 2)),
        ("ok2", Typed(YES, 2)),
        ("2 ja", Typed(YES, 2)),
        ("NEE, 14", Typed(NO, 14)),
        ("Oui !", Typed(YES)),
        ("non 3", Typed(NO, 3)),
        ("Nein", Typed(NO)),
        ("YES 99", Typed(YES, 99)),
        ("no 07", Typed(NO, 7)),
        ("kanske 1", Typed(MAYBE, 1)),
        ("Misschien", Typed(MAYBE)),
        ("peut-être 2", Typed(MAYBE, 2)),
        ("PEUT ETRE", Typed(MAYBE)),
        ("vielleicht", Typed(MAYBE)),
        ("maybe: 5", Typed(MAYBE, 5)),
        ("Ja\n2", Typed(YES, 2)),
    ],
)
def test_an_answer_is_read_in_five_languages(text: str, typed: Typed) -> None:
    assert read_answer(text) == typed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2",
        "yes, see you at 5",
        "ok thanks",
        "ja 2 nee 3",
        "no 100",
        "no 0",
        "ja -2 of 3",
        "jaja",
        "stop",
        "ja ٢",
        "ok " + "!" * 100,
        "\x00",
    ],
)
def test_anything_else_is_a_text_like_any_other(text: str) -> None:
    assert read_answer(text) is None


@given(st.text(max_size=70))
def test_no_text_breaks_the_reading(text: str) -> None:
    found = read_answer(text)
    assert found is None or 0 <= found.code <= 99


@pytest.mark.parametrize("word", WORDS)
def test_no_answer_is_a_word_by_which_people_stop_or_start(word: str) -> None:
    assert read_wish(word, None) not in (Wish.STOP, Wish.START)
