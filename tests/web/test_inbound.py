"""A text from a phone is thanked only when it is durable; everything else is refused by its own status."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from engine import failpoints
from engine.channels import registry
from engine.channels.providers.fake import FakeProvider, FakeSettings
from engine.errors import StreamError
from engine.heard import Heard
from engine.net import Http, Reply
from engine.web import inbound
from engine.web.server import Web
from tests.channels.test_inbound import CASES, TEXT
from tests.servers.vendors import PUBLIC
from tests.web.well import a_web

TOKEN = "open-sesame-4711"
LONG = timedelta(seconds=30)
SAID = {"id": "m1", "from": "+32470000077", "to": "1960", "text": "hulp", "at": "2026-11-21T10:00:00Z"}


class Ear:
    """What was heard; deaf, it keeps nothing."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.deaf: Exception | None = None

    async def hear(self, heard: Sequence[Heard]) -> None:
        if self.deaf is not None:
            raise self.deaf
        self.heard += heard


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
async def web(ear: Ear, http: Http) -> AsyncIterator[Web]:
    settings = FakeSettings.model_validate({"token": TOKEN})
    smtp = {"driver": "smtp", "host": "mail.example", "sender": "tocsin@example.org"}
    providers: Any = {
        name: registry.build(
            name, registry.SETTINGS[case.settings["driver"]].model_validate(case.settings), http, PUBLIC
        )
        for name, case in CASES.items()
    }
    providers["phone"] = FakeProvider("phone", settings, http)
    providers["mail"] = registry.build("mail", registry.SETTINGS["smtp"].model_validate(smtp), http, PUBLIC)
    made = a_web(providers=providers, hear=ear.hear)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def call(web: Web, http: Http) -> Callable[..., Any]:
    async def bring(body: Any = SAID, provider: str = "phone", token: str = TOKEN) -> Reply:
        shown = {"Authorization": f"Bearer {token}"}
        return await http.request("POST", f"{web.url}/inbound/{provider}", json=body, headers=shown, timeout=LONG)

    return bring


async def test_an_honest_text_is_kept_and_nothing_is_said_to_the_phone(call: Callable[..., Any], ear: Ear) -> None:
    reply = await call()
    assert (reply.status, reply.body) == (200, b"")
    assert [(each.sender, each.recipient, each.text) for each in ear.heard] == [("+32470000077", "1960", "hulp")]


async def test_a_text_that_could_not_be_kept_is_asked_for_again(call: Callable[..., Any], ear: Ear) -> None:
    for ear.deaf in (StreamError("full"), OSError(28, "no space"), RuntimeError("a defect")):
        reply = await call()
        assert reply.status == 503
        assert "retry-after" in reply.headers
    ear.deaf = None
    assert (await call()).status == 200
    assert len(ear.heard) == 1


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ({"token": "wrong"}, 403),
        ({"body": {"id": "m1"}}, 400),
        ({"body": []}, 400),
        ({"provider": "nobody"}, 404),
        ({"provider": "mail"}, 404),
        ({"body": {**SAID, "text": "x" * 70_000}}, 413),
    ],
    ids=["forged", "garbage", "a list", "no such provider", "one that brings none", "too long"],
)
async def test_everything_else_is_refused_by_its_own_status(
    call: Callable[..., Any], ear: Ear, how: dict[str, Any], status: int, caplog: pytest.LogCaptureFixture
) -> None:
    assert (await call(**how)).status == status
    assert ear.heard == []
    assert "hulp" not in caplog.text
    assert "47000" not in caplog.text


async def test_the_fail_point_stands_between_keeping_and_thanking(
    call: Callable[..., Any], ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed: list[tuple[str, int]] = []
    monkeypatch.setattr(inbound, "failpoint", lambda name: passed.append((name, len(ear.heard))))
    await call()
    assert passed == [("inbound_published", 1)]
    assert "inbound_published" in failpoints.POINTS


async def test_an_engine_without_an_ear_serves_no_such_route(http: Http) -> None:
    web = a_web()
    await web.start()
    try:
        assert (await http.request("POST", f"{web.url}/inbound/phone", json=SAID, timeout=LONG)).status == 404
    finally:
        await web.stop()


@pytest.mark.parametrize("charset", ["UTF-8", "UTF-16BE"])
async def test_kannels_text_comes_whole_however_it_is_written(web: Web, http: Http, ear: Ear, charset: str) -> None:
    query = urlencode({**CASES["kannel"].honest.query, "charset": charset})
    body = TEXT.encode(charset)
    reply = await http.request("POST", f"{web.url}/inbound/kannel?{query}", data=body, timeout=LONG)
    assert (reply.status, reply.body) == (200, b"")
    assert [each.text for each in ear.heard] == [TEXT]


async def test_twilio_is_answered_with_empty_twiml(web: Web, http: Http, ear: Ear) -> None:
    honest = CASES["twilio"].honest
    headers = {**honest.headers, "Content-Type": "application/x-www-form-urlencoded"}
    reply = await http.request("POST", f"{web.url}/inbound/vendor", data=honest.body, headers=headers, timeout=LONG)
    assert reply.status == 404  # its name is part of what is signed
    reply = await http.request("POST", f"{web.url}/inbound/twilio", data=honest.body, headers=headers, timeout=LONG)
    assert reply.status == 403
    assert ear.heard == []
