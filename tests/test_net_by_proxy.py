"""A proxy that fails is told as what it is: what it certainly kept was not taken, and its password is not named.

The real one is in tests/live/test_proxy.py. None of these hosts exists: whoever asks for their address has failed.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from engine.net import Http, NoReplyError, NotSentError, Reply
from engine.proxy import Proxy
from tests.servers.hostile import Peer, Then, http
from tests.servers.pymap_server import free_port

HOST = "sms.provider.example"
PASSWORD, TOKEN, NUMBER = "proxy-4711-secret", "open-sesame-4711", "+32470000001"
LONG = timedelta(seconds=30)
SOON = timedelta(milliseconds=300)


@pytest.fixture
async def client() -> AsyncIterator[Http]:
    made = Http()
    yield made
    await made.close()


def by(peer: Peer, **settings: object) -> Proxy:
    made = {"host": peer.host, "port": peer.port, "user": "tocsin", "password": PASSWORD}
    return Proxy.model_validate({**made, **settings})


async def post(client: Http, url: str, timeout: timedelta = LONG) -> Reply:
    return await client.request(
        "POST", url, json={"to": NUMBER}, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=timeout
    )


def assert_discreet(words: str, peer: Peer) -> None:
    assert f"the proxy 127.0.0.1:{peer.port}" in words
    for hidden in (PASSWORD, "dG9jc2lu", TOKEN, NUMBER, HOST):
        assert hidden not in words


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Peer(http(b"", status="407 Proxy Authentication Required")), "does not take our name and password"),
        (Peer(http(b"", status="401 Unauthorized")), "does not take our name and password"),
        (Peer(http(b"no", status="403 Filtered")), "does not let us through (HTTP 403)"),
        (Peer(http(b"", status="502 Bad Gateway")), "does not get through (HTTP 502)"),
        (Peer(http(b"", status="503 Service Unavailable")), "does not get through (HTTP 503)"),
        (Peer(http(b"", status="302 Found", more="Location: http://x.example/\r\n")), "not do what a proxy does"),
        (Peer(b"SSH-2.0-OpenSSH\r\n"), "the answer cannot be read"),
        (Peer(b""), "the connection broke"),
        (Peer(then=Then.HOLD), "timed out"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_where_no_tunnel_opens_nothing_was_taken(client: Http, answer: Peer, said: str) -> None:
    async with replace(answer).running() as peer:
        client.proxy = by(peer)
        with pytest.raises(NotSentError) as raised:
            await post(client, f"https://{HOST}/x", SOON if said == "timed out" else LONG)
    assert said in str(raised.value)
    assert_discreet(str(raised.value), peer)
    assert peer.heard.startswith(b"CONNECT sms.provider.example:443 HTTP/1.1\r\n")
    assert TOKEN.encode() not in peer.heard


async def test_a_proxy_that_is_not_there_is_told_with_its_place(client: Http) -> None:
    peer = Peer(port=free_port())
    client.proxy = by(peer)
    for scheme in ("http", "https"):
        with pytest.raises(NotSentError, match="the connection was refused") as raised:
            await post(client, f"{scheme}://{HOST}/x")
        assert_discreet(str(raised.value), peer)


async def test_what_hangs_up_inside_the_tunnel_took_nothing(client: Http) -> None:
    async with Peer(b"HTTP/1.1 200 Connection established\r\n\r\n").running() as peer:
        client.proxy = by(peer)
        with pytest.raises(NotSentError):
            await post(client, f"https://{HOST}/x")
    assert TOKEN.encode() not in peer.heard


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        ("407 No", NotSentError, "does not take our name and password"),
        ("401 No", NotSentError, "or the provider behind it does not let us in (HTTP 401)"),
        ("403 No", NotSentError, "or the provider behind it does not let us in (HTTP 403)"),
        ("500 No", NoReplyError, "or the provider behind it failed (HTTP 500)"),
        ("502 No", NoReplyError, "or the provider behind it failed (HTTP 502)"),
        ("503 No", NoReplyError, "or the provider behind it failed (HTTP 503)"),
        ("504 No", NoReplyError, "or the provider behind it failed (HTTP 504)"),
    ],
)
async def test_of_plain_http_only_what_is_certain_is_said(
    client: Http, status: str, error: type[Exception], said: str
) -> None:
    async with Peer(http(b"0: Accepted", status=status)).running() as peer:
        client.proxy = by(peer)
        with pytest.raises(error) as raised:
            await post(client, f"http://{HOST}/x")
    assert said in str(raised.value)
    assert_discreet(str(raised.value), peer)
    assert peer.came == 1


async def test_plain_http_that_was_passed_on_and_got_no_answer_may_have_been_taken(client: Http) -> None:
    async with Peer(b"").running() as peer:
        client.proxy = by(peer)
        with pytest.raises(NoReplyError) as raised:
            await post(client, f"http://{HOST}/x")
    assert_discreet(str(raised.value), peer)


@pytest.mark.parametrize("status", ["200 OK", "202 Yes", "302 Found", "400 No", "404 No", "429 Later"])
async def test_the_rest_is_the_providers_own_answer_and_a_redirect_is_not_followed(client: Http, status: str) -> None:
    answer = http(b"said", status=status, more="Location: http://elsewhere.example/\r\n")
    async with Peer(answer).running() as peer:
        client.proxy = by(peer)
        reply = await post(client, f"http://{HOST}/x")
    assert (reply.status, reply.body, peer.came) == (int(status[:3]), b"said", 1)
    assert peer.heard.startswith(b"POST http://sms.provider.example/x HTTP/1.1\r\n")
    assert b"\r\nProxy-Authorization: Basic dG9jc2luOnByb3h5LTQ3MTEtc2VjcmV0\r\n" in peer.heard


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_what_is_near_is_called_directly_and_learns_no_password(client: Http, host: str) -> None:
    async with Peer(http(b"")).running() as proxy, Peer(http(b"near", status="503 No")).running() as peer:
        client.proxy = by(proxy)
        reply = await post(client, f"http://{host}:{peer.port}/x")
    assert (reply.status, reply.body, proxy.came) == (503, b"near", 0)
    assert b"Proxy-" not in peer.heard


async def test_what_is_to_be_called_directly_is_not_shown_to_the_proxy(client: Http) -> None:
    async with Peer(http(b"")).running() as peer:
        client.proxy = by(peer, direct=("direct.invalid",))
        with pytest.raises(NotSentError) as raised:
            await post(client, "https://api.direct.invalid/x")
    assert peer.came == 0
    assert "proxy" not in str(raised.value)


async def test_a_new_password_is_taken_by_the_next_request(client: Http) -> None:
    async with Peer(http(b"")).running() as peer:
        client.proxy = by(peer)
        await post(client, f"http://{HOST}/x")
        client.proxy = by(peer, password="new")
        await post(client, f"http://{HOST}/x")
    assert b"Basic dG9jc2luOm5ldw==" in peer.heard


async def test_the_environment_is_not_asked(client: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Peer(http(b"")).running() as trap, Peer(http(b"")).running() as peer:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, trap.url)
        await asyncio.gather(post(client, peer.url), post(client, f"{peer.url}/y"))
    assert (trap.came, peer.came) == (0, 2)
