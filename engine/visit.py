"""Reading over HTTP from addresses that other people write: what is reached, how often and how much is bounded.

The guard stands at the socket. Whatever an address looked like and whatever DNS said a moment ago, a socket is made
for one numeric address, and that address is judged (`engine.guard`) before the socket exists.
"""

from __future__ import annotations

import asyncio
import socket
import zlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from engine import guard
from engine.errors import SourceError
from engine.guard import Kind, is_allowed
from engine.net import describe

if TYPE_CHECKING:
    import ssl

    import aiohttp
    from aiohttp.abc import AbstractResolver
    from yarl import URL

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_READ = frozenset({200, 207})
_AGAIN = "none needed: we try again later"


class ForbiddenError(SourceError):
    """The address leads to where no feed may lead; nobody was connected to."""


class TooMuchError(SourceError):
    """The answer is longer than anything that is read."""


@dataclass(frozen=True)
class Bounds:
    """How much a visit may take."""

    bytes: int = 10 * 1024 * 1024
    """Of the answer, unpacked."""
    redirects: int = 3
    connect: float = 10.0
    """Seconds, for DNS, TCP and TLS together."""
    silence: float = 20.0
    """Seconds without a byte."""
    whole: float = 60.0
    """Seconds, over all redirects and however busily the server drips."""


@dataclass(frozen=True)
class Page:
    """A whole answer. Header names are lower case; only a 200 and a 207 have a body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class SignIn:
    """A user and a password. They go to the origin they were given for and to no other (RFC 9110 15.4)."""

    user: str
    password: str

    def __repr__(self) -> str:
        return "SignIn()"

    @property
    def header(self) -> str:
        """HTTP Basic (RFC 7617)."""
        return "Basic " + b64encode(f"{self.user}:{self.password}".encode()).decode("ascii")


class Visitor:
    """A client for one feed, one visit at a time: ``async with Visitor() as visitor``.

    `private`: the own network may be reached. `ca_file`: the only authority that certificates may come from.
    `judge` and `resolver` are what a test puts in the place of the world's address plan and its DNS.
    """

    def __init__(
        self,
        *,
        private: bool = False,
        ca_file: Path | None = None,
        sign_in: SignIn | None = None,
        bounds: Bounds | None = None,
        judge: Callable[[str], Kind] = guard.judge,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self.bounds = bounds or Bounds()
        self._private = private
        self._ca_file = ca_file
        self._sign_in = sign_in
        self._judge = judge
        self._resolver = resolver
        self._refused: tuple[str, Kind] | None = None
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        import aiohttp

        trust = True if self._ca_file is None else _trust(self._ca_file)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(socket_factory=self._make_socket, resolver=self._resolver, ssl=trust),
            timeout=aiohttp.ClientTimeout(total=None, connect=self.bounds.connect, sock_read=self.bounds.silence),
            cookie_jar=aiohttp.DummyCookieJar(),
            # unpacked here: aiohttp would unpack a whole chunk, however large, before it can be counted
            auto_decompress=False,
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def visit(
        self, url: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Page:
        """Ask, follow redirects, and read the whole answer.

        Raises ForbiddenError, TooMuchError, or a SourceError whose place is the host and port that failed
        (`unreachable` when it may do better later). No text of theirs holds a path, a query or a secret.
        """
        at = _parse(url, "")
        asked = {"User-Agent": "Tocsin", "Accept-Encoding": "gzip", **(headers or {})}
        if self._sign_in is not None:
            asked["Authorization"] = self._sign_in.header
        try:
            async with asyncio.timeout(self.bounds.whole):
                for _ in range(self.bounds.redirects + 1):
                    answer = await self._ask(at, method, asked, body)
                    if isinstance(answer, Page):
                        return answer
                    if answer.origin() != at.origin():
                        asked.pop("Authorization", None)
                    at = answer
        except TimeoutError:
            raise SourceError("timed out", place=_place(at), remedy=_AGAIN, unreachable=True) from None
        most = self.bounds.redirects
        raise SourceError(
            f"redirects more than {most} times", place=_place(at), remedy="write the address it ends at"
        )

    async def _ask(self, at: URL, method: str, headers: Mapping[str, str], body: bytes | None) -> Page | URL:
        """One request: a page, or where it sends us."""
        import aiohttp

        assert self._session is not None
        self._refused = None
        place = _place(at)
        try:
            async with self._session.request(method, at, headers=headers, data=body, allow_redirects=False) as reply:
                if reply.status in _REDIRECTS and "Location" in reply.headers:
                    return _follow(at, reply.headers["Location"])
                content = await self._read(reply, place) if reply.status in _READ else b""
                return Page(reply.status, {name.lower(): value for name, value in reply.headers.items()}, content)
        except (aiohttp.ClientError, OSError, ValueError, zlib.error) as error:
            # From None: aiohttp's own texts hold the address, and a feed's address is often its only secret.
            if self._refused is not None:
                raise self._forbid(at, *self._refused) from None
            raise _explain(error, place) from None

    async def _read(self, reply: aiohttp.ClientResponse, place: str) -> bytes:
        packing = reply.headers.get("Content-Encoding", "identity").strip().lower()
        if packing not in ("identity", "gzip", "x-gzip", ""):
            raise SourceError(f"the answer is packed as {packing[:20]!a}, which nobody asked for", place=place)
        unpacker = zlib.decompressobj(wbits=31) if "gzip" in packing else None
        most, content, arrived = self.bounds.bytes, bytearray(), 0
        async for chunk in reply.content.iter_chunked(64 * 1024):
            arrived += len(chunk)
            content += chunk if unpacker is None else unpacker.decompress(chunk, most + 1 - len(content))
            if max(arrived, len(content)) > most:
                raise TooMuchError(
                    f"the answer is longer than {most // 1024} KiB", place=place, remedy="split the calendar"
                )
        if unpacker is not None and not unpacker.eof:
            raise zlib.error
        return bytes(content)

    def _make_socket(self, info: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, address = info
        judged = self._judge(str(address[0]))
        if not is_allowed(judged, private=self._private):
            self._refused = (str(address[0]), judged)
            raise PermissionError("a forbidden address")
        return socket.socket(family, kind, protocol)

    def _forbid(self, at: URL, address: str, kind: Kind) -> ForbiddenError:
        home = is_allowed(kind, private=True)
        return ForbiddenError(
            f"the address leads to {address}, which is {kind}",
            place=_place(at),
            remedy="if that server is yours, write `private: true` for it" if home else "write another address",
        )


def _parse(text: str, place: str) -> URL:
    from yarl import URL

    remedy = "write https://, a host name and a path"
    try:
        url = URL(text)
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise SourceError("no address on the web", place=place, remedy=remedy)
    if url.host.replace(".", "").isdigit() and guard.judge(url.host) is Kind.UNREADABLE:
        raise ForbiddenError(f"{url.host} is a number, not the name of a host", place=place, remedy=remedy)
    # What stands before an @ would be sent as a password.
    return url.with_user(None)


def _follow(at: URL, location: str) -> URL:
    from yarl import URL

    place = _place(at)
    try:
        target = _parse(str(at.join(URL(location))), place)
    except ValueError:
        raise SourceError("redirects to no address on the web", place=place) from None
    if at.scheme == "https" and target.scheme == "http":
        raise ForbiddenError(
            "redirects from https to http, where anybody may read along", place=place, remedy="write another address"
        )
    return target


def _place(at: URL) -> str:
    return f"{at.host}:{at.port}"


def _trust(file: Path) -> ssl.SSLContext:
    import ssl

    try:
        return ssl.create_default_context(cafile=file)
    except (OSError, ValueError):  # an SSLError is an OSError
        raise SourceError(
            "no certificates can be read from this file", place=str(file), remedy="write PEM into it"
        ) from None


def _explain(error: Exception, place: str) -> SourceError:
    import aiohttp

    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        why = getattr(error.certificate_error, "verify_message", "") or "it is not valid"
        return SourceError(
            f"the certificate is refused: {why}", place=place, remedy="renew it, or name its authority in `ca_file`"
        )
    if isinstance(error, zlib.error):
        return SourceError("the answer is broken gzip", place=place, remedy=_AGAIN, unreachable=True)
    return SourceError(describe(error), place=place, remedy=_AGAIN, unreachable=True)
