"""The engine's web server lives on loopback, and says plainly when it cannot."""

import asyncio
import json
from datetime import timedelta

import pytest

from engine.errors import StoreError, TocsinError
from engine.net import Http, NotSentError
from engine.web.probes import LATEST, Pulse
from engine.web.server import Web
from tests.web.well import Well, a_web

LONG = timedelta(seconds=30)


async def test_livez_answers_while_it_runs_and_nobody_does_after(http: Http) -> None:
    web = a_web()
    await web.start()
    reply = await http.request("GET", f"{web.url}/livez", timeout=LONG)
    assert (reply.status, reply.body) == (200, b"ok\n")
    await web.stop()
    with pytest.raises(NotSentError):
        await http.request("GET", f"{web.url}/livez", timeout=LONG)
    await web.stop()


async def test_a_port_that_is_taken_is_named_with_its_remedy() -> None:
    first = a_web()
    await first.start()
    port = int(first.url.rpartition(":")[2])
    try:
        with pytest.raises(TocsinError) as raised:
            await a_web(port=port).start()
    finally:
        await first.stop()
    assert raised.value.place == f"127.0.0.1:{port}"
    assert "already listens" in raised.value.message
    assert f"web: {{port: {port + 1}}}" in raised.value.remedy


@pytest.mark.parametrize("host", ["203.0.113.7", "no such host"])
async def test_a_host_that_is_not_ours_is_a_plain_error(host: str) -> None:
    with pytest.raises(TocsinError, match="cannot listen"):
        await a_web(host=host).start()


async def _get(web: Web, path: str) -> tuple[int, str]:
    http = Http()
    try:
        reply = await http.request("GET", f"{web.url}{path}", timeout=LONG)
        return reply.status, reply.body.decode()
    finally:
        await http.close()


@pytest.mark.parametrize(
    ("wrong", "status", "said"),
    [
        ("", 200, "ok"),
        ("draining", 503, "draining"),
        (StoreError("the disk is full", place="store.db"), 503, "the disk is full"),
        (ValueError("+32470000001"), 503, "ValueError"),
    ],
)
async def test_readyz_names_each_check_and_what_is_wrong_with_it(
    wrong: str | Exception, status: int, said: str
) -> None:
    web = a_web(health=Well({"store": wrong} if wrong else {}))
    await web.start()
    answered, body = await _get(web, "/readyz")
    await web.stop()
    assert answered == status
    assert json.loads(body) == {"ready": status == 200, "checks": {"store": said}}


async def test_livez_says_no_once_the_event_loop_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pulse, "EVERY", 3600.0)  # no beat of its own comes between
    web = a_web()
    await web.start()
    web._pulse._late = LATEST + 1
    assert (await _get(web, "/livez"))[0] == 503
    web._pulse._late = LATEST - 1
    assert (await _get(web, "/livez"))[0] == 200
    await web.stop()


async def test_a_beat_that_is_due_counts_as_late_before_it_comes() -> None:
    pulse = Pulse()
    assert pulse.lag() == 0
    pulse._beat_at = asyncio.get_running_loop().time() - 100
    assert pulse.lag() > 90


async def test_metrics_are_served_and_the_ledger_is_proven_only_when_asked() -> None:
    health = Well()
    health.metrics.count_mails(3)
    web = a_web(health=health)
    await web.start()
    status, body = await _get(web, "/metrics")
    assert (status, health.proven) == (200, 0)
    assert "tocsin_mails_seen_total 3.0" in body
    await _get(web, "/metrics?ledger")
    assert health.proven == 1
    await web.stop()
