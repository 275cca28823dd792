"""What is counted: a registry of our own, and small functions that the hops call.

Never a phone number, an address, an account or a user as a label: a metric is read by many and kept for long, and
each new label value costs memory for ever. Counters count what this process did; after a crash a step that is
repeated is counted again, so the store is the authority and these are for watching.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from engine.answer import Outcome
from engine.reason import Reason
from engine.receipt import Fate, Receipt

#: Seconds from a mail to its submission; the promise is read off near the left end.
BUCKETS = (0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 300, 900, 3600)
#: What /metrics answers with.
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The instruments of one engine. Belongs to one event loop; building it imports prometheus-client."""

    def __init__(self) -> None:
        # Imported here: it takes 130 ms, and only an engine that runs needs it.
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

        self._registry = registry = CollectorRegistry()
        ProcessCollector(namespace="tocsin", registry=registry)
        self._mails = Counter("tocsin_mails_seen", "Mails put on the stream.", registry=registry)
        self._received = Counter(
            "tocsin_texts_received",
            "Texts from phones, by how it was found whose they are.",
            ["provider", "found_by"],
            registry=registry,
        )
        self._decisions = Counter(
            "tocsin_decisions", "What the rules said of an event.", ["reason"], registry=registry
        )
        self._notifications = Counter(
            "tocsin_notifications", "What admission said of a notification.", ["verdict"], registry=registry
        )
        self._messages = Counter(
            "tocsin_messages", "What became of messages.", ["channel", "provider", "fate"], registry=registry
        )
        self._answers = Counter(
            "tocsin_provider_answers", "What providers answered.", ["provider", "outcome"], registry=registry
        )
        self._submitted = Histogram(
            "tocsin_mail_to_submit_seconds",
            "From the moment that the mail server took it (arrived) or that we read it (read) until a provider took"
            " the message.",
            ["since"],
            buckets=BUCKETS,
            registry=registry,
        )
        self._shares = Gauge(
            "tocsin_provider_share",
            "How much of its share of new messages a provider gets: 1 all of it, 0 none (its breaker is open).",
            ["provider"],
            registry=registry,
        )
        self._dead = Counter("tocsin_dead_letters", "Records buried.", ["topic", "reason"], registry=registry)
        self._lag = Gauge("tocsin_stream_lag", "Records not acknowledged yet.", ["topic"], registry=registry)
        self._depth = Gauge(
            "tocsin_send_queue_messages", "Messages that wait to be sent.", ["lane"], registry=registry
        )
        self._oldest = Gauge(
            "tocsin_send_queue_oldest_seconds",
            "How long the oldest of them has waited since it was admitted.",
            ["lane"],
            registry=registry,
        )
        self._mailboxes = Gauge(
            "tocsin_mailboxes", "Watched folders by what their watcher does.", ["state"], registry=registry
        )
        self._loop_lag = Gauge(
            "tocsin_event_loop_lag_seconds", "How late the event loop was last.", registry=registry
        )
        self._reloads = Counter(
            "tocsin_configuration_reloads", "Times that changed files were read.", ["outcome"], registry=registry
        )
        self._configuration = Gauge(
            "tocsin_configuration_info", "1 for the configuration in force.", ["version"], registry=registry
        )
        self._differences = Gauge(
            "tocsin_ledger_differences",
            "Ways in which balances and transfers disagree, when it was last asked for; -1: not asked yet.",
            registry=registry,
        )
        self._differences.set(-1)

    # ---- called by the hops

    def count_mails(self, count: int) -> None:
        """So many mails were put on the stream."""
        self._mails.inc(count)

    def count_received(self, provider: str, found_by: str) -> None:
        """A text from a phone is on the stream."""
        self._received.labels(provider, found_by).inc()

    def count_decisions(self, reasons: Iterable[Reason]) -> None:
        """The rules said these of as many events."""
        for reason in reasons:
            self._decisions.labels(reason.value).inc()

    def count_answer(self, provider: str, outcome: Outcome) -> None:
        """A provider answered, or failed to."""
        self._answers.labels(provider, outcome.value).inc()

    def set_share(self, provider: str, share: float) -> None:
        """How much of its share of new messages a provider gets now."""
        self._shares.labels(provider).set(share)

    def count_fact(self, fact: Receipt, road: tuple[str, str] | None) -> None:
        """A receipt was told to the world; `road` is (channel, provider), None for what was refused before one."""
        if fact.fate is Fate.REFUSED or fact.reason is Reason.ADMITTED:
            self._notifications.labels(fact.reason.value).inc()
        if road is not None:
            self._messages.labels(*road, fact.fate.value).inc()

    def time_submit(self, sent_at: datetime, arrived_at: datetime, read_at: datetime | None) -> None:
        """A provider took the message of a mail. A mail server's clock that runs ahead of ours counts as 0."""
        self._submitted.labels("arrived").observe(max(0.0, (sent_at - arrived_at).total_seconds()))
        if read_at is not None:
            self._submitted.labels("read").observe(max(0.0, (sent_at - read_at).total_seconds()))

    def count_dead(self, topic: str, reason: Reason) -> None:
        """A record was buried."""
        self._dead.labels(topic, reason.value).inc()

    # ---- looked at when somebody asks

    def count_reload(self, good: bool) -> None:
        """Changed files were read: taken up, or refused for the mistakes in them."""
        self._reloads.labels("taken" if good else "refused").inc()

    def set_configuration(self, version: str) -> None:
        """This configuration is in force now."""
        self._configuration.clear()
        self._configuration.labels(version).set(1)

    def set_lag(self, by_topic: Mapping[str, int]) -> None:
        """Records not acknowledged yet, by topic."""
        for topic, records in by_topic.items():
            self._lag.labels(topic).set(records)

    def set_queue(self, by_lane: Mapping[int, tuple[int, float]]) -> None:
        """(messages, seconds that the oldest has waited) by lane; a lane that is not named is empty."""
        for lane in (1, 2, 3):
            messages, oldest = by_lane.get(lane, (0, 0.0))
            self._depth.labels(str(lane)).set(messages)
            self._oldest.labels(str(lane)).set(oldest)

    def set_mailboxes(self, by_state: Mapping[str, int]) -> None:
        """Watched folders by state; name every state, or one that emptied keeps its last count."""
        for state, folders in by_state.items():
            self._mailboxes.labels(state).set(folders)

    def set_loop_lag(self, seconds: float) -> None:
        """How late the event loop was last."""
        self._loop_lag.set(seconds)

    def set_differences(self, count: int) -> None:
        """What proving the ledger found."""
        self._differences.set(count)

    def render(self) -> bytes:
        """Everything, in the text format of Prometheus."""
        from prometheus_client import generate_latest

        return generate_latest(self._registry)
