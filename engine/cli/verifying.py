"""What `tocsin verify` does: draw a code, send it by the line, and hold what is typed against it."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from engine import phone
from engine.account import Account
from engine.cli.road import MOST_PARTS, Road, quote
from engine.cli.trying import Ended, Try, follow
from engine.identity import derive
from engine.message import message_id
from engine.notification import Lane, Notification
from engine.receipt import Fate
from engine.rules.texts.phrases import Phrase, say
from engine.settings import Settings
from engine.store import trial, verifying
from engine.store.database import Database
from engine.store.verifying import Wish
from engine.verification import LIFE, MOST_AN_HOUR, SEED, Outcome, draw, hide
from engine.wiring import clock


@dataclass(frozen=True)
class Prover:
    """A number that is to be proven, and for whom."""

    store: Database
    settings: Settings
    road: Road
    account: Account | None
    """None: for nobody's account; it is paid as a test is."""

    @property
    def payer(self) -> str:
        """The account that the message is billed to."""
        return self.account.id if self.account else trial.PAYER

    def send(self, wait: float, tell: Callable[[str], None]) -> Ended | None:
        """Send a code and tell what is heard of it; None, and nothing is sent, when the number had too many."""
        code, salt, now = draw(os.urandom(SEED)), os.urandom(SEED), clock()
        text = say(Phrase.CODE, self._language, code=code, n=LIFE.seconds // 60)
        told = compose(self.payer, self.road.number, text, now, os.urandom(SEED).hex())
        price = quote(self.settings, self.road.number, text, self.road.quote.provider).quote
        currency, account = self.settings.tariff.currency, self.account.id if self.account else ""
        wish = Wish(told, price, currency, account, salt, hide(code, salt))
        if not self.store.write(lambda c: verifying.ask(c, wish, now), {self.payer, trial.PAYER}):
            tell(f"{phone.mask(told.address)} was sent {MOST_AN_HOUR} codes within the hour: wait, and ask again")
            return None
        tell(f"a code goes to {phone.mask(told.address)}; it is good for {LIFE.seconds // 60} minutes")
        ended = asyncio.run(follow(Try(self.store, self.settings, self.road, text, wait), told, tell))
        self.store.write(lambda c: verifying.forget_text(c, message_id(told.id, told.channel)), {self.payer})
        return ended

    def check(self, code: str) -> tuple[Outcome, int]:
        """What becomes of a code that was typed, and how many tries are left."""
        return self.store.write(lambda c: verifying.check(c, self.road.number, code, clock()), {trial.PAYER})

    @property
    def _language(self) -> str:
        return self.account.language if self.account else "en"


def prover(
    store: Database, settings: Settings, written: str, account: str | None, provider: str | None = None
) -> Prover:
    """Raises ValueError with a sentence that says what to mend."""
    known = {each.account.id: each.account for each in settings.accounts}
    if account is not None and account not in known:
        raise ValueError(f"there is no account {account!r}; known: {', '.join(known) or 'none'}")
    # Of a text as long as a code's is at most: one part, or the number has no road.
    road = quote(settings, written, "0" * 160, provider)
    return Prover(store, settings, road, known[account] if account is not None else None)


def compose(payer: str, address: str, text: str, now: datetime, turn: str) -> Notification:
    """The message that carries a code: urgent, and never later than the code is good."""
    return Notification(
        event_id=derive("verify", payer, address, now.isoformat(), turn),
        account=payer,
        scope=trial.VERIFY,
        rule="verify",
        action="verify",
        recipient=phone.mask(address),
        address=address,
        text=text,
        lane=Lane.URGENT,
        max_parts=MOST_PARTS,
        decided_at=now,
        not_after=now + LIFE,
    )


def may_arrive(ended: Ended) -> bool:
    """Whether a code may still come, so that it makes sense to ask for it."""
    return ended.verdict != "refused" and ended.facts[-1].fate is not Fate.EXPIRED
