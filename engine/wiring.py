"""The composition root: one straight function builds everything, and takes it down in the opposite order.

Taking down, in this order: stop watching; take no more callbacks (providers try again); finish the records in work;
finish the calls in the air; tell the last fates; commit; close. What does not finish in time comes again: every step
is repeated safely.
"""

import asyncio
import gc
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.agents import alarm
from engine.agents.app import Binding, Stream
from engine.agents.desk import Bells, Desk
from engine.agents.hear import hear
from engine.agents.line import LINE, Hop
from engine.agents.rotation import Rotation
from engine.channels import registry
from engine.channels.features import SPEAKING
from engine.channels.provider import Listening, Paced, Provider
from engine.dead_letter import DeadLetter
from engine.links import Links
from engine.net import Http
from engine.proxy import Proxy
from engine.settings import Settings
from engine.settings.data import make_data_folder
from engine.settings.files import secret_files
from engine.settings.media_key import media_key
from engine.settings.reading import SettingsFiles, configure
from engine.sources.imap.watcher import Office
from engine.store import accounts, dead_letters, due, revision
from engine.store.database import Database
from engine.store.due import DueKind
from engine.topics import RECEIPTS, Topic
from engine.web.health import Health
from engine.web.media import serve_media
from engine.web.server import Web
from engine.web.unsubscribe import take_unsubscribe

log = logging.getLogger("tocsin")

#: How long the calls in the air and the records in work are waited for when the engine stops, in seconds.
PATIENCE = 20.0


def clock() -> datetime:
    """The present moment; the core gets it as an argument."""
    return datetime.now(UTC)


def jitter(seconds: float) -> float:
    """A random share of so many seconds."""
    return random.uniform(0.0, seconds)  # noqa: S311  (spreads retries; hides nothing)


def build_proxy(settings: Settings) -> Proxy | None:
    """What providers on the web are called through. Raises ProviderError when the file of its password cannot be
    read."""
    return settings.proxy.noun() if settings.proxy is not None else None


def build_providers(settings: Settings, http: Http) -> dict[str, Provider]:
    """Every provider of the configuration. Raises ProviderError when the file of a secret cannot be read."""
    return {name: build_provider(settings, name, http) for name in settings.providers}


def build_provider(settings: Settings, name: str, http: Http) -> Provider:
    """One provider of the configuration. Raises ProviderError when the file of a secret cannot be read."""
    return registry.build(name, settings.providers[name], http, settings.web.address)


async def run(
    settings: Settings,
    stop: asyncio.Event,
    ready: Callable[[], None] = lambda: None,
    bells: Bells | None = None,
    taken: Callable[[Settings], None] = lambda settings: None,
) -> None:
    """Run the engine until `stop` is set. `ready` is called once when mail is watched and messages are sent,
    `taken` in a thread with each later configuration before it is in force.

    Raises TocsinError when it cannot start, or the exception that a defect ended it with.
    """
    calm_the_collector()
    async with AsyncExitStack() as stack:
        make_data_folder(settings.data)
        store = Database(settings.store)
        stack.callback(store.close)
        await asyncio.to_thread(revision.ensure, store)

        http = Http(build_proxy(settings))
        stack.push_async_callback(http.close)
        providers = build_providers(settings, http)
        boxes = [box for each in settings.accounts for box in each.mailboxes]
        office = Office(hosts=len({box.host for box in [*boxes, *settings.bounces.values()]}))
        stack.push_async_callback(office.close)

        failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def fatal(error: BaseException) -> None:
            if not failed.done():
                failed.set_exception(error)

        async def bury(letter: DeadLetter) -> None:
            await store.awrite(lambda connection: dead_letters.bury(connection, letter))
            desk.metrics.count_dead(letter.topic, letter.reason)
            await alarm.tell_of_letter(desk, letter)

        async def publish(topic: Topic, nouns: Sequence[Any]) -> None:
            await stream.publish(topic, nouns)

        async def begin(provider: Provider) -> None:
            if isinstance(provider, Listening):
                await provider.listen(lambda reports: publish(RECEIPTS, reports), lambda heard: hear(desk, heard))

        latest = settings

        def note(new: Settings) -> None:
            nonlocal latest
            latest = new
            taken(new)

        def rebuild(name: str) -> Provider:
            taken(latest)  # the log must not show the new secret either
            http.proxy = build_proxy(settings)
            return build_provider(settings, name, http)

        secrets = {name: _secrets_of(settings, name) for name in settings.providers}
        rotation = Rotation(providers, secrets, rebuild, begin)
        stack.push_async_callback(rotation.close)

        configuration = configure(settings)
        proof = media_key(settings)
        links = Links(settings.web.public, proof) if proof is not None else None
        desk = Desk(
            store=store,
            accounts=configuration.accounts,
            ruleset=configuration.ruleset,
            tariff=configuration.tariff,
            providers=providers,
            publish=publish,
            clock=clock,
            jitter=jitter,
            mailboxes=configuration.mailboxes,
            feeds=configuration.feeds,
            owns=lambda account: stream.owns(account),
            office=office,
            bells=bells or Bells(),
            inbound=configuration.inbound,
            region=configuration.region,
            admin=configuration.admin,
            version=configuration.version,
            files=SettingsFiles(settings, note),
            rotation=rotation,
            links=links,
            most_media=settings.media.most,
            keep_media=settings.media.keep,
            rates={name: each.rate for name, each in settings.providers.items() if isinstance(each, Paced)},
            bounces=list(settings.bounces.items()),
            reporting=frozenset(
                name for name, each in settings.providers.items() if registry.reports_of(each) in SPEAKING
            ),
            windows={name: each.window for name, each in settings.providers.items() if isinstance(each, Paced)},
        )
        configured = asyncio.Event()
        stream = Stream(
            settings.stream,
            [
                Binding(hop.name, hop.input, _on(desk, hop, configured))
                for hop in LINE
                if isinstance(hop.input, Topic)
            ],
            bury=bury,
            fatal=fatal,
            clock=clock,
            rebalanced=desk.bells.share_out,
        )
        # The stream's lock comes before the first row is written: a second engine changes nothing.
        await stream.start()
        stack.push_async_callback(stream.stop)
        rows = list(configuration.accounts.values())
        people = configuration.contacts
        await store.awrite(lambda connection: accounts.upsert(connection, rows, settings.version, clock(), people))
        for kind, key in ((DueKind.SWEEP, "personal data"), (DueKind.SILENCE, "providers")):
            await store.awrite(lambda connection: due.schedule(connection, kind, key, clock()))  # noqa: B023
        configured.set()

        desk.metrics.set_configuration(settings.version)
        health = Health(store, desk.metrics, clock, desk.draining, stream.assigned, stream.lag, desk.board.values)
        files = serve_media(store, links, clock) if links is not None else None
        web = Web(
            settings.web.host,
            settings.web.port,
            providers,
            publish,
            health,
            lambda heard: hear(desk, heard),
            files=files,
            stop=take_unsubscribe(store, links, clock) if links is not None else None,
        )
        await web.start()
        stack.push_async_callback(web.stop)
        for provider in providers.values():
            await begin(provider)

        loops = {hop: asyncio.create_task(hop.work(desk), name=hop.name) for hop in LINE if not _on_topic(hop)}
        try:
            ready()
            ended = await _until(stop, failed, *loops.values())
        finally:
            desk.draining.set()
            await _drain(stream, web, loops)
        if ended is not None:
            raise ended


def _secrets_of(settings: Settings, name: str) -> list[Path]:
    """The files that a provider signs in with: its own, and its proxy's where one may stand between."""
    provider = settings.providers[name]
    on_web = isinstance(provider, Paced) and any(at.web for at in provider.endpoints())
    return [*secret_files(provider), *(secret_files(settings.proxy) if settings.proxy and on_web else ())]


def calm_the_collector() -> None:
    """What is loaded now stays; what a mail leaves behind is freed by counting. Looking at all of it after every
    700 new objects costs a third of the line's throughput."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _on_topic(hop: Hop) -> bool:
    return isinstance(hop.input, Topic)


def _on(desk: Desk, hop: Hop, configured: asyncio.Event) -> Callable[[list[Any]], Any]:
    async def work(nouns: list[Any]) -> None:
        await configured.wait()
        await hop.work(desk, nouns)

    return work


async def _until(
    stop: asyncio.Event, failed: asyncio.Future[None], *loops: asyncio.Task[None]
) -> BaseException | None:
    """Wait for the wish to stop, or for whatever ended first without being asked."""
    asked = asyncio.create_task(stop.wait())
    waits: set[asyncio.Future[Any]] = {asked, failed, *loops}
    try:
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        asked.cancel()
    for each in done:
        if each is not asked:
            return each.exception() or RuntimeError(f"{each} ended by itself")
    return None


async def _drain(stream: Stream, web: Web, loops: dict[Hop, asyncio.Task[None]]) -> None:
    """Stop in the order of the drain ranks, each rank within its patience."""
    for rank in sorted({hop.drain for hop in LINE}):
        ranked = {task for hop, task in loops.items() if hop.drain == rank}
        if ranked:
            _, late = await asyncio.wait(ranked, timeout=PATIENCE)
            for task in late:
                log.warning("%s did not finish in %.0f s; what it held comes again", task.get_name(), PATIENCE)
                task.cancel()
            await asyncio.gather(*ranked, return_exceptions=True)
        if any(hop.drain == rank and _on_topic(hop) for hop in LINE):
            await web.stop()
            if not await stream.drain(PATIENCE):
                log.warning("records in work did not finish in %.0f s; they come again", PATIENCE)
