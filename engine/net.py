"""Outgoing HTTP that always knows one thing: can the other side have taken what we sent?

With `engine/visit.py`, `web/` and `demo/` the only door to aiohttp.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import aiohttp

# aiohttp takes 400 ms to import; the functions import it when first called, so that a command which only
# reads the settings of a provider does not pay.

#: More than any provider's answer; what is longer is not an answer.
MOST_BODY_BYTES = 1024 * 1024
#: A provider that cannot be connected to in this time is tried again later, at no risk.
CONNECT_TIMEOUT = timedelta(seconds=5)


class NotSentError(Exception):
    """No byte of the request left this machine: it was certainly not taken. Trying again is safe."""


class NoReplyError(Exception):
    """The request left, wholly or in part, and no whole answer came: it may or may not have been taken."""


@dataclass(frozen=True)
class Reply:
    """A whole answer. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http:
    """One client for all providers: nothing is sent twice, redirected, remembered or read without bound."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def request(
        self,
        method: str,
        url: str,
        *,
        timeout: timedelta,
        json: Any = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send one request and read its whole answer within `timeout`, whatever its status. `data`: a body as it is.

        Raises NotSentError or NoReplyError. Their texts carry neither the address nor anything that was sent.
        """
        import aiohttp

        trace = SimpleNamespace(connected=False)
        try:
            async with asyncio.timeout(timeout.total_seconds()):
                async with self._open().request(
                    method,
                    url,
                    json=json,
                    data=data,
                    headers=headers,
                    allow_redirects=False,
                    trace_request_ctx=trace,
                ) as response:
                    body = await _read(response)
                    names = {name.lower(): value for name, value in response.headers.items()}
                    return Reply(status=response.status, headers=names, body=body)
        except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
            # From None: aiohttp's own texts hold the address, and an address can hold a secret.
            if trace.connected:
                raise NoReplyError(describe(error)) from None
            raise NotSentError(describe(error)) from None

    async def close(self) -> None:
        """Close every connection. The client can be used again afterwards."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        import aiohttp

        if self._session is None:
            trace = aiohttp.TraceConfig()
            trace.on_connection_create_start.append(_connect_once)
            trace.on_connection_create_end.append(_mark_connected)
            self._session = aiohttp.ClientSession(
                # A fresh connection for every request: on a kept one, a server that hangs up while idle looks
                # exactly like an answer that was lost.
                connector=aiohttp.TCPConnector(force_close=True, limit=0),
                timeout=aiohttp.ClientTimeout(
                    total=None, connect=CONNECT_TIMEOUT.total_seconds(), ceil_threshold=float("inf")
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                trace_configs=[trace],
                trust_env=False,
            )
        return self._session


async def _connect_once(_session: object, context: SimpleNamespace, _params: object) -> None:
    # aiohttp sends GET, PUT and DELETE a second time when the first connection breaks (RFC 9112 9.3.1). Whether
    # to send again is decided by whoever knows what was sent.
    import aiohttp

    if context.trace_request_ctx.connected:
        raise aiohttp.ClientConnectionError


async def _mark_connected(_session: object, context: SimpleNamespace, _params: object) -> None:
    # From here on bytes may have left. Marked a moment too early rather than too late: that errs on the side
    # of "may have been taken".
    context.trace_request_ctx.connected = True


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > MOST_BODY_BYTES:
            raise ValueError("the answer is too long")
    return bytes(body)


def describe(error: Exception) -> str:
    """What went wrong with a request, in words that hold neither an address nor anything that was sent."""
    import ssl

    import aiohttp

    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return doubt(error.certificate_error)
    if isinstance(error, (aiohttp.ClientSSLError, ssl.SSLError)):
        return "the TLS connection failed"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "the host name is not known"
    if isinstance(error, aiohttp.ClientConnectorError):
        return (
            "the connection was refused" if isinstance(error.os_error, ConnectionRefusedError) else "cannot connect"
        )
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the answer broke off"
    if isinstance(error, (aiohttp.ClientConnectionError, ConnectionError)):
        return "the connection broke"
    if isinstance(error, aiohttp.InvalidURL):
        return "the address is not valid"
    return "the answer cannot be read"


def doubt(error: Exception) -> str:
    """Why a certificate is not trusted, without the name that it should have or has."""
    why = getattr(error, "verify_message", "") or "it cannot be read"
    return f"the certificate is not in order: {'it is for another name' if 'mismatch' in why else why}"
