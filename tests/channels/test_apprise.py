"""Apprise's own plugin `json://`, against a server on loopback: what a bridge can promise, and what it cannot."""

import logging
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from engine.answer import Outcome, ProviderClass
from engine.channels import registry
from engine.channels.provider import Provider
from engine.channels.providers.apprise import AppriseSettings
from engine.errors import ProviderError
from engine.net import Http
from engine.notification import Channel
from engine.reason import Reason
from tests.contracts.provider import NUMBER, SECRET, ProviderContract, a_message, send
from tests.servers.vendors.apprise import Bridged

OPAQUE = ProviderClass.OPAQUE


@pytest.fixture
async def rig() -> AsyncIterator[Bridged]:
    made = Bridged()
    await made.start()
    yield made
    await made.stop()


class TestApprise(ProviderContract):
    """The promises that a bridge can keep. It tells no no from another, so each of them is UNKNOWN."""

    classes: ClassVar = (OPAQUE,)
    names_messages: ClassVar = False
    test_a_final_no_is_refused_with_its_reason = None
    test_a_busy_provider_has_not_taken_it_and_says_when_to_come_back = None
    test_a_provider_that_cannot_be_reached_has_certainly_not_taken_it = None
    #: Its plugin takes every 2xx for a yes, whatever the body says.
    test_no_clear_answer_is_unknown_when_it_was_taken_and_it_was_sent_once = None

    @pytest.mark.parametrize(
        ("do", "how"),
        [
            ("refuse", {"reason": "auth"}),
            ("refuse", {"reason": "bad_number"}),
            ("busy", {"seconds": 7}),
            ("unavailable", {"seconds": 7}),
        ],
    )
    async def test_every_no_is_unknown_for_apprise_does_not_say_which(
        self, rig: Bridged, do: str, how: dict[str, Any]
    ) -> None:
        await rig.behave(do, **how)
        answer = await send(rig.provider(OPAQUE))
        assert (answer.outcome, answer.reason) == (Outcome.UNKNOWN, Reason.NO_ANSWER)
        assert rig.taken() == []
        assert "error=" in answer.detail

    async def test_a_service_that_cannot_be_reached_is_unknown_too(self, rig: Bridged) -> None:
        provider = rig.provider(OPAQUE)
        await rig.switch_off()
        answer = await send(provider)
        assert (answer.outcome, answer.reason) == (Outcome.UNKNOWN, Reason.NO_ANSWER)

    async def test_an_answer_that_is_lost_is_unknown_and_it_was_sent_once(self, rig: Bridged) -> None:
        await rig.behave("drop_after")
        answer = await send(rig.provider(OPAQUE))
        assert (answer.outcome, rig.taken()) == (Outcome.UNKNOWN, ["r1"])


async def test_number_and_reference_stand_where_the_url_says(rig: Bridged) -> None:
    await rig.provider(OPAQUE).send(a_message("Größe € 🙂"), "r1")
    [sent] = rig.requests
    assert (sent["number"], sent["ref"], sent["message"]) == (NUMBER, "r1", "Größe € 🙂")


@pytest.mark.parametrize("more", ["&optional=yes", "&retry=3", "&redirect=yes", "&rto=60&cto=60"])
async def test_whatever_the_url_asks_for_a_no_is_no_yes_and_is_tried_once(rig: Bridged, more: str) -> None:
    await rig.behave("fail")
    url = rig.settings()["url"] + more
    answer = await send(rig.provider(OPAQUE, url=url))
    assert (answer.outcome, rig.asked) == (Outcome.UNKNOWN, 1)


async def test_a_redirect_is_not_followed(rig: Bridged) -> None:
    await rig.behave("say", status=302, body=b"")
    answer = await send(rig.provider(OPAQUE))
    assert (answer.outcome, rig.asked) == (Outcome.UNKNOWN, 1)


async def test_what_no_thread_could_begin_in_time_was_certainly_not_taken(rig: Bridged) -> None:
    provider: Any = rig.provider(OPAQUE, timeout="1 s")
    released = threading.Event()
    for _ in range(8):
        provider._threads.submit(released.wait)
    answer = await send(provider)
    released.set()
    assert (answer.outcome, answer.reason) == (Outcome.NOT_TAKEN, Reason.PROVIDER_BUSY)
    assert (await send(provider, "r2")).outcome is Outcome.ACCEPTED
    assert rig.taken() == ["r2"]


class Heard(logging.Handler):
    """What reaches our log, unlike pytest's own handler, which listens at every logger."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith("apprise") and record.levelno >= logging.INFO:
            self.said.append(record.getMessage())


async def test_its_own_log_does_not_reach_ours(rig: Bridged) -> None:
    heard = Heard()
    logging.getLogger().addHandler(heard)
    try:
        await rig.behave("fail")
        await send(rig.provider(OPAQUE))
    finally:
        logging.getLogger().removeHandler(heard)
    assert heard.said == []


def a_provider(**settings: Any) -> Provider:
    return registry.build("bridge", AppriseSettings.model_validate({"driver": "apprise", **settings}), Http())


def test_a_url_that_apprise_does_not_know_is_an_error_that_does_not_repeat_it(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text(f"nosuch://{SECRET}@example.org")
    with pytest.raises(ProviderError) as error:
        a_provider(url_file=file)
    assert SECRET not in str(error.value)
    assert str(file) in str(error.value)


@pytest.mark.parametrize(
    ("carries", "text", "address", "reason"),
    [
        ("sms", "\x1b[31m", NUMBER, Reason.UNFIT),
        ("sms", "x" * 153 * 11, NUMBER, Reason.TOO_LONG),
        ("sms", "x", "0470", Reason.BAD_NUMBER),
        ("email", "\ud83d", "a@b.example", Reason.UNFIT),
        ("email", "x", "a@b.example\r\nBcc: x@y.z", Reason.BAD_ADDRESS),
    ],
)
async def test_what_is_unfit_never_leaves(
    rig: Bridged, carries: str, text: str, address: str, reason: Reason
) -> None:
    message = a_message(text, number=address).model_copy(update={"channel": Channel(carries)})
    answer = await rig.provider(OPAQUE, carries=carries).send(message, "r1")
    assert (answer.outcome, answer.reason, rig.asked) == (Outcome.REFUSED, reason, 0)


@pytest.mark.parametrize(
    "wrong", [{}, {"url": "json://x", "url_file": "y"}, {"url": "json://x", "carries": "pigeon"}]
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AppriseSettings.model_validate({"driver": "apprise", **wrong})


def test_it_carries_what_its_settings_say_without_apprise_being_asked() -> None:
    settings = AppriseSettings.model_validate({"driver": "apprise", "url": "json://x", "carries": "email"})
    assert registry.channels_of(settings) == {Channel.EMAIL}


def test_without_the_library_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ProviderError, match=r"tocsin\[apprise\]"):
        a_provider(url="json://localhost")
