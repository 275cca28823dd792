"""Patterns of a rule's author run on RE2, in bounded time, or are refused with what to write instead."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from engine.rules.when.pattern import MOST_PATTERN, complete, fits, found, is_glob, read_pattern


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("fraude?", "Vermoeden van FRAUD", True),
        ("(?-i)fraude?", "Vermoeden van FRAUD", False),
        ("^factuur [0-9]{4}$", "factuur 2026", True),
        ("^factuur [0-9]{4}$", "factuur 20260", False),
        ("über", "ÜBERSICHT", True),
        ("a.c", "a\nc", False),
        ("(?s)a.c", "a\nc", True),
        ("^c", "a\nc", False),
        ("(?m)^c", "a\nc", True),
        (r"\bserver\b", "de server ligt plat", True),
        (r"\bserver\b", "serverpark", False),
        (r"\p{Cyrillic}", "привет", True),
        ("x", "half of a character \ud83d x", True),
    ],
)
def test_a_pattern_is_found_anywhere_without_regard_to_case(pattern: str, text: str, expected: bool) -> None:
    assert found(complete(read_pattern(pattern)), text) is expected


REFUSED = [
    ("a(?=b)", "look-around: '(?='", "'not:'"),
    ("a(?!b)", "look-around: '(?!'", "'not:'"),
    ("(?<=a)b", "look-around: '(?<='", "'not:'"),
    ("(?<!a)b", "look-around: '(?<!'", "'not:'"),
    (r"(a)\1", r"back-reference: '\1'", "write out"),
    ("(?>a)", "atomic group", "plain group"),
    ("a++", "possessive repetition: '++'", "plain repetition"),
    ("a**", "bad repetition operator: **", "contains: or glob:"),
    ("(?P<n>a)(?P=n)", "this kind of group", "(?P<name>…)"),
    ("(a", "missing )", "\\("),
    ("a)", "unexpected )", "\\)"),
    ("[a", "missing ]", "\\["),
    ("*a", "no argument for repetition operator", "\\*"),
    ("a\\", "trailing \\", "\\\\"),
    ("a{1001}", "1,000 is the most", "+ or *"),
    ("(((a{100}){100}){100}){100}", "1,000 is the most", "+ or *"),
    ("(?i)" + r"\pL{900}", "too large", ""),
    (r"\pL" * 300, "too large", ""),
    ("." * 900, "too large", ""),
    ("x" * (MOST_PATTERN + 1), "1,000 characters, this one has 1,001", "several patterns"),
    ("x" * 1_000_000, "this one has 1,000,000", "several patterns"),
    ("", "found in every text", "'+'"),
    (".*", "found in every text", "'+'"),
    ("fraude|", "found in every text", "'+'"),
    ("(fraude)?", "found in every text", "'+'"),
    ("\ud83d", "half of a character", ""),
]


@pytest.mark.parametrize(("pattern", "reason", "remedy"), REFUSED, ids=[each[0][:20] for each in REFUSED])
def test_a_pattern_that_cannot_run_is_refused_with_a_remedy(pattern: str, reason: str, remedy: str) -> None:
    with pytest.raises(PydanticCustomError) as refused:
        read_pattern(pattern)
    assert reason in refused.value.message()
    assert remedy in str((refused.value.context or {})["hint"])
    assert "(?i)" not in refused.value.message()


@pytest.mark.parametrize("pattern", ["^$", "^[^a]*$", "^.{0,80}$", "a*b", "(x+x+)+y", "(a|a)*c"])
def test_a_pattern_that_some_text_does_not_have_is_taken(pattern: str) -> None:
    assert read_pattern(pattern) == pattern


def test_refusing_nothing_says_anything_on_the_screen(capfd: pytest.CaptureFixture[str]) -> None:
    for pattern, *_ in REFUSED:
        with pytest.raises(PydanticCustomError):
            read_pattern(pattern)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("pattern", ["^(([a-z])+.)+[A-Z0-9]([a-z])+$", "(x+x+)+y", "^(a|aa)+$|^(a|a)*b$"])
def test_what_explodes_in_other_engines_answers_here(pattern: str) -> None:
    # a backtracking engine would still be at it at the end of the world
    assert not found(complete(read_pattern(pattern)), "x" * 50_000 + "!")


@pytest.mark.parametrize(
    ("glob", "text", "expected"),
    [
        ("*.pdf", "factuur.pdf", True),
        ("*.pdf", "factuur.pdf.exe", False),
        ("*.pdf", ".pdf", True),
        ("?.pdf", "é.pdf", True),
        ("?.pdf", "ab.pdf", False),
        ("a*b*c", "a\nb\nc", True),
        ("[a].pdf", "[a].pdf", True),
        ("[a].pdf", "a.pdf", False),
        ("a.c", "abc", False),
        ("", "", True),
    ],
)
def test_a_glob_is_the_whole_text(glob: str, text: str, expected: bool) -> None:
    assert fits(glob, text) is expected


@given(st.text("ab*?.[\\\n", max_size=8), st.text("ab*?.[\\\n", max_size=8))
def test_a_glob_agrees_with_a_naive_reading(glob: str, text: str) -> None:
    naive = "".join({"*": "(?s:.*)", "?": "(?s:.)"}.get(sign) or re.escape(sign) for sign in glob)
    assert fits(glob, text) is (re.fullmatch(naive, text) is not None)


@given(st.text(max_size=20))
def test_a_text_without_wildcards_is_a_glob_for_itself_alone(text: str) -> None:
    if not is_glob(text):
        assert fits(text, text)
        assert not fits(text, f"{text}x")


@given(st.text(max_size=60))
def test_whatever_is_written_is_taken_or_refused(text: str) -> None:
    with suppress(PydanticCustomError):
        found(complete(read_pattern(text)), text)
