"""E-mail addresses that can stand in a header and on an SMTP command line, whoever wrote them."""

import re
from email.utils import getaddresses

_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
#: RFC 5321 4.1.2 without quoted local parts, comments and address literals.
_ADDRESS = re.compile(rf"(?P<local>{_LOCAL})@(?P<domain>{_LABEL}(?:\.{_LABEL})*)")
#: RFC 5321 4.5.3.1
_MOST, _MOST_LOCAL = 254, 64
#: Whatever may be an address in a mail server's words.
_SEEMS = re.compile(r"<?[^\s<>()\[\]:;,\"]+@[^\s<>()\[\]:;,\"]+>?")


def read_address(written: str) -> str:
    """The address in ASCII; a domain of other letters as IDNA. Raises ValueError, which does not repeat it."""
    local, _, domain = written.rpartition("@")
    try:
        ascii_ = f"{local}@{domain if domain.isascii() else domain.encode('idna').decode()}"
    except UnicodeError:
        raise ValueError("this is no e-mail address") from None
    found = _ADDRESS.fullmatch(ascii_)
    if found is None or len(ascii_) > _MOST or len(found["local"]) > _MOST_LOCAL:
        raise ValueError("this is no e-mail address")
    return ascii_


def read_sender(written: str) -> tuple[str, str]:
    """(name, address) of ``Tocsin <tocsin@example.org>`` or of an address alone. Raises ValueError."""
    found = getaddresses([written])
    if not written.isprintable() or len(found) != 1 or not found[0][1]:
        raise ValueError("write one address, like Tocsin <tocsin@example.org>")
    return found[0][0], read_address(found[0][1])


def domain_of(address: str) -> str:
    """What stands behind the @."""
    return address.rpartition("@")[2]


def tag(address: str, token: str) -> str:
    """``bounce@example.org`` with a token of ours (VERP): ``bounce+TOKEN@example.org``."""
    local, _, domain = address.rpartition("@")
    return f"{local}+{token}@{domain}"


def tokens_in(text: str, address: str) -> list[str]:
    """The tokens of every tagged form of `address` in a header, in small letters as mail servers may write them."""
    local, _, domain = address.lower().rpartition("@")
    return re.findall(rf"{re.escape(local)}\+([a-z0-9.-]+)@{re.escape(domain)}(?![a-z0-9.-])", text.lower())


def veil(said: str) -> str:
    """A mail server's words without what looks like an address."""
    return _SEEMS.sub("…", said)
