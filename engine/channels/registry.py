"""Every way to reach people that ships with the product: one line each."""

from collections.abc import Callable, Mapping
from typing import Any

from engine.channels.provider import Provider
from engine.channels.providers.fake import FakeProvider, FakeSettings
from engine.net import Http
from engine.noun import Written

#: driver -> how it is written in `config/engine.yaml`
SETTINGS: Mapping[str, type[Written]] = {
    "fake": FakeSettings,
}

_BUILD: Mapping[type[Written], Callable[[str, Any, Http], Provider]] = {
    FakeSettings: FakeProvider,
}


def build(name: str, settings: Written, http: Http) -> Provider:
    """The provider called `name` with these settings, which are of one of the models in `SETTINGS`."""
    return _BUILD[type(settings)](name, settings, http)
