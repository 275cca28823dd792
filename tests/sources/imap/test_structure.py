"""BODYSTRUCTURE as servers tell it, and as they should not."""

from typing import Any

import pytest

from engine.sources.imap.structure import read_structure

_PLAIN = (b"TEXT", b"PLAIN", (b"CHARSET", b"utf-8"), None, None, b"QUOTED-PRINTABLE", 120, 4, None, None, None)
_HTML = (b"text", b"html", (b"charset", b"utf-8"), None, None, b"base64", 780, 10)
_PDF = (
    *(b"application", b"pdf", (b"name", b"fallback.pdf"), None, None, b"base64", 7800, None),
    (b"attachment", (b"filename*", b"utf-8''Gr%C3%B6%C3%9Fe.pdf")),
    *(None, None),
)


def test_the_text_is_found_inside_and_the_rest_is_listed() -> None:
    structure = read_structure(([([_PLAIN, _HTML], b"alternative"), _PDF], b"mixed", None, None))
    assert structure is not None
    assert [(text.section, text.media_type) for text in structure.texts] == [
        ("1.1", "text/plain"),
        ("1.2", "text/html"),
    ]
    assert [(each.name, each.section, each.size) for each in structure.attachments] == [("Größe.pdf", "2", 5700)]


def test_a_mail_of_one_part_has_section_one() -> None:
    structure = read_structure(_PLAIN)
    assert structure is not None
    assert (structure.texts[0].section, structure.texts[0].encoding) == ("1", "quoted-printable")


def test_a_disposition_that_is_no_list_is_passed_over() -> None:
    """pymap writes it as one raw string."""
    part = (b"application", b"pdf", None, None, None, b"base64", 78, None, b'attachment; filename="a.pdf"', None)
    structure = read_structure(([_PLAIN, part], b"mixed"))
    assert structure is not None
    assert [each.section for each in structure.attachments] == ["2"]


@pytest.mark.parametrize(
    "told", [None, (), (b"text",), 7, b"x", ([], b"mixed"), ([None], b"mixed"), ((b"a", b"b"), 1)]
)
def test_nonsense_is_no_structure(told: Any) -> None:
    structure = read_structure(told)
    assert structure is None or (structure.texts, structure.attachments) == ((), ())


def test_nesting_without_end_is_given_up() -> None:
    told: Any = _PLAIN
    for _ in range(5_000):
        told = ([told], b"mixed")
    structure = read_structure(told)
    assert structure is not None
    assert structure.texts == ()
