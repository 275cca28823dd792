"""Everything that has no driver of its own, by the library Apprise and its plugins: a bridge of last resort.

Apprise says yes or no, and a no may be a wrong password, a busy server or an answer that never came: its plugins
keep that to themselves. So a yes is ACCEPTED, everything else is UNKNOWN, and no report will ever come.
"""

import asyncio
import importlib.util
import logging
import re
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self
from urllib.parse import quote, unquote

from pydantic import Field, SecretStr, model_validator

from engine.answer import Answer, Outcome, ProviderClass
from engine.channels.endpoint import Endpoint
from engine.channels.features import Features, Reporting
from engine.channels.objection import not_sent, object_to, object_to_mail
from engine.channels.provider import Paced
from engine.channels.secret import read_secret
from engine.channels.words import addresses, discreet
from engine.duration import Duration
from engine.errors import ProviderError
from engine.message import Message
from engine.net import Http
from engine.notification import Channel
from engine.reason import Reason
from engine.receipt import DeliveryReport

if TYPE_CHECKING:
    import apprise

# Apprise takes half a second to import, and is an extra: who has no such provider does not pay.

#: Calls in the air at once; each holds a thread.
_THREADS = 8
#: What stands in for an address when a URL is tried.
_SAMPLES = {Channel.SMS: "+12025550123", Channel.FAX: "+12025550123", Channel.EMAIL: "nobody@example.org"}
#: A piece of a URL that is shorter is no secret, and its absence would make words unreadable.
_SHORTEST_SECRET = 4


class AppriseSettings(Paced):
    """Anything that Apprise has a plugin for; accepted or not is all that it says."""

    driver: Literal["apprise"]
    url: SecretStr | None = None
    url_file: Path | None = None
    """A file that holds one of Apprise's URLs. In it `{number}` becomes the number with its plus, `{digits}` without,
    `{address}` an e-mail address, `{ref}` our reference. Without any, all messages go to the one place it names."""
    carries: Literal["sms", "email", "fax"] = "sms"
    """The channel for which it stands in."""
    parts: int = Field(default=10, ge=1, le=255)
    """A longer SMS is refused."""
    timeout: Duration = Field(default=timedelta(seconds=15), gt=timedelta(0), le=timedelta(minutes=5))
    """How long it may take; whether a message was taken that got no answer by then is not known."""

    @model_validator(mode="after")
    def _has_one_url(self) -> Self:
        if (self.url is None) == (self.url_file is None):
            raise ValueError("give url_file, a file that holds one of Apprise's URLs, or url")
        return self

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Only the plugin knows where its service is."""
        return ()

    def reporting(self) -> bool:
        """Apprise never reports."""
        return False


class AppriseProvider:
    """Speaks to one service, by its plugin."""

    channels = frozenset({Channel.SMS, Channel.EMAIL, Channel.FAX})
    provider_class = ProviderClass.OPAQUE
    key_life = timedelta(0)
    features = Features(reports=Reporting.NONE, sender=False, alphabet="what its plugin carries")

    def __init__(self, name: str, settings: AppriseSettings, http: Http, callback: str) -> None:
        """HTTP client and callback address are for providers of ours that speak HTTP.

        Raises ProviderError when Apprise is not installed, or does not know the URL.
        """
        require()
        self.name = name
        self.timeout = settings.timeout
        self.channels = carried(settings)
        self._settings = settings
        self._url = read_secret(settings.url, settings.url_file, "one of Apprise's URLs")
        self._hidden = [self._url, *_pieces(self._url)]
        [channel] = self.channels
        if self._plugin(_SAMPLES[channel], "sample") is None:
            place, remedy = str(settings.url_file or ""), "see what its plugin wants: https://appriseit.com"
            raise ProviderError(f"provider {name}: Apprise does not know this URL", place=place, remedy=remedy)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix=f"apprise {name}")

    async def send(self, message: Message, client_ref: str) -> Answer:
        """Hand the text to the plugin."""
        objection = self._object_to(message)
        if objection is not None:
            return objection
        call = self._threads.submit(self._notify, message, client_ref)
        done, _ = await asyncio.wait([asyncio.wrap_future(call)], timeout=self.timeout.total_seconds())
        if done:
            return call.result()
        if call.cancel():
            return Answer(outcome=Outcome.NOT_TAKEN, reason=Reason.PROVIDER_BUSY, detail="no thread was free")
        return _unknown("timed out")

    async def ask(self, client_ref: str) -> Answer:
        """Apprise cannot be asked."""
        return _unknown("it cannot be asked")

    def read_callback(
        self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes
    ) -> list[DeliveryReport]:
        """Nobody reports here. Raises PermissionError."""
        raise PermissionError("Apprise reports nothing")

    async def close(self) -> None:
        """Take no more; what is in the air ends by its own time-out."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _object_to(self, message: Message) -> Answer | None:
        if message.channel is Channel.EMAIL:
            return object_to_mail(message)
        return object_to(message, most_parts=self._settings.parts if message.channel is Channel.SMS else sys.maxsize)

    def _notify(self, message: Message, ref: str) -> Answer:
        import apprise

        plugin = self._plugin(message.address, ref)
        if plugin is None:  # nothing has left
            return not_sent(Reason.BAD_NUMBER, "no place for it")
        service = apprise.Apprise(asset=plugin.asset)
        service.add(plugin)
        result = service.notify(body=message.text, body_format=apprise.NotifyFormat.TEXT)
        try:
            if result:
                return Answer(outcome=Outcome.ACCEPTED, reason=Reason.ACCEPTED)
            words = "; ".join(entry.message for entry in result.logs())
            return _unknown(discreet(words, message.text, *self._hidden, *addresses(message.address)))
        finally:
            result.close()

    def _plugin(self, address: str, ref: str) -> "apprise.NotifyBase | None":
        """The plugin for a message, made to try once, in time, and to say what it met with."""
        import apprise

        # Its own log repeats addresses; what it says of a message is in the answer's detail.
        logging.getLogger("apprise").propagate = False
        values = {"number": address, "digits": address.removeprefix("+"), "address": address, "ref": ref}
        url = self._url
        for name, value in values.items():
            url = url.replace(f"{{{name}}}", quote(value, safe=""))
        plugin = apprise.Apprise.instantiate(url, asset=_asset(), suppress_exceptions=True)
        if isinstance(plugin, apprise.NotifyBase):
            # Whatever the URL asks for: a second try may be a second message, `optional` makes a no a yes.
            plugin.retry, plugin.optional, plugin.redirects = 0, False, False
            plugin.socket_connect_timeout = plugin.socket_read_timeout = self.timeout.total_seconds()
            return plugin
        return None


def carried(settings: AppriseSettings) -> frozenset[Channel]:
    """What it carries with these settings."""
    return frozenset({Channel(settings.carries)})


def require() -> None:
    """Raises ProviderError when Apprise is not installed."""
    if importlib.util.find_spec("apprise") is None:
        raise ProviderError("Apprise is not installed", remedy="pip install 'tocsin[apprise]'")


def _asset() -> "apprise.AppriseAsset":
    """Apprise without a folder of its own, without redirects, without a second try."""
    import apprise

    return apprise.AppriseAsset(
        app_id="Tocsin", storage_mode=apprise.PersistentStoreMode.MEMORY, http_redirects=False, secure_logging=True
    )


def _pieces(url: str) -> list[str]:
    """What in a URL may be a secret: everything that stands between its marks, but for its scheme."""
    found = re.split(r"[/:@?&=,;#]+", url.partition("://")[2])
    return [form for each in found for form in (each, unquote(each)) if len(form) >= _SHORTEST_SECRET]


def _unknown(detail: str) -> Answer:
    return Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail=detail)
