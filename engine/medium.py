"""A file that goes with a message, and what kind of file it is: by its first bytes, never by its name."""

from uuid import UUID

from engine.noun import Noun

PDF = "application/pdf"
PNG, JPEG, GIF, WEBP = "image/png", "image/jpeg", "image/gif", "image/webp"
IMAGES = frozenset((PNG, JPEG, GIF, WEBP))
#: What is known by its first bytes.
KNOWN = IMAGES | {PDF}
#: Anything else: nobody opens it by itself.
BYTES = "application/octet-stream"

ENDINGS = {PDF: "pdf", PNG: "png", JPEG: "jpg", GIF: "gif", WEBP: "webp"}
_BY_ENDING = {**{ending: kind for kind, ending in ENDINGS.items()}, "jpeg": JPEG, "jpe": JPEG}
_ALSO = {"image/jpg": JPEG, "image/pjpeg": JPEG, "image/x-png": PNG, "application/x-pdf": PDF}
#: Readers of PDF look for its mark in so many first bytes (ISO 32000-1, annex H, note 13).
_PDF_WITHIN = 1024


class Medium(Noun):
    """One file. Without `body` it is only named, as in a message that waits in the queue."""

    id: UUID
    name: str = ""
    media_type: str = BYTES
    body: bytes = b""
    url: str = ""
    """Where the outside world finds it for a while; empty: nowhere."""


def claimed(media_type: str, name: str) -> str:
    """What a mail says that a file is: a type of `KNOWN` (by the ending where the type says nothing), or any."""
    kind = _ALSO.get(media_type.lower(), media_type.lower())
    if kind in KNOWN:
        return kind
    ending = _BY_ENDING.get(name.rpartition(".")[2].lower(), "")
    return ending if ending and kind in ("", BYTES, "application/binary", "application/x-download") else kind


def seen(body: bytes) -> str:
    """What a file is: a type of `KNOWN`, or empty."""
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if body.startswith(b"\xff\xd8\xff"):
        return JPEG
    if body.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return WEBP
    return PDF if b"%PDF-" in body[:_PDF_WITHIN] else ""
