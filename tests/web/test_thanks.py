"""Vendors that want an answer of their own get it, and only once the report is durable."""

from datetime import timedelta

from engine.channels import registry
from engine.channels.providers.pswincom import PswincomSettings
from engine.net import Http
from engine.web.server import Web
from tests.servers.vendors import TOKEN
from tests.servers.vendors.pswincom import SAMPLE
from tests.web.test_callbacks import Stream
from tests.web.well import Well

LONG = timedelta(seconds=30)


async def test_pswincom_is_thanked_in_xml_once_its_report_is_kept() -> None:
    known = {"driver": "pswincom", "user": "u", "password": "p", "reports_token": TOKEN}
    http, stream = Http(), Stream()
    provider = registry.build("gateway", PswincomSettings.model_validate(known), http)
    web = Web("127.0.0.1", 0, {"gateway": provider}, stream.publish, Well())
    await web.start()
    try:
        url = f"{web.url}/callbacks/gateway?token={TOKEN}"
        kept = await http.request("POST", url, data=SAMPLE, timeout=LONG)
        stream.broken = RuntimeError("no disk")
        lost = await http.request("POST", url, data=SAMPLE, timeout=LONG)
    finally:
        await web.stop()
        await http.close()
    assert (kept.status, b"<STATUS>OK</STATUS>" in kept.body) == (200, True)
    assert (lost.status, b"<STATUS>OK</STATUS>" in lost.body) == (503, False)
    assert [report.provider_ref for _, report in stream.published] == ["984342374"]
