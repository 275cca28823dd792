"""What `tocsin doctor` tries of the providers: all at once, and of each one step after the other."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from urllib.parse import urlsplit

from engine.answer import Answer, Outcome
from engine.channels.endpoint import Endpoint
from engine.channels.features import Reporting
from engine.channels.provider import Paced, Provider, SigningIn
from engine.channels.providers.apprise import AppriseSettings
from engine.channels.reachable import reach
from engine.cli.finding import Finding
from engine.errors import ProviderError
from engine.guard import is_near
from engine.net import Http
from engine.noun import Written
from engine.reason import Reason
from engine.settings import Settings
from engine.wiring import build_provider, build_proxy

#: Seconds for signing in, however patient the provider's own settings are.
PATIENCE = 10.0
#: What names a proxy to other programs; both ways of writing them count.
_PROXIES = ("https_proxy", "http_proxy", "all_proxy")
_ROADS = {
    Reporting.NONE: "none, or none are asked for; `sent` is all that will be known of a message",
    Reporting.LINK: "they come over its own link",
    Reporting.MAIL: "they come by mail to bounce_address",
}
_REMEDIES = {
    Reason.PROVIDER_AUTH: "write the right name and password, or key, into engine.yaml or its file",
    Reason.PROVIDER_NO_CREDIT: "buy credit there",
    Reason.PROVIDER_BUSY: "try again later; is somebody else signed in under the same name?",
}


async def reach_providers(settings: Settings) -> list[Finding]:
    """Every step for every provider, in the order of engine.yaml."""
    try:
        http = Http(build_proxy(settings))
    except ProviderError as error:
        return [Finding(False, f"proxy {error.place}".rstrip(), error.message, error.remedy)]
    try:
        tried = await asyncio.gather(*(_gather(settings, name, http) for name in settings.providers))
    finally:
        await http.close()
    return [*_environment(settings), *(finding for those in tried for finding in those)]


async def _gather(settings: Settings, name: str, http: Http) -> list[Finding]:
    return [finding async for finding in _reach(settings, name, http)]


async def _reach(settings: Settings, name: str, http: Http) -> AsyncIterator[Finding]:
    endpoints = _endpoints(settings.providers[name])
    reached = not endpoints
    for at in endpoints:
        well = False
        proxy = http.proxy if http.proxy is not None and at.web and http.proxy.serves(at.host) else None
        place = f"provider {name} {at}{' (also used)' if at.standby else ''}{f' through {proxy}' if proxy else ''}"
        async for step in reach(at, proxy):
            well = step.ok
            yield Finding(step.ok, place, f"{step.name}: {step.said}", step.remedy)
        reached = reached or well
    try:
        provider = build_provider(settings, name, http)
    except ProviderError as error:
        yield Finding(False, f"provider {name} {error.place}".rstrip(), error.message, error.remedy)
        return
    try:
        if reached:
            yield await _sign_in(name, provider)
        yield _reports(settings, name)
    finally:
        await provider.close()


async def _sign_in(name: str, provider: Provider) -> Finding:
    place = f"provider {name}"
    answer: Answer | None = None
    if isinstance(provider, SigningIn):
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await provider.sign_in()
        except TimeoutError:
            return Finding(False, place, f"sign-in: connected, and no answer in {PATIENCE:.0f} s", "ask the provider")
    if answer is None:
        return Finding(True, place, f"sign-in: only a message can tell: tocsin send --test --provider {name} …")
    if answer.outcome is Outcome.ACCEPTED:
        return Finding(True, place, "sign-in: it lets us in")
    said = f" Its own words: {answer.detail}" if answer.detail else ""
    remedy = _REMEDIES.get(answer.reason, "ask the provider, with its own words")
    return Finding(False, place, f"sign-in: {answer.reason.sentence}{said}", remedy)


def _reports(settings: Settings, name: str) -> Finding:
    """How it will be known what became of a message."""
    place, how = f"provider {name}", settings.reporters[name]
    if how is not Reporting.CALLBACK:
        return Finding(True, place, f"reports: {_ROADS[how]}")
    address = f"{settings.web.address}/callbacks/{name}"
    hosts = (at.host for at in _endpoints(settings.providers[name]))
    if is_near(urlsplit(address).hostname or "") and not all(is_near(host) for host in hosts):
        return Finding(
            False,
            place,
            f"reports: they cannot come from the internet to {address}",
            "write in engine.yaml, web, public: the https:// address by which the provider reaches us",
        )
    return Finding(True, place, f"reports: they come to {address}")


def _environment(settings: Settings) -> list[Finding]:
    """What the environment says of proxies. Tocsin does not follow it: a variable that some shell has set must not
    decide who reads messages and passwords."""
    named = [name for each in _PROXIES for name in (each.upper(), each) if os.environ.get(name)]
    return [*_unused(settings, named), *_followed(settings)] if named else []


def _unused(settings: Settings, named: Sequence[str]) -> list[Finding]:
    if settings.proxy is not None:
        return []
    everywhere = (at for each in settings.providers.values() for at in _endpoints(each))
    hosts = ", ".join(dict.fromkeys(str(at) for at in everywhere if at.web and not is_near(at.host)))
    opened = f"; open in the firewall: {hosts}" if hosts else ""
    otherwise = "; to go through one, write into engine.yaml: proxy: {url: http://HOST:PORT}"
    said = f"set in the environment and not used: {', '.join(named)}; we connect directly{opened}{otherwise}"
    return [Finding(True, "proxy", said)]


def _followed(settings: Settings) -> list[Finding]:
    bridges = [name for name, each in settings.providers.items() if isinstance(each, AppriseSettings)]
    said = f"Apprise's own plugins do follow the environment: provider {', '.join(bridges)}"
    return [Finding(True, "proxy", said)] if bridges else []


def _endpoints(written: Written) -> tuple[Endpoint, ...]:
    return written.endpoints() if isinstance(written, Paced) else ()
