"""What tells other programs how the engine is: `/livez`, `/readyz`, `/metrics`. On the port that callbacks come to,
so a proxy that lets the outside world in passes on `/callbacks/` and nothing else."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from aiohttp import web

from engine.errors import TocsinError
from engine.metrics import CONTENT_TYPE, Metrics

#: An event loop that is later than this, in seconds, is as good as dead.
LATEST = 5.0
#: Seconds that one check gets before it counts as failed.
PATIENCE = 3.0

Check = Callable[[], Awaitable[str]]
"""Answers nothing when all is well, or what is wrong in a few words. What it raises is also an answer."""


class Pulse:
    """How late the event loop is: a task that wants to run every second and notes how late it was let."""

    EVERY = 1.0

    def __init__(self) -> None:
        self._late = 0.0
        self._beat_at: float | None = None

    async def beat(self) -> None:
        """Until cancelled."""
        now = asyncio.get_running_loop().time
        while True:
            self._beat_at = begun = now()
            await asyncio.sleep(self.EVERY)
            self._late = max(0.0, now() - begun - self.EVERY)

    def lag(self) -> float:
        """Seconds: of the last beat, or of the one that is due, whichever is more."""
        if self._beat_at is None:
            return 0.0
        waited = asyncio.get_running_loop().time() - self._beat_at - self.EVERY
        return max(self._late, waited, 0.0)


class Watched(Protocol):
    """What the probes ask; `engine.web.health` is the real one."""

    @property
    def metrics(self) -> Metrics:
        """What `/metrics` shows."""
        ...

    def checks(self) -> Mapping[str, Check]:
        """By name, for `/readyz`."""
        ...

    async def refresh(self, prove: bool) -> None:
        """Measure what is only measured when asked; `prove` the ledger too."""
        ...


def add_probes(app: web.Application, pulse: Pulse, health: Watched) -> None:
    """Serve the three."""

    async def live(_request: web.Request) -> web.Response:
        lag = pulse.lag()
        if lag < LATEST:
            return web.Response(text="ok\n")
        return web.Response(status=503, text=f"the event loop is {lag:.1f} s late\n")

    async def ready(_request: web.Request) -> web.Response:
        checks = health.checks()
        said = await asyncio.gather(*(_try(check) for check in checks.values()))
        found = {name: wrong or "ok" for name, wrong in zip(checks, said, strict=True)}
        well = not any(said)
        return web.json_response({"ready": well, "checks": found}, status=200 if well else 503)

    async def measure(request: web.Request) -> web.Response:
        # The ledger is proven only when asked for (?ledger): it reads every transfer there ever was.
        await health.refresh("ledger" in request.query)
        health.metrics.set_loop_lag(pulse.lag())
        return web.Response(body=health.metrics.render(), headers={"Content-Type": CONTENT_TYPE})

    app.add_routes([web.get("/livez", live), web.get("/readyz", ready), web.get("/metrics", measure)])


async def _try(check: Check) -> str:
    try:
        return await asyncio.wait_for(check(), PATIENCE)
    except TimeoutError:
        return f"no answer in {PATIENCE:.0f} s"
    except TocsinError as error:
        return error.message
    except Exception as error:
        return type(error).__name__
