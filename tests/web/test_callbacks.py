"""A callback is thanked only when it is durable; everything else is refused by its own status."""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from engine import failpoints
from engine.channels.providers.fake import FakeProvider, FakeSettings
from engine.errors import StreamError
from engine.net import Http, Reply
from engine.receipt import DeliveryReport, Fate
from engine.topics import RECEIPTS, Topic
from engine.web import callbacks
from engine.web.server import Web
from tests.web.well import a_web

TOKEN = "open-sesame-4711"
LONG = timedelta(seconds=30)
REPORT = {"ref": "r1", "id": "P1", "status": "delivered", "at": "2026-11-21T10:00:00Z"}


class Stream:
    """What was published; broken, it keeps nothing."""

    def __init__(self) -> None:
        self.published: list[tuple[Topic, Any]] = []
        self.broken: Exception | None = None

    async def publish(self, topic: Topic, nouns: Sequence[Any]) -> None:
        if self.broken is not None:
            raise self.broken
        self.published += [(topic, noun) for noun in nouns]


@pytest.fixture
def stream() -> Stream:
    return Stream()


@pytest.fixture
async def web(stream: Stream, http: Http) -> AsyncIterator[Web]:
    settings = FakeSettings.model_validate({"token": TOKEN})
    made = a_web(providers={"phone": FakeProvider("phone", settings, http)}, publish=stream.publish)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def call(web: Web, http: Http) -> Callable[..., Any]:
    async def send(body: Any = REPORT, provider: str = "phone", token: str = TOKEN, **headers: str) -> Reply:
        shown: Mapping[str, str] = {"Authorization": f"Bearer {token}", **headers}
        return await http.request("POST", f"{web.url}/callbacks/{provider}", json=body, headers=shown, timeout=LONG)

    return send


async def test_an_honest_report_is_published_and_then_thanked(call: Callable[..., Any], stream: Stream) -> None:
    assert (await call()).status == 200
    [(topic, report)] = stream.published
    assert topic is RECEIPTS
    assert isinstance(report, DeliveryReport)
    assert (report.provider, report.client_ref, report.fate) == ("phone", "r1", Fate.DELIVERED)


async def test_a_report_that_could_not_be_kept_is_asked_for_again(call: Callable[..., Any], stream: Stream) -> None:
    for stream.broken in (StreamError("full"), OSError(28, "no space"), RuntimeError("a defect")):
        reply = await call()
        assert reply.status == 503
        assert "retry-after" in reply.headers
    stream.broken = None
    assert (await call()).status == 200
    assert len(stream.published) == 1


async def test_the_fail_point_stands_between_keeping_and_thanking(
    call: Callable[..., Any], stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed: list[tuple[str, int]] = []
    monkeypatch.setattr(callbacks, "failpoint", lambda name: passed.append((name, len(stream.published))))
    assert (await call()).status == 200
    assert passed == [("callback_published", 1)]
    assert "callback_published" in failpoints.POINTS


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x"])
async def test_a_forged_report_is_forbidden_and_not_kept(
    call: Callable[..., Any], stream: Stream, token: str
) -> None:
    assert (await call(token=token)).status == 403
    assert stream.published == []


@pytest.mark.parametrize("body", [{}, [], "x", None, {**REPORT, "status": "eaten"}, {**REPORT, "at": "soon"}])
async def test_garbage_is_a_bad_request(call: Callable[..., Any], stream: Stream, body: Any) -> None:
    assert (await call(body)).status == 400
    assert stream.published == []


async def test_an_unknown_provider_is_not_found(call: Callable[..., Any]) -> None:
    assert (await call(provider="nobody")).status == 404


async def test_a_body_that_is_too_long_is_refused_unread(call: Callable[..., Any], stream: Stream) -> None:
    assert (await call("x" * callbacks.MOST_CALLBACK_BYTES)).status == 413
    assert stream.published == []


async def test_a_get_is_read_like_a_post_for_gateways_that_report_by_get(
    web: Web, http: Http, stream: Stream
) -> None:
    # This provider reports in a body, so a GET without one is forged or garbage, never kept.
    for headers, status in (({}, 403), ({"Authorization": f"Bearer {TOKEN}"}, 400)):
        reply = await http.request("GET", f"{web.url}/callbacks/phone", headers=headers, timeout=LONG)
        assert reply.status == status
    assert stream.published == []


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE"])
async def test_nothing_but_get_and_post_is_answered(web: Web, http: Http, method: str) -> None:
    assert (await http.request(method, f"{web.url}/callbacks/phone", timeout=LONG)).status == 405


async def test_no_answer_and_no_log_line_repeats_what_was_sent(
    call: Callable[..., Any], stream: Stream, caplog: pytest.LogCaptureFixture
) -> None:
    stream.broken = StreamError("+32470000001 could not be kept")
    replies = [await call(), await call(token="wrong"), await call({"ref": "+32470000001", "token": TOKEN})]
    said = b"".join(reply.body for reply in replies).decode() + caplog.text
    assert json.dumps(REPORT) not in said
    for hidden in (TOKEN, "+32470000001"):
        assert hidden not in said
