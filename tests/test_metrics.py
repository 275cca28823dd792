"""What is counted says how the line does, and never whom it is about."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from engine.agents.match import match
from engine.agents.relay import relay
from engine.agents.route import route
from engine.agents.send import send
from engine.answer import Outcome
from engine.metrics import Metrics
from engine.reason import Reason
from engine.receipt import Fate, Receipt
from engine.sources.imap.watching import State, Watching
from engine.store.tables import metadata
from engine.web.health import Health
from tests.agents.test_hops import Bench, Scripted
from tests.builders import ACCEPTED, NOW, PHONE, a_mail


def _lines(metrics: Metrics) -> dict[str, float]:
    text = metrics.render().decode()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines() if line[0] != "#"}


def _fact(fate: Fate, reason: Reason) -> Receipt:
    return Receipt(
        message_id=UUID(int=1), notification_id=UUID(int=2), account="anna", fate=fate, reason=reason, at=NOW
    )


@pytest.mark.parametrize(
    ("count", "line"),
    [
        (lambda m: m.count_mails(2), "tocsin_mails_seen_total"),
        (lambda m: m.count_decisions([Reason.MATCHED] * 2), 'tocsin_decisions_total{reason="matched"}'),
        (
            lambda m: [m.count_answer("phone", Outcome.UNKNOWN) for _ in "ab"],
            'tocsin_provider_answers_total{outcome="unknown",provider="phone"}',
        ),
        (
            lambda m: [m.count_fact(_fact(Fate.REFUSED, Reason.NO_CREDIT), None) for _ in "ab"],
            'tocsin_notifications_total{verdict="no_credit"}',
        ),
        (
            lambda m: [m.count_fact(_fact(Fate.SENT, Reason.ACCEPTED), ("sms", "phone")) for _ in "ab"],
            'tocsin_messages_total{channel="sms",fate="sent",provider="phone"}',
        ),
        (
            lambda m: [m.count_dead("tocsin-events", Reason.POISON) for _ in "ab"],
            'tocsin_dead_letters_total{reason="poison",topic="tocsin-events"}',
        ),
        (lambda m: m.set_lag({"tocsin-events": 2}), 'tocsin_stream_lag{topic="tocsin-events"}'),
        (lambda m: m.set_queue({3: (2, 9.0)}), 'tocsin_send_queue_messages{lane="3"}'),
        (lambda m: m.set_queue({1: (9, 2.0)}), 'tocsin_send_queue_oldest_seconds{lane="1"}'),
        (lambda m: m.set_mailboxes({"idle": 2}), 'tocsin_mailboxes{state="idle"}'),
        (lambda m: m.set_differences(2), "tocsin_ledger_differences"),
        (lambda m: m.set_loop_lag(2), "tocsin_event_loop_lag_seconds"),
    ],
)
def test_each_number_has_its_line(count: Callable[[Metrics], Any], line: str) -> None:
    metrics = Metrics()
    count(metrics)
    assert _lines(metrics)[line] == 2.0


def test_only_one_configuration_is_in_force() -> None:
    metrics = Metrics()
    metrics.set_configuration("old")
    metrics.set_configuration("new")
    assert [line for line in _lines(metrics) if "configuration" in line] == [
        'tocsin_configuration_info{version="new"}'
    ]


def test_two_engines_in_one_process_share_no_registry() -> None:
    one, other = Metrics(), Metrics()
    one.count_mails(1)
    assert _lines(other)["tocsin_mails_seen_total"] == 0.0


@pytest.mark.parametrize(("arrived", "bucket"), [(timedelta(0), 0.1), (timedelta(days=-1), 0.1)])
def test_a_mail_server_whose_clock_runs_ahead_counts_as_at_once(arrived: timedelta, bucket: float) -> None:
    metrics = Metrics()
    metrics.time_submit(NOW, NOW - arrived, NOW)
    assert _lines(metrics)[f'tocsin_mail_to_submit_seconds_bucket{{le="{bucket}",since="arrived"}}'] == 1.0


async def test_a_mail_through_the_line_is_counted_at_each_hop_and_names_nobody(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Scripted([ACCEPTED]))
    desk, metrics = bench.desk, bench.desk.metrics
    try:
        mail = a_mail(arrived_at=NOW - timedelta(seconds=20), read_at=NOW - timedelta(seconds=4))
        await match(desk, [mail])
        await route(desk, bench.noticed())
        health = Health(
            bench.store,
            metrics,
            desk.clock,
            desk.draining,
            lambda: True,
            lambda: {"tocsin-events": 1},
            desk.board.values,
        )
        desk.board["k"] = Watching("anna", "imap.example:993", "INBOX", State.SUSPENDED, NOW)
        bench.now += timedelta(seconds=30)
        await health.refresh(prove=True)
        waiting = _lines(metrics)
        bench.now -= timedelta(seconds=30)
        await bench.run(send, lambda: bench.fate() == "sent")
        await bench.run(relay, lambda: len(bench.published) >= 3)
    finally:
        bench.store.close()
    assert waiting['tocsin_send_queue_messages{lane="2"}'] == 1.0
    assert waiting['tocsin_send_queue_oldest_seconds{lane="2"}'] == 30.0
    assert waiting['tocsin_mailboxes{state="suspended"}'] == 1.0
    assert waiting['tocsin_mailboxes{state="idle"}'] == 0.0
    assert waiting["tocsin_ledger_differences"] == 0.0
    found = _lines(metrics)
    assert found['tocsin_decisions_total{reason="matched"}'] == 1.0
    assert found['tocsin_provider_answers_total{outcome="accepted",provider="phone"}'] == 1.0
    assert found['tocsin_notifications_total{verdict="admitted"}'] == 1.0
    assert found['tocsin_messages_total{channel="sms",fate="sent",provider="phone"}'] == 1.0
    assert found['tocsin_mail_to_submit_seconds_sum{since="arrived"}'] == 20.0
    assert found['tocsin_mail_to_submit_seconds_sum{since="read"}'] == 4.0
    said = metrics.render().decode()
    for personal in ("anna", PHONE, PHONE.lstrip("+"), "imap.example", "acme", "INBOX", "Spoed"):
        assert personal not in said


def test_no_metric_has_a_label_that_could_hold_a_person() -> None:
    labels = set(re.findall(r"[{,](\w+)=", _full().render().decode()))
    assert labels <= {
        *("reason", "verdict", "channel", "provider", "fate", "outcome", "since", "le", "topic", "lane", "state"),
        "version",
    }
    assert "account_id" in metadata.tables["message"].c  # the row knows; the metric must not


def _full() -> Metrics:
    metrics = Metrics()
    metrics.count_fact(_fact(Fate.SENT, Reason.ACCEPTED), ("sms", "phone"))
    metrics.count_decisions([Reason.MATCHED])
    metrics.count_answer("phone", Outcome.ACCEPTED)
    metrics.count_dead("t", Reason.POISON)
    metrics.time_submit(NOW, NOW, NOW)
    metrics.set_queue({})
    metrics.set_lag({"t": 1})
    metrics.set_mailboxes({"idle": 1})
    metrics.set_configuration("v")
    return metrics
