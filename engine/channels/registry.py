"""Every way to reach people that ships with the product: one line each."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from engine.channels.features import Features, Reporting
from engine.channels.provider import Paced, Provider
from engine.channels.providers.apprise import AppriseProvider, AppriseSettings
from engine.channels.providers.apprise import carried as carried_by_apprise
from engine.channels.providers.clicksend import ClicksendProvider, ClicksendSettings
from engine.channels.providers.email_gateway import EmailGatewayProvider, EmailGatewaySettings, carried
from engine.channels.providers.fake import FakeProvider, FakeSettings
from engine.channels.providers.gammu.driver import GammuProvider, GammuSettings
from engine.channels.providers.http.driver import HttpProvider
from engine.channels.providers.http.settings import HttpSettings
from engine.channels.providers.hylafax.driver import HylafaxProvider
from engine.channels.providers.hylafax.settings import HylafaxSettings
from engine.channels.providers.infobip import InfobipProvider, InfobipSettings
from engine.channels.providers.intelecom import IntelecomProvider, IntelecomSettings
from engine.channels.providers.interfax import InterfaxProvider, InterfaxSettings
from engine.channels.providers.kannel import KannelProvider, KannelSettings
from engine.channels.providers.link import LinkProvider, LinkSettings
from engine.channels.providers.pswincom import PswincomProvider, PswincomSettings
from engine.channels.providers.smpp.driver import SmppProvider
from engine.channels.providers.smpp.settings import SmppSettings
from engine.channels.providers.smtp import SmtpProvider, SmtpSettings
from engine.channels.providers.twilio import TwilioProvider, TwilioSettings
from engine.net import Http
from engine.notification import Channel
from engine.noun import Written


class Driver(NamedTuple):
    """One way to reach people: how it is written, and what speaks to it."""

    settings: type[Written]
    provider: Callable[[str, Any, Http, str], Provider]
    """Made of its name, its settings, the HTTP client and the address for its callbacks."""
    carries: Callable[[Any], frozenset[Channel]] | None = None
    """What it carries with these settings; nothing: what the provider's class says."""


#: driver, as in `config/engine.yaml` -> what it is
DRIVERS: Mapping[str, Driver] = {
    "apprise": Driver(AppriseSettings, AppriseProvider, carried_by_apprise),
    "clicksend": Driver(ClicksendSettings, ClicksendProvider),
    "email_gateway": Driver(EmailGatewaySettings, EmailGatewayProvider, carried),
    "fake": Driver(FakeSettings, FakeProvider),
    "gammu": Driver(GammuSettings, GammuProvider),
    "http": Driver(HttpSettings, HttpProvider, HttpSettings.carries),
    "hylafax": Driver(HylafaxSettings, HylafaxProvider),
    "infobip": Driver(InfobipSettings, InfobipProvider),
    "intelecom": Driver(IntelecomSettings, IntelecomProvider),
    "interfax": Driver(InterfaxSettings, InterfaxProvider),
    "kannel": Driver(KannelSettings, KannelProvider),
    "link": Driver(LinkSettings, LinkProvider),
    "pswincom": Driver(PswincomSettings, PswincomProvider),
    "smpp": Driver(SmppSettings, SmppProvider),
    "twilio": Driver(TwilioSettings, TwilioProvider, TwilioSettings.carries),
    "smtp": Driver(SmtpSettings, SmtpProvider),
}

#: driver -> how it is written in `config/engine.yaml`
SETTINGS: Mapping[str, type[Written]] = {name: driver.settings for name, driver in DRIVERS.items()}
_BY_SETTINGS: Mapping[type[Written], Driver] = {driver.settings: driver for driver in DRIVERS.values()}


def build(name: str, settings: Written, http: Http, public: str = "") -> Provider:
    """The provider called `name` with these settings, which are of one of the models in `SETTINGS`.

    `public` is where the outside world reaches our web server, without a slash at the end.
    """
    return _BY_SETTINGS[type(settings)].provider(name, settings, http, f"{public}/callbacks/{name}")


def channels_of(settings: Written) -> frozenset[Channel]:
    """What a provider with these settings carries."""
    driver = _BY_SETTINGS[type(settings)]
    if driver.carries is not None:
        return driver.carries(settings)
    found: frozenset[Channel] = driver.provider.channels  # type: ignore[attr-defined]  # a class of providers
    return found


def reports_of(settings: Written) -> Reporting:
    """How a provider with these settings tells us what became of messages."""
    features: Features = _BY_SETTINGS[type(settings)].provider.features  # type: ignore[attr-defined]
    asked = isinstance(settings, Paced) and settings.reporting()
    return features.reports if asked else Reporting.NONE
