"""The parts of a mail that is in our hands, whole or its beginning. Pure, bounded, never raises (RFC 2045, 2046)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engine.sources.imap.words import read_file_name, read_parameters

MOST_PARTS = 200
MOST_NESTING = 30
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_END = re.compile(rb"[ \t]*(?:\r\n|\n|\r|\Z)")
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r|\Z)")

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Part:
    """One leaf: not a multipart."""

    section: str
    """Where IMAP finds it (RFC 3501 section 6.4.5)."""
    media_type: str
    charset: str
    encoding: str
    name: str
    attached: bool
    group: str
    """The section of the multipart/alternative it is one choice of, or its own."""
    body: bytes
    whole: bool
    """Whether its end was seen."""


def split_headers(raw: bytes) -> tuple[Headers, int]:
    """(name, raw value with folds removed) of each header, and where the body begins."""
    folded: list[tuple[bytes, list[bytes]]] = []
    here, size = 0, len(raw)
    while here < size:
        found = _LINE.match(raw, here)
        assert found is not None  # the pattern matches the empty string
        line = found[0].rstrip(b"\r\n")
        field = _FIELD.match(line)
        if not line:
            here = found.end()
            break
        if line[:1] in b" \t" and folded:
            folded[-1][1].append(line.strip())
        elif field is not None:
            folded.append((field[1], [line[field.end() :].strip()]))
        elif here > 0 or not line.startswith((b"From ", b">From ")):
            break  # the body begins without the empty line
        here = found.end()
    return [(name, b" ".join(pieces)) for name, pieces in folded], here


def find_header(headers: Headers, name: bytes) -> bytes:
    """The first value of a header, or nothing."""
    return next((value for told, value in headers if told.lower() == name), b"")


def split_parts(raw: bytes, *, whole: bool) -> list[Part]:
    """The leaves of a mail, in order; at most MOST_PARTS, nested at most MOST_NESTING deep."""
    leaves: list[Part] = []
    # What is still to be opened: bytes, section, group, nesting, whether the end was seen, default type.
    waiting: list[tuple[bytes, str, str, int, bool, str]] = [(raw, "", "", 0, whole, "text/plain")]
    opened = 0
    while waiting and len(leaves) < MOST_PARTS and opened < 2 * MOST_PARTS:
        opened += 1
        data, section, group, nesting, ended, default = waiting.pop()
        headers, start = split_headers(data)
        media_type, parameters = read_parameters(find_header(headers, b"content-type"))
        media_type = media_type if media_type.count("/") == 1 else default
        boundary = parameters.get("boundary", "").encode("utf-8", "replace")
        body = data[start:]
        if media_type.startswith("multipart/") and boundary and nesting < MOST_NESTING:
            inner = list(_split_multipart(body, boundary, ended))
            if inner:
                inside = "message/rfc822" if media_type == "multipart/digest" else "text/plain"
                prefix = f"{section}." if section else ""
                choice = section or "0" if media_type == "multipart/alternative" and not group else group
                waiting.extend(
                    (piece, f"{prefix}{number}", choice, nesting + 1, seen, inside)
                    for number, (piece, seen) in reversed(list(enumerate(inner, 1)))
                )
                continue
            media_type = "text/plain"
        disposition, told = read_parameters(find_header(headers, b"content-disposition"))
        name = read_file_name(told.get("filename"), parameters.get("name"))
        leaves.append(
            Part(
                section=section or "1",
                media_type=media_type[:127],
                charset=parameters.get("charset", ""),
                encoding=find_header(headers, b"content-transfer-encoding").decode("latin-1").strip().lower(),
                name=name,
                attached=disposition == "attachment" or bool(name) or not media_type.startswith("text/"),
                group=group or section or "1",
                body=body,
                whole=ended,
            )
        )
    return leaves


def _split_multipart(body: bytes, boundary: bytes, ended: bool) -> Iterator[tuple[bytes, bool]]:
    """(bytes, whether its end was seen) of each piece between the boundary lines."""
    mark = b"--" + boundary
    start, number, here = -1, 0, 0
    while number <= MOST_PARTS and (at := body.find(mark, here)) >= 0:
        here = at + len(mark)
        last = body.startswith(b"--", here)
        found = _END.match(body, here + 2 * last)
        if (at > 0 and body[at - 1] not in b"\r\n") or found is None:
            continue  # not a line of its own
        if start >= 0:
            # The line end before a boundary belongs to the boundary.
            yield body[start:at].removesuffix(b"\n").removesuffix(b"\r"), True
        start, number, here = found.end(), number + 1, found.end()
        if last:
            return
    if 0 <= start < len(body):
        yield body[start:], ended
