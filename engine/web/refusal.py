"""How the engine's web server says no, each time by the status that tells the other side what to do next."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

_log = logging.getLogger(__name__)


@contextmanager
def reading(what: str) -> Iterator[None]:
    """What a provider brings is read: PermissionError is a 403, it is forged; ValueError is a 400, it is garbage."""
    try:
        yield
    except PermissionError:
        _log.warning("%s was refused: it is not from the provider", what)
        raise web.HTTPForbidden(text="forbidden\n") from None
    except ValueError:
        _log.warning("%s was refused: it makes no sense", what)
        raise web.HTTPBadRequest(text="this is not what the provider sends\n") from None


@contextmanager
def keeping(what: str) -> Iterator[None]:
    """What was read is made durable: 503 when that fails, whatever went wrong. It is not ours yet: the provider must
    keep it and try again."""
    try:
        yield
    except Exception as error:
        _log.error("%s could not be kept: %s", what, type(error).__name__)
        raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"}, text="try again\n") from None


def no(status: int, why: str) -> web.Response:
    """A no to whoever follows a link; the next time it may be a yes, so nobody keeps it."""
    return web.Response(status=status, text=f"{why}\n", headers={"Cache-Control": "no-store"})
