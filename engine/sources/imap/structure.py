"""BODYSTRUCTURE (RFC 3501 section 7.4.2) -> which section is the text, and what is attached. Pure; never raises."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.event import Attachment
from engine.sources.imap.mime import MOST_NESTING, MOST_PARTS
from engine.sources.imap.words import decode, one_line, read_file_name, read_parameters


@dataclass(frozen=True)
class TextSection:
    """A text part on the server."""

    section: str
    media_type: str
    charset: str
    encoding: str
    size: int


@dataclass(frozen=True)
class Structure:
    """What a mail consists of, without its bytes."""

    texts: tuple[TextSection, ...]
    """The plain ones first: the first is what to read."""
    attachments: tuple[Attachment, ...]
    encodings: Mapping[str, str] = field(default_factory=dict)
    """Section -> in what its bytes are written (RFC 2045 6)."""


def read_structure(told: Any) -> Structure | None:
    """Understand a BODYSTRUCTURE as imapclient gives it; None when the server's answer is none."""
    texts: list[TextSection] = []
    attachments: list[Attachment] = []
    encodings: dict[str, str] = {}
    waiting: list[tuple[Any, str, int]] = [(told, "", 0)]
    opened = 0
    try:
        while waiting and opened < 2 * MOST_PARTS:
            opened += 1
            body, section, nesting = waiting.pop()
            if isinstance(body[0], list | tuple):
                if nesting < MOST_NESTING:
                    prefix = f"{section}." if section else ""
                    inner = [(piece, f"{prefix}{number}", nesting + 1) for number, piece in enumerate(body[0], 1)]
                    waiting.extend(reversed(inner))
                continue
            _read_leaf(body, section or "1", texts, attachments)
            encodings[section or "1"] = _word(body[5])
    except (TypeError, LookupError, ValueError, AttributeError):
        return None
    texts.sort(key=lambda text: text.media_type != "text/plain")
    return Structure(tuple(texts), tuple(attachments[:MOST_PARTS]), encodings)


def _read_leaf(body: Any, section: str, texts: list[TextSection], attachments: list[Attachment]) -> None:
    media_type = f"{_word(body[0])}/{_word(body[1])}"
    parameters = _pairs(body[2])
    encoding = _word(body[5])
    size = body[6] if isinstance(body[6], int) else 0
    # One of the fields after the size is the disposition; which one depends on the type, and on the server.
    disposition, told = "", {}
    for extra in body[7:]:
        if isinstance(extra, tuple) and len(extra) == 2 and _word(extra[0]) in ("attachment", "inline"):
            disposition, told = _word(extra[0]), _pairs(extra[1])
            break
    name = read_file_name(told.get("filename"), parameters.get("name"))
    if media_type in ("text/plain", "text/html") and disposition != "attachment" and not name:
        texts.append(TextSection(section, media_type, parameters.get("charset", ""), encoding, size))
    elif disposition == "attachment" or name or not media_type.startswith("text/"):
        # 76 letters and a line end carry 57 bytes (RFC 2045 section 6.8).
        real = size * 57 // 78 if encoding == "base64" else size
        attachments.append(Attachment(name=name, media_type=media_type[:127], size=real, section=section))


def _word(told: Any) -> str:
    return one_line(decode(told)).lower() if isinstance(told, bytes) else ""


def _pairs(told: Any) -> dict[str, str]:
    """A parameter list; RFC 2231's `name*` counts as `name`."""
    if not isinstance(told, tuple):
        return {}
    out: dict[str, str] = {}
    for key, value in zip(told[::2], told[1::2], strict=False):
        if not isinstance(key, bytes):
            continue
        name = _word(key)
        text = decode(value) if isinstance(value, bytes) else str(value)
        if name.endswith("*"):
            text = _extended(text)
        out.setdefault(name.partition("*")[0], text)
    return out


def _extended(text: str) -> str:
    return read_parameters(f"x; v*={text}".encode())[1].get("v", "")
