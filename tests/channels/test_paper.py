"""What is counted is what is drawn; attachments follow, and what is none is named."""

import io
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.actions import JavaScript

from engine.channels.mail.letter import Attachment
from engine.channels.pages import LINE, LINES, count_pages, lay_out
from engine.channels.paper.render import Paper, render

AT = datetime(2026, 11, 22, 14, 5)  # noqa: DTZ001  (what is printed is the house's own clock)
SENDER = "Tocsin"


def paper(text: str, *attachments: Attachment) -> Paper:
    return render(text, SENDER, AT, attachments)


def read(made: Paper) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(made.pdf)).pages]


def a_picture(kind: str = "PNG", size: tuple[int, int] = (300, 100)) -> bytes:
    out = io.BytesIO()
    Image.new("L", size, 90).save(out, kind)
    return out.getvalue()


def locked() -> bytes:
    out, writer = io.BytesIO(), PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(out)
    return out.getvalue()


def rotated() -> bytes:
    out, writer = io.BytesIO(), PdfWriter()
    writer.add_page(PdfReader(io.BytesIO(paper("sideways").pdf)).pages[0]).rotate(90)
    writer.add_open_action(JavaScript("app.alert(1)"))
    writer.write(out)
    return out.getvalue()


TEXT = st.text(st.characters(codec="utf-8"), max_size=9000) | st.lists(st.text(max_size=200)).map("\n".join)


@given(TEXT)
def test_nothing_of_a_text_is_lost_and_every_page_is_full_but_the_last(text: str) -> None:
    pages = lay_out(text)
    assert len(pages) == count_pages(text) >= 1
    assert all(len(page) == LINES for page in pages[:-1])
    assert all(len(line) <= LINE for page in pages for line in page)


@given(st.lists(st.from_regex(r"[a-z0-9åäö€é]{1,100}", fullmatch=True), max_size=400))
def test_every_word_is_on_the_pages_in_order(words: list[str]) -> None:
    lines = [line for page in lay_out(" ".join(words)) for line in page]
    assert "".join(lines).replace(" ", "") == "".join(words)


@settings(max_examples=15)
@given(TEXT)
def test_as_many_pages_are_drawn_as_were_priced(text: str) -> None:
    made = paper(text)
    assert made.pages == count_pages(text) == len(PdfReader(io.BytesIO(made.pdf)).pages)


def test_letters_of_our_languages_stand_on_the_page_with_who_when_and_which() -> None:
    [first, second] = read(paper("Grüße, één fördröjd façade: 5 €\n" * 61))
    assert "Grüße, één fördröjd façade: 5 €" in first
    for page, number in ((first, "1 / 2"), (second, "2 / 2")):
        assert SENDER in page
        assert "2026-11-22 14:05" in page
        assert number in page


def test_the_font_travels_with_the_page() -> None:
    [page] = PdfReader(io.BytesIO(paper("å").pdf)).pages
    fonts = page["/Resources"]["/Font"].values()  # type: ignore[index]
    embedded = [font.get_object() for font in fonts if "/FontDescriptor" in font.get_object()]
    assert embedded
    assert all("/FontFile2" in font["/FontDescriptor"] for font in embedded)


def test_the_same_text_is_the_same_bytes() -> None:
    assert paper("x").pdf == paper("x").pdf


def test_what_the_font_lacks_is_a_box_not_a_gap() -> None:
    assert "漢" not in read(paper("漢 👍"))[0]
    assert "□" in read(paper("漢 👍"))[0]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "TIFF"])
def test_a_picture_is_a_page(kind: str) -> None:
    made = paper("see", Attachment(name="a", kind=f"image/{kind.lower()}", content=a_picture(kind)))
    assert made.pages == len(read(made)) == 2
    assert "1 / 2" in read(made)[0]
    assert PdfReader(io.BytesIO(made.pdf)).pages[1].images


def test_a_pdf_follows_page_by_page_on_upright_a4_and_its_scripts_stay_behind() -> None:
    two = Attachment(name="two.pdf", kind="application/pdf", content=paper("inside\n" * 61).pdf)
    side = Attachment(name="side.pdf", kind="application/pdf", content=rotated())
    made = paper("outside", two, side)
    pages = read(made)
    assert made.pages == len(pages) == 4
    assert "outside" in pages[0]
    assert "inside" in pages[1]
    assert "sideways" in pages[3]
    sizes = {tuple(map(int, page.mediabox[2:])) for page in PdfReader(io.BytesIO(made.pdf)).pages}
    assert sizes == {(595, 841)}
    assert b"app.alert" not in made.pdf


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("application/pdf", b""),
        ("application/pdf", b"%PDF-1.7 and then nothing"),
        ("application/pdf", locked()),
        ("image/png", b"no picture"),
        ("image/png", a_picture()[:60]),
        ("image/tiff", b"II*\0\xff\xff\xff\xff"),
        ("application/zip", b"PK"),
        ("text/html", b"<script>"),
    ],
)
def test_what_cannot_be_sent_is_named(kind: str, content: bytes) -> None:
    with pytest.raises(ValueError, match=r"offer\.bin"):
        paper("x", Attachment(name="offer.bin", kind=kind, content=content))


def test_a_picture_that_is_a_bomb_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        paper("x", Attachment(name="big.png", kind="image/png", content=a_picture(size=(8000, 7000))))
