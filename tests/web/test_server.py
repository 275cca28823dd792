"""The engine's web server lives on loopback, and says plainly when it cannot."""

from datetime import timedelta

import pytest

from engine.errors import TocsinError
from engine.net import Http, NotSentError
from engine.web.server import Web

LONG = timedelta(seconds=30)


async def refuse(*_: object) -> None:
    raise AssertionError("nothing is published here")


async def test_livez_answers_while_it_runs_and_nobody_does_after() -> None:
    web, http = Web("127.0.0.1", 0, {}, refuse), Http()
    await web.start()
    reply = await http.request("GET", f"{web.url}/livez", timeout=LONG)
    assert (reply.status, reply.body) == (200, b"ok\n")
    await web.stop()
    with pytest.raises(NotSentError):
        await http.request("GET", f"{web.url}/livez", timeout=LONG)
    await web.stop()
    await http.close()


async def test_a_port_that_is_taken_is_named_with_its_remedy() -> None:
    first = Web("127.0.0.1", 0, {}, refuse)
    await first.start()
    port = int(first.url.rpartition(":")[2])
    try:
        with pytest.raises(TocsinError) as raised:
            await Web("127.0.0.1", port, {}, refuse).start()
    finally:
        await first.stop()
    assert raised.value.place == f"127.0.0.1:{port}"
    assert "already listens" in raised.value.message
    assert f"web: {{port: {port + 1}}}" in raised.value.remedy


@pytest.mark.parametrize("host", ["203.0.113.7", "no such host"])
async def test_a_host_that_is_not_ours_is_a_plain_error(host: str) -> None:
    with pytest.raises(TocsinError, match="cannot listen"):
        await Web(host, 0, {}, refuse).start()
