"""Which mailboxes are watched follows from what this worker owns, at once and one watcher at a time."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from engine.agents import watch as hop
from engine.agents.desk import Bells, Desk
from engine.channels.tariff import Tariff
from engine.sources.imap.mailbox import Mailbox
from tests.contracts.transport import until

ACCOUNTS = ("anna", "bert", "carl")


class Stand:
    """Stands in for a Watcher: notes who is watched by how many, and may take its time to end."""

    watched: dict[str, int]
    most: int
    slow: asyncio.Event

    def __init__(self, account: str, mailbox: Mailbox, folder: str, **_: Any) -> None:
        self.account = account
        self.watching = object()

    async def run(self) -> None:
        self.watched[self.account] = self.watched.get(self.account, 0) + 1
        type(self).most = max(self.most, *self.watched.values())
        try:
            await asyncio.Event().wait()
        finally:
            await self.slow.wait()
            self.watched[self.account] -= 1


@pytest.fixture
async def mine(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[set[str], Bells]]:
    """The accounts this worker owns, to be changed, and the bell to be rung; the hop runs."""
    Stand.watched, Stand.most, Stand.slow = {}, 0, asyncio.Event()
    Stand.slow.set()
    monkeypatch.setattr(hop, "Watcher", Stand)
    monkeypatch.setattr(hop, "RECONCILE", 3600.0)  # only the bell counts
    mine, nothing = set(ACCOUNTS), cast(Any, None)
    box = Mailbox.model_validate({"host": "imap.example", "user": "u", "password": "p"})
    desk = Desk(
        store=nothing,
        accounts={},
        ruleset=nothing,
        tariff=Tariff("EUR", []),
        providers={},
        publish=nothing,
        clock=nothing,
        jitter=nothing,
        mailboxes=[(account, box) for account in ACCOUNTS],
        owns=lambda account: account in mine,
        office=nothing,
        bells=Bells(),
    )
    running = asyncio.create_task(hop.watch(desk))
    await until(lambda: watched() == set(ACCOUNTS))
    yield mine, desk.bells
    Stand.slow.set()
    desk.draining.set()
    await running
    assert watched() == set()


def watched() -> set[str]:
    return {account for account, count in Stand.watched.items() if count}


async def test_a_change_of_partitions_is_followed_at_once(mine: tuple[set[str], Bells]) -> None:
    accounts, bells = mine
    accounts.discard("bert")
    bells.partitions.set()
    await until(lambda: watched() == {"anna", "carl"})
    accounts.add("bert")
    bells.partitions.set()
    await until(lambda: watched() == set(ACCOUNTS))


async def test_a_mailbox_that_comes_back_at_once_is_not_watched_twice(mine: tuple[set[str], Bells]) -> None:
    accounts, bells = mine
    Stand.slow.clear()
    accounts.discard("bert")
    bells.partitions.set()
    await until(lambda: not bells.partitions.is_set())
    accounts.add("bert")
    bells.partitions.set()
    await until(lambda: not bells.partitions.is_set())
    assert Stand.watched["bert"] == 1
    Stand.slow.set()
    await asyncio.sleep(0)
    await until(lambda: watched() == set(ACCOUNTS))
    assert Stand.most == 1
