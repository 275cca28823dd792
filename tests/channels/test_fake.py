"""The virtual phone's client keeps the contract of providers, against the real phone."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from engine.answer import Outcome, ProviderClass
from engine.channels import registry
from engine.channels.provider import Polled, is_polled
from engine.channels.providers.fake import FakeSettings
from engine.errors import ProviderError
from engine.net import Http
from engine.notification import Channel
from engine.reason import Reason
from engine.receipt import Fate
from tests.contracts.provider import SECRET, ProviderContract, a_message
from tests.servers.phone import PhoneRig


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[PhoneRig]:
    made = PhoneRig(tmp_path)
    await made.start()
    yield made
    await made.stop()


class TestFake(ProviderContract):
    """Every promise of the contract, for the virtual phone."""


async def test_a_wrong_token_is_an_auth_refusal(rig: PhoneRig) -> None:
    answer = await rig.provider(ProviderClass.IDEMPOTENT, token="wrong").send(a_message(), "r1")
    assert (answer.outcome, answer.reason) == (Outcome.REFUSED, Reason.PROVIDER_AUTH)


async def test_a_reference_used_for_another_text_is_refused_rather_than_swallowed(rig: PhoneRig) -> None:
    provider = rig.provider(ProviderClass.IDEMPOTENT)
    assert (await provider.send(a_message("one"), "r1")).outcome is Outcome.ACCEPTED
    assert (await provider.send(a_message("two"), "r1")).outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    ("channel", "address", "outcome"),
    [
        (Channel.EMAIL, "anna@example.org", Outcome.ACCEPTED),
        (Channel.EMAIL, "+32470000001", Outcome.REFUSED),
        (Channel.FAX, "+3225000000", Outcome.ACCEPTED),
        (Channel.FAX, "anna@example.org", Outcome.REFUSED),
    ],
)
async def test_it_takes_mail_and_fax_as_well(rig: PhoneRig, channel: Channel, address: str, outcome: Outcome) -> None:
    message = a_message().model_copy(update={"channel": channel, "address": address})
    assert (await rig.provider(ProviderClass.IDEMPOTENT).send(message, "r1")).outcome is outcome


@pytest.mark.parametrize(
    ("status", "fate", "reason"),
    [
        ("delivered", Fate.DELIVERED, Reason.DELIVERED),
        ("undelivered", Fate.UNDELIVERED, Reason.UNDELIVERED),
        ("phone_off", Fate.UNDELIVERED, Reason.PHONE_OFF),
        ("phone_full", Fate.UNDELIVERED, Reason.PHONE_FULL),
    ],
)
async def test_each_word_of_the_phone_has_one_fate(rig: PhoneRig, status: str, fate: Fate, reason: Reason) -> None:
    provider = rig.provider(ProviderClass.OPAQUE)
    body = json.dumps({"ref": "r1", "id": "P1", "status": status, "at": "2026-11-21T10:00:00Z"}).encode()
    [report] = provider.read_callback({"authorization": f"Bearer {SECRET}"}, {}, body)
    assert (report.fate, report.reason, report.client_ref, report.provider_ref) == (fate, reason, "r1", "P1")


def test_only_a_phone_on_this_machine_may_go_without_a_token() -> None:
    assert FakeSettings.model_validate({"url": "http://localhost:8026"}).token is None
    with pytest.raises(ValidationError, match="needs a token"):
        FakeSettings.model_validate({"url": "http://phone.example:8026"})


@pytest.mark.parametrize("url", ["phone", "ftp://127.0.0.1", "http://user:pass@127.0.0.1", "http://127.0.0.1/?a=b"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        FakeSettings.model_validate({"url": url})


def test_a_secret_does_not_show_in_the_settings() -> None:
    assert SECRET not in repr(FakeSettings.model_validate({"token": SECRET}))


def test_a_token_can_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    settings = FakeSettings.model_validate({"token_file": file})
    with pytest.raises(ProviderError, match="cannot be read"):
        registry.build("phone", settings, Http())
    file.write_text(f"{SECRET}\n")
    provider = registry.build("phone", settings, Http())
    with pytest.raises(PermissionError):
        provider.read_callback({}, {}, b"{}")
    with pytest.raises(ValueError, match="not a delivery report"):
        provider.read_callback({"Authorization": f"Bearer {SECRET}"}, {}, b"{}")


@pytest.mark.parametrize(
    ("report", "fate"), [("delivered", Fate.DELIVERED), ("phone_full", Fate.UNDELIVERED), ("never", None)]
)
async def test_a_report_that_is_lost_is_told_to_whoever_asks(rig: PhoneRig, report: str, fate: Fate | None) -> None:
    await rig.behave("take", report=report, report_lost=True)
    settings = FakeSettings(url=rig.listener.url, token=SECRET, polled=True)
    provider = registry.build("phone", settings, rig.http)
    assert isinstance(provider, Polled)
    answer = await provider.send(a_message(), "r1")
    said = await provider.poll("r1", answer.provider_ref)
    assert (said.fate if said else None) is fate
    assert said is None or (said.client_ref, said.provider_ref) == ("r1", answer.provider_ref)
    assert await provider.poll("r2", "") is None


async def test_a_phone_that_is_away_says_nothing(rig: PhoneRig) -> None:
    provider = rig.provider(ProviderClass.OPAQUE)
    assert isinstance(provider, Polled)
    assert not is_polled(provider)
    await rig.switch_off()
    assert await provider.poll("r1", "") is None
