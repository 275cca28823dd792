"""Pages with strangers' files among them are drawn where nothing but the fax can suffer."""

import io
import zlib
from datetime import datetime

import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter

from engine.channels.mail.letter import Attachment, attach
from engine.channels.pages import count_pages
from engine.channels.paper.press import count_sheets, press
from engine.errors import TocsinError
from engine.medium import Medium
from tests.builders import a_notification

AT = datetime(2026, 11, 22, 14, 5)  # noqa: DTZ001  (what is printed is the house's own clock)
TEXT = "See the next pages. " * 400


def a_pdf(pages: int) -> bytes:
    out, writer = io.BytesIO(), PdfWriter()
    for number in range(pages):
        writer.add_blank_page(100 + number, 300)
    writer.write(out)
    return out.getvalue()


def a_picture(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (900, 300), "red").save(out, kind)
    return out.getvalue()


def written(*objects: bytes, root: int = 1) -> bytes:
    """A PDF of these objects, numbered from 1."""
    body, places = b"%PDF-1.7\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root %d 0 R >>\nstartxref\n%d\n%%%%EOF"
    return body + end % (len(objects) + 1, table, len(objects) + 1, root, len(body))


CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R >>"


def a_bomb() -> bytes:
    """A page whose 300 kB become 300 MB of drawing."""
    packed = zlib.compress(b"0 0 m 1 1 l S\n" * 20_000_000, 9)
    stream = b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed)
    return written(CATALOG, b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", PAGE, stream)


def a_wheel() -> bytes:
    """Pages that contain themselves."""
    return written(CATALOG, b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>")


def a_crowd() -> bytes:
    """One page, a hundred thousand times."""
    kids = b"3 0 R " * 100_000
    return written(
        CATALOG, b"<< /Type /Pages /Kids [%s] /Count 100000 >>" % kids, PAGE, b"<< /Length 0 >>\nstream\n\nendstream"
    )


def a_sea() -> bytes:
    """A picture that says it is 60,000 points wide and high."""
    raw = bytearray(a_picture("PNG"))
    raw[16:24] = (60_000).to_bytes(4, "big") * 2
    raw[29:33] = zlib.crc32(raw[12:29]).to_bytes(4, "big")
    return bytes(raw)


async def test_files_follow_the_text_and_as_many_pages_are_drawn_as_were_counted() -> None:
    files = (
        Attachment(name="a.pdf", kind="application/pdf", content=a_pdf(3)),
        *(
            Attachment(name=f"a.{kind}", kind=f"image/{kind}", content=a_picture(kind))
            for kind in ("png", "jpeg", "gif", "webp")
        ),
    )
    counted = [await count_sheets(each) for each in files]
    paper = await press(TEXT, "Tocsin", AT, files)
    assert counted == [3, 1, 1, 1, 1]
    pages = PdfReader(io.BytesIO(paper.pdf)).pages
    assert len(pages) == paper.pages == count_pages(TEXT) + sum(counted)
    assert "1 / 9" in pages[0].extract_text()
    assert {(round(page.mediabox.width), round(page.mediabox.height)) for page in pages} == {(595, 842)}


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("application/pdf", a_bomb()),
        ("application/pdf", a_wheel()),
        ("application/pdf", a_crowd()),
        ("application/pdf", written(CATALOG, b"<< /Type /Pages /Kids [] /Count 0 >>")),
        ("application/pdf", b"%PDF-1.7" + b"[" * 500_000),
        ("application/pdf", b"%PDF-1.7\n" + b"1 0 obj\n" * 200_000),
        ("image/png", a_sea()),
        ("image/png", a_picture("PNG")[:100]),
        ("image/gif", b"GIF89a" + b"\xff" * 1000),
        ("image/webp", b"RIFF\xff\xff\xff\xffWEBPVP8 " + b"\x00" * 1000),
    ],
    ids=["bomb", "wheel", "crowd", "empty", "deep", "many", "sea", "torn", "noise", "webp"],
)
async def test_a_file_that_is_made_to_hurt_hurts_nobody(kind: str, content: bytes) -> None:
    with pytest.raises((ValueError, TocsinError)) as raised:
        await count_sheets(Attachment(name="a.bin", kind=kind, content=content))
    assert len(str(raised.value)) < 200


async def test_what_stands_in_a_mail_has_a_type_that_may_stand_there() -> None:
    ids = a_notification().id
    kinds = ("image/png", "message/rfc822", "multipart/mixed", 'text/html"; x=\r\nBcc: a@b', "nonsense", "text/csv")
    media = [Medium(id=ids, name="a", media_type=kind, body=b"x") for kind in kinds]
    stream = "application/octet-stream"
    assert [each.kind for each in attach(media)] == ["image/png", stream, stream, stream, stream, "text/csv"]
