"""Vendors' callbacks through our own web server: signed ones are believed, and each is thanked as it asks."""

from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import pytest

from engine.channels import registry
from engine.net import Http, Reply
from tests.contracts.provider import SECRET, Callback
from tests.servers.vendors import PUBLIC, TOKEN
from tests.servers.vendors.pswincom import SAMPLE
from tests.servers.vendors.twilio import ACCOUNT, report, sign
from tests.web.test_callbacks import Stream
from tests.web.well import a_web

LONG = timedelta(seconds=30)


async def tell(http: Http, stream: Stream, callbacks: list[Callback], **settings: Any) -> list[Reply]:
    """What the web server answers to each callback for a provider with these settings, called `vendor`."""
    model = registry.SETTINGS[settings["driver"]]
    provider = registry.build("vendor", model.model_validate(settings), http, PUBLIC)
    web = a_web(providers={"vendor": provider}, publish=stream.publish)
    await web.start()
    try:
        return [
            await http.request(
                "POST",
                f"{web.url}/callbacks/vendor?{urlencode(each.query)}",
                data=each.body,
                headers={"Content-Type": "application/x-www-form-urlencoded", **each.headers},
                timeout=LONG,
            )
            for each in callbacks
        ]
    finally:
        await web.stop()


@pytest.mark.parametrize("broken", [False, True])
async def test_pswincom_is_thanked_in_xml_once_its_report_is_kept(http: Http, broken: bool) -> None:
    stream = Stream()
    stream.broken = RuntimeError("no disk") if broken else None
    known = {"driver": "pswincom", "user": "u", "password": "p", "reports_token": TOKEN}
    [said] = await tell(http, stream, [Callback(query={"token": TOKEN}, body=SAMPLE)], **known)
    assert (said.status, b"<STATUS>OK</STATUS>" in said.body) == ((503, False) if broken else (200, True))
    assert [kept.provider_ref for _, kept in stream.published] == ([] if broken else ["984342374"])


def _json(ref: str) -> Callback:
    body = b'{"MessageSid": "SM1", "MessageStatus": "read"}'
    return sign({"ref": ref, "bodySHA256": sha256(body).hexdigest()}, body)


@pytest.mark.parametrize("make", [lambda ref: sign({"ref": ref}, report("delivered")), _json], ids=["form", "json"])
async def test_what_twilio_signs_for_the_public_address_is_believed_behind_a_proxy(
    http: Http, make: Callable[[str], Callback]
) -> None:
    stream, ref = Stream(), "0123456789abcdef0123456789abcdef-2"
    honest = make(ref)
    forged = honest._replace(query={**honest.query, "ref": "another-1"})
    known = {"driver": "twilio", "account": ACCOUNT, "token": SECRET, "sender": "Tocsin"}
    said = await tell(http, stream, [honest, forged], **known)
    assert [each.status for each in said] == [200, 403]
    assert [kept.client_ref for _, kept in stream.published] == [ref]
