"""Every way to reach people that ships with the product: one line each."""

from collections.abc import Callable, Mapping
from typing import Any

from engine.channels.provider import Provider
from engine.channels.providers.fake import FakeProvider, FakeSettings
from engine.channels.providers.http.driver import HttpProvider
from engine.channels.providers.http.settings import HttpSettings
from engine.channels.providers.kannel import KannelProvider, KannelSettings
from engine.net import Http
from engine.notification import Channel
from engine.noun import Written

#: driver -> how it is written in `config/engine.yaml`
SETTINGS: Mapping[str, type[Written]] = {
    "fake": FakeSettings,
    "http": HttpSettings,
    "kannel": KannelSettings,
}

#: settings -> what makes a provider of its name, its settings, the HTTP client and the address for its callbacks
_BUILD: Mapping[type[Written], Callable[[str, Any, Http, str], Provider]] = {
    FakeSettings: lambda name, settings, http, _callback: FakeProvider(name, settings, http),
    HttpSettings: HttpProvider,
    KannelSettings: KannelProvider,
}


def build(name: str, settings: Written, http: Http, public: str = "") -> Provider:
    """The provider called `name` with these settings, which are of one of the models in `SETTINGS`.

    `public` is where the outside world reaches our web server, without a slash at the end.
    """
    return _BUILD[type(settings)](name, settings, http, f"{public}/callbacks/{name}")


#: settings -> what such a provider carries
_CARRIES: Mapping[type[Written], frozenset[Channel]] = {
    FakeSettings: FakeProvider.channels,
    HttpSettings: HttpProvider.channels,
    KannelSettings: KannelProvider.channels,
}


def channels_of(settings: Written) -> frozenset[Channel]:
    """What a provider with these settings carries."""
    return _CARRIES[type(settings)]
