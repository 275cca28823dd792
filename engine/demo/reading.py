"""What the demo shows, read from the engine's own store: the mails, what became of each and why, the credit."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from engine.demo.configuration import ACCOUNT
from engine.event import MailArrived, MessageReceived, OccasionDue, Subject
from engine.money import Money
from engine.phone import mask
from engine.reason import Reason
from engine.rules.explain import explain
from engine.store import decisions, ledger, story
from engine.store.database import Connection, Database
from engine.store.story import NotificationStory


@dataclass(frozen=True)
class Condition:
    """One condition of a rule, what the mail held, and whether they agree."""

    written: str
    found: str
    holds: bool


@dataclass(frozen=True)
class RuleStory:
    """What one rule said of a mail."""

    name: str
    place: str
    matched: bool
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Sent:
    """One message that a mail led to, or the reason why it was not sent."""

    text: str
    parts: int
    fate: str
    sentence: str
    """Why, in words."""
    paid: str
    """``1 part of the plan`` or ``EUR 0.08 of the balance``; empty when nothing was reserved."""


@dataclass(frozen=True)
class MailStory:
    """One mail, or one reminder of an appointment, from its arrival to the phone."""

    id: str
    kind: str
    """``mail`` or ``reminder``."""
    at: str
    sender: str
    subject: str
    reason: str
    """Of the decision, in words."""
    rules: tuple[RuleStory, ...]
    sent: tuple[Sent, ...]
    explained: tuple[str, ...]
    """The lines of `tocsin explain`."""


@dataclass(frozen=True)
class Standing:
    """What the account has left. Set aside is neither spent nor left."""

    parts: int
    parts_held: int
    balance: str
    balance_held: str


class Reading:
    """The store, opened beside the running engine, read-only."""

    def __init__(self, store: str, config: Path) -> None:
        """`store` is its URL, as in the settings; places are shown relative to the `config` folder."""
        self._store = Database(store)
        self._above = f"{config}/"

    async def read(self) -> tuple[list[MailStory], Standing]:
        """The mails, newest last, and the credit, all of one moment."""
        return await self._store.aread(lambda connection: (self._mails(connection), _standing(connection)))

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()

    def _mails(self, connection: Connection) -> list[MailStory]:
        newest = decisions.latest(connection, 50)
        return [
            self._mail(connection, decision.event_id)
            for event, decision in reversed(newest)
            if isinstance(event, Subject)
        ]

    def _mail(self, connection: Connection, event_id: UUID) -> MailStory:
        told = story.tell(connection, event_id)
        assert told is not None
        event, decision = told.event, told.decision
        assert isinstance(event, Subject)
        rules = tuple(
            RuleStory(
                name=answer.name or answer.rule,
                place=answer.place.replace(self._above, ""),
                matched=answer.reason is Reason.MATCHED,
                conditions=tuple(Condition(each.condition, each.found, each.holds) for each in answer.evidence),
            )
            for answer in decision.answers
        )
        return MailStory(
            id=str(event_id),
            kind=_KINDS[event.kind],
            at=event.happened_at.isoformat(),
            sender=_sender(event),
            subject=_title(event),
            reason=decision.reason.sentence,
            rules=rules,
            sent=tuple(each for notification in told.notifications for each in _sent(notification)),
            explained=tuple(line.replace(self._above, "") for line in explain(decision, event)),
        )


def _sender(event: Subject) -> str:
    if isinstance(event, OccasionDue):
        return f"the calendar '{event.feed}'"
    if isinstance(event, MessageReceived):
        return mask(event.sender)
    return event.sender.address if event.sender else ""


def _title(event: Subject) -> str:
    if isinstance(event, MessageReceived):
        return event.text
    return event.subject if isinstance(event, MailArrived) else event.title


_KINDS = {"mail": "mail", "message": "text", "occasion": "reminder"}


def _sent(told: NotificationStory) -> Sequence[Sent]:
    last = told.receipts[-1] if told.receipts else None
    if not told.messages:
        fate = last.fate.value if last else "refused"
        return [Sent(text="", parts=0, fate=fate, sentence=Reason(told.row.reason).sentence, paid="")]
    return [
        Sent(
            text=message.text,
            parts=message.row.parts,
            fate=message.row.fate,
            sentence=last.reason.sentence if last else "",
            paid=(
                ""
                if not message.bucket
                else f"{_parts(message.row.units)} of the plan"
                if message.unit == ledger.PART
                else f"{Money(minor=message.row.units, currency=message.unit)} of the balance"
            ),
        )
        for message in told.messages
    ]


def _standing(connection: Connection) -> Standing:
    parts = parts_held = 0
    balance = held = ""
    for credit in reversed(ledger.credits(connection, ACCOUNT)):  # the present month last, so that it stands
        if credit.unit == ledger.PART:
            parts, parts_held = credit.available, credit.held
        else:
            balance = str(Money(minor=credit.available, currency=credit.unit))
            held = str(Money(minor=credit.held, currency=credit.unit)) if credit.held else ""
    return Standing(parts=parts, parts_held=parts_held, balance=balance, balance_held=held)


def _parts(count: int) -> str:
    return "1 part" if count == 1 else f"{count} parts"
