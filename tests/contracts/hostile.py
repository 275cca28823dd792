"""What a driver meets in the world, whatever the vendor: peers that say nonsense, and messages that are none.

`DRIVERS` names every driver of the registry, so a new one is held to this too. Beyond it, `provider.py` holds what a
provider answers to a peer in its right mind, and `vendor.py` what a company's HTTP API adds to that.
"""

import gzip
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

from engine.channels import registry
from engine.channels.provider import Provider
from engine.message import Message
from engine.net import Http
from engine.notification import Channel
from tests.contracts.provider import NUMBER, SECRET, a_message
from tests.servers.hostile import Peer, Then, http
from tests.servers.vendors import PUBLIC, Vendor
from tests.servers.vendors.apprise import Bridged
from tests.servers.vendors.clicksend import Clicksend
from tests.servers.vendors.infobip import Infobip
from tests.servers.vendors.intelecom import Intelecom
from tests.servers.vendors.interfax import Interfax
from tests.servers.vendors.link import Link
from tests.servers.vendors.messagebird import Messagebird
from tests.servers.vendors.pswincom import Pswincom
from tests.servers.vendors.sinch import Sinch
from tests.servers.vendors.twilio import Twilio
from tests.servers.vendors.vonage import Vonage

#: Short, for peers that never answer.
TIMEOUT = timedelta(seconds=1)
SENDER = "Tocsin <tocsin@ours.example>"


class Driven(NamedTuple):
    """A driver: how its settings point it at a peer."""

    driver: str
    settings: Callable[[Peer, Path], Mapping[str, Any]]
    """Of a peer, and of a file with the one certificate that it may trust."""
    channel: Channel = Channel.SMS
    web: bool = True
    """It speaks HTTP, so the peer waits for its request."""
    encrypts: bool = True
    yes: bool = False
    """It takes every whole 2xx for a yes."""
    address: str = NUMBER

    def provider(self, peer: Peer, trusted: Path, client: Http) -> Provider:
        """A provider that speaks to `peer`, and trusts whom this file names where it can be told to."""
        known = {"driver": self.driver, "timeout": TIMEOUT, **self.settings(peer, trusted)}
        return registry.build("peer", registry.SETTINGS[self.driver].model_validate(known), client, PUBLIC)

    def message(self, text: str = "hello", **more: Any) -> Message:
        """A message that it can carry, but for what is said otherwise."""
        return a_message(text).model_copy(update={"channel": self.channel, "address": self.address, **more})


def _vendor(made: type[Vendor]) -> Callable[[Peer, Path], Mapping[str, Any]]:
    def settings(peer: Peer, _: Path) -> Mapping[str, Any]:
        vendor = made()
        vendor.listener = cast(Any, SimpleNamespace(url=peer.url, port=peer.port))
        return vendor.settings()

    return settings


def _mail(peer: Peer, trusted: Path) -> Mapping[str, Any]:
    known = {"host": peer.host, "port": peer.port, "sender": SENDER, "tls": "off"}
    return known | ({"tls": "on", "ca_file": trusted} if peer.tls else {})


def _smpp(peer: Peer, trusted: Path) -> Mapping[str, Any]:
    known = {"host": peer.host, "port": peer.port, "system_id": "tocsin", "password": SECRET}
    return known | ({"tls": "on", "ca_file": trusted} if peer.tls else {})


def _described(peer: Peer, _: Path) -> Mapping[str, Any]:
    send = {"url": f"{peer.url}/send", "json": {"ref": "{ref}", "to": "{to}", "text": "{text}"}}
    return {"send": send, "id": {"json": "id"}}


DRIVERS: Mapping[str, Driven] = {
    "apprise": Driven("apprise", _vendor(Bridged), yes=True),
    "clicksend": Driven("clicksend", _vendor(Clicksend)),
    "email_gateway": Driven(
        "email_gateway", lambda p, t: {**_mail(p, t), "address": "{number}@sms.example"}, web=False
    ),
    "fake": Driven("fake", lambda p, _: {"url": p.url, "token": SECRET}),
    "gammu": Driven("gammu", lambda p, t: {"folder": t.parent}, web=False, encrypts=False),
    "http": Driven("http", _described),
    "http: messagebird": Driven("http", _vendor(Messagebird)),
    "http: sinch": Driven("http", _vendor(Sinch)),
    "http: vonage": Driven("http", _vendor(Vonage)),
    "hylafax": Driven(
        "hylafax", lambda p, _: {"host": p.host, "port": p.port}, Channel.FAX, web=False, encrypts=False
    ),
    "infobip": Driven("infobip", _vendor(Infobip)),
    "intelecom": Driven("intelecom", _vendor(Intelecom)),
    "interfax": Driven("interfax", _vendor(Interfax), Channel.FAX),
    "kannel": Driven("kannel", lambda p, _: {"url": f"{p.url}/send", "user": "tocsin", "password": SECRET}),
    "link": Driven("link", _vendor(Link)),
    "pswincom": Driven("pswincom", _vendor(Pswincom)),
    "smpp": Driven("smpp", _smpp, web=False),
    "smtp": Driven("smtp", _mail, Channel.EMAIL, web=False, address="anna@example.org"),
    "twilio": Driven("twilio", _vendor(Twilio)),
}
#: Those that speak to a peer at all: a modem's folders are on the disk.
PEERED = {name: each for name, each in DRIVERS.items() if each.driver != "gammu"}

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
#: What comes where an answer to a request should: each may have been said after the message was taken.
ANSWERS: Mapping[str, Peer] = {
    "HTML instead of JSON": Peer(http(b"<html><h1>200 OK</h1></html>", kind="text/html")),
    "half of a JSON": Peer(http(b'{"messages": [{"status": "0", "id": "a')),
    "a yes with an error in it": Peer(http(b'{"success": false, "error": "internal", "code": 500}')),
    "a picture": Peer(http(b"\x89PNG\r\n\x1a\n", kind="image/png")),
    "nothing": Peer(http(b"")),
    "202 and no words": Peer(http(b"", status="202 Accepted")),
    "204": Peer(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "ten megabytes": Peer(http(b" " * 10_000_000)),
    "fifty megabytes in a little gzip": Peer(
        http(gzip.compress(b" " * 50_000_000), more="Content-Encoding: gzip\r\n")
    ),
    "an internal error": Peer(http(b"oops", status="500 Internal Server Error")),
    "a gateway that waited in vain": Peer(http(b"<html>", status="504 Gateway Timeout", kind="text/html")),
    "an empty line where words should be": Peer(b"\r\n\r\n"),
    "a hang-up without a word": Peer(b""),
    "half a status line": Peer(b"HTTP/1."),
    "a hang-up after the headers": Peer(_HEAD + b"Content-Length: 100\r\n\r\n"),
    "a hang-up after half of the body": Peer(_HEAD + b'Content-Length: 100\r\n\r\n{"id": "1'),
    "a hang-up after half of a chunk": Peer(_HEAD + b'Transfer-Encoding: chunked\r\n\r\n40\r\n{"id": "1'),
    "half a connection": Peer(b"", Then.HALF),
    "half a connection after half of the body": Peer(_HEAD + b"Content-Length: 100\r\n\r\n{", Then.HALF),
    "another protocol": Peer(b"SSH-2.0-OpenSSH_9.2\r\n", Then.HOLD),
    "a header without an end": Peer(_HEAD + b"X: " + b"a" * 1_000_000, Then.HOLD),
    "a thousand headers": Peer(_HEAD + b"X: a\r\n" * 1_000 + b"Content-Length: 0\r\n\r\n"),
    "two lengths": Peer(_HEAD + b"Content-Length: 2\r\nContent-Length: 7\r\n\r\n{}"),
    "silence": Peer(b"", Then.HOLD),
    "silence after the headers": Peer(_HEAD + b"Content-Length: 100\r\n\r\n", Then.HOLD),
    "a byte now and then": Peer(_HEAD * 1_000, drips=0.2),
}
#: Of these, the ones that are a whole 2xx.
WHOLE = frozenset(list(ANSWERS)[:9]) | {"a thousand headers"}
#: What comes where a greeting should, from whatever listens there: nothing of a message has left yet.
GREETINGS: Mapping[str, Peer] = {
    "another protocol": Peer(b"HTTP/1.1 400 Bad Request\r\n\r\n", greets=True),
    "binary": Peer(bytes(range(256)) * 4, greets=True),
    "a line of ten megabytes": Peer(b"2" * 10_000_000, Then.HOLD, greets=True),
    "a greeting without an end": Peer(b"220-hello\r\n" * 100_000, Then.HOLD, greets=True),
    "half a greeting": Peer(b"220", greets=True),
    "a hang-up": Peer(b"", greets=True),
    "half a connection": Peer(b"", Then.HALF, greets=True),
    "silence": Peer(b"", Then.HOLD, greets=True),
    "a byte now and then": Peer(b"220-hello\r\n" * 100, drips=0.2, greets=True),
    "not now": Peer(b"421 too many\r\n", greets=True),
}
#: What is no text, whatever the alphabet.
UNFIT: Mapping[str, str] = {
    "a header": "hello\x00\r\nX-Evil: 1",
    "NUL": "a\x00b",
    "an escape": "\x1b[31mred",
    "C1": "hello \x9b2J",
    "next line": "a\x85b",
    "delete": "a\x7f",
    "half an emoji": "\ud83d",
    "the other half": "a\ude00b",
    "halves in the wrong order": "\ude00\ud83d",
}
#: What is no number that can be called from abroad.
NO_NUMBERS = (
    "32470000001",
    "32 475 123456",
    "+0032475123456",
    "+32 470 00 00 01",
    "0470000001",
    "112",
    "+112",
    "+",
    "",
    "+32470000001\r\nX: 1",
    "+32470000001\x00",
    "+32470000001,+32470000002",
    "+1234567890123456",
    "+١٢٣٤٥٦٧",
    "anna@example.org, eve@example.org",
)
