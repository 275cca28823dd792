"""Every provider that brings texts from phones: honest ones are read, forged ones refused, garbage is garbage."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest

from engine.channels import registry
from engine.channels.provider import Hearing
from engine.heard import Heard
from engine.net import Http
from tests.contracts.provider import GARBAGE, SECRET, Callback
from tests.servers.vendors import PUBLIC, TOKEN
from tests.servers.vendors.twilio import ACCOUNT, sign

PHONE, US, TEXT = "+32470000077", "+32460200000", "Größe: ☺ & <hulp>"
AT = f"{PUBLIC}/inbound/vendor"


class Case(NamedTuple):
    """A provider's settings, a request as it brings a text, and what proves that it is from it."""

    settings: Mapping[str, Any]
    honest: Callback
    ref: str
    thanks: str = ""
    to: str = US


def _form(**fields: str) -> bytes:
    return urlencode(fields).encode()


def _json(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
PSWINCOM = f"""<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE MSGLST SYSTEM "pswincom_receive_request.dtd">
<MSGLST><MSG><ID>1</ID><TEXT>{TEXT.replace("&", "&amp;").replace("<", "&lt;")}</TEXT>
<SND>{PHONE[1:]}</SND><RCV>{US[1:]}</RCV></MSG></MSGLST>"""
BY_TOKEN = {"token": TOKEN}
OWN = {
    "driver": "http",
    "secrets": {"in": TOKEN},
    "send": {"url": "https://api.example/send", "query": {"to": "{to}", "text": "{text}"}},
}
PROOF = {"query": "token", "equals": "{secret.in}"}

CASES = {
    "kannel": Case(
        {"driver": "kannel", "user": "u", "password": SECRET, "inbound_token": TOKEN},
        Callback(
            query={**BY_TOKEN, "from": PHONE, "to": US, "charset": "UTF-16BE", "at": "1795308591", "id": "k-1"},
            body=TEXT.encode("utf-16-be"),
        ),
        "k-1",
    ),
    "twilio": Case(
        {"driver": "twilio", "account": ACCOUNT, "token": SECRET, "sender": "Tocsin"},
        sign({}, _form(MessageSid="SM1", From=PHONE, To=US, Body=TEXT, NumMedia="0"), address=AT),
        "SM1",
        TWIML,
    ),
    "pswincom": Case(
        {"driver": "pswincom", "user": "u", "password": SECRET, "reports_token": TOKEN},
        Callback(query=BY_TOKEN, body=PSWINCOM.encode()),
        "",
        '<?xml version="1.0"?><MSGLST><MSG><ID>1</ID><STATUS>OK</STATUS></MSG></MSGLST>',
        US[1:],
    ),
    "intelecom": Case(
        {"driver": "intelecom", "service": "1", "user": "u", "password": SECRET, "reports_token": TOKEN},
        Callback(
            query=BY_TOKEN,
            body=_json(mo=[{"messageid": "7a02", "sno": "1960", "originator": PHONE, "content": TEXT, "type": 1}]),
        ),
        "7a02",
        to="1960",
    ),
    "link": Case(
        {"driver": "link", "url": "https://link.example", "user": "u", "password": SECRET}
        | {"partner": "1", "sender": "Tocsin", "reports_token": TOKEN},
        Callback(query=BY_TOKEN, body=_json(id="L1", source=PHONE, destination="2333", userData=TEXT)),
        "L1",
        to="2333",
    ),
    "infobip": Case(
        {"driver": "infobip", "url": "https://x.example", "key": SECRET, "sender": "T", "inbound_token": TOKEN},
        Callback(
            query=BY_TOKEN,
            body=_json(
                results=[
                    {"messageId": "I1", "from": PHONE[1:], "to": US[1:], "text": TEXT, "keyword": "x"}
                    | {"receivedAt": "2026-11-21T10:00:00.000+0000"}
                ]
            ),
        ),
        "I1",
        to=US[1:],
    ),
    "clicksend": Case(
        {"driver": "clicksend", "user": "u", "key": SECRET, "reports_token": TOKEN},
        Callback(
            query=BY_TOKEN,
            body=_form(message_id="C1", to=US, body=TEXT, timestamp="1795308591", **{"from": PHONE}),
        ),
        "C1",
    ),
    "http": Case(
        {
            **OWN,
            "inbound": {"as": "json", "each": "in", "id": "i", "from": "f", "to": "t", "text": "x", "proof": PROOF},
        },
        Callback(query=BY_TOKEN, body=_json(**{"in": [{"i": "H1", "f": PHONE, "t": US, "x": TEXT}]})),
        "H1",
    ),
    "http by its query": Case(
        {**OWN, "inbound": {"as": "query", "from": "f", "to": "t", "text": "x", "proof": PROOF}},
        Callback(query={**BY_TOKEN, "f": PHONE, "t": US, "x": TEXT}),
        "",
    ),
    "fake": Case(
        {"driver": "fake", "token": TOKEN},
        Callback(
            {"Authorization": f"Bearer {TOKEN}"},
            body=_json(id="F1", to=US, text=TEXT, at="2026-11-21T10:00:00Z", **{"from": PHONE}),
        ),
        "F1",
    ),
}


@pytest.fixture(params=list(CASES.values()), ids=list(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


def a_provider(settings: Mapping[str, Any]) -> Hearing:
    made = registry.build("vendor", registry.SETTINGS[settings["driver"]].model_validate(settings), Http(), PUBLIC)
    assert isinstance(made, Hearing)
    return made


def test_an_honest_text_is_read_whole(case: Case) -> None:
    provider = a_provider(case.settings)
    [heard] = provider.read_inbound(*case.honest)
    assert isinstance(heard, Heard)
    assert (heard.provider, heard.provider_ref, heard.text) == ("vendor", case.ref, TEXT)
    assert heard.sender.lstrip("+") == PHONE[1:]
    assert heard.recipient == case.to
    assert provider.thank_inbound(case.honest.body) == case.thanks


def test_a_text_that_is_brought_again_names_itself_the_same(case: Case) -> None:
    provider = a_provider(case.settings)
    one, two = (provider.read_inbound(*case.honest)[0] for _ in range(2))
    assert one.model_copy(update={"at": two.at}) == two


def test_without_its_proof_nothing_is_believed(case: Case) -> None:
    provider = a_provider(case.settings)
    _, query, body = case.honest
    bare = {name: value for name, value in query.items() if name != "token"}
    forgeries = [
        Callback({}, bare, body),
        Callback({"Authorization": "Bearer x"}, {**bare, "token": TOKEN[:-1]}, body),
        Callback({}, {**bare, "token": "\udcff"}, b"\xff"),
        Callback({"X-Twilio-Signature": "x"}, {**bare, "token": ""}, b""),
    ]
    for each in forgeries:
        with pytest.raises(PermissionError):
            provider.read_inbound(*each)


OPTIONAL = {"inbound_token", "reports_token", "inbound"}


CHOSEN = {name: case for name, case in CASES.items() if OPTIONAL & case.settings.keys()}


@pytest.mark.parametrize("case", CHOSEN.values(), ids=CHOSEN)
def test_without_a_secret_nobody_is_believed(case: Case) -> None:
    fewer = {name: value for name, value in case.settings.items() if name not in OPTIONAL}
    with pytest.raises(PermissionError):
        a_provider(fewer).read_inbound(*case.honest)


@pytest.mark.parametrize("body", GARBAGE)
def test_garbage_with_a_proof_is_a_value_error(case: Case, body: bytes) -> None:
    provider = a_provider(case.settings)
    headers, query, _ = case.honest
    if case.settings["driver"] == "twilio":
        headers, query, body = sign({}, b"MessageSid=SM1", address=AT)
    few = {name: value for name, value in query.items() if name == "token"}
    with pytest.raises(ValueError):  # noqa: PT011  (the protocol promises no more)
        provider.read_inbound(headers, few, body)


@pytest.mark.parametrize("sender", ["", "x" * 41])
def test_a_text_from_nobody_or_from_too_long_a_number_is_garbage(case: Case, sender: str) -> None:
    provider = a_provider(case.settings)
    headers, query, body = case.honest
    written = PHONE.encode() if PHONE.encode() in body else urlencode({"": PHONE})[1:].encode()
    written = written if written in body else PHONE[1:].encode()
    query = {name: sender if value == PHONE else value for name, value in query.items()}
    body = body.replace(written, sender.encode(), 1)
    if case.settings["driver"] == "twilio":
        headers, query, body = sign(query, body, address=AT)
    with pytest.raises(ValueError):  # noqa: PT011
        provider.read_inbound(headers, query, body)
