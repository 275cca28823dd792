"""Values that many tests need, with one thing changed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid5

from engine.account import Account, Plan
from engine.answer import Answer, Outcome, ProviderClass
from engine.cli.init import starter
from engine.coding import Coding
from engine.event import Address, MailArrived, MessageReceived
from engine.heard import keyword_of
from engine.identity import TOCSIN
from engine.money import Money
from engine.notification import Channel, Notification
from engine.part import Part
from engine.quote import Quote
from engine.reason import Reason
from engine.store.send_queue import Terms

NOW = datetime(2026, 11, 21, 10, 4, tzinfo=UTC)
PHONE = "+32470000001"
PRICE = Money.parse("0.08", "EUR")


def a_mail(uid: int = 1, **other: Any) -> MailArrived:
    """A mail in Anna's INBOX."""
    values: dict[str, Any] = {
        "account": "anna",
        "host": "imap.example",
        "user": "anna@example.org",
        "folder": "INBOX",
        "uidvalidity": 7,
        "uid": uid,
        "arrived_at": NOW,
        "read_at": NOW,
        "sender": Address(name="The Boss", address="boss@acme.example"),
        "subject": "Spoed: server down",
    }
    return MailArrived(**{**values, **other})


def a_text(text: str = "Hulp, de lift staat stil", **other: Any) -> MessageReceived:
    """A text from a phone, for Anna."""
    values: dict[str, Any] = {
        "account": "anna",
        "provider": "phone",
        "provider_ref": "m1",
        "sender": "+32470000077",
        "to": "+32460200000",
        "keyword": keyword_of(text),
        "text": text,
        "received_at": NOW,
        "read_at": NOW,
    }
    return MessageReceived(**{**values, **other})


def a_part(number: int, body: bytes | str = "a", **other: Any) -> Part:
    """The first, second, ... part of two of a long text from a phone."""
    values: dict[str, Any] = {
        "provider": "centre",
        "sender": "+32470000077",
        "recipient": "1234",
        "reference": 7,
        "total": 2,
        "number": number,
        "body": body.encode("latin-1") if isinstance(body, str) else body,
        "coding": Coding.LATIN1,
        "at": NOW,
    }
    return Part(**{**values, **other})


def an_account(name: str = "anna", parts: int = 0, cap: int = 1_000_000, **other: Any) -> Account:
    """An account with one number of its own."""
    values: dict[str, Any] = {
        "zone": "Europe/Brussels",
        "numbers": (PHONE,),
        "plan": Plan(parts_per_month=parts, daily_cap=cap),
    }
    return Account(id=name, **{**values, **other})


def a_notification(number: int = 1, account: str = "anna", **other: Any) -> Notification:
    """One of many different notifications."""
    values: dict[str, Any] = {
        "event_id": uuid5(TOCSIN, str(number)),
        "account": account,
        "scope": account,
        "rule": "boss",
        "action": "sms",
        "recipient": "me",
        "address": PHONE,
        "text": "Boss: Spoed",
        "decided_at": NOW,
    }
    return Notification(**{**values, **other})


def a_quote(parts: int = 1, provider: str = "phone", price: Money = PRICE) -> Quote:
    """The price of so many parts."""
    whole = Money(minor=price.minor * parts, currency=price.currency)
    return Quote(channel=Channel.SMS, provider=provider, parts=parts, price=whole, tariff="+32")


def terms(provider_class: ProviderClass = ProviderClass.OPAQUE, **other: Any) -> dict[str, Terms]:
    """The terms of the one provider `phone`."""
    values: dict[str, Any] = {"timeout": timedelta(seconds=10), "key_life": timedelta(hours=24)}
    return {"phone": Terms(provider_class, **{**values, **other})}


ACCEPTED = Answer(outcome=Outcome.ACCEPTED, reason=Reason.ACCEPTED, provider_ref="p1")
REFUSED = Answer(outcome=Outcome.REFUSED, reason=Reason.BAD_NUMBER)
BUSY = Answer(outcome=Outcome.NOT_TAKEN, reason=Reason.PROVIDER_BUSY)
SILENT = Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER)


def write_starter(folder: Path) -> None:
    """The configuration that `tocsin init` would write; its passwords are empty."""
    for name, content in starter():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
