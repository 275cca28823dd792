"""Who is told by mail and wants no more says so here: in one click of their mail program (RFC 8058), or on a page.

Scanners of mail follow every link, so asking for the page changes nothing; only a POST does (RFC 8058 3.1). It brings
no cookie and knows no password: the link itself is the proof that a mail of ours went to its reader.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web
from aiohttp.typedefs import Handler

from engine.errors import StoreError
from engine.links import UNSUBSCRIBE, Links, read_id
from engine.store import consents
from engine.store.consents import Reader
from engine.store.database import Database
from engine.web.refusal import no

ROUTE = UNSUBSCRIBE + "{message}/{proof}"

_log = logging.getLogger(__name__)
#: What a mail program sends, and what our own button does (RFC 8058 3.2).
_FIELD, _ONE_CLICK = "List-Unsubscribe", "One-Click"


@dataclass(frozen=True)
class _Words:
    """What the page says: what it is, what it asks, its button, and that it is done."""

    title: str
    ask: str
    button: str
    done: str


_WORDS: Mapping[str, _Words] = {
    "en": _Words(
        "No more messages",
        "Do you want no more messages at this e-mail address?",
        "Yes, stop them",
        "It is done: nothing more is sent to this e-mail address.",
    ),
    "nl": _Words(
        "Geen berichten meer",
        "Wilt u geen berichten meer op dit e-mailadres?",
        "Ja, stop ermee",
        "Het is gebeurd: naar dit e-mailadres wordt niets meer gestuurd.",
    ),
    "fr": _Words(
        "Plus de messages",
        "Voulez-vous ne plus recevoir de messages à cette adresse e-mail ?",
        "Oui, arrêter",
        "C’est fait : plus rien n’est envoyé à cette adresse e-mail.",
    ),
    "sv": _Words(
        "Inga fler meddelanden",
        "Vill du inte ha fler meddelanden till den här e-postadressen?",
        "Ja, sluta skicka",
        "Klart: inget mer skickas till den här e-postadressen.",
    ),
    "de": _Words(
        "Keine Nachrichten mehr",
        "Möchten Sie keine Nachrichten mehr an diese E-Mail-Adresse?",
        "Ja, beenden",
        "Erledigt: An diese E-Mail-Adresse wird nichts mehr gesendet.",
    ),
}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


def take_unsubscribe(store: Database, links: Links, clock: Callable[[], datetime]) -> Handler:
    """The handler of `ROUTE`: GET and HEAD show the page, POST withdraws consent and answers once that is durable.

    403: no link of ours · 404: no such message · 400: a POST that does not ask for it · 503: the store is away.
    """

    async def take(request: web.Request) -> web.Response:
        shown = request.match_info
        try:
            message = read_id(shown["message"])
            known = await store.aread(lambda connection: consents.readers(connection, message))
            if known is None:
                return no(404, "there is no such message")
            reader = next((each for each in known if links.told(message, each.address, shown["proof"])), None)
            if reader is None:
                return no(403, "this is no link of ours")
            if request.method != "POST":
                return _page(reader, done=reader.stopped)
            if not await _asked(request):
                return no(400, f"this takes {_FIELD}={_ONE_CLICK} and nothing else")
            await store.awrite(
                lambda connection: consents.unsubscribe(connection, reader, clock()), touching=(reader.account,)
            )
        except PermissionError:
            return no(403, "this is no link of ours")
        except StoreError as error:
            _log.error("a wish for no more mail could not be kept: %s", error)
            return web.Response(status=503, headers={"Retry-After": "60"}, text="try again\n")
        _log.info("a contact of %s is told nothing more by mail: they asked for it", reader.account)
        return _page(reader, done=True)

    return take


async def _asked(request: web.Request) -> bool:
    """Whether the body, of either of the forms' media types, is what a click sends."""
    try:
        return (await request.post()).get(_FIELD) == _ONE_CLICK
    except ValueError:
        return False


def _page(reader: Reader, *, done: bool) -> web.Response:
    """The page in the account's language. It names nobody: whoever a mail was passed on to may look at it."""
    language = reader.language if reader.language in _WORDS else "en"
    words = _WORDS[language]
    button = f'<p><button name="{_FIELD}" value="{_ONE_CLICK}">{words.button}</button></p>'
    body = f"<p>{words.done}</p>" if done else f'<form method="post"><p>{words.ask}</p>{button}</form>'
    text = (
        f'<!doctype html>\n<html lang="{language}">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">\n'
        f"<title>{words.title}</title>\n<main><h1>{words.title}</h1>{body}</main>\n"
    )
    return web.Response(text=text, content_type="text/html", headers=_HEADERS)
