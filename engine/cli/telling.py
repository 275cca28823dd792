"""A story in words: what `tocsin explain` and the demo print."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from engine.cli.recording import record_decision
from engine.event import AgendaDue, Event, MessageReceived, OccasionDue
from engine.journey import name_of
from engine.money import Money
from engine.notification import Channel, Notification
from engine.phone import mask
from engine.reason import Reason
from engine.receipt import Fate, Receipt
from engine.reminder import Reminder
from engine.rules.explain import explain
from engine.store import decisions, story
from engine.store.database import Connection
from engine.store.ledger import PART
from engine.store.story import MessageStory, NotificationStory, Story
from engine.store.trial import VERIFY


def list_newest(connection: Connection, zones: Mapping[str, str], most: int) -> Iterator[str]:
    """A line for each of the newest mails, with the id that explains it."""
    newest = decisions.latest(connection, most)
    if not newest:
        yield "no mail has been decided on yet"
    for event, decision in newest:
        told = story.tell(connection, decision.event_id)
        became = "; ".join(map(_became, told.notifications if told else ())) or str(decision.reason)
        at = _clock(decision.decided_at, zones.get(decision.account, "UTC"))
        yield f"{decision.event_id}  {at}  {decision.account}  {_title(event)[:50]!r}  {became}"


def _became(told: NotificationStory) -> str:
    """In a few words: of one message its last receipt, of several each channel's fate."""
    if told.status is not None:
        return told.status.sentence
    return f"{told.receipts[-1].fate} ({told.receipts[-1].reason})" if told.receipts else "on its way"


def _title(event: Event) -> str:
    """What it is about, in a few words."""
    if isinstance(event, OccasionDue):
        return event.title
    if isinstance(event, MessageReceived):
        return event.text
    return event.name if isinstance(event, AgendaDue) else event.subject


def tell_reminder(reminder: Reminder, zone: str) -> str:
    """A reminder that led to no message: when it was due, for what, and what became of it."""
    due, starts = (f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" for at in (reminder.at, reminder.starts_at))
    why = f" - {reminder.reason.sentence}" if reminder.reason else ""
    place = f"{reminder.rule}, {reminder.label}"
    return f"reminder by {place}, due {due}, of what starts {starts} in {reminder.feed}: {reminder.state}{why}"


def tell_lines(told: Story, zone: str) -> Iterator[str]:
    """The whole story of an event, top to bottom."""
    lines = explain(told.decision, told.event, ZoneInfo(zone))
    # each message is told of below, with what became of it
    yield from lines[: len(lines) - len(told.decision.notifications)]
    known = {each.row.id for each in told.notifications}
    meant = {each.id: each for each in told.decision.notifications}
    for notification in told.notifications:
        yield from _notification_lines(notification, zone, meant.get(notification.row.id))
    for waiting in told.decision.notifications:
        if waiting.id not in known:
            yield f"→ {_author(waiting)} to {waiting.recipient}: on its way to the channel router"


def tell_test(told: NotificationStory) -> Iterator[str]:
    """The whole story of what a command sent."""
    if told.row.scope == VERIFY:
        yield f"a code that proves a number, asked for with `tocsin verify`; {told.row.account_id} pays"
    else:
        yield "a test message, asked for with `tocsin send --test` and billed to nobody"
    yield from _notification_lines(told, "UTC")


def tell_digest(told: NotificationStory, many: int) -> Iterator[str]:
    """The whole story of a message that tells others together."""
    yield f"a digest: one message for {many}"
    yield from _notification_lines(told, "UTC")


def _author(message: Any) -> str:
    """The rule, and which of its messages it is."""
    return f"{message.scope}/{message.rule}/{message.action}"


def _notification_lines(told: NotificationStory, zone: str, meant: Notification | None = None) -> Iterator[str]:
    row = told.row
    verdict = Reason(row.reason)
    yield f"→ {_author(row)} to {row.recipient}: {verdict} - {verdict.sentence}"
    if meant is not None and not told.messages:
        yield f"    was to go by {meant.channel} to {mask(meant.address)}: {meant.text!r}"
    for message in told.messages:
        yield from _message_lines(message, zone)
    for fact in told.receipts:
        channel = told.channels.get(fact.message_id) if told.status is not None else None
        by = f"{name_of(channel)} " if channel is not None else ""
        yield f"    {_clock(fact.at, zone)}  {by}{fact.fate}: {fact.reason.sentence}{_detail(fact, zone)}"
    if told.status is not None:
        yield from (f"    {change}" for change in _changes(told))
        yield f"    all together: {told.status.sentence}"


def _changes(told: NotificationStory) -> Iterator[str]:
    """Where one channel was taken instead of another, and why."""
    for fact in told.receipts:
        if fact.reason is Reason.INSTEAD:
            channel, _, word = fact.detail.partition(": ")
            before = name_of(Channel(channel))
            taken = name_of(told.channels[fact.message_id])
            yield f"{before}: {Reason(word).sentence} → {taken}: admitted, instead of {before}"


def _detail(fact: Receipt, zone: str) -> str:
    if not fact.detail:
        return ""
    if fact.fate is Fate.HELD:
        return f" - until {_minute(fact.detail, zone)}"
    if fact.fate is Fate.COLLECTED:
        return f" - to be told at {_minute(fact.detail, zone)}"
    if fact.reason is Reason.NO_CONSENT:
        return f" - {fact.detail}"
    if fact.reason is Reason.INSTEAD:
        return f" - {fact.detail}"
    if fact.fate in (Fate.DIGESTED, Fate.REFUSED):
        return f" - with the digest {fact.detail}"
    return f" - the provider's own words: {fact.detail}"


def _minute(moment: str, zone: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def _message_lines(told: MessageStory, zone: str) -> Iterator[str]:
    row = told.row
    parts = f"{row.parts} part" + ("" if row.parts == 1 else "s")
    paid = parts if told.unit == PART else str(Money(minor=row.units, currency=told.unit or row.currency))
    tariff = f", tariff {row.tariff}" if row.tariff else ""
    yield f"    message {row.id} by {row.channel} through {row.provider}, {parts}, lane {row.lane}{tariff}"
    yield f"    to {mask(told.address) if told.address else 'a number since deleted'}: {told.text!r}"
    yield f"    paid by the {told.bucket}: {paid}" if told.bucket else "    free"
    for each in told.attempts:
        reason = f" - {Reason(each.reason).sentence}" if each.reason else ""
        yield f"    {_clock(each.started_at, zone)}  attempt {each.n} ({each.client_ref}): {each.state}{reason}"


def tell_record(told: Story) -> dict[str, Any]:
    """The story for programs."""
    return {
        "event": told.event.model_dump(mode="json"),
        "decision": record_decision(told.decision),
        "notifications": [record_notification(each) for each in told.notifications],
    }


def record_notification(told: NotificationStory) -> dict[str, Any]:
    """One notification, or a test, for programs."""
    status = {"status": told.status.fate.value, "summary": told.status.sentence} if told.status else {}
    return {
        **told.row._mapping,
        **status,
        "messages": [
            {**one.row._mapping, "text": one.text, "attempts": [dict(a._mapping) for a in one.attempts]}
            for one in told.messages
        ],
        "receipts": [
            {**fact.model_dump(mode="json"), "channel": told.channels.get(fact.message_id, "")}
            for fact in told.receipts
        ],
    }


def _clock(at: datetime, zone: str) -> str:
    return at.astimezone(ZoneInfo(zone)).strftime("%H:%M:%S")
