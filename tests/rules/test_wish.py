"""What a text asks for by itself: only the whole of it counts."""

import pytest

from engine.rules.wish import Wish, read_wish
from tests.builders import an_account

STOPS = "STOP|stop|Stop.|« stop »|STOPP|StopAll|stop all|UNSUBSCRIBE|End|QUIT|cancel|Afmelden|ARRET|ARRÊT|Avsluta"


@pytest.mark.parametrize("text", STOPS.split("|"))
def test_a_stop_word_alone_is_a_stop_in_every_language(text: str) -> None:
    assert read_wish(text, an_account()) is Wish.STOP
    assert read_wish(text, None) is Wish.STOP


@pytest.mark.parametrize("text", ["START", "unstop", "Start!", "Aanmelden"])
def test_a_start_word_alone_is_a_start(text: str) -> None:
    assert read_wish(text, an_account()) is Wish.START


@pytest.mark.parametrize(
    "text", ["", "stop by at five", "please stop", "don't stop", "JA", "ok", "yes", "s t o p", "stop\x00x" * 999]
)
def test_a_stop_word_inside_a_sentence_is_no_stop(text: str) -> None:
    assert read_wish(text, an_account()) not in (Wish.STOP, Wish.START)
