"""Reports come out of the mailbox for bounces; whatever else lies there is left alone."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.agents import bounces
from engine.channels import registry
from engine.channels.providers.smtp import SmtpProvider, SmtpSettings
from engine.errors import StreamError
from engine.net import Http
from engine.receipt import Fate
from engine.sources.imap.fetch import Mail
from engine.topics import RECEIPTS
from tests.agents.test_hops import Bench, Scripted

BOUNCE = """\
From: <mailer@mx.example>
To: <bounce+{token}@ours.example>
Subject: Delivery failed
Content-Type: multipart/report; report-type=delivery-status; boundary=x

--x
Content-Type: text/plain

It did not work.
--x
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; anna@elsewhere.example
Action: failed
Status: 5.1.1

--x--
"""


def _provider() -> SmtpProvider:
    known = {"driver": "smtp", "host": "127.0.0.1", "tls": "off", "sender": "t@ours.example"}
    settings = SmtpSettings.model_validate(known | {"bounce_address": "bounce@ours.example", "bounce_key": "k" * 30})
    made = registry.build("post", settings, Http())
    assert isinstance(made, SmtpProvider)
    return made


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, Scripted([]))
    made.desk = replace(made.desk, providers={"post": _provider()})
    yield made
    made.store.close()


def _mails(*tokens: str) -> list[Mail]:
    return [Mail(uid, raw=BOUNCE.format(token=token).encode()) for uid, token in enumerate(tokens, 1)]


async def test_what_is_no_bounce_of_ours_is_left_alone(bench: Bench) -> None:
    ours = _provider().token("r1")
    mails = [*_mails(ours, "r2-0123456789abcdef"), Mail(8, raw=b"Subject: I am away\n\nUntil Monday."), Mail(9)]
    await bounces.take(bench.desk, "post", mails)
    [(topic, report)] = bench.published
    assert (topic, report.client_ref, report.fate) == (RECEIPTS.name, "r1", Fate.UNDELIVERED)


async def test_while_the_stream_is_down_the_mailbox_waits(bench: Bench) -> None:
    bench.broken = True
    with pytest.raises(StreamError):
        await bounces.take(bench.desk, "post", _mails(_provider().token("r1")))


async def test_mails_that_are_no_bounces_need_no_stream(bench: Bench) -> None:
    bench.broken = True
    await bounces.take(bench.desk, "post", _mails("nothing"))
