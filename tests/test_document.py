"""The strict reader: every scalar stays text, every mistake has its place, no secret is ever shown."""

import json
import re
import string

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, SecretStr

from engine.document import MOST_BYTES, MOST_DEPTH, MOST_NODES, Problem, Span, has_errors, read, report, validate
from engine.document.problem import is_one_slip, nearest
from engine.noun import Written


class Door(Written):
    """A part of a house."""

    key: SecretStr | None = None
    width: int = 90


class House(Written):
    """What the tests describe."""

    name: str
    floors: int = Field(default=1, ge=1)
    doors: tuple[Door, ...] = ()
    password: SecretStr | None = None


def _problems(text: str) -> list[Problem]:
    return validate(read(text, "house.yaml"), House)[1]


@pytest.mark.parametrize(
    "written",
    [
        "NO",
        "no",
        "on",
        "off",
        "yes",
        "22:00",
        "+32475123456",
        "0475123456",
        "1.10",
        "1e3",
        "0x1F",
        "2026-11-21",
        "true",
        ".inf",
        "=",
    ],
)
def test_what_yaml_1_1_would_change_stays_text(written: str) -> None:
    document = read(f"at: {written}\n", "a.yaml")
    assert document.data == {"at": written}
    assert document.problems == []


@pytest.mark.parametrize("key", ["on", "yes", "NO", "22:00", "1"])
def test_a_key_stays_text_too(key: str) -> None:
    assert read(f"{key}: x\n", "a.yaml").data == {key: "x"}


@pytest.mark.parametrize("nothing", ["", "~", "null", "Null", "NULL"])
def test_nothing_is_none(nothing: str) -> None:
    assert read(f"at: {nothing}\n", "a.yaml").data == {"at": None}


@pytest.mark.parametrize("quoted", ["''", '""', "'null'", '"~"'])
def test_what_is_quoted_is_text_also_when_it_looks_like_nothing(quoted: str) -> None:
    assert read(f"at: {quoted}\n", "a.yaml").data == {"at": quoted[1:-1]}


@given(
    st.recursive(
        st.text(string.ascii_letters + string.digits + " :#-'\"{}[]\n@*&!é", max_size=12),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(string.ascii_letters), inner, max_size=3),
        max_leaves=8,
    )
)
def test_what_was_written_is_read_back_and_every_node_has_a_place(data: object) -> None:
    text = yaml.safe_dump({"at": data}, allow_unicode=True, default_style='"')
    document = read(text, "a.yaml")
    assert document.data == {"at": data}
    assert ("at",) in document.keys
    assert ("at",) in document.values


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_no_input_raises_and_every_place_is_in_the_file(raw: str | bytes) -> None:
    document = read(raw, "a.yaml")
    _, problems = validate(document, House)
    for form in report.FORMATS.values():
        form(problems)
    lines = len(document.lines)
    assert all(1 <= problem.span.line <= lines + 1 and problem.span.col >= 1 for problem in problems)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * (MOST_DEPTH + 1), f"nested more than {MOST_DEPTH} deep"),
        ("[" + "1," * MOST_NODES + "]", f"more than {MOST_NODES} values"),
        ("#" * (MOST_BYTES + 1), "larger than 1 MB"),
        ("a: &x [1]\nb: *x\n", "a reference"),
        ("a: !!python/object:os.system x\n", "a tag"),
        ("a: {<<: {}}\n", "merge key"),
        ("a: \x00\n", "control character"),
        ("? [a]\n: b\n", "plain text"),
        ("- &a [*a]\n", "a reference"),
    ],
    ids=["depth", "nodes", "size", "anchor", "tag", "merge", "control", "key", "itself"],
)
def test_what_grows_or_means_two_things_is_refused(text: str, message: str) -> None:
    problems = read(text, "a.yaml").problems
    assert any(message in problem.message for problem in problems)
    assert has_errors(problems)


def test_a_bomb_of_references_is_refused_at_once() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(20)
    )
    document = read(bomb, "a.yaml")
    assert has_errors(document.problems)
    assert len(document.values) < 500


def test_a_file_with_a_byte_order_mark_is_read() -> None:
    assert read(b"\xef\xbb\xbfname: x\n", "a.yaml").data == {"name": "x"}


def test_bytes_of_another_encoding_have_a_place() -> None:
    [problem] = read("name: Caf\né: ".encode() + b"\xe9", "a.yaml").problems
    assert (problem.span.line, problem.span.col) == (2, 4)


def test_all_mistakes_are_told_at_once_in_their_order() -> None:
    found = _problems("nme: x\nfloors: many\ndoors:\n  - {width: wide, wdth: 3}\n")
    assert [(p.span.line, p.code) for p in found] == [
        (1, "unknown-setting"),  # that 'name' is missing is no news
        (2, "wrong-value"),
        (4, "wrong-value"),
        (4, "unknown-setting"),
    ]


def test_a_value_is_handed_back_only_without_an_error() -> None:
    house, problems = validate(read("name: Villa\nfloors: 2\n", "a.yaml"), House)
    assert house == House(name="Villa", floors=2)
    assert problems == []
    assert validate(read("name: Villa\nname: Hut\n", "a.yaml"), House)[0] is None


def test_a_twin_shows_both_places() -> None:
    [problem] = _problems("name: a\nfloors: 2\nname: b\n")
    assert problem.span.line == 3
    assert [other.span.line for other in problem.related] == [1]


SECRET = "hunter2"


@pytest.mark.parametrize(
    "text",
    [
        f"name: x\npassword: {SECRET}\npassword: {SECRET}\n",
        f"name: x\npasword: {SECRET}\n",
        f"name: x\npassword: [{SECRET}]\n",
        f"name: x\n{{password: {SECRET}\n",
        f'name: x\npassword: "{SECRET}\nfloors: "2"\n',
        f"name: x\npassword: *{SECRET}\n",
        f"name: x\npassword: !{SECRET} x\n",
        f"name: x\npassword: {SECRET}: x\n",
        f"name: x\npassword: |\n  {SECRET}\n \t{SECRET}\n",
        f"name: x\ndoors: [{{key: {SECRET}, width: x}}]\n",
        f"name: x\ndoors:\n  - key: [{SECRET}]\n",
        f"name: x\nstore: postgresql://me:{SECRET}@db/x\n",
        f"{{name: [x], password: {SECRET}, floors: x, &a b: c}}\n",
        f"name: x\npassword: {SECRET}\x07\n",
        f"name: x\nmy_api_token: {SECRET}\n",
    ],
)
def test_no_report_shows_a_secret(text: str) -> None:
    problems = _problems(text)
    assert problems
    for form in report.FORMATS.values():
        assert SECRET not in form(problems)


def test_a_mark_stands_under_the_mistake() -> None:
    assert report.text(_problems("name: x\nflors: 2\n")) == (
        "error[unknown-setting]: unknown setting 'flors'\n"
        " --> house.yaml:2:1\n"
        "  |\n"
        "2 | flors: 2\n"
        "  | ^^^^^ did you mean 'floors'?\n"
        "  = help: known here: doors, floors, name, password"
    )


def test_wide_letters_push_the_mark_along() -> None:
    shown = report.text(_problems('name: "東京"\n{a: b}: "x"\n') + _problems("{name: 東京, flors: 2}\n"))
    line, mark = next(
        pair
        for pair in zip(shown.splitlines(), shown.splitlines()[1:], strict=False)
        if "flors" in pair[0] and "|" in pair[0]
    )
    assert mark.index("^") == line.index("flors") + 2


def test_colour_is_only_colour() -> None:
    problems = _problems("name: x\nflors: 2\n")
    coloured = report.text(problems, colour=True)
    assert "\033[1;31m" in coloured
    assert re.sub(r"\033\[[0-9;]*m", "", coloured) == report.text(problems)


def test_a_file_cannot_steer_the_terminal() -> None:
    problem = Problem("bad \033[2J", "a\033.yaml", Span(), excerpt="\033[2Jx")
    assert "\033" not in report.text([problem]) + report.gnu([problem])


def test_one_line_each_for_editors() -> None:
    shown = report.gnu(_problems("name: x\nflors: 2\n"))
    assert shown == "house.yaml:2:1: error: unknown setting 'flors' (did you mean 'floors'?)"


def test_workflow_commands_escape_what_would_break_them() -> None:
    problem = Problem("100%\nsure", "a,b:c.yaml", Span(2, 3, 2, 5), code="x")
    assert report.github([problem]) == (
        "::error file=a%2Cb%3Ac.yaml,line=2,col=3,endLine=2,endColumn=5,title=x::100%25·sure"
    )


def test_programs_get_numbers_that_count_from_one() -> None:
    [record] = json.loads(report.as_json(_problems("name: x\nflors: 2\n")))
    assert (record["line"], record["col"], record["end_col"]) == (2, 1, 6)
    assert record["label"] == "did you mean 'floors'?"


def test_a_piece_of_a_text_is_found_where_it_stands() -> None:
    document = read('name: "one {two} {three}"\n', "a.yaml")
    assert document.span_of(("name",), part="{three}") == Span(1, 18, 1, 25)
    assert document.span_of(("name",), part="{four}") == document.span_of(("name",))


def test_what_is_not_there_has_the_place_of_the_block_around_it() -> None:
    document = read("name: x\ndoors:\n  - width: 3\n", "a.yaml")
    assert document.place(("doors", 0, "key")) == "a.yaml:3:5"
    assert document.place(("doors", 7)) == "a.yaml:2:1"


def test_a_document_of_nothing_is_said_to_be_empty() -> None:
    for text in ("", "# nothing\n", "---\n"):
        [problem] = _problems(text)
        assert problem.message == "this file is empty"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        pytest.param("subjet", "subject", id="a letter lacking"),
        pytest.param("tto", "to", id="a letter too many, in a short word"),
        pytest.param("si", "is", id="two letters swapped"),
        pytest.param("zs", "is", id="a letter beside"),
        pytest.param("Subject", "subject", id="a capital"),
        pytest.param("regex", "matches", id="a word from elsewhere"),
        pytest.param("start-with", "starts_with", id="a word that is alike"),
        pytest.param("banana", "", id="nothing near"),
    ],
)
def test_the_word_that_was_meant_is_found(written: str, meant: str) -> None:
    assert nearest(written, ["subject", "to", "is", "matches", "starts_with"]) == meant


@given(st.text("abc", min_size=1, max_size=5), st.integers(0, 4), st.sampled_from("abcd"))
def test_one_slip_is_one_slip_from_both_sides(word: str, at: int, letter: str) -> None:
    at = min(at, len(word))
    for slipped in (word[:at] + letter + word[at:], word[:at] + word[at + 1 :], word[:at] + letter + word[at + 1 :]):
        assert is_one_slip(slipped, word) == is_one_slip(word, slipped) == (slipped != word)
