"""Text out of mail headers and bodies: character sets, encoded words, parameters, addresses. Pure; never raises."""

import binascii
import codecs
import quopri
import re
from email.utils import getaddresses
from inspect import signature

#: Newer and patched Pythons answer a header with one slip in it (a comma at its end) by naming nobody at all, unless
#: they are asked not to; older ones do not know the question.
_LENIENT: dict[str, bool] = {"strict": False} if "strict" in signature(getaddresses).parameters else {}
_MOST_ADDRESS_BYTES = 10 * 1024
_MOST_ADDRESSES = 200
_MOST_PARAMETER_BYTES = 4 * 1024
_MOST_NAME = 255

#: Names that mail uses and Python does not know, or knows as something narrower than what is meant.
_ALIASES = {
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "ansi_x3.4-1968": "cp1252",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "big5": "big5hkscs",
    "cp-850": "cp850",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "unicode-1-1-utf-7": "utf-7",
    "utf8": "utf-8",
}
#: Codecs of Python that are not character sets of mail; some take quadratic time.
_NOT_FOR_MAIL = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})
_CONTROLS = dict.fromkeys([*range(0, 9), 11, 12, *range(14, 32), 127])
_ENCODED = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_PARAMETER = re.compile(r";\s*([^\s=;\"]{1,60})\s*=\s*(\"(?:[^\"\\]|\\.)*\"|[^;]*)", re.DOTALL)
_BARE_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}")


def clean(text: str) -> str:
    """Without what JSON, UTF-8 or a database cannot hold: lone surrogates and controls (but tab, LF and CR stay)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-8", "replace").decode()
    return text.translate(_CONTROLS)


def one_line(text: str) -> str:
    """The text with every run of white space as one space."""
    return " ".join(clean(text).split())


def decode(data: bytes, charset: str = "") -> str:
    """Bytes as text: strict UTF-8 if they are that and not declared otherwise, the declared set, at last Latin."""
    name = charset.strip().strip("\"'").lower()
    name = _ALIASES.get(name, name)
    tries = ["utf-8", name] if name in ("", "cp1252") else [name, "utf-8"]
    for attempt in tries:
        if not attempt or not attempt.isascii() or len(attempt) > 60:
            continue
        try:
            if codecs.lookup(attempt).name.replace("-", "_") not in _NOT_FOR_MAIL:
                return data.decode(attempt)
        except (LookupError, ValueError, OverflowError):
            continue
    try:
        return data.decode("cp1252") if name != "utf-8" else data.decode("utf-8", "replace")
    except ValueError:
        return data.decode("latin-1")


def decode_quoted_printable(data: bytes) -> bytes:
    """Quoted-printable (RFC 2045 section 6.7); what is none stays as it is."""
    return quopri.decodestring(data)


def decode_base64(data: bytes) -> bytes:
    """Base64 (RFC 2045 section 6.8), cut or dirty as it may be."""
    kept = data.translate(None, _NOT_BASE64)
    try:
        return binascii.a2b_base64(kept[: len(kept) - len(kept) % 4] + _padded(kept[len(kept) - len(kept) % 4 :]))
    except (binascii.Error, ValueError):
        return b""


_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))


def _padded(rest: bytes) -> bytes:
    return b"" if len(rest) < 2 else rest + b"=" * (4 - len(rest))


def decode_header(raw: bytes) -> str:
    """A header's value as one line of text, encoded words decoded (RFC 2047)."""
    text = decode(raw)
    return one_line(decode_words(text) if "=?" in text else text)


def decode_words(text: str) -> str:
    """Decode encoded words wherever they stand; neighbours are joined first, for senders cut letters in two."""
    out: list[str] = []
    held, held_charset, end = b"", "", 0
    for found in _ENCODED.finditer(text):
        between = text[end : found.start()]
        charset = found[1].partition("*")[0].lower()
        if held and (between.strip() or charset != held_charset):
            out.append(decode(held, held_charset))
            held = b""
        if between.strip() or end == 0:
            out.append(between)
        if found[2] in "bB":
            held += decode_base64(found[3].encode("latin-1", "replace"))
        else:
            held += quopri.decodestring(found[3].encode("latin-1", "replace").replace(b"_", b" "), header=False)
        held_charset, end = charset, found.end()
    if held:
        out.append(decode(held, held_charset))
    return "".join([*out, text[end:]])


def read_parameters(value: bytes) -> tuple[str, dict[str, str]]:
    """``text/plain; charset=x`` as its first word (lower case) and its parameters, RFC 2231 pieces put together."""
    text = decode(value[:_MOST_PARAMETER_BYTES])
    word = text.partition(";")[0].strip().lower()
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for found in _PARAMETER.finditer(text):
        key, told = found[1].lower(), found[2].strip()
        if told.startswith('"'):
            told = re.sub(r"\\(.)", r"\1", told.strip('"'))
        name, star, rest = key.partition("*")
        if not star:
            plain.setdefault(name, told)
            continue
        index = rest.rstrip("*")
        number = int(index) if index.isascii() and index.isdigit() and len(index) < 3 else 0
        pieces.setdefault(name, {})[number] = (told, rest.endswith("*") or not rest)
    for name, parts in pieces.items():
        plain[name] = _join_pieces(parts)
    return word, plain


def _join_pieces(parts: dict[int, tuple[str, bool]]) -> str:
    charset, out = "", b""
    for number in sorted(parts):
        told, is_encoded = parts[number]
        if is_encoded and number == min(parts) and told.count("'") >= 2:
            charset, _, told = told.split("'", 2)
        out += _unpercent(told) if is_encoded else told.encode("utf-8", "replace")
    return decode(out, charset)


def _unpercent(text: str) -> bytes:
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), text.encode("utf-8", "replace"))


def read_file_name(*candidates: str | None) -> str:
    """The first name that is one, decoded, without a path, not too long."""
    for told in candidates:
        name = one_line(decode_words(told or ""))
        name = name.replace("\\", "/").rpartition("/")[2].strip()
        if name:
            return name[:_MOST_NAME]
    return ""


def read_addresses(raw: bytes) -> list[tuple[str, str]]:
    """(name, address in lower case) of everyone in an address header (RFC 5322 section 3.4)."""
    text = decode(raw[:_MOST_ADDRESS_BYTES])
    try:
        found = getaddresses([" ".join(text.split())], **_LENIENT)
    except Exception:  # thousands of nested comments and the like: the parser gives up in several ways
        found = []
    pairs = [(name, address) for name, address in found if address]
    if not pairs or any("@" not in address for _, address in pairs):
        bare = [("", address) for address in _BARE_ADDRESS.findall(text)]
        pairs = [pair for pair in pairs if "@" in pair[1]] or bare or pairs
    return [
        (one_line(decode_words(name))[:_MOST_NAME], one_line(address).lower()[:320])
        for name, address in pairs[:_MOST_ADDRESSES]
    ]
