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
from urllib.parse import urlsplit

from engine.proxy import Proxy

if TYPE_CHECKING:
    import aiohttp

# aiohttp takes 400 ms to import; the functions import it when first called, so that a command which only
# reads the settings of a provider does not pay.

#: More than any provider's answer; what is longer is not an answer.
MOST_BODY_BYTES = 1024 * 1024
#: A provider that cannot be connected to in this time is tried again later, at no risk.
CONNECT_TIMEOUT = timedelta(seconds=5)


class NotSentError(Exception):
    """The request was certainly not taken, mostly because no byte of it left this machine. Trying again is safe."""


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

    def __init__(self, proxy: Proxy | None = None) -> None:
        self.proxy = proxy
        """What is not near is called through it. May be replaced: the next request takes the new one."""
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

        Raises NotSentError or NoReplyError. Their texts carry neither the address nor anything that was sent; they
        name the proxy where one stood between.
        """
        import aiohttp

        trace = SimpleNamespace(connected=False)
        proxy: Proxy | None = None
        try:
            proxy = self._proxy_for(url)
            async with asyncio.timeout(timeout.total_seconds()):
                async with self._open().request(
                    method,
                    url,
                    json=json,
                    data=data,
                    **_address(url, headers, proxy),
                    allow_redirects=False,
                    trace_request_ctx=trace,
                ) as response:
                    body = await _read(response)
                    if proxy is not None and not _tunnelled(url):
                        _doubt_whose(response.status, proxy)
                    names = {name.lower(): value for name, value in response.headers.items()}
                    return Reply(status=response.status, headers=names, body=body)
        except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
            words = describe(error) if proxy is None else _describe_through(error, proxy)
            # From None: aiohttp's own texts hold the address, and an address can hold a secret.
            if trace.connected:
                raise NoReplyError(words) from None
            raise NotSentError(words) from None

    async def close(self) -> None:
        """Close every connection. The client can be used again afterwards."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    def _proxy_for(self, url: str) -> Proxy | None:
        return self.proxy if self.proxy is not None and self.proxy.serves(urlsplit(url).hostname or "") else None

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


def _tunnelled(url: str) -> bool:
    """Whether a proxy only passes on what it cannot read."""
    return urlsplit(url).scheme == "https"


def _address(url: str, headers: Mapping[str, str] | None, proxy: Proxy | None) -> dict[str, Any]:
    """The headers and the way of a request. What proves to the proxy who we are stays out of its tunnel."""
    if proxy is None:
        return {"headers": headers}
    if _tunnelled(url):
        return {"headers": headers, "proxy": proxy.url, "proxy_headers": proxy.headers}
    return {"headers": {**(headers or {}), **proxy.headers}, "proxy": proxy.url}


def _doubt_whose(status: int, proxy: Proxy) -> None:
    """A proxy that passes on plain HTTP answers in the provider's place when it fails.

    A 407 is always a proxy's, and then nothing was passed on (RFC 9110 15.5.8). Whose a 403 is nobody knows, nor a
    401, which tinyproxy says instead: either way nothing was taken, and that may change. Of a 5xx nobody knows even
    whether the provider had the request by then: what would be its own "busy, not taken" is no answer.
    """
    if status == 407:
        raise NotSentError(f"the proxy {proxy}: {proxy.explain(status).said}")
    if status in (401, 403):
        raise NotSentError(f"the proxy {proxy} or the provider behind it does not let us in (HTTP {status})")
    if status >= 500:
        raise NoReplyError(f"the proxy {proxy} or the provider behind it failed (HTTP {status})")


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


def _describe_through(error: Exception, proxy: Proxy) -> str:
    """The same with a proxy on the way: what is not said of the provider's certificate is said of the proxy."""
    import aiohttp

    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy {proxy}: {proxy.explain(error.status).said}"
    if isinstance(error, (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError)):
        return describe(error)
    return f"the proxy {proxy}: {describe(error)}"


def doubt(error: Exception) -> str:
    """Why a certificate is not trusted, without the name that it should have or has."""
    why = getattr(error, "verify_message", "") or "it cannot be read"
    return f"the certificate is not in order: {'it is for another name' if 'mismatch' in why else why}"
