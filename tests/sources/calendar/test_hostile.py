"""No calendar stops the engine: the attack is named, its neighbour is told, the next call works."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from engine.pool import Pool
from engine.sources.calendar.read import MODULES, read
from engine.sources.calendar.refresh import FeedState
from tests.sources.calendar.attacks import REFUSED

#: One process for all: each attack must leave it fit for the next.
pytestmark = pytest.mark.asyncio(loop_scope="module")
NOW = datetime(2026, 11, 22, tzinfo=UTC)
WINDOW = (NOW, NOW + timedelta(days=35))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool() -> AsyncIterator[Pool]:
    pool = Pool(*MODULES)
    yield pool
    await pool.close()


@pytest.mark.parametrize(("text", "says"), REFUSED.values(), ids=REFUSED)
async def test_an_attack_is_named_and_its_neighbour_is_told(pool: Pool, text: str, says: str) -> None:
    (found,) = [each async for each in read(pool, FeedState(), [text], "Europe/Brussels", WINDOW)]
    assert [(trouble.uid, says in trouble.what) for trouble in found.troubles] == [("bad", True)], found.troubles
    assert len(found.occasions["good"]) == 1


async def test_a_feed_comes_in_batches_each_with_the_state_to_keep(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.sources.calendar.read.BATCH", 2)
    events = "".join(f"BEGIN:VEVENT\nUID:{uid}\nDTSTART:20261201T090000Z\nEND:VEVENT\n" for uid in "abcde")
    text = f"BEGIN:VCALENDAR\n{events}END:VCALENDAR\n"
    batches = [each async for each in read(pool, FeedState(), [text], "UTC", WINDOW, feed="work")]
    assert [list(each.occasions) for each in batches] == [["a", "b"], ["c", "d"], ["e"]]
    (again,) = [each async for each in read(pool, batches[0].state, [text], "UTC", WINDOW, feed="work")][-1:]
    assert again.state == batches[-1].state
    (unchanged,) = [each async for each in read(pool, again.state, [text], "UTC", WINDOW, feed="work")]
    assert unchanged.occasions == {}
