"""The corpus: our answers stay as they are written down, and every difference from ical.js is explained."""

import json

import pytest

from tests.sources.calendar import golden
from tests.sources.calendar.corpus import Case, cases

CASES = list(cases())
GOLDEN = json.loads((golden.DATA / "golden.json").read_text())
WHY = json.loads((golden.DATA / "why.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_each_calendar_of_the_corpus_gives_what_is_written_down(case: Case) -> None:
    assert golden.ours(case) == GOLDEN[case.id]["ours"]


def test_the_golden_file_is_about_the_corpus_that_is_installed() -> None:
    assert set(GOLDEN) == {case.id for case in CASES}
    assert len(CASES) > 250


def test_every_difference_from_the_peer_is_explained_and_nothing_else_is() -> None:
    assert {key for key, row in GOLDEN.items() if not golden.agrees(row)} == set(WHY)
    assert all(WHY.values())


def test_the_page_shows_the_table_as_it_is() -> None:
    assert golden.PAGE.read_text() == golden.page()
