"""A TCP connection without a thread: a host that is down costs nobody else a place."""

import asyncio
import contextlib
import socket

from engine.sources.imap.trouble import LostError


async def resolve(host: str, port: int, timeout: float) -> list[tuple[socket.AddressFamily, tuple[object, ...]]]:
    """The addresses behind a name, in the order in which to try them. Raises LostError."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError as error:
        raise LostError(
            "the name does not resolve: no answer", place=f"{host}:{port}", remedy="look at the DNS"
        ) from error
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise LostError(
            f"the name does not resolve: {why}", place=f"{host}:{port}", remedy="correct `host`, or look at the DNS"
        ) from error
    return [(family, address) for family, _, _, _, address in found]


async def dial(host: str, port: int, timeout: float) -> socket.socket:
    """Connect to the first address that answers within `timeout` seconds. Raises LostError."""
    why = "nobody answers"
    for family, address in await resolve(host, port, timeout):
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            async with asyncio.timeout(timeout):
                await asyncio.get_running_loop().sock_connect(sock, address)
            return sock
        except TimeoutError:
            sock.close()
            why = f"no answer within {timeout:g} s"
        except OSError as error:
            sock.close()
            why = error.strerror or type(error).__name__
        except BaseException:
            with contextlib.suppress(OSError):
                sock.close()
            raise
    raise LostError(
        f"cannot connect: {why}", place=f"{host}:{port}", remedy="correct `host` and `port`, or look at the firewall"
    )
