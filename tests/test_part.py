"""Parts of a long text: joined in any order and once, told without what did not come, never mixed, never lost."""

from datetime import datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.coding import Coding
from engine.heard import MISSING, MOST_TEXT, Heard, keyword_of, words_of
from engine.part import AGAIN, LIFE, PATIENCE, LongText, Part, Piece
from engine.rules.wish import Wish, read_wish
from tests.builders import NOW, a_part

SECOND = timedelta(seconds=1)


class Table:
    """Where parts lie, as the store keeps them; what is handed over is marked at once."""

    def __init__(self) -> None:
        self.texts: dict[UUID, LongText] = {}
        self.said: list[str] = []
        self.refs: list[str] = []

    def take(self, part: Part) -> list[str]:
        """What is handed over when this part comes."""
        before = len(self.said)
        text = self.texts.get(part.text_id) or LongText(id=part.text_id)
        piece = text.place(part)
        if piece is None:
            self._tell(text, text.read(), part.at)
            text = self.texts[text.id]
            piece = text.place(part)
        assert piece is not None
        self.texts[text.id] = text.put(piece)
        self.wait(part.at)
        return self.said[before:]

    def wait(self, now: datetime) -> list[str]:
        """What is handed over at this moment."""
        before = len(self.said)
        for text in list(self.texts.values()):
            if (heard := text.join(now)) is not None:
                self._tell(text, heard, now)
        return self.said[before:]

    def _tell(self, text: LongText, heard: Heard, now: datetime) -> None:
        self.said.append(heard.text)
        self.refs.append(heard.provider_ref)
        pieces = {number: Piece(each.part, now) if each.counts else each for number, each in text.pieces.items()}
        self.texts[text.id] = text.model_copy(update={"pieces": pieces})


def parts(text: str, later: timedelta = timedelta(), **how: Any) -> list[Part]:
    """One part for each character."""
    return [a_part(n, each, total=len(text), at=NOW + later + n * SECOND, **how) for n, each in enumerate(text, 1)]


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_parts_in_any_order_become_one_text(table: Table, order: tuple[int, ...]) -> None:
    three = parts("abc")
    assert [table.take(three[n]) for n in order] == [[], [], ["abc"]]


def a_long_text(*pieces: Part) -> LongText:
    text = LongText(id=pieces[0].text_id)
    for each in pieces:
        piece = text.place(each)
        assert piece is not None
        text = text.put(piece)
    return text


def test_the_whole_is_from_whom_and_to_whom_its_parts_are_and_of_the_moment_of_the_last() -> None:
    one, two = parts("ab")
    heard = a_long_text(two, one).join(NOW)
    assert heard is not None
    assert (heard.provider, heard.sender, heard.recipient, heard.at) == ("centre", one.sender, one.recipient, two.at)


def test_a_part_that_comes_again_changes_nothing_before_or_after_the_whole(table: Table) -> None:
    one, two, three = parts("abc")
    assert [table.take(each) for each in (one, one, two, two)] == [[]] * 4
    assert table.take(three) == ["abc"]
    for again in (three, one, two, two):
        assert table.take(again.model_copy(update={"at": NOW + 60 * SECOND})) == []
    assert table.wait(NOW + LIFE) == []


def test_what_could_not_be_handed_over_is_the_same_event_when_its_last_part_comes_again() -> None:
    one, two = parts("ab")
    text, late = a_long_text(one, two), NOW + PATIENCE
    again = a_long_text(one, two, two.model_copy(update={"at": late}), one.model_copy(update={"at": late}))
    assert again == text
    assert again.join(late) == text.join(NOW) is not None


@pytest.mark.parametrize(
    "other",
    [{"provider": "other"}, {"sender": "+32470000002"}, {"recipient": "1235"}, {"reference": 8}, {"total": 3}],
    ids=lambda how: next(iter(how)),
)
def test_only_what_belongs_together_is_found_together(other: dict[str, Any]) -> None:
    one, two = a_part(1), a_part(2, **other)
    assert one.text_id != two.text_id
    assert one.text_id == a_part(2).text_id


@pytest.mark.parametrize("gap", [SECOND, timedelta(hours=3), LIFE + SECOND], ids=str)
@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_a_reference_that_comes_round_is_another_text(table: Table, gap: timedelta, order: tuple[int, ...]) -> None:
    for each in parts("abc"):
        table.take(each)
    second = parts("def", 10 * SECOND + gap)
    assert [table.take(second[n]) for n in order] == [[], [], ["def"]]
    assert len(set(table.refs)) == 2


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_a_part_that_says_the_same_in_the_next_text_is_in_it_when_the_hour_is_over(
    table: Table, order: tuple[int, ...]
) -> None:
    for each in parts("abc"):
        table.take(each)
    second = parts("dbe", 10 * SECOND)
    assert [table.take(second[n]) for n in order] == [[]] * 3
    table.wait(NOW + PATIENCE + 20 * SECOND)
    assert table.said == ["abc", "dbe"]


@pytest.mark.parametrize("text", ["abc", "abd"])
def test_after_an_hour_what_says_the_same_is_the_next_text(table: Table, text: str) -> None:
    for each in (*parts("abc"), *parts("abc", AGAIN / 2)):
        table.take(each)
    assert [table.take(each) for each in parts(text, AGAIN + 10 * SECOND)] == [[], [], [text]]
    assert len(set(table.refs)) == 2


def test_the_whole_is_another_event_than_what_was_handed_over_of_it_before() -> None:
    one, two = parts("ab")
    assert a_long_text(one).read().provider_ref != a_long_text(one, two).read().provider_ref


def test_what_was_brought_again_does_not_get_into_the_next_text(table: Table) -> None:
    for each in (*parts("abc"), *parts("abc", 10 * SECOND)):
        table.take(each)
    assert [table.take(each) for each in parts("def", 20 * SECOND)] == [[], [], ["def"]]


def test_what_was_brought_again_hours_ago_stands_for_nothing_that_is_missing(table: Table) -> None:
    for each in (*parts("abc"), *parts("abc", 10 * SECOND), *parts("def", 3 * PATIENCE)[:1]):
        table.take(each)
    assert table.wait(NOW + 5 * PATIENCE) == [f"d {MISSING}"]


def test_what_was_handed_over_stands_for_nothing_that_is_missing(table: Table) -> None:
    for each in (*parts("abc"), *parts("def", 10 * SECOND)[:1]):
        table.take(each)
    assert table.wait(NOW + LIFE / 2) == [f"d {MISSING}"]


def test_a_part_of_yesterday_belongs_to_no_text_of_today(table: Table) -> None:
    table.take(a_part(1, "a"))
    assert table.take(a_part(2, "b", at=NOW + LIFE)) == [f"a {MISSING}"]
    assert table.wait(NOW + LIFE + PATIENCE) == [f"{MISSING} b"]


def test_a_text_that_breaks_off_is_told_before_the_one_that_takes_its_reference(table: Table) -> None:
    table.take(a_part(1, "a"))
    assert table.take(a_part(1, "c", at=NOW + SECOND)) == [f"a {MISSING}"]
    assert table.take(a_part(2, "d", at=NOW + 2 * SECOND)) == ["cd"]


@pytest.mark.parametrize(
    ("came", "text"),
    [
        ({1: "one"}, f"one {MISSING}"),
        ({3: "three"}, f"{MISSING} three"),
        ({1: "one", 3: "three"}, f"one {MISSING} three"),
        ({2: "two"}, f"{MISSING} two {MISSING}"),
    ],
    ids=["only the first", "only the last", "a hole", "only the middle"],
)
def test_what_does_not_come_within_the_hour_is_told_as_missing(table: Table, came: dict[int, str], text: str) -> None:
    for number, said in came.items():
        table.take(a_part(number, said, total=3))
    assert table.wait(NOW + PATIENCE - SECOND) == []
    assert table.wait(NOW + PATIENCE) == [text]
    assert table.wait(NOW + LIFE) == []


def test_a_part_that_comes_after_the_hour_is_not_dropped(table: Table) -> None:
    table.take(a_part(1, "a", total=3))
    table.wait(NOW + PATIENCE)
    table.take(a_part(3, "c", total=3, at=NOW + PATIENCE))
    table.wait(NOW + 2 * PATIENCE)
    table.take(a_part(2, "b", total=3, at=NOW + 2 * PATIENCE))
    table.wait(NOW + 3 * PATIENCE)
    assert table.said == [f"a {MISSING}", f"{MISSING} c", f"{MISSING} b {MISSING}"]
    assert len(set(table.refs)) == 3


def test_nobody_is_taken_at_a_word_that_may_have_had_others_around_it() -> None:
    assert read_wish("stop", None) is Wish.STOP
    for text in (f"{MISSING} stop", f"stop {MISSING}"):
        assert read_wish(text, None) is Wish.NOTHING
        assert MISSING in words_of(text)
    assert keyword_of(f"{MISSING} hulp") == MISSING


@pytest.mark.parametrize(
    ("text", "coding", "cut"),
    [("☺👍", "utf-16-be", 3), ("☺👍", "utf-16-be", 4), ("€", "gsm7", 1)],
    ids=["a unit", "a pair", "an escape"],
)
def test_a_character_that_was_cut_in_two_is_put_together(table: Table, text: str, coding: str, cut: int) -> None:
    data = b"\x1b\x65" if coding == "gsm7" else text.encode(coding)
    how = Coding.GSM7 if coding == "gsm7" else Coding.UCS2
    table.take(a_part(1, data[:cut], coding=how))
    assert table.take(a_part(2, data[cut:], coding=how)) == [text]


def test_parts_in_different_alphabets_are_each_read_in_theirs(table: Table) -> None:
    table.take(a_part(1, "Größe "))
    assert table.take(a_part(2, "Ж".encode("utf-16-be"), coding=Coding.UCS2)) == ["Größe Ж"]


def test_the_longest_text_there_is_keeps_within_bounds(table: Table) -> None:
    for n in range(1, 256):
        said = table.take(a_part(n, "x" * 153, total=255))
    assert said == ["x" * MOST_TEXT]


_ARRIVALS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=12)


@given(_ARRIVALS)
def test_whatever_comes_again_in_whatever_order_no_part_is_lost_and_no_text_is_told_twice(
    arrivals: list[tuple[int, int]],
) -> None:
    """Three texts under one reference, each of three parts of its own; some parts never come, some come often."""
    table, came = Table(), set()
    for moment, (text, number) in enumerate(arrivals):
        word = f"t{text}p{number}"
        came.add(word)
        table.take(a_part(number + 1, word + ".", total=3, at=NOW + moment * SECOND))
    table.wait(NOW + LIFE)
    assert came == {word for said in table.said for word in said.replace(MISSING, "").replace(".", " ").split()}
    assert len(set(table.refs)) == len(table.refs)


@given(st.permutations(range(3)), st.permutations(range(3)), st.lists(st.integers(0, 2)))
def test_texts_that_come_one_after_the_other_are_never_mixed(
    first: list[int], second: list[int], again: list[int]
) -> None:
    table = Table()
    came = [*(parts("abc")[n] for n in first), *(parts("abc")[n] for n in again), *(parts("ade")[n] for n in second)]
    for moment, each in enumerate(came):
        table.take(each.model_copy(update={"at": NOW + moment * SECOND}))
    table.wait(NOW + LIFE)
    assert table.said == ["abc", "ade"]
    assert len(set(table.refs)) == 2
