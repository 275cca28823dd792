"""What `tocsin send --test` does: admit, let the engine send or send it here, and tell what is heard."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from engine import phone
from engine.answer import Answer, Outcome
from engine.channels.features import Reporting
from engine.channels.provider import Polled, Provider, is_polled
from engine.cli.road import Road
from engine.message import message_id
from engine.net import Http, NoReplyError, NotSentError
from engine.notification import Notification
from engine.reason import Reason
from engine.receipt import Fate, Receipt
from engine.settings import Settings
from engine.store import attempts, receipts, reports, trial
from engine.store.database import Database
from engine.store.send_queue import Terms
from engine.store.story import NotificationStory
from engine.wiring import build_provider, build_proxy, clock

Verdict = Literal["accepted", "refused", "unreachable"]

#: A running engine has this long to take the message; then it is sent from here.
_GRACE = 3.0
#: Seconds between two questions what became of it.
_BETWEEN = 2.0
#: Nothing more will be heard after these.
_LAST = (Fate.DELIVERED, Fate.UNDELIVERED, Fate.FAILED, Fate.EXPIRED, Fate.REFUSED, Fate.UNCERTAIN)
_VERDICTS: dict[Fate, Verdict] = {
    Fate.SENT: "accepted",
    Fate.DELIVERED: "accepted",
    Fate.REFUSED: "refused",
    Fate.FAILED: "refused",
    Fate.UNDELIVERED: "refused",
}


Refs = tuple[str, str]
"""Our reference for a call, and the provider's."""


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
            "channel": quote.channel.value,
            "alphabet": self.road.segments.alphabet.value if self.road.segments else None,
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


async def run(test: Try, tell: Callable[[str], None]) -> Ended:
    """Send it and wait for what is heard; every line is told as it comes."""
    began = clock()
    told = trial.compose(test.road.number, test.text, began, timedelta(seconds=test.wait), test.road.quote)
    await test.store.awrite(
        lambda c: trial.write(c, told, test.road.quote, test.settings.tariff.currency, began), {trial.PAYER}
    )
    for line in _describe(test.road, told):
        tell(line)
    return await follow(test, told, tell)


async def follow(test: Try, told: Notification, tell: Callable[[str], None]) -> Ended:
    """See what stands in the queue sent, by the engine or from here, and wait for what is heard."""
    http = Http(build_proxy(test.settings))
    provider = build_provider(test.settings, test.road.quote.provider, http)
    try:
        engine = await _is_running(http, test.settings.web.address)
        facts = await _follow(test, told, provider, tell, engine=engine)
        story = await test.store.aread(lambda c: trial.tell(c, told.id))
    finally:
        await provider.close()
        await http.close()
    ended = Ended(told.id, test.road, facts, story)
    for line in _conclude(test, ended, engine, is_polled(provider)):
        tell(line)
    return ended


async def _follow(
    test: Try, told: Notification, provider: Provider, tell: Callable[[str], None], *, engine: bool
) -> list[Receipt]:
    """What became of it, until nothing more can be heard. What no engine takes is sent from here."""
    facts: list[Receipt] = []
    tried, here = False, None
    while True:
        heard = await test.store.aread(lambda c: receipts.of_notification(c, told.id))
        for fact in heard[len(facts) :]:
            said = f" - the provider's own words: {fact.detail}" if fact.detail else ""
            tell(f"{(fact.at - told.decided_at).total_seconds():7.2f} s  {fact.fate}: {fact.reason.sentence}{said}")
        facts = heard
        waited = (clock() - told.decided_at).total_seconds()
        # Sent from here and nobody hears reports, or there was no clear yes: that was all.
        deaf = not engine and not is_polled(provider)
        over = here is not None and (deaf or facts[-1].fate is not Fate.SENT)
        if over or facts[-1].fate in _LAST or waited > test.wait:
            return facts
        if not tried and (not engine or waited > _GRACE):
            tried, here = True, await _send_here(test, told, provider)
        elif here is not None and not engine:
            await _ask_on(test, told, provider, here)
        else:
            await asyncio.sleep(0.1)


async def _ask_on(test: Try, told: Notification, provider: Provider, refs: Refs) -> None:
    """Where no engine hears reports, the provider is asked what became of the message."""
    assert isinstance(provider, Polled)
    await asyncio.sleep(max((provider.poll_gap or timedelta(0)).total_seconds(), _BETWEEN))
    said = await provider.poll(*refs)
    if said is not None:
        await test.store.awrite(lambda c: reports.report(c, said, clock()), {told.account})


async def _send_here(test: Try, told: Notification, provider: Provider) -> Refs | None:
    """Call the provider from this process; nothing when an engine has taken the message."""
    terms = Terms(provider.provider_class, provider.timeout, provider.key_life)
    id = message_id(told.id, told.channel)
    claim = await test.store.awrite(lambda c: trial.begin(c, id, terms, clock()), {told.account})
    if claim is None:
        return None
    try:
        said = await provider.send(claim.message, claim.client_ref)
    except Exception as error:
        # A provider's defect must not look like a refusal: whether the message left is not known.
        said = Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail=type(error).__name__)
    # Later than the test may last: nothing is tried again behind the back of whoever looks.
    later = timedelta(days=1)
    await test.store.awrite(lambda c: attempts.answer(c, claim, said, terms, clock(), later), {told.account})
    return claim.client_ref, said.provider_ref


async def _is_running(http: Http, address: str) -> bool:
    try:
        return (await http.request("GET", f"{address}/livez", timeout=timedelta(seconds=2))).status == 200
    except (NotSentError, NoReplyError):
        return False


def _describe(road: Road, told: Notification) -> list[str]:
    quote = road.quote
    price = (
        f"{quote.price} by the tariff's line {quote.tariff or quote.channel}"
        if road.priced
        else "no line of the tariff covers it"
    )
    return [
        f"test {told.id}",
        f"  to {phone.mask(road.number)} by {quote.channel} through {quote.provider}: {road.size}",
        f"  would cost: {price}; billed to nobody",
    ]


def _conclude(test: Try, ended: Ended, engine: bool, asked: bool) -> list[str]:
    lines = []
    for message in ended.told.messages if ended.told else []:
        for call in message.attempts:
            said = f" Its own words: {call.detail}" if call.detail else ""
            reason = Reason(call.reason).sentence if call.reason else ""
            lines.append(f"  call {call.n} took {_seconds(call)} s, {call.state}. {reason}{said}".rstrip())
    if ended.facts[-1].fate is Fate.SENT:
        lines.append(f"  {_silence(test, engine, asked)}")
    return [*lines, ended.verdict]


def _silence(test: Try, engine: bool, asked: bool) -> str:
    """What it means that nothing was heard after the provider's yes."""
    name = test.road.quote.provider
    how = test.settings.reporters[name]
    if how is Reporting.NONE:
        return f"{name} reports nothing, as it is set up: `sent` is all that will be known"
    if how is Reporting.MAIL:
        return "no bounce came: of a mail that arrives, nobody writes"
    if not engine and asked:
        return f"{name} was asked for {test.wait:.0f} s and does not know yet what became of it: is the phone off?"
    if not engine:
        return "no engine runs here (tocsin run), so nobody hears a delivery report"
    late = (
        f"no delivery report came in {test.wait:.0f} s: the phone may be off, or the supplier was not told to report"
    )
    if how is Reporting.LINK:
        return f"{late}; ask it to switch delivery reports on"
    address = f"{test.settings.web.address}/callbacks/{name}"
    return f"{late} to {address} (docs/providers.md)"


def _seconds(call: Any) -> float | None:
    return round((call.ended_at - call.started_at).total_seconds(), 3) if call.ended_at else None
