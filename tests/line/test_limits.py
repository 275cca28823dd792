"""Limits through the whole line: written in a rule, decided, routed, held or collected, woken, sent, explained."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine.agents.match import match
from engine.agents.route import route
from engine.agents.send import send
from engine.agents.wake import wake
from engine.channels.tariff import Line, Tariff
from engine.cli.telling import tell_lines
from engine.money import Money
from engine.notification import Channel
from engine.store import accounts, ledger, story
from engine.store.tables import due, message
from tests.agents.test_hops import Bench, Scripted, _ruleset
from tests.builders import ACCEPTED, NOW, PRICE, a_mail, an_account

RULE = """\
version: 1
rules:
  - name: Boss
    when: {from: "@acme.example"}
    notify: {to: me, channels: CHANNELS, text: "{subject}", signature: off}
    limits: LIMITS
"""
OFF = "dedupe: off, throttle: off, daily: off"
#: 11:00 to 12:00 where Anna is: NOW is 11:04.
NIGHT = 'quiet_hours: {between: "11:00-12:00"}'
MORNING = datetime(2026, 11, 21, 11, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class WholeLine(Bench):
    """The hops that a mail passes, with a rule, and a phone that takes everything."""

    def __init__(self, folder: Path) -> None:
        self.phone = Scripted([ACCEPTED] * 100, channels=frozenset({Channel.SMS, Channel.EMAIL}))
        super().__init__(folder, self.phone)
        anna = an_account(parts=100, email="anna@example.org")
        self.store.write(lambda c: accounts.upsert(c, [anna], "v", NOW))
        free = Line("", Money(minor=0, currency="EUR"), {"phone": 1})
        tariff = Tariff("EUR", [Line("+32", PRICE, {"phone": 1})], email=free)
        self.desk = replace(self.desk, accounts={"anna": anna}, tariff=tariff)

    def rules(self, limits: str, channels: str = "[sms]", version: str = "v") -> None:
        """Put this rule in force."""
        self.desk.ruleset = _ruleset(RULE.replace("LIMITS", f"{{{limits}}}").replace("CHANNELS", channels), version)

    async def mail(self, *numbers: int, **other: Any) -> None:
        """These mails arrive and are routed."""
        before = len(self.noticed())
        await match(self.desk, [a_mail(number, subject=f"Mail {number}", **other) for number in numbers])
        await route(self.desk, self.noticed()[before:])

    async def at(self, moment: datetime) -> None:
        """It is this moment: what is due is done."""
        self.now = moment
        await self.run(wake, lambda: not self._waits(moment))

    def _waits(self, moment: datetime) -> bool:
        late = sa.select(sa.func.count()).select_from(due)
        late = late.where(due.c.at <= moment, due.c.kind.in_(("hold", "digest")))
        return bool(self.store.read(lambda c: c.execute(late).scalar_one()))

    async def sent(self) -> list[str]:
        """What the phone was given."""
        queued = sa.select(sa.func.count()).select_from(message).where(message.c.fate == "queued")
        await self.run(send, lambda: not self.store.read(lambda c: c.execute(queued).scalar_one()))
        return [text for _, text in self.phone.sent]

    def explained(self, number: int) -> list[str]:
        """The last word of `tocsin explain` on each notification of a mail."""
        told = self.store.read(lambda c: story.tell(c, a_mail(number).id))
        assert told is not None
        return [line.strip() for line in tell_lines(told, "Europe/Brussels")]


@pytest.fixture
def line(tmp_path: Path) -> Any:
    made = WholeLine(tmp_path)
    yield made
    assert made.store.read(ledger.differences) == []
    made.store.close()


async def test_a_mail_in_quiet_hours_is_told_when_they_end(line: WholeLine) -> None:
    line.rules(f"{OFF}, {NIGHT}")
    await line.mail(1)
    assert await line.sent() == []
    assert "11:04:00  held: It is quiet hours where the receiver is. - until 2026-11-21 12:00" in line.explained(1)
    assert [told for told in line.explained(1)[1:] if "Mail 1" in told] == ["was to go by sms to +32…01: 'Mail 1'"]
    await line.at(MORNING)
    assert await line.sent() == ["Mail 1"]


@pytest.mark.parametrize(
    ("change", "sent", "said"),
    [
        pytest.param(lambda line: line.rules(f"{OFF}", version="v2"), ["Mail 1"], "sent", id="edited"),
        pytest.param(
            lambda line: setattr(line.desk, "ruleset", _ruleset("version: 1\nrules: []", "v2")),
            [],
            "The rule was removed or switched off while the message was held.",
            id="removed",
        ),
        pytest.param(
            lambda line: setattr(
                line.desk,
                "ruleset",
                _ruleset(
                    RULE.replace("    when", "    enabled: false\n    when")
                    .replace("LIMITS", "{}")
                    .replace("CHANNELS", "sms"),
                    "v2",
                ),
            ),
            [],
            "The rule was removed or switched off while the message was held.",
            id="switched off",
        ),
    ],
)
async def test_a_rule_that_changes_while_its_message_is_held(
    line: WholeLine, change: Callable[[WholeLine], None], sent: list[str], said: str
) -> None:
    line.rules(f"{OFF}, {NIGHT}")
    await line.mail(1)
    change(line)
    await line.at(MORNING)
    assert await line.sent() == sent
    assert said in line.explained(1)[-1]


async def test_at_night_it_goes_by_mail_for_nothing(line: WholeLine) -> None:
    line.rules(f'{OFF}, quiet_hours: {{between: "11:00-12:00", then: email}}')
    await line.mail(1)
    assert await line.sent() == ["Mail 1"]
    assert any("by email through phone" in each for each in line.explained(1))
    assert "free" in line.explained(1)
    assert line.store.read(lambda c: ledger.credits(c, "anna"))[0].available == 100
    line.now = MORNING
    await line.mail(2)
    await line.sent()
    assert any("by sms through phone" in each for each in line.explained(2)), "by day it is an SMS"


async def test_at_night_it_is_dropped(line: WholeLine) -> None:
    line.rules(f'{OFF}, quiet_hours: {{between: "11:00-12:00", then: drop}}')
    await line.mail(1)
    await line.at(MORNING)
    assert await line.sent() == []
    assert "refused: It is quiet hours where the receiver is." in line.explained(1)[-1]


async def test_beyond_the_throttle_one_message_tells_the_rest(line: WholeLine) -> None:
    line.rules("dedupe: off, daily: off, throttle: {max: 2, per: 10m}")
    await line.mail(*range(1, 8))
    assert await line.sent() == ["Mail 1", "Mail 2"]
    assert line.explained(3)[-1].endswith(
        "collected: The rule's throttle is reached. - to be told at 2026-11-21 11:14"
    )
    await line.at(NOW + 10 * MINUTE)
    assert (await line.sent())[2:] == ["5 messages: Mail 3; Mail 4; Mail 5; Mail 6; Mail 7"]
    assert "digested: Collected: it is told with others, together. - with the digest " in line.explained(3)[-1]


async def test_a_digest_is_told_at_its_time_by_the_receivers_clock(line: WholeLine) -> None:
    line.rules(f'{OFF}, digest: {{every: day, at: "18:30"}}')
    await line.mail(1, 2)
    evening = datetime(2026, 11, 21, 17, 30, tzinfo=UTC)
    line.now = evening - MINUTE
    assert await line.sent() == []
    await line.at(evening)
    assert await line.sent() == ["2 messages: Mail 1; Mail 2"]


async def test_the_same_mail_in_two_folders_is_told_once(line: WholeLine) -> None:
    line.rules("throttle: off, daily: off")
    await line.mail(1, message_id="<1@acme.example>")
    await line.mail(2, message_id="<1@acme.example>", folder="Archive")
    await line.mail(3, message_id="<3@acme.example>")
    assert await line.sent() == ["Mail 1", "Mail 3"]
