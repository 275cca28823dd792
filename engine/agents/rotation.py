"""New passwords for providers while the engine runs: who signs in with a file that changed is built anew."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from pathlib import Path

from engine.channels.provider import Provider
from engine.errors import ProviderError

log = logging.getLogger("tocsin.rotation")

_Stamp = tuple[tuple[int, int, int] | None, ...]


class Rotation:
    """Keeps an eye on the files of secrets, and swaps a provider between two messages."""

    def __init__(
        self,
        providers: MutableMapping[str, Provider],
        files: Mapping[str, Sequence[Path]],
        build: Callable[[str], Provider],
        begin: Callable[[Provider], Awaitable[None]],
    ) -> None:
        """`providers` is what everybody else looks into; `files` are those that each of them read when it was built.

        `build` makes one anew and may raise ProviderError; `begin` lets it listen, where it does.
        """
        self._providers = providers
        self._files = files
        self._build = build
        self._begin = begin
        self._taken = {name: _stamp(each) for name, each in files.items()}
        self._seen = dict(self._taken)
        self._leaving: set[asyncio.Task[None]] = set()

    async def turn(self, *, at_once: bool = False) -> None:
        """Look once. A file that has just changed may be half written: it counts when it is the same at the next
        look, or `at_once`. A provider that cannot be built stays as it was, and the log says why."""
        now = await asyncio.to_thread(lambda: {name: _stamp(each) for name, each in self._files.items()})
        for name, stamp in now.items():
            settled, self._seen[name] = at_once or stamp == self._seen[name], stamp
            if stamp != self._taken[name] and settled:
                self._taken[name] = stamp
                await self._swap(name)

    async def close(self) -> None:
        """Give back the connections of all, those that were leaving too."""
        for task in self._leaving:
            task.cancel()
        await asyncio.gather(*self._leaving, return_exceptions=True)
        for provider in self._providers.values():
            await provider.close()

    async def _swap(self, name: str) -> None:
        try:
            new = self._build(name)
        except ProviderError as error:
            log.error("the new secret of provider %s is not in force: %s", name, error)
            return
        old, self._providers[name] = self._providers[name], new
        task = asyncio.create_task(_leave(old), name=f"close {name}")
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)
        await self._begin(new)
        log.info("the new secret of provider %s is in force", name)


async def _leave(provider: Provider) -> None:
    """Close it once the calls that it has in the air are over."""
    try:
        await asyncio.sleep(provider.timeout.total_seconds())
    finally:
        await provider.close()


def _stamp(files: Sequence[Path]) -> _Stamp:
    """What differs once one of them was written or replaced; a link is followed, as secrets are often mounted."""

    def look(file: Path) -> tuple[int, int, int] | None:
        try:
            stat = file.stat()
        except OSError:
            return None
        return stat.st_size, stat.st_mtime_ns, stat.st_ino

    return tuple(map(look, files))
