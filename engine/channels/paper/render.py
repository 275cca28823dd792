"""A text and what goes with it, as one PDF (ISO 32000). The same text is the same bytes."""

from __future__ import annotations

import importlib.util
import io
from datetime import datetime
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from unicodedata import category

from engine.channels.mail.letter import Attachment
from engine.channels.pages import LINES, Page, lay_out
from engine.errors import ProviderError
from engine.medium import IMAGES, PDF
from engine.noun import Noun

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader, PdfWriter

# reportlab and pypdf are imported where they are first called: who sends no fax does not pay.

FONT = "DejaVuSansMono"
_FILE = Path(__file__).with_name(f"{FONT}.ttf")
#: A4, in points of 1/72 inch.
_WIDE, _HIGH = 595.276, 841.89
_MARGIN = 56.7
_SIZE, _LEADING = 10.0, 11.9
_HEAD = 9.0
#: reportlab notes in the font itself which of its glyphs a document needs.
_one_at_a_time = Lock()
#: A glyph that every reader takes for "there was a sign here that we cannot draw".
_MISSING = "□"
#: A picture of more pixels is a bomb, or no picture for a fax.
_MOST_PIXELS = 50_000_000
#: What of one file can be sent; who wants to fax a book sends it by mail.
MOST_PAGES = 50
DRAWN = IMAGES | {"image/tiff"}


class Paper(Noun):
    """Pages, ready to be sent."""

    pdf: bytes
    pages: int


def require() -> None:
    """Raises ProviderError when the libraries that draw are not installed."""
    if any(importlib.util.find_spec(name) is None for name in ("reportlab", "pypdf")):
        raise ProviderError("the libraries that draw pages are not installed", remedy="pip install 'tocsin[fax]'")


def render(text: str, sender: str, at: datetime, attachments: tuple[Attachment, ...] = ()) -> Paper:
    """`text` on pages that say who sent them, when, and which of how many they are; attachments follow.

    Takes tenths of a second: call it in a thread. Raises ValueError that names the attachment which is no PDF or
    picture that can be sent.
    """
    appended = [page for each in attachments for page in _append(each)]
    own = lay_out(text)
    total = len(own) + len(appended)
    with _one_at_a_time:
        drawn = _draw(own, sender, at, total)
    return Paper(pdf=_join(drawn, appended) if appended else drawn, pages=total)


def count_pages_of(attachment: Attachment) -> int:
    """How many pages it adds. Raises ValueError that names it when it is nothing that can be sent."""
    return len(_append(attachment))


@cache
def _face() -> Any:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    font = TTFont(FONT, str(_FILE))
    pdfmetrics.registerFont(font)
    return font.face


def _drawable(line: str) -> str:
    known = _face().charToGlyph
    seen = (each for each in line if category(each) != "Cf")  # joiners and marks of direction
    return "".join(each if ord(each) in known else _MISSING for each in seen)


def _draw(pages: tuple[Page, ...], sender: str, at: datetime, total: int) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    _face()
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(_WIDE, _HIGH), invariant=1)
    canvas.setTitle(f"{sender} {at:%Y-%m-%d %H:%M}")
    for number, page in enumerate(pages, 1):
        top = _HIGH - 45
        canvas.setFont(FONT, _HEAD)
        canvas.drawString(_MARGIN, top, _drawable(sender)[:48])
        canvas.drawCentredString(_WIDE / 2 + 60, top, f"{at:%Y-%m-%d %H:%M}")
        canvas.drawRightString(_WIDE - _MARGIN, top, f"{number} / {total}")
        canvas.setLineWidth(0.8)
        canvas.line(_MARGIN, top - 6, _WIDE - _MARGIN, top - 6)
        body = canvas.beginText(_MARGIN, top - 26)
        body.setFont(FONT, _SIZE, _LEADING)
        for line in page:
            body.textLine(_drawable(line))
        canvas.drawText(body)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _append(attachment: Attachment) -> list[PageObject]:
    """The pages of an attachment, each on a sheet of A4; scripts, forms and links stay behind."""
    if attachment.kind == PDF:
        source = _read(attachment.content, attachment.name)
    elif attachment.kind in DRAWN:
        source = _read(_picture(attachment), attachment.name)
    else:
        raise ValueError(f"{attachment.name}: a fax carries PDF and pictures")
    from pypdf import PdfWriter

    if len(source.pages) > MOST_PAGES:
        raise ValueError(f"{attachment.name}: a fax carries {MOST_PAGES} pages of a file at most")
    sheets = PdfWriter()
    try:
        for page in source.pages:
            _fit(page, sheets)
    except Exception:  # pypdf meets whatever a file holds
        raise ValueError(f"{attachment.name}: this PDF cannot be read") from None
    return list(sheets.pages)


def _read(content: bytes, name: str) -> PdfReader:
    from pypdf import PdfReader

    try:
        reader = PdfReader(io.BytesIO(content))
        locked = reader.is_encrypted
        empty = not locked and not len(reader.pages)
    except Exception:
        raise ValueError(f"{name}: this PDF cannot be read") from None
    if locked or empty:
        raise ValueError(f"{name}: this PDF {'is locked with a password' if locked else 'has no pages'}")
    return reader


def _fit(page: PageObject, sheets: PdfWriter) -> None:
    """Draw the page on a new sheet."""
    from pypdf import PdfWriter, Transformation

    if page.rotation:
        page = PdfWriter().add_page(page)
        page.transfer_rotation_to_content()
    box = page.cropbox
    wide, high = float(box.width), float(box.height)
    if wide <= 0 or high <= 0:
        raise ValueError("a page without a size")
    scale = min(_WIDE / wide, _HIGH / high)
    left, low = (_WIDE - wide * scale) / 2, _HIGH - high * scale
    move = Transformation().translate(-float(box.left), -float(box.bottom)).scale(scale).translate(left, low)
    sheets.add_blank_page(width=_WIDE, height=_HIGH).merge_transformed_page(page, move)


def _picture(attachment: Attachment) -> bytes:
    """A picture on a page of its own, as large as the margins allow."""
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    try:
        image = ImageReader(io.BytesIO(attachment.content))
        wide, high = image.getSize()
        if wide * high > _MOST_PIXELS:
            raise ValueError("too large")
        scale = min((_WIDE - 2 * _MARGIN) / wide, (_HIGH - 2 * _MARGIN) / high)
        out = io.BytesIO()
        canvas = Canvas(out, pagesize=(_WIDE, _HIGH), invariant=1)
        at = (_MARGIN, _HIGH - _MARGIN - high * scale, wide * scale, high * scale)
        canvas.setFillColorRGB(1, 1, 1)
        canvas.drawImage(image, *at, mask="auto")
        canvas.save()
    except Exception:  # so does Pillow
        raise ValueError(f"{attachment.name}: this picture cannot be read, or is too large") from None
    return out.getvalue()


def _join(drawn: bytes, appended: list[PageObject]) -> bytes:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter()
    for page in PdfReader(io.BytesIO(drawn)).pages:
        writer.add_page(page)
    for page in appended:
        writer.add_page(page)
    writer.compress_identical_objects()
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


#: The lowest line must stand on the page.
assert _HIGH - 45 - 26 - LINES * _LEADING > 0
