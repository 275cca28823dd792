"""A tunnel through an HTTP proxy, as `tocsin doctor` tries it; messages go by `engine.net`."""

import asyncio

from engine.proxy import Proxy, Refusal

#: The words before a tunnel are short.
_MOST_BYTES = 64 * 1024


class NoTunnelError(ConnectionError):
    """The proxy answered, and opened none."""

    def __init__(self, why: Refusal) -> None:
        super().__init__(why.said)
        self.why = why


async def dig(proxy: Proxy, to: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to `to` (`host:port`) through the proxy (RFC 9110 9.3.6).

    Raises NoTunnelError when it says no, or another OSError when it says nothing.
    """
    reader, writer = await asyncio.open_connection(proxy.host, proxy.port, limit=_MOST_BYTES)
    try:
        proof = "".join(f"{name}: {value}\r\n" for name, value in proxy.headers.items())
        writer.write(f"CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n{proof}\r\n".encode())
        await writer.drain()
        status = await _hear(reader)
        if status != 200:
            raise NoTunnelError(proxy.explain(status))
    except BaseException:
        writer.transport.abort()
        raise
    return reader, writer


async def _hear(reader: asyncio.StreamReader) -> int:
    """The status of its answer; nothing is left of the answer then."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise ConnectionError("it does not speak HTTP") from error
    version, _, rest = head.partition(b" ")
    if not version.startswith(b"HTTP/1.") or not rest[:3].isdigit():
        raise ConnectionError("it does not speak HTTP")
    return int(rest[:3])
