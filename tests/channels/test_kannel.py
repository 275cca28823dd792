"""Kannel's settings, its address for reports and its words; the gateway itself is in tests/live/test_kannel.py."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from pydantic import ValidationError

from engine.answer import Outcome
from engine.channels import registry
from engine.channels.provider import Provider
from engine.channels.providers.kannel import KannelSettings
from engine.errors import ProviderError
from engine.net import Http, Reply
from engine.reason import Reason
from engine.receipt import Fate
from tests.contracts.provider import NUMBER, SECRET, TEXT, a_message

PUBLIC = "https://tocsin.example"


class Spy(Http):
    """Keeps the address that was asked for, and answers what it was told to."""

    def __init__(self, status: int = 202, body: bytes = b"0: Accepted for delivery", **headers: str) -> None:
        super().__init__()
        self.reply = Reply(status, headers, body)
        self.asked = ""

    async def request(self, method: str, url: str, **_: Any) -> Reply:
        self.asked = url
        return self.reply

    @property
    def fields(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.asked).query, keep_blank_values=True))


def a_provider(http: Http, **settings: Any) -> Provider:
    known = {"driver": "kannel", "user": "tocsin", "password": SECRET, **settings}
    return registry.build("gateway", KannelSettings.model_validate(known), http, PUBLIC)


async def _report_fields(provider: Provider, http: Spy, ref: str = "r1") -> dict[str, str]:
    """What Kannel asks for when it reports: the address it was given, filled in."""
    await provider.send(a_message(), ref)
    address = http.fields["dlr-url"]
    for word, value in {"%d": "1", "%T": "1795308591", "%F": "00000001", "%A": "ACK%2F"}.items():
        address = address.replace(word, value)
    assert address.startswith(f"{PUBLIC}/callbacks/gateway?")
    return dict(parse_qsl(urlsplit(address).query))


async def test_the_plus_of_a_number_survives_the_address() -> None:
    http = Spy()
    await a_provider(http).send(a_message(), "r1")
    assert f"to=%2B{NUMBER[1:]}" in http.asked


async def test_only_what_the_7_bit_alphabet_lacks_is_sent_as_ucs_2() -> None:
    http = Spy()
    provider = a_provider(http)
    for text, coding in (("Größe € {1}", None), ("spoed Ξ", None), ("☺", "2"), ("naïve ê", "2")):
        await provider.send(a_message(text), "r1")
        assert (http.fields["text"], http.fields["charset"], http.fields.get("coding")) == (text, "utf-8", coding)


async def test_sender_and_smsc_are_named_only_when_they_are_set() -> None:
    http = Spy()
    await a_provider(http).send(a_message(), "r1")
    assert {"from", "smsc"}.isdisjoint(http.fields)
    await a_provider(http, sender="Tocsin", smsc="one", reports="false").send(a_message(), "r1")
    assert (http.fields["from"], http.fields["smsc"]) == ("Tocsin", "one")
    assert {"dlr-url", "dlr-mask"}.isdisjoint(http.fields)


@pytest.mark.parametrize(
    ("status", "body", "outcome", "reason"),
    [
        (202, b"0: Accepted for delivery", Outcome.ACCEPTED, Reason.ACCEPTED),
        (202, b"3: Queued for later delivery", Outcome.ACCEPTED, Reason.ACCEPTED),
        (202, b"what?", Outcome.UNKNOWN, Reason.NO_ANSWER),
        (200, b"0: Accepted for delivery", Outcome.UNKNOWN, Reason.NO_ANSWER),
        (403, b"Authorization failed for sendsms", Outcome.REFUSED, Reason.PROVIDER_AUTH),
        (403, b"Not routable. Do not try again.", Outcome.REFUSED, Reason.PROVIDER_REFUSED),
        (401, b"", Outcome.REFUSED, Reason.PROVIDER_AUTH),
        (400, b"Missing receiver number, rejected", Outcome.REFUSED, Reason.PROVIDER_REFUSED),
        (404, b"", Outcome.REFUSED, Reason.PROVIDER_REFUSED),
        (503, b"Temporal failure, try again later.", Outcome.NOT_TAKEN, Reason.PROVIDER_BUSY),
        (500, b"Sending failed.", Outcome.UNKNOWN, Reason.NO_ANSWER),
        (502, b"", Outcome.UNKNOWN, Reason.NO_ANSWER),
    ],
)
async def test_each_answer_has_one_meaning(status: int, body: bytes, outcome: Outcome, reason: Reason) -> None:
    answer = await a_provider(Spy(status, body)).send(a_message(), "r1")
    assert (answer.outcome, answer.reason) == (outcome, reason)
    assert body.decode() in answer.detail


async def test_its_own_words_are_kept_without_number_text_and_secret() -> None:
    words = f"0: to {NUMBER} or {NUMBER[1:]} or 32 470 00.00-01 said {TEXT} by {SECRET}\n\x1b[31m".encode()
    answer = await a_provider(Spy(202, words)).send(a_message(), "r1")
    assert answer.detail == "0: to … or … or … said … by … [31m"


@pytest.mark.parametrize(
    ("bit", "fate", "reason"),
    [
        ("1", Fate.DELIVERED, Reason.DELIVERED),
        ("2", Fate.UNDELIVERED, Reason.UNDELIVERED),
        ("4", Fate.SENT, Reason.ACCEPTED),
        ("8", Fate.SENT, Reason.ACCEPTED),
        ("16", Fate.UNDELIVERED, Reason.PROVIDER_REFUSED),
    ],
)
async def test_each_bit_of_a_report_has_one_fate(bit: str, fate: Fate, reason: Reason) -> None:
    http = Spy()
    provider = a_provider(http)
    fields = await _report_fields(provider, http)
    [report] = provider.read_callback({}, {**fields, "status": bit}, b"")
    assert (report.client_ref, report.provider_ref, report.fate, report.reason) == ("r1", "00000001", fate, reason)
    assert report.at == datetime(2026, 11, 22, 0, 49, 51, tzinfo=UTC)
    assert report.detail == "ACK/"


@pytest.mark.parametrize("change", [{"proof": ""}, {"proof": "é"}, {"proof": "\udcff"}, {"ref": "r2"}, {"ref": ""}])
async def test_a_report_for_another_reference_or_without_its_proof_is_forged(change: dict[str, str]) -> None:
    http = Spy()
    provider = a_provider(http)
    fields = await _report_fields(provider, http)
    with pytest.raises(PermissionError):
        provider.read_callback({}, {**fields, **change}, b"")
    with pytest.raises(PermissionError):
        provider.read_callback({}, {}, b"")


async def test_the_proof_of_another_gateway_or_password_does_not_count() -> None:
    http = Spy()
    fields = await _report_fields(a_provider(http), http)
    with pytest.raises(PermissionError):
        a_provider(http, password="another").read_callback({}, fields, b"")


@pytest.mark.parametrize(
    "change",
    [{"status": "3"}, {"status": ""}, {"status": "%d"}, {"at": ""}, {"at": "soon"}, {"at": "9" * 5000}, {"at": "²"}],
)
async def test_a_report_that_makes_no_sense_is_a_value_error(change: dict[str, str]) -> None:
    http = Spy()
    provider = a_provider(http)
    fields = await _report_fields(provider, http)
    with pytest.raises(ValueError, match="report of Kannel"):
        provider.read_callback({}, {**fields, **change}, b"")


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": None},
        {"password_file": "secrets/kannel"},
        {"url": "kannel"},
        {"url": "http://u:p@127.0.0.1/cgi-bin/sendsms"},
        {"url": "http://127.0.0.1/cgi-bin/sendsms?username=x"},
        {"user": ""},
        {"smscs": "x"},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    known = {"driver": "kannel", "user": "tocsin", "password": SECRET, **wrong}
    with pytest.raises(ValidationError) as raised:
        KannelSettings.model_validate({name: value for name, value in known.items() if value is not None})
    assert SECRET not in str(raised.value.errors(include_input=False))


def test_the_password_can_stand_in_a_file_and_shows_nowhere(tmp_path: Path) -> None:
    file = tmp_path / "kannel"
    settings = KannelSettings.model_validate({"driver": "kannel", "user": "tocsin", "password_file": file})
    with pytest.raises(ProviderError, match="cannot be read"):
        registry.build("gateway", settings, Http())
    file.write_text(f"{SECRET}\n")
    assert SECRET not in repr(registry.build("gateway", settings, Http()))
    assert SECRET not in repr(KannelSettings.model_validate({"driver": "kannel", "user": "t", "password": SECRET}))


@pytest.mark.parametrize(
    ("text", "reason"),
    [("bell \x07", Reason.UNFIT), ("half \ud83d", Reason.UNFIT), ("x" * 1531, Reason.TOO_LONG)],
)
async def test_what_is_not_fit_to_be_sent_or_would_be_cut_off_never_leaves(text: str, reason: Reason) -> None:
    http = Spy()
    answer = await a_provider(http).send(a_message(text), "r1")
    assert (answer.outcome, answer.reason, http.asked) == (Outcome.REFUSED, reason, "")
    assert (await a_provider(http).send(a_message("x" * 1530), "r1")).outcome is Outcome.ACCEPTED
    assert (await a_provider(http, parts=11).send(a_message("x" * 1531), "r1")).outcome is Outcome.ACCEPTED
