"""What the probes look at: the stream, the store, the drain; and the gauges that are measured when asked for."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.metrics import Metrics
from engine.sources.imap.watching import State, Watching
from engine.store import depth, ledger
from engine.store.database import Database
from engine.web.probes import Check


@dataclass(frozen=True)
class Health:
    """Everything that the probes ask. A mailbox or a provider that is down is a metric, not a reason to be unready:
    another worker could not reach it either."""

    store: Database
    metrics: Metrics
    clock: Callable[[], datetime]
    draining: asyncio.Event
    assigned: Callable[[], bool]
    """Whether this worker has joined the group and knows its partitions."""
    lag: Callable[[], Mapping[str, int]]
    watchings: Callable[[], Collection[Watching]]

    def checks(self) -> dict[str, Check]:
        """By name, for `/readyz`."""
        return {"stream": self._check_stream, "store": self._check_store, "drain": self._check_drain}

    async def _check_stream(self) -> str:
        return "" if self.assigned() else "no partitions are assigned yet"

    async def _check_store(self) -> str:
        await self.store.aread(depth.configured)
        return ""

    async def _check_drain(self) -> str:
        return "draining" if self.draining.is_set() else ""

    async def refresh(self, prove: bool) -> None:
        """Measure what is only measured when asked; `prove` the ledger too."""
        self.metrics.set_lag(self.lag())
        states = Counter(each.state for each in self.watchings())
        self.metrics.set_mailboxes({state.value.replace(" ", "_"): states[state] for state in State})
        now = self.clock()
        self.metrics.set_queue(await self.store.aread(lambda connection: depth.measure(connection, now)))
        if prove:
            self.metrics.set_differences(len(await self.store.aread(ledger.differences)))
