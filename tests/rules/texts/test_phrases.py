"""The engine's own words: every language has all of them, asks for the same values, and costs one septet a letter."""

from string import Formatter

import pytest

from engine.rules.texts.phrases import FALLBACK, LANGUAGES, Phrase, say
from engine.segments import count

VALUES = {
    "at": "11:04",
    "n": 3,
    "code": "123456",
    "items": "Boss: Spoed",
    "span": "2 h",
    "title": "Dentist",
    "was": "10:00",
    "day": "Mon 1 Jun",
}


def _asked(phrase: Phrase, language: str) -> set[str]:
    """The values that a phrase of this language takes: those without which it cannot be said."""
    asked = set()
    for name in VALUES:
        try:
            say(phrase, language, **{key: value for key, value in VALUES.items() if key != name})
        except KeyError:
            asked.add(name)
    return asked


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("phrase", Phrase)
def test_every_phrase_is_said_in_every_language_with_the_same_values_in_gsm_7(phrase: Phrase, language: str) -> None:
    said = say(phrase, language, **VALUES)
    assert said.strip() == said != ""
    assert count(said).forced_by == ""
    assert _asked(phrase, language) == _asked(phrase, FALLBACK)
    assert not [name for _, name, _, _ in Formatter().parse(said) if name]


def test_a_region_is_read_as_its_language_and_an_unknown_language_as_english() -> None:
    assert say(Phrase.NO_SUBJECT, "nl-BE") == say(Phrase.NO_SUBJECT, "NL_be") == "(geen onderwerp)"
    assert say(Phrase.NO_SUBJECT, "xx") == say(Phrase.NO_SUBJECT, "") == "(no subject)"


def test_a_value_with_braces_is_only_a_value() -> None:
    assert say(Phrase.DIGEST, "en", n=2, items="{n} {0.__class__}") == "2 messages: {n} {0.__class__}"
