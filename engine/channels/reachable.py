"""Can a provider be reached? Its name, a connection, its certificate: each step by itself, each within its time.
Where a proxy stands between, name and connection are the proxy's, and whether it lets us through is one step more.

What goes wrong is told in the words of whoever can mend it: the firewall's, the name server's, the provider's.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import NamedTuple

from engine.channels.endpoint import Endpoint, Tls
from engine.channels.tunnel import NoTunnelError, dig
from engine.proxy import Proxy

#: Seconds for each step.
PATIENCE = 5.0
#: A certificate that ends sooner is worth a word, in days.
_SOON = 14
_MOST_LINES = 100

_CLOCK = "is the clock of this machine right? Otherwise the provider has to renew it"


class Step(NamedTuple):
    """One thing that was tried."""

    name: str
    """dns, tcp, proxy or tls."""
    ok: bool
    said: str
    remedy: str = ""


async def reach(at: Endpoint, proxy: Proxy | None = None) -> AsyncIterator[Step]:
    """Try one endpoint, through this proxy, step by step; what comes after a step that failed is not tried."""
    door = at if proxy is None else Endpoint(host=proxy.host, port=proxy.port)
    step, addresses = await _look_up(door)
    if step is not None:
        yield step
    if not addresses:
        return
    step = await _connect(door, addresses)
    yield step
    if step.ok and proxy is not None:
        step = await _pass(at, proxy)
        yield step
    if step.ok and at.tls is not Tls.OFF:
        yield await _encrypt(at, proxy)


async def _look_up(at: Endpoint) -> tuple[Step | None, list[str]]:
    """The addresses behind a name; an address needs no looking up."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(PATIENCE):
            found = await asyncio.get_running_loop().getaddrinfo(at.host, at.port, type=socket.SOCK_STREAM)
    except TimeoutError:
        return Step("dns", False, f"the name server did not answer in {PATIENCE:.0f} s", "open port 53 to it"), []
    except (OSError, UnicodeError):
        return Step("dns", False, f"no such name: {at.host}", "look for a slip in the name, or mend the DNS"), []
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    if addresses == [at.host]:
        return None, addresses
    return Step("dns", True, f"{', '.join(addresses)} ({_since(began)})"), addresses


async def _connect(at: Endpoint, addresses: list[str]) -> Step:
    began = time.monotonic()
    there = "" if addresses == [at.host] else f" ({', '.join(addresses)})"
    opening = f"open {at}{there} for outgoing TCP in the firewall"
    try:
        async with asyncio.timeout(PATIENCE):
            _, writer = await asyncio.open_connection(at.host, at.port)
    except TimeoutError:
        return Step("tcp", False, f"no answer in {PATIENCE:.0f} s, as when a firewall drops it", opening)
    except ConnectionRefusedError:
        if at.host in ("127.0.0.1", "::1", "localhost"):
            opening = f"start what should listen on {at}"
        return Step("tcp", False, "refused: nothing listens there", opening)
    except OSError as error:
        return Step("tcp", False, f"cannot connect: {error.strerror or type(error).__name__}", opening)
    said = f"connected ({_since(began)})"
    writer.transport.abort()
    return Step("tcp", True, said)


async def _pass(at: Endpoint, proxy: Proxy) -> Step:
    """Does the proxy let us through to there?"""
    if at.tls is Tls.OFF:
        return Step("proxy", True, "plain HTTP is passed on request by request: signing in shows whether it is")
    began = time.monotonic()
    try:
        async with asyncio.timeout(PATIENCE):
            _, writer = await dig(proxy, str(at))
    except NoTunnelError as error:
        return Step("proxy", False, f"CONNECT {at}: {error.why.said}", error.why.remedy)
    except TimeoutError:
        why = f"CONNECT {at}: no answer in {PATIENCE:.0f} s, as when it cannot get there"
        return Step("proxy", False, why, f"let the proxy reach {at}; its own log may say more")
    except OSError:
        return Step(
            "proxy", False, f"CONNECT {at}: it hung up", f"is {proxy} an HTTP proxy? Its own log may say more"
        )
    writer.transport.abort()
    return Step("proxy", True, f"CONNECT {at} accepted ({_since(began)})")


async def _encrypt(at: Endpoint, proxy: Proxy | None) -> Step:
    try:
        context = await asyncio.to_thread(ssl.create_default_context, cafile=at.ca_file)
    except OSError as error:
        why = f"ca_file cannot be read: {error.strerror or type(error).__name__}"
        return Step("tls", False, why, f"write the authority as PEM into {at.ca_file}")
    try:
        async with asyncio.timeout(PATIENCE):
            if at.tls is Tls.STARTTLS:
                return await _upgrade(at, context)
            writer = await _open(at, context, proxy)
            try:
                return _secured(at, writer)
            finally:
                writer.transport.abort()
    except TimeoutError:
        why = f"connected, and then silent for {PATIENCE:.0f} s"
        return Step("tls", False, why, f"is {at} the right port, and does no firewall look into the connection?")
    except ssl.SSLCertVerificationError as error:
        return _certificate(at, error)
    except ssl.SSLError as error:
        why = f"it speaks no TLS that we speak: {error.reason or type(error).__name__}"
        return Step("tls", False, why, f"is {at} the port for encrypted connections? TLS 1.2 is the least")
    except OSError:
        return Step("tls", False, "it hung up while TLS began", f"is {at} the port for encrypted connections?")


async def _open(at: Endpoint, context: ssl.SSLContext, proxy: Proxy | None) -> asyncio.StreamWriter:
    """A connection that is encrypted from its first byte, inside a proxy's tunnel or without one."""
    if proxy is None:
        _, writer = await asyncio.open_connection(at.host, at.port, ssl=context)
        return writer
    _, writer = await dig(proxy, str(at))
    try:
        await writer.start_tls(context, server_hostname=at.host)
    except BaseException:
        writer.transport.abort()
        raise
    return writer


async def _upgrade(at: Endpoint, context: ssl.SSLContext) -> Step:
    reader, writer = await asyncio.open_connection(at.host, at.port)
    try:
        if not await _ask_for_tls(reader, writer):
            why = "it offers no STARTTLS, and nothing is sent unencrypted"
            return Step("tls", False, why, "write `tls: on` and its port (465), or let the server offer it")
        await writer.start_tls(context, server_hostname=at.host)
        return _secured(at, writer)
    finally:
        writer.transport.abort()


async def _ask_for_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """The words before TLS on a mail server (RFC 3207); False when it does not take them."""
    await _hear(reader)
    for line in (b"EHLO localhost\r\n", b"STARTTLS\r\n"):
        writer.write(line)
        await writer.drain()
        if await _hear(reader) >= 400:
            return False
    return True


async def _hear(reader: asyncio.StreamReader) -> int:
    """The code of a reply (RFC 5321 4.2); raises ConnectionError for what is none."""
    for _ in range(_MOST_LINES):
        try:
            line = await reader.readline()
        except ValueError:
            break
        if not line[:3].isdigit():
            break
        if line[3:4] != b"-":
            return int(line[:3])
    raise ConnectionError("it does not speak SMTP")


def _secured(at: Endpoint, writer: asyncio.StreamWriter) -> Step:
    secured: ssl.SSLObject = writer.get_extra_info("ssl_object")
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(str((secured.getpeercert() or {})["notAfter"])), UTC)
    left = (until - datetime.now(UTC)).days
    said = f"{secured.version()}, the certificate is for {at.host} and valid for {left} days, until {until:%Y-%m-%d}"
    return Step("tls", True, said if left >= _SOON else f"{said}: it ends soon, see that it is renewed")


def _certificate(at: Endpoint, error: ssl.SSLCertVerificationError) -> Step:
    """What is wrong with a certificate, and who can mend it."""
    trust = "if the server is yours, name that authority in `ca_file`" if at.ca_file is None and not at.web else ""
    match error.verify_code:  # X509_V_ERR_… of OpenSSL's x509_vfy.h
        case 10:
            said, remedy = "the certificate has expired", _CLOCK
        case 9:
            said, remedy = "the certificate is not valid yet", _CLOCK
        case 62 | 64:
            said = f"the certificate is for another name than {at.host}"
            remedy = "write the name that stands in it, or let the provider get one for this name"
        case 18 | 19:
            said = "the certificate is self-signed: nobody we trust vouches for it"
            remedy = trust or "let the provider get one of a public authority; does a proxy look into the connection?"
        case 20:
            said = "the certificate is from an authority that this machine does not know"
            remedy = trust or "install ca-certificates; does a proxy look into the connection?"
        case _:
            said, remedy = f"the certificate is refused: {error.verify_message}", "ask the provider"
    return Step("tls", False, said, remedy)


def _since(began: float) -> str:
    return f"{(time.monotonic() - began) * 1000:.0f} ms"
