"""What `tocsin send --test` does: admit, let the engine send or send it here, and tell what is heard."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from engine import phone
from engine.answer import Answer, Outcome
from engine.channels.provider import Provider
from engine.channels.tariff import Tariff
from engine.message import message_id
from engine.money import Money
from engine.net import Http, NoReplyError, NotSentError
from engine.notification import Channel, Notification
from engine.quote import Quote
from engine.reason import Reason
from engine.receipt import Fate, Receipt
from engine.segments import Segments, count
from engine.settings import Settings
from engine.store import attempts, receipts, trial
from engine.store.database import Database
from engine.store.send_queue import Terms
from engine.store.story import NotificationStory
from engine.wiring import build_provider, clock

Verdict = Literal["accepted", "refused", "unreachable"]

#: Longer texts are no test.
MOST_PARTS = 10
#: A running engine has this long to take the message; then it is sent from here.
_GRACE = 3.0
#: Nothing more will be heard after these.
_LAST = (Fate.DELIVERED, Fate.UNDELIVERED, Fate.FAILED, Fate.EXPIRED, Fate.REFUSED, Fate.UNCERTAIN)
_VERDICTS: dict[Fate, Verdict] = {
    Fate.SENT: "accepted",
    Fate.DELIVERED: "accepted",
    Fate.REFUSED: "refused",
    Fate.FAILED: "refused",
    Fate.UNDELIVERED: "refused",
}


@dataclass(frozen=True)
class Road:
    """Where a test goes, by whom, and what it would cost."""

    number: str
    quote: Quote
    segments: Segments
    priced: bool
    """Whether a line of the tariff covers the number."""


@dataclass(frozen=True)
class Try:
    """One test that is to be sent."""

    store: Database
    settings: Settings
    road: Road
    text: str
    wait: float


@dataclass(frozen=True)
class Ended:
    """What became of it."""

    id: UUID
    road: Road
    facts: list[Receipt]
    told: NotificationStory | None

    @property
    def verdict(self) -> Verdict:
        """In one word: accepted, refused, or unreachable where no clear answer came."""
        last = self.facts[-1]
        return "unreachable" if last.reason is Reason.GAVE_UP else _VERDICTS.get(last.fate, "unreachable")

    def record(self) -> dict[str, Any]:
        """For programs; the number is masked."""
        quote, last = self.road.quote, self.facts[-1]
        calls = [each for one in (self.told.messages if self.told else []) for each in one.attempts]
        return {
            "id": str(self.id),
            "verdict": self.verdict,
            "fate": last.fate.value,
            "reason": last.reason.value,
            "to": phone.mask(self.road.number),
            "provider": quote.provider,
            "parts": quote.parts,
            "alphabet": self.road.segments.alphabet.value,
            "price": str(quote.price) if self.road.priced else None,
            "facts": [
                {"fate": f.fate, "reason": f.reason, "at": f.at.isoformat(), "said": f.detail} for f in self.facts
            ],
            "calls": [
                {
                    "state": c.state,
                    "reason": c.reason,
                    "seconds": _seconds(c),
                    "said": c.detail,
                    "ref": c.provider_ref,
                }
                for c in calls
            ],
        }


def quote(settings: Settings, written: str, text: str, provider: str | None) -> Road:
    """The road of a test. Raises ValueError with a sentence that says what to mend."""
    number = phone.parse(written, settings.region)
    if refusal := phone.refusal(number):
        raise ValueError(refusal)
    line = Tariff.of(settings.tariff).find(number)
    name = provider or (next(iter(line.shares)) if line else "")
    if not name:
        raise ValueError(f"no line of tariff.yaml covers {phone.mask(number)}: add one, or name a --provider")
    if name not in settings.providers:
        raise ValueError(f"engine.yaml has no provider '{name}'; there: {', '.join(settings.providers) or 'none'}")
    segments = count(text)
    if not 1 <= segments.parts <= MOST_PARTS:
        raise ValueError(f"a test has 1 to {MOST_PARTS} parts; this text has {segments.parts}")
    minor = segments.parts * line.price.minor if line else 0
    price = Money(minor=minor, currency=settings.tariff.currency)
    road = Quote(
        channel=Channel.SMS, provider=name, parts=segments.parts, price=price, tariff=line.prefix if line else ""
    )
    return Road(number, road, segments, line is not None)


async def run(test: Try, tell: Callable[[str], None]) -> Ended:
    """Send it and wait for what is heard; every line is told as it comes."""
    began = clock()
    told = trial.compose(test.road.number, test.text, began, timedelta(seconds=test.wait), MOST_PARTS)
    await test.store.awrite(
        lambda c: trial.write(c, told, test.road.quote, test.settings.tariff.currency, began), {trial.PAYER}
    )
    for line in _describe(test.road, told):
        tell(line)
    return await follow(test, told, tell)


async def follow(test: Try, told: Notification, tell: Callable[[str], None]) -> Ended:
    """See what stands in the queue sent, by the engine or from here, and wait for what is heard."""
    http = Http()
    provider = build_provider(test.settings, test.road.quote.provider, http)
    try:
        engine = await _is_running(http, test.settings.web.address)
        facts = await _follow(test, told, provider, tell, engine=engine)
        story = await test.store.aread(lambda c: trial.tell(c, told.id))
    finally:
        await provider.close()
        await http.close()
    ended = Ended(told.id, test.road, facts, story)
    for line in _conclude(ended, engine):
        tell(line)
    return ended


async def _follow(
    test: Try, told: Notification, provider: Provider, tell: Callable[[str], None], *, engine: bool
) -> list[Receipt]:
    """What became of it, until nothing more can be heard. What no engine takes is sent from here."""
    facts: list[Receipt] = []
    tried = sent_here = False
    while True:
        heard = await test.store.aread(lambda c: receipts.of_notification(c, told.id))
        for fact in heard[len(facts) :]:
            said = f" - the provider's own words: {fact.detail}" if fact.detail else ""
            tell(f"{(fact.at - told.decided_at).total_seconds():7.2f} s  {fact.fate}: {fact.reason.sentence}{said}")
        facts = heard
        waited = (clock() - told.decided_at).total_seconds()
        # Sent from here and nobody hears reports, or there was no clear yes: that was all.
        over = sent_here and (not engine or facts[-1].fate is not Fate.SENT)
        if over or facts[-1].fate in _LAST or waited > test.wait:
            return facts
        if not tried and (not engine or waited > _GRACE):
            tried, sent_here = True, await _send_here(test, told, provider)
        else:
            await asyncio.sleep(0.1)


async def _send_here(test: Try, told: Notification, provider: Provider) -> bool:
    """Call the provider from this process; False when an engine has taken the message."""
    terms = Terms(provider.provider_class, provider.timeout, provider.key_life)
    id = message_id(told.id, told.channel)
    claim = await test.store.awrite(lambda c: trial.begin(c, id, terms, clock()), {told.account})
    if claim is None:
        return False
    try:
        said = await provider.send(claim.message, claim.client_ref)
    except Exception as error:
        # A provider's defect must not look like a refusal: whether the message left is not known.
        said = Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail=type(error).__name__)
    # Later than the test may last: nothing is tried again behind the back of whoever looks.
    later = timedelta(days=1)
    await test.store.awrite(lambda c: attempts.answer(c, claim, said, terms, clock(), later), {told.account})
    return True


async def _is_running(http: Http, address: str) -> bool:
    try:
        return (await http.request("GET", f"{address}/livez", timeout=timedelta(seconds=2))).status == 200
    except (NotSentError, NoReplyError):
        return False


def _describe(road: Road, told: Notification) -> list[str]:
    quote, segments = road.quote, road.segments
    forced = f" because of {segments.forced_by!r}" if segments.forced_by else ""
    parts = f"{quote.parts} part" + ("" if quote.parts == 1 else "s")
    price = f"{quote.price} by the tariff's line {quote.tariff}" if road.priced else "no line of the tariff covers it"
    return [
        f"test {told.id}",
        f"  to {phone.mask(road.number)} through {quote.provider}: {parts}, {segments.alphabet}{forced}",
        f"  would cost: {price}; billed to nobody",
    ]


def _conclude(ended: Ended, engine: bool) -> list[str]:
    lines = []
    for message in ended.told.messages if ended.told else []:
        for call in message.attempts:
            said = f" Its own words: {call.detail}" if call.detail else ""
            reason = Reason(call.reason).sentence if call.reason else ""
            lines.append(f"  call {call.n} took {_seconds(call)} s, {call.state}. {reason}{said}".rstrip())
    last = ended.facts[-1]
    if last.fate is Fate.SENT:
        lines.append(
            "  no delivery report came: the phone may be off, or reports are not set up at the provider"
            if engine
            else "  no engine runs here (tocsin run), so nobody hears a delivery report"
        )
    return [*lines, ended.verdict]


def _seconds(call: Any) -> float | None:
    return round((call.ended_at - call.started_at).total_seconds(), 3) if call.ended_at else None
