"""Blocks of Sieve become rules that tell no more than the script did."""

import pytest

from tests.builders import a_mail
from tests.importers.converting import Imported, convert
from tests.importers.mails import Letter

_TELL = 'notify :message "{}" "mailto:a@b.example";'


def _told(script: str, *headers: str) -> set[str]:
    raw = "".join(f"{header}\r\n" for header in headers) + "\r\nText\r\n"
    imported = Imported(convert("sieve", script))
    return {imported.texts[each] for each in imported.told(Letter("", raw.encode()).event())}


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("a", {"one"}),
        ("b", {"two"}),
        ("a b", {"one"}),
        ("c", {"three"}),
        ("c d", {"three", "four"}),
        ("d", {"three", "four"}),
    ],
)
def test_a_branch_is_taken_when_those_before_it_are_not(subject: str, expected: set[str]) -> None:
    script = (
        f'if header :contains "subject" "a" {{ {_TELL.format("one")} stop; }}\n'
        f'elsif header :contains "subject" "b" {{ {_TELL.format("two")} }}\n'
        f'else {{ {_TELL.format("three")} if header :contains "subject" "d" {{ {_TELL.format("four")} }} }}\n'
    )
    assert _told(script, f"Subject: {subject}") == expected


def test_what_follows_a_stop_that_cannot_be_said_is_left_out() -> None:
    script = f'if body :raw "x" {{ stop; }}\nif true {{ {_TELL.format("no")} }}\n'
    converted = convert("sieve", script)
    assert converted.rules == 0
    assert [(left.line, left.reason[:11]) for left in converted.left] == [(1, "body :raw: "), (2, "line 1 ends")]


def test_a_discard_that_does_not_end_the_script_silences_nothing() -> None:
    script = f"if true {{ discard; }}\nif true {{ {_TELL.format('yes')} }}\n"
    assert _told(script, "Subject: x") == {"yes"}
    assert [left.line for left in convert("sieve", script).left if not left.part] == [1]


def test_an_empty_envelope_is_a_bounce() -> None:
    script = f'if envelope "from" "" {{ {_TELL.format("bounce")} }}'
    assert _told(script, "Return-Path: <>") == {"bounce"}
    assert _told(script, "Return-Path: <a@b.example>") == set()


def test_a_text_with_signs_of_ours_is_listed_and_the_rule_says_its_own() -> None:
    converted = convert("sieve", 'notify :method "mailto" :message "from $from$";')
    assert "text:" not in converted.text
    assert any("signs that mean something else" in left.reason for left in converted.left)


@pytest.mark.parametrize("number", ["0", "1", "9", "10", "99", "120", "999"])
@pytest.mark.parametrize("relation", ["eq", "ne", "lt", "le", "gt", "ge"])
def test_numbers_are_compared_as_numbers(relation: str, number: str) -> None:
    script = (
        f'if header :value "{relation}" :comparator "i;ascii-numeric" "x-n" "{number}" {{ {_TELL.format("yes")} }}'
    )
    imported = Imported(convert("sieve", script))
    compare = {"eq": "__eq__", "ne": "__ne__", "lt": "__lt__", "le": "__le__", "gt": "__gt__", "ge": "__ge__"}[
        relation
    ]
    for value in (*range(130), 998, 999, 1000, 1200):
        for written in (str(value), f"0{value}", f"{value} points"):
            told = bool(imported.told(a_mail(headers=(("X-N", written),))))
            assert told is getattr(value, compare)(int(number)), written


def test_everything_is_converted_where_that_is_wanted() -> None:
    script = 'if header "list-id" "x" { fileinto "Lists"; stop; }\n'
    assert convert("sieve", script).rules == 0
    assert "to: anna" in convert("sieve", script, everything=True, to=("anna",)).text
